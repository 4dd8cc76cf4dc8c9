"""A shop's system as a source of stock: its pushes, polls, comparisons and read-backs, and what of it vouches.

What vouches (moves a channel's watermark) is a poll that finds every change, a gapless stream of numbered pushes, or a
comparison that was completed; a webhook that merely comes vouches for its own rows alone. A figure without an order of
its own is ordered by when it was asked for, so that the reading that began later wins; a pushed one without an order
is read back, as it may be an old one that was sent again.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from edge.health import Health
from edge.ports import Comparison, StockAway, StockLevel, StockReport, Taken, Way
from edge.stock.intake.caller import Reading, ShopCaller, doing
from edge.stock.intake.clocks import Clocks, closable
from edge.stock.intake.inbox import Inbox
from edge.stock.intake.names import BadPage, Names
from edge.stock.intake.pushes import Pushes, Rows
from edge.stock.intake.reports import newest, older
from edge.stock.intake.windows import Urgency
from edge.stock.shops.shop import Settings
from edge.stock.system import Can, Key, Page, Push, Pushed, Since, StockSystem

KIND = "stock"
COALESCE_S = 0.5
MOST_KEYS = 250
"""Keys of one read-back; what a system takes in one call its adapter knows."""
IN_A_THREAD = 5000
VOUCH_EVERY_S = 0.5
OLDEST_S = 86_400.0
"""What was complete longer ago is compared before a poll vouches for it."""
DATE_S = 1.0
"""The far clock tells whole seconds, so that it may be so much further than it says."""
SKEW_S = 3.0
"""How much the far clock, told in whole seconds, may be off."""
UNKNOWN_SKEW_S = 60.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0

Marks = Callable[[], Mapping[str, float]]
"""By location, until when (UNIX seconds) this channel's rows in the cache are known to be complete."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Which channel it is, what its system can, and how it is set."""

    id: str
    can: Can
    settings: Settings

    @property
    def locations(self) -> frozenset[str]:
        """The places that it speaks for."""
        return frozenset(self.settings.locations.values())


