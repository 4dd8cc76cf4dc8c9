"""Head office's end: takes contacts in once each, commits, and only then tells the edge how far it may delete."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from edge.contacts import topics
from edge.contacts.ack import Ack, write_ack
from edge.contacts.batch import BadBatch, read_batch
from edge.contacts.event import BadEvent
from edge.contacts.line.dial import Dial, Pace, Will, lost_or_worse, redial_pause
from edge.contacts.line.flight import Verdict, verdict_of
from edge.contacts.line.post import Post
from edge.contacts.office.sink import BACKFILL, LIVE, Arrival, Sink, SinkAway, arrival
from edge.health import Health
from edge.ports import Link, LinkLost, Message
from edge.supervise import apart

log = logging.getLogger(__name__)

BATCH = 2_000
"""Contacts in one commit, about: what came in one message stays together."""

PROMPT = 500
"""Contacts of one edge after which its acknowledgement does not wait for the period: it sends no more than some
thousands ahead."""

ONLINE, OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'
_ADVICE = "start or reach the broker, or mend its access list; edges keep their contacts"
_SINK_ADVICE = "mend what the detail names; nothing is acknowledged meanwhile, and edges keep their contacts"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who takes in, and how. Hubs of one ``group`` share the contacts between them; ``heard`` gets what edges tell of
    themselves, ``post`` goes out on the same connection, and what ``beside`` carries as long as one lasts."""

    who: str = "hub"
    group: str = ""
    pace: Pace = field(default_factory=Pace)
    post: Post = field(default_factory=Post)
    heard: Callable[[Message], None] = lambda _: None
    beside: tuple[Callable[[Link], Awaitable[None]], ...] = ()

    def filters(self) -> Sequence[str]:
        """What to subscribe to. In a group each message goes to one of its hubs, in no order: the watermark is in the
        database that they share."""
        share = f"$share/{self.group}/" if self.group else ""
        return [share + topics.CONTACTS, share + topics.BATCHES]

    def besides(self) -> Sequence[str]:
        """What each hub hears for itself; of a group each minds that another's will does not speak for all."""
        return [topics.STATES, topics.INBOX] if self.group else [topics.STATES]


async def run(
    sink: Sink,
    dial: Dial,
    health: Health,
    who: str = "hub",
    pace: Pace | None = None,
    post: Post | None = None,
    desk: Desk | None = None,
) -> None:
    """Keep a connection for ever and serve the edges; ``desk`` says all of the last three. Runs until cancelled."""
    whole = desk or Desk(who, pace=pace or Pace(), post=post or Post())
    clock, attempt = asyncio.get_running_loop(), 0
    while True:
        began = clock.time()
        try:
            async with dial(whole.who, Will(topics.INBOX, OFFLINE, 0), whole.filters()) as link:
                await apart(Reception(sink, link, health, dial.name, whole).run())
        except LinkLost as error:
            health.down("inbox", dial.name, str(error), _ADVICE)
        attempt = 0 if clock.time() - began > whole.pace.healthy else attempt + 1
        await asyncio.sleep(redial_pause(attempt, whole.pace))


async def _carried(carry: Callable[[Link], Awaitable[None]], link: Link) -> None:
    await carry(link)


