"""A shop's system as a source of stock: its pushes, polls, comparisons and read-backs, and what of it vouches.

What vouches (moves a channel's watermark) is a poll that finds every change, a gapless stream of numbered pushes, or a
comparison that was completed; a webhook that merely comes vouches for its own rows alone. A figure without an order of
its own is ordered by when it was asked for, so that the reading that began later wins; a pushed one without an order
is read back, as it may be an old one that was sent again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from edge.health import Health
from edge.ports import Comparison, StockAway, StockLevel, StockReport, Taken, Way
from edge.stock.intake.belief import Belief, beliefs
from edge.stock.intake.caller import ShopCaller
from edge.stock.intake.clocks import Clocks, closable, guarded
from edge.stock.intake.crossing import Crossing
from edge.stock.intake.doubts import Doubts
from edge.stock.intake.followed import Followed, Word, latest
from edge.stock.intake.giving import Giving
from edge.stock.intake.inbox import Inbox
from edge.stock.intake.names import BadPage, Names
from edge.stock.intake.pushes import Pushes, Rows
from edge.stock.intake.reader import Channel, Reader
from edge.stock.intake.reports import newest
from edge.stock.intake.shown import Looks, Shown
from edge.stock.intake.skew import SET_BACK_S, overlap
from edge.stock.intake.ways import Ways
from edge.stock.intake.windows import BLIND_POLLS, SHOWN, SURE_POLLS, WHOLES, Urgency
from edge.stock.system import Key, Push, Pushed, Since, StockSystem

MOST_KEYS = 250
"""Keys of one read-back; what a system takes in one call its adapter knows."""
VOUCH_EVERY_S = 0.5
OLDEST_S = 86_400.0
"""What was complete longer ago is compared before a poll vouches for it."""
COMPARE_S = 3600.0
FAST_COMPARE_S = 5.0
CONTRARY = "it says less than it said before; was it restored from a backup? Within 10 minutes it is believed by itself"

Marks = Callable[[], Mapping[str, float]]
"""By location, until when (UNIX seconds) this channel's rows in the cache are known to be complete."""


