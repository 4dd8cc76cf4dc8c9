"""The uplink: sends what the outbox holds while there is a connection, and deletes what the inbox has committed."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sqlite3
from collections import Counter, deque
from dataclasses import dataclass, field

from edge import __version__
from edge.config import Device
from edge.contacts import topics
from edge.contacts.ack import Ack, BadAck, read_ack
from edge.contacts.dial import Confirms, Dial, Pace, Will, lost_or_worse, redial_pause
from edge.contacts.doubts import Doubts
from edge.contacts.event import CONTENT_TYPE
from edge.contacts.flight import Flight, Verdict, verdict_of
from edge.contacts.outbox import Outbox
from edge.contacts.post import Post
from edge.contacts.schema import Row
from edge.health import Health
from edge.ports import Link, LinkLost, Message

log = logging.getLogger(__name__)

PAGE = 100
PROPERTIES_BYTES = 512
"""What topic, content type and user properties add to an event's bytes in a PUBLISH, at most."""

FORGOTTEN_AFTER = 3
"""Acknowledgements in a row below our watermark after which the inbox is known to have lost what it had confirmed."""

_GUARANTEE = {
    Confirms.INBOX: "an event is deleted after head office has committed it",
    Confirms.PUBACK: "an event is deleted when the far side takes it: weaker than head office's word",
}


async def run(
    outbox: Outbox, dial: Dial, device: Device, health: Health, pace: Pace | None = None, post: Post | None = None
) -> None:
    """Keep a connection for ever, for the ledger and for ``post`` beside it; being away is expected, and said once."""
    times, clock, letters = pace or Pace(), asyncio.get_running_loop(), post or Post()
    edge, doubts, attempt = topics.edge_name(device), Doubts(), 0
    will = Will(topics.state(edge), b'{"state":"offline"}')
    while True:
        began = clock.time()
        flight = _flight(outbox, dial, times, doubts, began)
        try:
            async with dial(edge, will, (topics.ack(edge), topics.INBOX)) as link:
                await Call(outbox, link, flight, doubts, edge, health, dial, times, letters).run()
        except LinkLost as error:
            todo = "nothing to do in the store: contacts are kept and sent later; check the network if it lasts"
            health.down("upstream", dial.name, str(error), todo, _figures(outbox))
            health.forget("inbox", dial.name)  # nobody knows how it is while the line is down
        await _after_loss(outbox, doubts, flight)
        attempt = 0 if clock.time() - began > times.healthy else attempt + 1
        await asyncio.sleep(redial_pause(attempt, times))


def _flight(outbox: Outbox, dial: Dial, pace: Pace, doubts: Doubts, now: float) -> Flight:
    return Flight(outbox.acked, 1 if doubts.careful else pace.window, pace, dial.confirms, now)


async def _after_loss(outbox: Outbox, doubts: Doubts, flight: Flight) -> None:
    poison = doubts.lost(list(flight.aloft))
    if poison is not None:
        log.warning("event %d ended every connection that carried it: set aside", poison)
        await outbox.set_aside(poison, "poison")


def _figures(outbox: Outbox) -> dict[str, float]:
    return {"waiting": outbox.waiting(), "last": outbox.last, "acknowledged": outbox.acked}


