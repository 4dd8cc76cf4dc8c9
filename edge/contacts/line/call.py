"""One connection of the uplink: sends what the outbox holds, and deletes what the inbox has committed."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sqlite3
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from edge import __version__
from edge.contacts import topics
from edge.contacts.ack import Ack, BadAck, read_ack
from edge.contacts.line.causes import REMEDIES, Cause, lost
from edge.contacts.line.dial import Confirms, Dial, Pace, lost_or_worse
from edge.contacts.line.flight import Flight, Verdict, verdict_of
from edge.contacts.line.pages import Pages
from edge.contacts.line.policy import BadPolicy, read_policy
from edge.contacts.line.post import Post
from edge.contacts.line.shot import Shot, fitting, message_of
from edge.contacts.line.standing import Standing, figures
from edge.contacts.spool.outbox import TEND, Outbox
from edge.contacts.spool.schema import Row
from edge.health import Health
from edge.ports import Link, LinkLost, Message

log = logging.getLogger(__name__)

PROPERTIES_BYTES = 512
"""What topic and properties add to an event's bytes in a PUBLISH, at most."""

FORGOTTEN_AFTER = 3
"""Acknowledgements in a row below our watermark after which the inbox is known to have lost what it had confirmed."""

CALM_AFTER = 40
"""Messages that a connection carried after which it casts no doubt on any event."""

RENEW_DAYS = 30.0
"""With less than so many days left, the health page speaks of our certificate."""

_GUARANTEE = {
    Confirms.INBOX: "an event is deleted after head office has committed it",
    Confirms.PUBACK: "an event is deleted when the far side takes it: weaker than head office's word",
}


