"""Head office's end: takes contacts in once each, commits, and only then tells the edge how far it may delete."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from edge.contacts import topics
from edge.contacts.ack import Ack, write_ack
from edge.contacts.dial import Dial, Pace, Will, lost_or_worse, redial_pause
from edge.contacts.event import BadEvent, read_event
from edge.contacts.flight import Verdict, verdict_of
from edge.contacts.post import Post
from edge.health import Health
from edge.ports import Link, LinkLost, Message, Sink

log = logging.getLogger(__name__)

BATCH = 500
Event = tuple[str, int, bytes]


async def run(
    sink: Sink, dial: Dial, health: Health, who: str = "hub", pace: Pace | None = None, post: Post | None = None
) -> None:
    """Keep a connection for ever and serve the edges; ``post`` goes out on it too. Runs until cancelled."""
    times, clock, attempt = pace or Pace(), asyncio.get_running_loop(), 0
    letters = post or Post()
    while True:
        began = clock.time()
        try:
            async with dial(who, Will(topics.INBOX, b'{"state":"offline"}', 0), (topics.CONTACTS,)) as link:
                await Reception(sink, link, health, dial.name, times, who, letters).run()
        except LinkLost as error:
            todo = "start or reach the broker, or mend its access list; edges keep their contacts"
            health.down("inbox", dial.name, str(error), todo)
        attempt = 0 if clock.time() - began > times.healthy else attempt + 1
        await asyncio.sleep(redial_pause(attempt, times))


@dataclass
class Reception:
    """One connection of the inbox."""

    sink: Sink
    link: Link
    health: Health
    name: str
    pace: Pace
    who: str
    post: Post
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._highest: dict[str, int] = {}
        self._waiting: list[tuple[str, Event]] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._owed: dict[tuple[str, str], int] = {}
        self._owing = asyncio.Event()

    async def run(self) -> None:
        """Take in until the connection is lost; raises LinkLost."""
        answer = await self.link.publish(Message(topics.INBOX, b'{"state":"online"}', retain=True))
        if verdict_of(answer) is Verdict.REFUSED:
            raise LinkLost(f"the broker's access list does not let '{self.who}' write {topics.INBOX}")
        self.health.up("inbox", self.name, "", self._figures())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="inbox listen")
                tasks.create_task(self._commit(), name="inbox commit")
                tasks.create_task(self._acknowledge(), name="inbox acknowledge")
                tasks.create_task(self.post.carry(self.link), name="inbox post")
        except ExceptionGroup as errors:
            raise lost_or_worse(errors) from None

    async def _listen(self) -> None:
        async for message in self.link.messages():
            edge = topics.edge_that_sent(message.topic)
            try:
                event = read_event(message.payload)
            except BadEvent as error:
                self._refuse(f"bad event: {error}")
                continue
            if edge is None or edge != topics.edge_of(event.store, event.device):
                # The broker's access list ties the topic to the certificate; the payload alone proves nothing.
                self._refuse("an event of another edge than its topic's")
                continue
            await self._room.wait()
            self._waiting.append((edge, (event.stream, event.seq, message.payload)))
            self._arrived.set()
            if len(self._waiting) >= BATCH:
                self._room.clear()

    async def _commit(self) -> None:
        """Everything that waits shares one commit; what comes meanwhile shares the next."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            self._room.set()
            whole = await self.sink.insert([event for _, event in batch])
            self.taken += len(batch)
            for edge, (stream, seq, _) in batch:
                self._highest[stream] = max(self._highest.get(stream, 0), seq, whole[stream])
                self._owed[edge, stream] = whole[stream]
            self._owing.set()
            self.health.up("inbox", self.name, "", self._figures())

    async def _acknowledge(self) -> None:
        """At most one acknowledgement an edge and period; a duplicate is acknowledged too: its first may be lost."""
        while True:
            await self._owing.wait()
            self._owing.clear()
            owed, self._owed = self._owed, {}
            acks = [(edge, Ack(stream, upto, self._highest[stream])) for (edge, stream), upto in owed.items()]
            for at in range(0, len(acks), self.link.window):
                part = acks[at : at + self.link.window]
                messages = (Message(topics.ack(edge), write_ack(ack), retain=True) for edge, ack in part)
                await asyncio.gather(*(self.link.publish(message) for message in messages))
            await asyncio.sleep(self.pace.ack_every)

    def _refuse(self, why: str) -> None:
        self.refused[why] += 1
        if self.refused[why] == 1:
            log.warning("refused: %s", why)

    def _figures(self) -> dict[str, float]:
        return {"taken": self.taken, "refused": self.refused.total()}