@dataclass
class Call:
    """One connection, from the birth to its loss."""

    outbox: Outbox
    link: Link
    flight: Flight
    doubts: Doubts
    edge: str
    health: Health
    dial: Dial
    pace: Pace
    post: Post
    ignored: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._page: deque[Row] = deque()
        self._page_at = -1
        self._settle_upto = 0
        self._settle = asyncio.Event()
        self._behind = 0
        self._taken = 0
        self._clock = asyncio.get_running_loop()

    async def run(self) -> None:
        """Birth, then send, listen and delete until the connection is lost; raises LinkLost."""
        limit = 1 if self.doubts.careful else min(self.pace.window, self.link.window)
        self.flight.limit, self.flight.window = limit, float(limit)
        await self.link.publish(Message(topics.state(self.edge), self._birth("online"), retain=True))
        self.health.up("upstream", self.dial.name, _GUARANTEE[self.dial.confirms], _figures(self.outbox))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(tasks), name="uplink send")
                tasks.create_task(self._listen(), name="uplink listen")
                tasks.create_task(self._delete(), name="uplink delete")
                tasks.create_task(self._tell(), name="uplink tell")
                tasks.create_task(self.post.carry(self.link), name="uplink post")
        except ExceptionGroup as errors:
            raise lost_or_worse(errors) from None
        except asyncio.CancelledError:
            await self._farewell()
            raise

    async def _farewell(self) -> None:
        """On an orderly stop the broker need not guess."""
        try:
            async with asyncio.timeout(1.0):
                await self.link.publish(Message(topics.state(self.edge), self._birth("offline"), retain=True))
        except (LinkLost, TimeoutError):
            log.debug("the broker did not take the farewell")

    async def _tell(self) -> None:
        """Tell the state again when what there is to know of this edge has changed."""
        while True:
            await self.post.retold.wait()
            self.post.retold.clear()
            await self.link.publish(Message(topics.state(self.edge), self._birth("online"), retain=True))

    def _birth(self, state: str) -> bytes:
        return json.dumps(
            {
                "state": state,
                "outbox": self.outbox.stream,
                "boot": self.outbox.boot,
                "software": __version__,
                "waiting": self.outbox.waiting(),
                "acknowledged": self.outbox.acked,
                "last": self.outbox.last,
            }
            | dict(self.post.facts)
        ).encode()

    async def _send(self, tasks: asyncio.TaskGroup) -> None:
        flight = self.flight
        while True:
            self.outbox.news.clear()
            now = self._clock.time()
            if flight.stalled(now):
                raise LinkLost(f"no acknowledgement for {self.pace.stall:g} s")
            if flight.probe(now) and not flight.holding:
                self._unconfirmed()
            row = await self._next() if flight.room(now) else None
            if row is None:
                await self._wait(flight.wake_at(now) - now)
            else:
                await self._launch(row, tasks)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else max(seconds, 0.0)):
                await self.outbox.news.wait()
        except TimeoutError:
            return

    async def _next(self) -> Row | None:
        """The row after the cursor, from a page read ahead; a cursor set back makes the page stale."""
        if self.flight.cursor >= self.outbox.last:
            return None
        if self.flight.cursor != self._page_at or not self._page:
            self._page_at = self.flight.cursor
            self._page = deque(await self.outbox.page(self._page_at, PAGE))
        return self._page[0] if self._page else None

    async def _launch(self, row: Row, tasks: asyncio.TaskGroup) -> None:
        reason = "" if row.whole else "corrupt"
        if len(row.body) + PROPERTIES_BYTES > self.link.max_bytes:
            reason = "too large"
        if reason:
            await self._aside(row, reason)
            return
        self._page.popleft()
        self._page_at = row.seq
        self.flight.depart(row.seq, self._clock.time())
        tasks.create_task(self._publish(row), name=f"uplink publish {row.seq}")

    async def _publish(self, row: Row) -> None:
        properties = {"stream": self.outbox.stream, "sequence": f"{row.seq:012d}"}
        message = Message(topics.contact(self.edge, row.kind), row.body, False, CONTENT_TYPE, properties)
        verdict = self.flight.land(row.seq, await self.link.publish(message), self._clock.time())
        aside = self.doubts.answered(row.seq, row.kind, verdict)
        if aside == Verdict.REFUSED:
            await self._heard_at_all(row.kind)
        if aside:
            await self._aside(row, aside)
        elif verdict is Verdict.TAKEN:
            self._took()
        else:
            self._say(verdict)
        self.outbox.news.set()

    async def _heard_at_all(self, kind: str) -> None:
        """Raises LinkLost where the broker refuses this edge and not one kind of contact: then all of them wait.

        Who is refused even its own state has a certificate of another name, or none in the access list. A gap that is
        refused waits, too: to set it aside would be told by a gap.
        """
        answer = await self.link.publish(Message(topics.state(self.edge), self._birth("online"), retain=True))
        if kind == "gap" or verdict_of(answer) is Verdict.REFUSED:
            raise LinkLost(
                f"the broker refuses what {self.edge} writes: its user or the common name of its certificate must be "
                f"'{self.edge}', and the access list must let it write"
            )

    def _took(self) -> None:
        self._taken += 1
        if self._taken == 2 * self.pace.window:
            self.doubts.calm()
            self.flight.limit = min(self.pace.window, self.link.window)
        if self.dial.confirms is Confirms.PUBACK:
            self._confirmed(self.flight.landed_upto(), 0)

    def _say(self, verdict: Verdict) -> None:
        todo = "start head office's hub" if verdict is Verdict.NOBODY else "see the broker's log and its access list"
        self.health.down("inbox", self.dial.name, f"the broker says: {verdict}", todo, _figures(self.outbox))

    def _unconfirmed(self) -> None:
        """The broker takes contacts and nobody confirms them: no hub, or one that may not read or write here."""
        why = "the broker takes contacts, but head office's inbox confirms none"
        todo = "start head office's hub; if it runs, let the broker's access list give it contacts and take its words"
        self.health.down("inbox", self.dial.name, why, todo, _figures(self.outbox))

    async def _aside(self, row: Row, reason: str) -> None:
        log.warning("event %d (%s) is set aside: %s", row.seq, row.kind, reason)
        await self.outbox.set_aside(row.seq, reason)
        self._page.clear()

    async def _listen(self) -> None:
        async for message in self.link.messages():
            if message.topic == topics.INBOX:
                self._inbox_is(message)
            elif message.topic == topics.ack(self.edge) and self.dial.confirms is Confirms.INBOX:
                await self._acknowledged(message.payload)
            else:
                self.post.arrived(message)

    def _inbox_is(self, message: Message) -> None:
        """A retained word tells how the inbox is, a live one that it has just come: then all it lacks goes again."""
        if b'"online"' in message.payload:
            if not message.retain:
                self.flight.nudge()
                self.outbox.news.set()
        else:
            self.health.down("inbox", self.dial.name, "head office's inbox says that it is offline", "start its hub")

    async def _acknowledged(self, payload: bytes) -> None:
        try:
            ack = read_ack(payload)
        except BadAck as error:
            self._ignore(str(error))
            return
        if ack.outbox != self.outbox.stream:
            self._ignore("another outbox")
        elif ack.upto > self.outbox.last:
            self._ignore("an event that does not exist yet")
        else:
            await self._mind_lost_memory(ack)
            self._confirmed(ack.upto, ack.max)

    def _ignore(self, why: str) -> None:
        self.ignored[why] += 1
        if self.ignored[why] == 1:
            log.warning("an acknowledgement is ignored, it is for %s", why)

    async def _mind_lost_memory(self, ack: Ack) -> None:
        """An inbox that stays below what it had confirmed has lost it (a new or an older database): say which."""
        self._behind = self._behind + 1 if ack.upto < self.outbox.acked < ack.max else 0
        if self._behind == FORGOTTEN_AFTER:
            lost = (ack.upto + 1, self.outbox.acked)
            await self.outbox.account("forgotten by the inbox", Counter(), [lost])

    def _confirmed(self, upto: int, highest: int) -> None:
        self.flight.confirm(upto, highest, self._clock.time())
        self.health.up("inbox", self.dial.name, "", _figures(self.outbox))
        self._settle_upto = max(self._settle_upto, upto)
        self._settle.set()
        self.outbox.news.set()

    async def _delete(self) -> None:
        while True:
            await self._settle.wait()
            self._settle.clear()
            try:
                await self.outbox.acknowledge(self._settle_upto)
            except sqlite3.Error as error:
                log.warning("confirmed events cannot be deleted now: %s", type(error).__name__)
            self.health.up("inbox", self.dial.name, "", _figures(self.outbox))