class Running:
    """A StockSource over a StockSystem. One ``reports()`` at a time; ``pushes`` are told of what webhooks say."""

    def __init__(
        self,
        channel: Channel,
        system: StockSystem,
        call: ShopCaller,
        names: Names,
        inbox: Inbox,
        health: Health,
        clocks: Clocks,
        marks: Marks = dict,
    ) -> None:
        self._channel = channel
        self._system = system
        self._call = call
        self._names = names
        self._inbox = inbox
        self._health = health
        self._clocks = clocks
        self._marks = marks
        self.pushes = Pushes(clocks.monotonic)
        self._said: asyncio.Queue[tuple[StockReport, float, asyncio.Future[Taken]] | Exception] = asyncio.Queue(8)
        self._hopes: dict[int, asyncio.Future[Taken]] = {}
        self._floor_ms = 0
        self._began_s = 0.0
        self._complete_s: float | None = None
        self._vouched = -math.inf
        self._wrong: dict[str, str] = {}
        self.comparison = Comparison()

    def compare(self) -> None:
        """Compare everything again, as soon as the budgets allow."""
        self.pushes.want()

    async def restore(self) -> None:
        """What was taken before this start, and not worked off, is read again."""
        for owed in await self._inbox.owed(self._channel.id):
            self.pushes.owe(owed.id, owed.keys, owed.rows, owed.everything)

    async def reports(self) -> AsyncIterator[StockReport]:
        """Reports for ever, each as soon as it is known.

        What fails is told on the health page and tried again within, so that one way that is cut holds up no other.
        """
        self._begin()
        loops = [self._pushed(), self._read_back(), self._compare(), self._poll()]
        tasks = [asyncio.create_task(self._guarded(loop), name=f"stock {self._channel.id}") for loop in loops]
        try:
            while True:
                said = await self._said.get()
                if isinstance(said, Exception):
                    raise said
                told, since, hope = said
                report = older(told, self._clocks.monotonic() - since)
                self._hopes[id(report)] = hope
                yield report
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def taken(self, report: StockReport, taken: Taken) -> None:
        """The report is in the cache."""
        hope = self._hopes.pop(id(report), None)
        if hope is not None and not hope.done():
            hope.set_result(taken)

    def _begin(self) -> None:
        marks = self._marks()
        self._said, self._hopes = asyncio.Queue(8), {}
        self._began_s = self._clocks.wall()
        self._floor_ms = max([self._floor_ms, *(int(mark * 1000) for mark in marks.values())])
        oldest = min(marks.get(place, -math.inf) for place in self._channel.locations)
        self._complete_s = oldest if oldest > self._began_s - OLDEST_S else None
        self._vouched = -math.inf
        self.pushes.give_back()

    async def _guarded(self, loop: Coroutine[Any, Any, None]) -> None:
        """A loop whose fault, if it is none that is expected, ends the source instead of itself alone."""
        try:
            await loop
        except Exception as error:  # noqa: BLE001 - handed on whole to whoever keeps the source
            await self._said.put(error)

    async def _say(self, report: StockReport) -> Taken:
        """Give a report and wait until the cache has it; what it has in two ways is read again."""
        hope: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        await self._said.put((report, self._clocks.monotonic(), hope))
        taken = await hope
        self._again(taken.ties)
        return taken

    def _again(self, rows: Iterable[tuple[str, str]]) -> None:
        """Read these rows of ours again; with one that cannot be asked for singly everything is."""
        for sku, location in rows:
            key = self._system.key(self._names.theirs(sku), location)
            if key is None:
                self.pushes.want()
            else:
                self.pushes.ask(key, (sku, location))

    # Pushes

    async def _pushed(self) -> None:
        """What webhooks carry: figures with an order go out at once, all else is read."""
        if self._channel.can.push is Push.NONE:
            return
        self._again(self.pushes.owed_rows())
        while True:
            told = await self.pushes.take()
            levels = [level for _, pushed in told for level in self._usable(pushed)]
            for _, pushed in told:
                self._again((self._names.ours(sku), location) for sku, location in pushed.gone)
                for key in pushed.keys:
                    self.pushes.ask(key)
                if pushed.everything:
                    self.pushes.want()
            if levels:
                sent_s = min(pushed.sent_s for _, pushed in told)
                await self._say(self._report(newest(levels), sure=False, way=Way.PUSH, sent_s=self._ours(sent_s)))
            self.pushes.done(told)
            self._settle()
            await self._vouch()

    def _usable(self, pushed: Pushed) -> list[StockLevel]:
        """The levels of a push that tell their order; the others are read back."""
        try:
            levels = self._names.levels(pushed.levels, self._channel.locations)
        except BadPage as error:
            self._tell("pushes", str(error))
            return []
        self._tell("pushes", "")
        ordered = [level for level in levels if level.revision and self._channel.can.revisions]
        if len(ordered) < len(levels):
            self._again((level.sku, level.location) for level in levels if level not in ordered)
        return ordered

    async def _vouch(self) -> None:
        """A gapless stream, of whose pushes nothing is left to read, tells that all the rest is as it was."""
        sent_s, now = self.pushes.word(), self._clocks.monotonic()
        if sent_s is None or not self._channel.can.beats or now - self._vouched < VOUCH_EVERY_S:
            return
        self._vouched = now
        unsure = 0.0 if self._call.skew_s is None else DATE_S
        await self._say(self._report((), vouches=True, age=self._clocks.wall() - self._ours(sent_s) + unsure))

    # Reading back

    async def _read_back(self) -> None:
        """Read again what was named by a push, or what is known in two ways."""
        pause = FIRST_PAUSE_S
        while True:
            await self.pushes.some_keys()
            await self._clocks.sleep(COALESCE_S)
            try:
                await self._reread(self.pushes.take_keys())
            except (StockAway, BadPage) as away:
                self.pushes.give_back()
                self._tell("read-backs", str(away))
                pause = await self._rest(pause)
                continue
            pause = FIRST_PAUSE_S
            self._tell("read-backs", "")
            self.pushes.read()
            self._settle()

    async def _reread(self, keys: dict[Key, Rows]) -> None:
        """Read these; ``keys`` loses those that were. What was asked for by name and has no row any more is gone."""
        while keys:
            some = list(keys)[:MOST_KEYS]
            with doing(Urgency.READ, self._clocks) as reading:
                found = await self._system.read(some)
            page, at = self._page(found, reading)
            named = {(level.sku, level.location) for level in page.levels}
            gone = sorted({row for key in some for row in keys[key]} - named)
            await self._say(self._report(page.levels, page, self._clocks.monotonic() - at, gone=gone, way=Way.READ))
            for key in some:
                del keys[key]

    # Polls

    async def _poll(self) -> None:
        """Ask what changed; where that finds every change, and all was read once, it vouches."""
        if self._channel.can.since is Since.NONE:
            return
        ours_s, theirs_s = self._began_s if self._complete_s is None else self._complete_s, None
        pause = FIRST_PAUSE_S
        while True:
            began = self._clocks.monotonic()
            try:
                since_s = ours_s + (self._call.skew_s or 0.0) if theirs_s is None else theirs_s
                theirs_s, calls = await self._changes(since_s, self._complete_s is not None)
            except (StockAway, BadPage) as away:
                self._tell("polls", str(away))
                pause = await self._rest(pause)
                continue
            pause = FIRST_PAUSE_S
            self._tell("polls", "")
            space = max(self._channel.settings.poll_s, self._call.even_s(calls, Urgency.POLL))
            await self._clocks.sleep(max(0.0, began + space - self._clocks.monotonic()))

    async def _changes(self, since_s: float, complete: bool) -> tuple[float, int]:
        """One round, from a moment of their clock on; from when the next one asks, and how many calls it took.

        Theirs, as ours may be set between two rounds.
        """
        first: tuple[float, float] | None = None
        with doing(Urgency.POLL, self._clocks) as reading:
            async with aclosing(closable(self._system.changed(since_s - self._overlap()))) as pages:
                async for each in pages:
                    first = first or reading.word
                    page, at = self._page(each, reading)
                    if page.levels or page.items:
                        await self._say(self._report(page.levels, page, self._clocks.monotonic() - at, way=Way.POLL))
        wall_s, at = first or reading.word
        await self.pushes.read_through()
        if complete and self._channel.can.since is Since.SURE:
            await self._say(self._report((), vouches=True, age=self._clocks.monotonic() - at))
        return wall_s + (self._call.skew_s or 0.0), reading.calls

    def _overlap(self) -> float:
        """How much a round asks for again: twice their stamps' step, and by what clocks may be off."""
        unsure = UNKNOWN_SKEW_S if self._call.skew_s is None else SKEW_S
        return unsure + 2 * self._channel.can.step_ms / 1000

    # Comparisons

    async def _compare(self) -> None:
        """Read everything at the start, at each interval, and whenever something may have been missed."""
        pause = FIRST_PAUSE_S
        while True:
            began = self._clocks.monotonic()
            ids, then = self.pushes.begin_comparison()
            try:
                await self._everything()
            except (StockAway, BadPage) as away:
                self.pushes.end_comparison(ids, then, through=False)
                self._tell("comparisons", str(away))
                pause = await self._rest(pause)
                continue
            pause = FIRST_PAUSE_S
            self._tell("comparisons", "")
            self.pushes.end_comparison(ids, then, through=True)
            self._settle()
            took = self._clocks.monotonic() - began
            least = max(took, self._call.even_s(1, Urgency.COMPARE))
            await self.pushes.wanted(max(took, self._channel.settings.compare_s - took), least, self._clocks.sleep)

    async def _everything(self) -> None:
        """A comparison: each page at once, then all of it, as old as its first question."""
        levels: list[StockLevel] = []
        first: float | None = None
        differed = 0
        self.comparison = replace(self.comparison, begun=self.comparison.begun + 1, rows=0)
        with doing(Urgency.COMPARE, self._clocks) as reading:
            async with aclosing(closable(self._system.everything())) as pages:
                async for each in pages:
                    page, at = self._page(each, reading)
                    first = at if first is None else first
                    levels += page.levels
                    age = self._clocks.monotonic() - at
                    differed += (await self._say(self._report(page.levels, page, age, way=Way.COMPARISON))).changed
                    self.comparison = replace(self.comparison, rows=len(levels))
        if first is None or not levels:
            # A shop that was emptied looks like one whose answer lost its rows; the latter must not empty a screen.
            raise StockAway("it says that it has nothing at all; look at its locations, and at what its token may read")
        await self.pushes.read_through()
        age = self._clocks.monotonic() - first
        report = self._report(newest(levels), age=age, vouches=True, way=Way.COMPARISON)
        differed += (await self._say(replace(report, whole=True))).changed
        begun = self.comparison.begun
        self.comparison = Comparison(begun, begun, len(levels), differed, self._clocks.wall())
        self._complete_s = self._clocks.wall() - (self._clocks.monotonic() - first)

    # What all of them share

    def _page(self, page: Page, reading: Reading) -> tuple[Page, float]:
        """A page in our names and in order, and when it was asked for (monotonic). Raises BadPage."""
        wall_s, at = reading.take()
        named = self._names.page(page, self._channel.locations)
        if self._channel.can.revisions:
            return named, at
        stamp = self._floor_ms = max(self._floor_ms, int(wall_s * 1000))
        return replace(named, levels=tuple(replace(level, revision=stamp) for level in named.levels)), at

    def _report(
        self, levels: Sequence[StockLevel], page: Page | None = None, age: float = 0.0, **more: Any
    ) -> StockReport:
        """Some rows; ``more`` are fields of the report."""
        told: dict[str, Any] = {"items": page.items if page else (), "vouches": False, "ahead": self._ahead_s} | more
        return StockReport(self._channel.locations, levels, self._age(age), False, **told)

    @property
    def _ahead_s(self) -> float | None:
        """How far the clock of its revisions is ahead of ours, None where they are no times."""
        timed = self._channel.can.revisions and self._channel.can.step_ms > 0
        return (self._call.skew_s or 0.0) if timed else None

    def _ours(self, their_s: float) -> float:
        """A moment of the system's clock by ours, 0 where it told none."""
        return their_s - (self._call.skew_s or 0.0) if their_s else 0.0

    def _age(self, since_asked_s: float) -> float:
        """How old a word is: from when it was asked for, and by how far the system lags behind itself."""
        return max(0.0, since_asked_s) + self._channel.can.lag_s

    def _settle(self) -> None:
        self._inbox.settled(self._channel.id, self.pushes.settled())

    async def _rest(self, pause: float) -> float:
        """Wait after a failure, with jitter; the next pause."""
        await self._clocks.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
        return min(pause * 2, LONGEST_PAUSE_S)

    def _tell(self, path: str, why: str) -> None:
        """Health knows which of the ways fails, and hears when that changes."""
        if self._wrong.get(path) == why:
            return
        self._wrong[path] = why
        wrong = "; ".join(f"{name}: {text}" for name, text in sorted(self._wrong.items()) if text)
        name = f"{self._channel.id} intake"
        if wrong:
            todo = f"Put right what the detail names, or the settings of [[stock]] '{self._channel.id}'."
            self._health.down(KIND, name, wrong, todo)
        else:
            self._health.up(KIND, name)