class Running:
    """A StockSource over a StockSystem. One ``reports()`` at a time; ``pushes`` are told of what webhooks say."""

    def __init__(
        self,
        channel: Channel,
        system: StockSystem,
        call: ShopCaller,
        names: Names,
        inbox: Inbox,
        doubts: Doubts,
        health: Health,
        clocks: Clocks,
        marks: Marks = dict,
        shown: Shown = tuple,
    ) -> None:
        self._channel = channel
        self._system = system
        self._call = call
        self._names = names
        self._reader = Reader(channel, names, call)
        self._inbox = inbox
        self._ways = Ways(channel.id, health, clocks)
        self._clocks = clocks
        self._marks = marks
        self._looks = Looks(shown, self._key)
        self.pushes = Pushes(clocks.monotonic)
        self._followed = Followed()
        self._crossing = Crossing(clocks, channel.can.lag_s)
        self._giving = Giving(clocks.monotonic)
        self._contrary, self._began_s = False, 0.0
        self._complete_s: float | None = None
        self._vouched = -math.inf
        self._polls, self._beats = beliefs(channel, doubts, clocks.wall)
        self.comparison = Comparison()

    def compare(self) -> None:
        """Compare everything again, as soon as the budgets allow."""
        self.pushes.want(missed=False)

    async def restore(self) -> None:
        """What was taken before this start, and not worked off, is read again; what was found out is still known."""
        await self._polls.restore()
        await self._beats.restore()
        for owed in await self._inbox.owed(self._channel.id):
            self.pushes.owe(owed.id, owed.keys, owed.rows, owed.everything)

    async def reports(self) -> AsyncIterator[StockReport]:
        """Reports for ever, each as soon as it is known.

        What fails is told on the health page and tried again within, so that one way that is cut holds up no other.
        """
        self._begin()
        loops = [self._pushed(), self._read_back(), self._compare(), self._poll(), self._look()]
        of, fail = f"stock {self._channel.id}", self._giving.fail
        tasks = [asyncio.create_task(guarded(loop, fail), name=of) for loop in loops]
        try:
            async for report in self._giving.reports():
                yield report
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def taken(self, report: StockReport, taken: Taken) -> None:
        """The report is in the cache."""
        self._giving.taken(report, taken)

    def _begin(self) -> None:
        marks = self._marks()
        self._giving = Giving(self._clocks.monotonic)
        self._began_s = self._clocks.wall()
        self._reader.later_than(marks.values())
        oldest = min(marks.get(place, -math.inf) for place in self._channel.locations)
        self._complete_s = oldest if oldest > self._began_s - OLDEST_S else None
        self._vouched = -math.inf
        self._polls.forget()
        self._beats.forget()
        self._followed.forget()
        self.pushes.give_back()

    async def _say(self, report: StockReport) -> Taken:
        """Give a report and wait until the cache has it; what it has in two ways is read again."""
        if report.way is not Way.PUSH:
            self._followed.read(report := self._crossing.read(report))
        taken = await self._giving.give(report)
        self._again(taken.ties, flood=False)
        if taken.outdated and not self._contrary and report.way is not Way.COMPARISON:
            self.compare()
        self._contrary |= bool(taken.outdated)
        return taken

    def _again(self, rows: Iterable[tuple[str, str]], flood: bool = True) -> None:
        """Read these rows of ours again; with one that cannot be asked for singly everything is."""
        for sku, location in rows:
            key = self._key(sku, location)
            if key is None:
                self.pushes.want()
            else:
                self.pushes.ask(key, (sku, location), flood)

    def _key(self, sku: str, location: str) -> Key | None:
        return self._system.key(self._names.theirs(sku), location)

    # Pushes

    async def _pushed(self) -> None:
        """What webhooks carry: figures with an order go out at once, all else is read."""
        if self._channel.can.push is Push.NONE:
            return
        self._again(self.pushes.owed_rows())
        while True:
            told = await self.pushes.take()
            words = [word for _, pushed in told for word in self._usable(pushed)]
            for _, pushed in told:
                gone = [(self._names.ours(sku), location) for sku, location in pushed.gone]
                self._beats.told(gone)
                self._again(gone)
                for key in pushed.keys:
                    self.pushes.ask(key)
                if pushed.everything:
                    self.pushes.want()
            if words:
                await self._put(words, min(pushed.sent_s for _, pushed in told))
            self.pushes.done(told)
            self._settle()
            await self._vouch()

    async def _put(self, words: Sequence[Word], sent_s: float) -> None:
        """What pushes say that tell their order goes into the cache; what they say in two ways is read."""
        last, torn = latest(words)
        self._again(torn, flood=False)
        follows, sent_s = self._followed.sent(last), self._reader.ours(sent_s)
        levels = [word.level for word in last]
        report = self._reader.report(levels, sure=False, way=Way.PUSH, sent_s=sent_s, follows=follows)
        taken = await self._say(report)
        self._followed.taken(last, follows, taken.moved)

    def _usable(self, pushed: Pushed) -> list[Word]:
        """The levels of a push that tell their order; the others are read back."""
        try:
            levels = self._names.levels(pushed.levels, self._channel.locations)
        except BadPage as error:
            self._ways.tell("pushes", str(error))
            self.pushes.want()
            return []
        self._ways.worked("pushes")
        self._beats.told({(level.sku, level.location) for level in levels})
        ordered = self._channel.can.revisions
        self._again((level.sku, level.location) for level in levels if not (ordered and level.revision))
        return [Word(level, pushed.stream, pushed.seq) for level in levels if ordered and level.revision]

    async def _vouch(self) -> None:
        """A gapless stream, of whose pushes nothing is left to read, tells that all the rest is as it was."""
        sent_s, now = self.pushes.word(), self._clocks.monotonic()
        if sent_s is None or not self._channel.can.beats or now - self._vouched < VOUCH_EVERY_S:
            return
        self._vouched = now
        age, wrong = self._reader.beat(sent_s, self._clocks.wall())
        self._ways.tell("beats", wrong)
        if not wrong:
            await self._trust(self._beats, now - age)

    # Reading back

    async def _read_back(self) -> None:
        """Read again what was named by a push, or what is known in two ways."""
        while True:
            await self.pushes.gathered(self._clocks.sleep)
            try:
                await self._reread(self.pushes.take_keys())
            except (StockAway, BadPage) as away:
                self.pushes.give_back()
                await self._ways.failed("read-backs", str(away))
                continue
            self._ways.worked("read-backs")
            self.pushes.read()
            self._settle()

    async def _reread(self, keys: dict[Key, Rows], urgency: Urgency = Urgency.READ) -> float:
        """Read these; ``keys`` loses those that were. What was asked for by name and has no row any more is gone.

        What it took of the budgets. What is found before its turn, and so by no comparison, begins a doubt's day anew.
        """
        cost, streamed = 0.0, self.pushes.stream.sound and not self.pushes.misses
        while keys:
            some = list(keys)[:MOST_KEYS]
            with self._crossing.doing(urgency) as reading:
                found = await self._system.read(some)
            page, at = self._reader.page(found, reading)
            named = {(level.sku, level.location) for level in page.levels}
            gone = sorted({row for key in some for row in keys[key]} - named)
            if urgency is Urgency.READ:
                self._beats.told({*named, *gone})
            age = self._clocks.monotonic() - at
            taken = await self._say(self._reader.report(page.levels, page, age, gone=gone, way=Way.READ))
            if urgency is not Urgency.READ and streamed and not self.pushes.misses:
                self._beats.differed(taken.moved, self._clocks.monotonic())
            for key in some:
                del keys[key]
            cost += reading.cost
        return cost

    # What screens show

    async def _look(self) -> None:
        """Read what screens show again and again, where nothing vouches but comparisons."""
        while True:
            began, cost = self._clocks.monotonic(), 0.0
            try:
                if not (self._polls.holds or self._beats.holds):
                    cost = await self._looks.look(self._channel.locations, self._reread)
            except (StockAway, BadPage) as away:
                await self._ways.failed("shown", str(away))
                continue
            self._ways.worked("shown")
            await self._clocks.until(began + self._call.apart_s(cost, SHOWN))

    # Polls

    async def _poll(self) -> None:
        """Ask what changed; where that finds every change, and all was read once, it vouches."""
        if self._channel.can.since is Since.NONE:
            return
        least, theirs_s = self._least, (self._began_s if self._complete_s is None else self._complete_s) + self._least
        while True:
            began = self._clocks.monotonic()
            try:
                theirs_s, cost = await self._changes(theirs_s, least, self._complete_s is not None)
                least = self._least
            except (StockAway, BadPage) as away:
                await self._ways.failed("polls", str(away))
                continue
            self._ways.worked("polls")
            share = SURE_POLLS if self._polls.holds else BLIND_POLLS
            await self._clocks.until(began + self._call.apart_s(cost, share))

    async def _changes(self, since_s: float, before: float, complete: bool) -> tuple[float, float]:
        """One round, from a moment of their clock on; from when the next one asks, and what it took of the budgets.

        Theirs, as ours may be set between two rounds; ``before`` is how far ahead it was when the moment was told.
        """
        first: tuple[float, float] | None = None
        again = overlap(self._call.skew, self._channel.can.step_ms)
        with self._crossing.doing(Urgency.POLL) as reading:
            async with aclosing(closable(self._system.changed(since_s - again))) as pages:
                async for each in pages:
                    first = first or reading.word
                    page, at = self._reader.page(each, reading)
                    self._polls.told({(level.sku, level.location) for level in page.levels})
                    if page.levels or page.items:
                        await self._say(
                            self._reader.report(page.levels, page, self._clocks.monotonic() - at, way=Way.POLL)
                        )
        wall_s, at = first or reading.word
        await self.pushes.read_through()
        if (back := before - self._least) > SET_BACK_S:
            # Their clock was set back: what changed meanwhile bears times before those that were asked for.
            self._polls.forget()
            return since_s - back, reading.cost
        if complete:
            await self._trust(self._polls, at)
        return wall_s + self._least, reading.cost

    async def _trust(self, belief: Belief, at: float) -> None:
        """What told all that changed before ``at`` vouches, unless it misses what a comparison found."""
        believed = belief.holds
        if await belief.heard(at):
            await self._say(self._reader.report((), vouches=True, age=self._clocks.monotonic() - at))
        elif believed:
            self.compare()

    @property
    def _least(self) -> float:
        """How far their clock is at least ahead of ours, as far as it is known."""
        return self._call.skew.least if self._call.skew else 0.0

    # Comparisons

    async def _compare(self) -> None:
        """Read everything at the start, at each interval, and whenever something may have been missed."""
        while True:
            began = self._clocks.monotonic()
            ids, then = self.pushes.begin_comparison()
            self._contrary = False
            self._beats.begin()
            try:
                cost = await self._everything(then.sound)
            except (StockAway, BadPage) as away:
                self.pushes.end_comparison(ids, then, through=False)
                await self._ways.failed("comparisons", str(away))
                continue
            finally:
                self._beats.end()
            self._ways.worked("comparisons")
            self._ways.tell("revisions", CONTRARY if self._contrary else "")
            if not self.pushes.end_comparison(ids, then, through=True):
                self._beats.forget()
            self._settle()
            took = self._clocks.monotonic() - began
            least = max(took, self._call.even_s(1, WHOLES))
            await self.pushes.wanted(max(took, self._compare_s(cost) - took), least, self._clocks.sleep)

    def _compare_s(self, cost: float) -> float:
        """How far apart comparisons begin that cost so much: as set; where nothing else vouches, as budgets allow."""
        if (given := self._channel.settings.compare_s) is not None:
            return given
        others = self._polls.holds or (self._beats.holds and self._call.skew is not None)
        return COMPARE_S if others and not self._contrary else max(FAST_COMPARE_S, self._call.even_s(cost, WHOLES))

    async def _everything(self, streamed: bool) -> float:
        """A comparison: each page at once, then all of it, as old as its first question; what it took of budgets.

        ``streamed`` is whether pushes told each change when it began, however late.
        """
        levels: list[StockLevel] = []
        first: float | None = None
        differed = 0
        self.comparison = replace(self.comparison, begun=self.comparison.begun + 1, rows=0)
        with self._crossing.doing(Urgency.COMPARE) as reading:
            async with aclosing(closable(self._system.everything())) as pages:
                async for each in pages:
                    page, at = self._reader.page(each, reading)
                    first = at if first is None else first
                    levels += page.levels
                    age = self._clocks.monotonic() - at
                    taken = await self._say(self._reader.report(page.levels, page, age, way=Way.COMPARISON))
                    differed += taken.changed
                    if self.comparison.ended:
                        self._polls.differed(taken.moved, self._clocks.monotonic())
                    if self.comparison.ended and streamed and not self.pushes.misses:
                        self._beats.differed(taken.moved, self._clocks.monotonic())
                    self.comparison = replace(self.comparison, rows=len(levels))
        if first is None or not levels:
            # A shop that was emptied looks like one whose answer lost its rows; the latter must not empty a screen.
            raise StockAway("it says that it has nothing at all; look at its locations, and at what its token may read")
        self._ways.tell("places", self._reader.has(levels))
        await self.pushes.read_through()
        age = self._clocks.monotonic() - first
        report = self._reader.report(newest(levels), age=age, vouches=True, way=Way.COMPARISON)
        differed += (await self._say(replace(report, whole=True))).changed
        begun = self.comparison.begun
        self.comparison = Comparison(begun, begun, len(levels), differed, self._clocks.wall())
        self._complete_s = self._clocks.wall() - (self._clocks.monotonic() - first)
        return reading.cost

    # What all of them share

    def _settle(self) -> None:
        self._inbox.settled(self._channel.id, self.pushes.settled())