@dataclass
class Reception:
    """One connection of the inbox."""

    sink: Sink
    link: Link
    health: Health
    name: str
    desk: Desk
    taken: int = 0
    dropped: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._highest: dict[str, int] = {}
        self._waiting: list[Arrival] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._owed: dict[tuple[str, str], int] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._owing = asyncio.Event()
        self._much = asyncio.Event()
        self._away = False

    async def run(self) -> None:
        """Take in until the connection is lost; raises LinkLost."""
        await self.link.also(self.desk.besides())
        if verdict_of(await self._say(ONLINE)) is Verdict.REFUSED:
            raise LinkLost(f"the broker's access list does not let '{self.desk.who}' write {topics.INBOX}")
        self.health.up("inbox", self.name, "", self._figures())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(tasks), name="inbox listen")
                tasks.create_task(self._commit(), name="inbox commit")
                tasks.create_task(self._acknowledge(), name="inbox acknowledge")
                tasks.create_task(self.desk.post.carry(self.link), name="inbox post")
                for carry in self.desk.beside:
                    tasks.create_task(_carried(carry, self.link), name="inbox beside")
        except ExceptionGroup as errors:
            raise lost_or_worse(errors) from None
        except asyncio.CancelledError:
            await self._farewell()
            raise

    async def _say(self, state: bytes) -> int:
        return await self.link.publish(Message(topics.INBOX, state, retain=True))

    async def _farewell(self) -> None:
        """On an orderly stop edges are told at once; the will is for the other ends."""
        try:
            async with asyncio.timeout(1.0):
                await self._say(OFFLINE)
        except (LinkLost, TimeoutError):
            log.debug("the broker did not take the farewell")

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        async for message in self.link.messages():
            if message.topic.startswith("s/"):
                self.desk.heard(message)
            elif message.topic == topics.INBOX:
                if message.payload == OFFLINE and not message.retain and not self._away:
                    tasks.create_task(self._say(ONLINE), name="inbox speaks for the group")
            elif self._away:
                self.dropped += 1  # no edge was told anything of it, so it comes again
            else:
                await self._room.wait()
                self._waiting.extend(self._read(message))
                self._arrived.set()
                if len(self._waiting) >= BATCH:
                    self._room.clear()

    def _read(self, message: Message) -> Iterator[Arrival]:
        """The events of a message, but those that are none of the edge's whose topic it came on."""
        edge = topics.edge_that_sent(message.topic)
        bodies, delivery = [message.payload], LIVE
        if edge is None and (edge := topics.edge_that_batched(message.topic)) is not None:
            try:
                bodies, delivery = read_batch(message.payload), BACKFILL
            except BadBatch as error:
                self._refuse(f"bad batch: {error}")
                return
        now_ms = time.time_ns() // 1_000_000
        for body in bodies:
            try:
                came = arrival(body, delivery, now_ms)
            except BadEvent as error:
                self._refuse(f"bad event: {error}")
                continue
            if edge is not None and edge == topics.edge_of(came.event.store, came.event.device):
                yield came
            else:
                # The broker's access list ties the topic to the certificate; the payload alone proves nothing.
                self._refuse("an event of another edge than its topic's")

    async def _commit(self) -> None:
        """Everything that waits shares one commit; what comes meanwhile shares the next."""
        await self._inserted([])  # a database that is away is named before the first contact
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            self._room.set()
            if not batch:
                continue
            whole = await self._inserted(batch)
            self.taken += len(batch)
            self._owe(batch, whole)
            self.health.up("inbox", self.name, "", self._figures())

    def _owe(self, batch: Sequence[Arrival], whole: Mapping[str, int]) -> None:
        for each in batch:
            event = each.event
            self._highest[event.stream] = max(self._highest.get(event.stream, 0), event.seq, whole[event.stream])
            key = (topics.edge_of(event.store, event.device), event.stream)
            self._owed[key] = whole[event.stream]
            self._counts[key] += 1
            if self._counts[key] == PROMPT:
                self._much.set()
        self._owing.set()

    async def _inserted(self, batch: Sequence[Arrival]) -> dict[str, int]:
        """Insert, for as long as it takes. Meanwhile edges are told that nobody takes in, and what they send is let go:
        it is not acknowledged, so they have it."""
        attempt = 0
        while True:
            try:
                whole = await self.sink.insert(batch)
            except SinkAway as error:
                self.health.down("sink", "database", str(error), _SINK_ADVICE)
                if not self._away:
                    self._away, self._waiting = True, []
                    self._room.set()
                    await self._say(OFFLINE)
                attempt += 1
                await asyncio.sleep(redial_pause(attempt, self.desk.pace))
                continue
            self.health.up("sink", "database")
            if self._away:
                self._away = False
                await self._say(ONLINE)
            return whole

    async def _acknowledge(self) -> None:
        """At most one acknowledgement an edge and period, or one for PROMPT of its contacts where that is sooner; a
        duplicate is acknowledged too: its first may be lost."""
        clock = asyncio.get_running_loop()
        while True:
            await self._owing.wait()
            self._owing.clear()
            await self._say_how_far([*self._owed])
            until = clock.time() + self.desk.pace.ack_every
            while await self._hurried(until):
                await self._say_how_far([key for key in self._owed if self._counts[key] >= PROMPT])

    async def _hurried(self, until: float) -> bool:
        """Wait until an edge is owed much, or until the period is over: then False."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._much.wait()
        hurried = self._much.is_set()
        self._much.clear()
        return hurried

    async def _say_how_far(self, keys: Sequence[tuple[str, str]]) -> None:
        for at in range(0, len(keys), self.link.window):
            part = keys[at : at + self.link.window]
            acks = [(edge, Ack(stream, self._owed.pop((edge, stream)), self._highest[stream])) for edge, stream in part]
            for key in part:
                del self._counts[key]
            messages = (Message(topics.ack(edge), write_ack(ack), retain=True) for edge, ack in acks)
            await asyncio.gather(*(self.link.publish(message) for message in messages))

    def _refuse(self, why: str) -> None:
        self.refused[why] += 1
        if self.refused[why] == 1:
            log.warning("refused: %s", why)

    def _figures(self) -> dict[str, float]:
        return {"taken": self.taken, "refused": self.refused.total(), "dropped": self.dropped}