@dataclass
class Call:
    """One connection, from the birth to its loss. ``fruitful`` once something was confirmed, or nothing had to be."""

    outbox: Outbox
    link: Link
    standing: Standing
    edge: str
    health: Health
    dial: Dial
    pace: Pace
    post: Post
    days: float | None = None
    ignored: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._clock = asyncio.get_running_loop()
        self.doubts, self.stream = self.standing.doubts, self.outbox.stream
        limit = 1 if self.doubts.careful else self._widest()
        self.flight = Flight(self.outbox.acked, limit, self.pace, self.dial.confirms, self._clock.time())
        self.fruitful = not self.outbox.waiting()
        self._out: dict[int, asyncio.Future[int]] = {}
        self._bad: deque[tuple[Shot, Verdict, str]] = deque()
        self._broken: BaseException | None = None
        self._not_before = math.inf
        self._spool = self.outbox.spool
        self._settle_upto = self._behind = self._taken = 0
        self._settle, self._free = asyncio.Event(), asyncio.Event()
        self._free.set()
        self._busy_told = False

    async def run(self) -> None:
        """Birth, then send, listen and delete until the connection is lost; raises LinkLost."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="uplink listen")
                await self._be_born()
                tasks.create_task(self._send(Pages(self.outbox, tasks)), name="uplink send")
                tasks.create_task(self._delete(), name="uplink delete")
                tasks.create_task(self._tell(), name="uplink tell")
                tasks.create_task(self.post.carry(self.link), name="uplink post")
        except ExceptionGroup as errors:
            raise lost_or_worse(errors) from None
        except asyncio.CancelledError:
            await self._farewell()
            raise
        finally:
            for answer in self._out.values():
                answer.cancel()

    def _widest(self) -> int:
        return min(self.pace.window, self.link.window, self.standing.narrow)

    async def _be_born(self) -> None:
        """Tell the state; then what the broker had kept for us is carried out before anything is sent.

        An erasure that came while we were away is to be done first.
        """
        if verdict_of(await self.link.publish(self._state("online"))) is Verdict.REFUSED:
            raise self._refused()
        detail, lasts = _GUARANTEE[self.dial.confirms], self.days
        if lasts is not None and lasts < RENEW_DAYS:
            detail += f"; this device's certificate lasts {max(0.0, lasts):.0f} more days: renew it"
        self.health.up("upstream", self.dial.name, detail, figures(self.outbox, self.days))
        await asyncio.sleep(0)  # the listener has handed on what came before the answer,
        while not self._free.is_set():  # but for what lies behind an acknowledgement that is still being booked
            await self._free.wait()
        await self.post.handled()

    async def _farewell(self) -> None:
        """On an orderly stop the broker need not guess."""
        try:
            async with asyncio.timeout(1.0):
                await self.link.publish(self._state("offline"))
        except (LinkLost, TimeoutError):
            log.debug("the broker did not take the farewell")

    async def _tell(self) -> None:
        """Tell the state again when what there is to know of this edge has changed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TEND):
                    await self.post.retold.wait()
            if self.post.retold.is_set() or self._spool != self.outbox.spool:
                self.post.retold.clear()
                await self.link.publish(self._state("online"))

    def _state(self, state: str) -> Message:
        self._spool = self.outbox.spool
        told = {
            "state": state,
            "outbox": self.outbox.stream,
            "boot": self.outbox.boot,
            "software": __version__,
            "waiting": self.outbox.waiting(),
            "acknowledged": self.outbox.acked,
            "last": self.outbox.last,
            "spool": self._spool,
        }
        return Message(topics.state(self.edge), json.dumps(told | dict(self.post.facts)).encode(), retain=True)

    async def _send(self, pages: Pages) -> None:
        flight = self.flight
        await asyncio.sleep(self.doubts.patience if self.doubts.careful else 0.0)
        while True:
            self.outbox.news.clear()
            while self._bad:
                await self._judge(pages, *self._bad.popleft())
            now = self._clock.time()
            self._look(now)
            self._not_before = math.inf
            while flight.room(now) and (shot := self._load(pages, now)) is not None:
                if reason := self._unfit(shot, now):
                    await self._aside(pages, shot.rows[0], reason)
                else:
                    self._fire(pages, shot, now)
            if flight.held_up():
                await self._fetch(pages)
            await self._wait(min(flight.wake_at(now), self._not_before) - now)

    def _look(self, now: float) -> None:
        """What the clock or another task has to say; raises LinkLost if this connection is over."""
        if self._broken is not None:
            raise self._broken
        if self.outbox.stream != self.stream:
            raise LinkLost("the outbox was made anew and is announced as such")
        if self.flight.stalled(now):
            raise lost(Cause.STALLED, f"{self.pace.stall:g} s")
        if self.flight.probe(now) and not self.flight.holding:
            self._unconfirmed()
        if now - self.flight.busy_since > self.pace.busy and not self._busy_told:
            self._busy_told = True
            busy = REMEDIES[Cause.BUSY]
            told = f"{busy.words}, for {self.pace.busy / 60:g} minutes by now"
            self.health.down("inbox", self.dial.name, told, busy.todo, figures(self.outbox))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(seconds) else max(seconds, 0.0)):
                await self.outbox.news.wait()

    def _load(self, pages: Pages, now: float) -> Shot | None:
        """The next message: one event, or of a backlog as many as fit, not before the bucket lets it go."""
        flight = self.flight
        if self._asks():
            return None
        backlog = self.outbox.last - flight.cursor > self.pace.backlog
        if backlog and (at := self.standing.backlog_at(now)) > now:
            self._not_before = at
            return None
        many = self.doubts.batch_at(flight.cursor + 1, self.pace.batch) if backlog and self._may_batch() else 1
        rows = pages.after(flight.cursor, many)
        if not rows:
            return None
        if backlog:
            self.standing.bucket.take(now)
        return Shot(rows if len(rows) == 1 else fitting(rows, min(self.pace.batch_bytes, self.link.max_bytes // 2)))

    def _asks(self) -> bool:
        """Whether head office is to say first how far it knows this stream: one event asks for that."""
        if not self.outbox.heals or self.dial.confirms is not Confirms.INBOX:
            return False
        return self.outbox.overtaken.is_set() or (not self.outbox.reach.vouched and bool(self.flight.sent))

    def _may_batch(self) -> bool:
        """Only our own inbox reads batches, and what is being tried out goes one by one."""
        if self.outbox.heals and not self.outbox.reach.vouched:
            return False
        return self.dial.confirms is Confirms.INBOX and math.isinf(self.flight.budget)

    def _unfit(self, shot: Shot, now: float) -> str:
        """Why the first event is not to be sent at all; empty if it is."""
        if self.outbox.retried != self.standing.retried:
            self.standing.retried = self.outbox.retried
            self.doubts.forgive()
        row = shot.rows[0]
        if not row.whole:
            return "corrupt"
        if len(row.body) + PROPERTIES_BYTES > self.link.max_bytes:
            return Verdict.TOO_LARGE
        return Verdict.REFUSED if len(shot.rows) == 1 and self.doubts.given_up(row.kind, now) else ""

    def _fire(self, pages: Pages, shot: Shot, now: float) -> None:
        self._hand(shot)
        self.flight.depart(*shot.range, now)
        pages.passed(len(shot.rows))

    async def _fetch(self, pages: Pages) -> None:
        """The gap for which the inbox waits goes now: the way to it is longer than we may go ahead."""
        row = await self.outbox.gap_of((acked := self.flight.acked) + 1)
        now = self._clock.time()
        reason = self._unfit(Shot((row,)), now) if row is not None else ""
        if row is not None and reason:
            await self._aside(pages, row, reason)
        elif row is not None:
            self._hand(Shot((row,)))
        self.flight.fetched(row.seq if row is not None and not reason else 0, acked, now)

    def _hand(self, shot: Shot) -> None:
        """Hand a message to the link."""
        self.outbox.reach.sent = max(self.outbox.reach.sent, shot.range[1])
        answer = asyncio.ensure_future(self.link.publish(message_of(shot, self.edge, self.doubts)))
        self._out[shot.range[0]] = answer
        answer.add_done_callback(partial(self._answered, shot))

    def _answered(self, shot: Shot, answer: asyncio.Future[int]) -> None:
        """A PUBACK came, or the line is lost. What was taken is counted here and now; the rest wants more thought."""
        self._out.pop(shot.range[0], None)
        self.outbox.news.set()
        if answer.cancelled():
            return
        if (error := answer.exception()) is not None:
            self._broken = error
            return
        now = self._clock.time()
        verdict = self.flight.land(shot.range[0], answer.result(), now)
        aside = self.doubts.answered(shot.range, shot.kind, verdict, now)
        if verdict is Verdict.TAKEN:
            self._took()
        else:
            self._bad.append((shot, verdict, aside))

    def _took(self) -> None:
        self._taken += 1
        if self._taken == CALM_AFTER:
            self.doubts.calm()
            self.flight.limit = self._widest()
        if self.dial.confirms is Confirms.PUBACK:
            self._confirmed(self.flight.landed_upto(), 0)

    async def _judge(self, pages: Pages, shot: Shot, verdict: Verdict, aside: str) -> None:
        if verdict is Verdict.REFUSED:
            await self._heard_at_all()
        if aside and verdict is Verdict.REFUSED and shot.kind == "gap":
            if not self.doubts.taken:  # else it goes by the topic of a kind that is
                raise self._refused()
        elif aside:
            await self._aside(pages, shot.rows[0], aside)
        elif verdict is Verdict.NOBODY:
            todo = "start head office's hub"
            self.health.down("inbox", self.dial.name, f"the broker says: {verdict}", todo, figures(self.outbox))

    async def _heard_at_all(self) -> None:
        """Raises LinkLost where the broker refuses this edge and not one kind of contact: then all of them wait.

        Who is refused even its own state has a certificate of another name, or none in the access list.
        """
        if verdict_of(await self.link.publish(self._state("online"))) is Verdict.REFUSED:
            raise self._refused()

    def _refused(self) -> LinkLost:
        return lost(
            Cause.RIGHTS,
            f"its user or the common name of its certificate must be '{self.edge}', and the access list must let it "
            "write",
        )

    def _unconfirmed(self) -> None:
        """The broker takes contacts and nobody confirms them: no hub, or one that may not read or write here."""
        why = "the broker takes contacts, but head office's inbox confirms none"
        todo = "start head office's hub; if it runs, let the broker's access list give it contacts and take its words"
        self.health.down("inbox", self.dial.name, why, todo, figures(self.outbox))

    async def _aside(self, pages: Pages, row: Row, reason: str) -> None:
        log.warning("event %d (%s) is set aside: %s", row.seq, row.kind, reason)
        await self.outbox.set_aside(row.seq, reason, self.stream)
        pages.stale()

    async def _listen(self) -> None:
        async for message in self.link.messages():
            if message.topic == topics.INBOX:
                self._inbox_is(message)
            elif message.topic == topics.ack(self.edge) and self.dial.confirms is Confirms.INBOX:
                self._free.clear()
                await self._acknowledged(message.payload)
                self._free.set()
            elif message.topic == topics.POLICY:
                self._policy_is(message.payload)
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

    def _policy_is(self, payload: bytes) -> None:
        try:
            self.standing.heard(read_policy(payload), self._clock.time())
        except BadPolicy as error:
            self._ignore("a policy", str(error))
        self.outbox.news.set()

    async def _acknowledged(self, payload: bytes) -> None:
        try:
            ack = read_ack(payload)
        except BadAck as error:
            self._ignore("an acknowledgement", str(error))
            return
        if ack.outbox != self.stream:
            self._ignore("an acknowledgement", "it is for another outbox")
        elif self.outbox.overtaken.is_set() or (self.outbox.heals and ack.max > self.outbox.reach.most):
            self._ignore("an acknowledgement", "it is for an event that was never sent from here")
            self.outbox.overtaken.set()
        elif ack.upto > self.outbox.last:
            self._ignore("an acknowledgement", "it is for an event that does not exist yet")
        else:
            asked = self.outbox.heals and not self.outbox.reach.vouched
            await self.outbox.vouched()
            await self._mind_lost_memory(ack)
            self._confirmed(ack.upto, ack.max)
            if asked:
                self.flight.nudge()  # what was only asked for goes at full width now

    def _ignore(self, what: str, why: str) -> None:
        self.ignored[why] += 1
        if self.ignored[why] == 1:
            log.warning("%s is ignored: %s", what, why)

    async def _mind_lost_memory(self, ack: Ack) -> None:
        """An inbox that stays below what it had confirmed has lost it (a new or an older database): say which."""
        self._behind = self._behind + 1 if ack.upto < self.outbox.acked < ack.max else 0
        if self._behind == FORGOTTEN_AFTER:
            await self.outbox.account("forgotten by the inbox", Counter(), [(ack.upto + 1, self.outbox.acked)])

    def _confirmed(self, upto: int, highest: int) -> None:
        self.fruitful = self.fruitful or upto > self.flight.acked
        self.flight.confirm(upto, highest, self._clock.time())
        self.health.up("inbox", self.dial.name, "", figures(self.outbox))
        self._busy_told = False
        self._settle_upto = max(self._settle_upto, upto)
        self._settle.set()
        self.outbox.news.set()

    async def _delete(self) -> None:
        while True:
            await self._settle.wait()
            self._settle.clear()
            try:
                await self.outbox.acknowledge(self._settle_upto, self.stream)
            except sqlite3.Error as error:
                log.warning("confirmed events cannot be deleted now: %s", type(error).__name__)
                await asyncio.sleep(TEND)
                self._settle.set()  # nothing more need be confirmed for a long time
            else:
                self.health.up("inbox", self.dial.name, "", figures(self.outbox))
