"""What a system says, as reports: in our names, in order, and as old as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.ports import StockLevel, StockReport
from edge.stock.intake.caller import Reading, ShopCaller
from edge.stock.intake.names import Names
from edge.stock.intake.skew import SET_BACK_S
from edge.stock.shops.shop import Settings
from edge.stock.system import Can, Page


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


class Reader:
    """One channel's. A figure without an order of its own is ordered by when it was asked for."""

    def __init__(self, channel: Channel, names: Names, call: ShopCaller) -> None:
        self._channel = channel
        self._names = names
        self._call = call
        self._floor_ms = 0
        self._silent: frozenset[str] = frozenset()

    def later_than(self, marks: Iterable[float]) -> None:
        """What is read from now on is later than what was known then (UNIX seconds)."""
        self._floor_ms = max([self._floor_ms, *(int(mark * 1000) for mark in marks)])

    def page(self, page: Page, reading: Reading) -> tuple[Page, float]:
        """A page in our names and in order, and when it was asked for (monotonic). Raises BadPage."""
        wall_s, at = reading.take()
        named = self._names.page(page, self._channel.locations)
        if self._channel.can.revisions:
            return named, at
        stamp = self._floor_ms = max(self._floor_ms, int(wall_s * 1000))
        return replace(named, levels=tuple(replace(level, revision=stamp) for level in named.levels)), at

    def has(self, levels: Iterable[StockLevel]) -> str:
        """What a comparison told is all of it, of each place of which it told anything; what is wrong with the rest.

        A place without a row is rather one that is misnamed, or may not be read, than one that has no product at all:
        it must not empty a store's screens, and nothing vouches for it until a comparison names it.
        """
        self._silent = self._channel.locations - {level.location for level in levels}
        theirs = sorted(their for their, ours in self._channel.settings.locations.items() if ours in self._silent)
        named = ", ".join(f"{their} ({self._channel.settings.locations[their]})" for their in theirs)
        return f"it has no row of place {named}; look at locations, and at what its token may read" if named else ""

    def report(
        self, levels: Sequence[StockLevel], page: Page | None = None, age: float = 0.0, **more: Any
    ) -> StockReport:
        """Some rows, asked for ``age`` seconds ago by a system that may lag; ``more`` are fields of the report."""
        told: dict[str, Any] = {"items": page.items if page else (), "vouches": False, "ahead": self._ahead_s} | more
        named = {level.location for level in levels}.union(place for _, place in told.get("gone", ()))
        places = (self._channel.locations - self._silent) | named
        return StockReport(places, levels, max(0.0, age) + self._channel.can.lag_s, False, **told)

    def ours(self, their_s: float) -> float:
        """A moment of the system's clock by ours, as far as it is known; 0 where it told none."""
        return their_s - (self._call.skew.middle if self._call.skew else 0.0) if their_s else 0.0

    def beat(self, sent_s: float, now_s: float) -> tuple[float, str]:
        """How old a push is at most that was sent at a moment of the system's clock, and why nobody can tell."""
        if self._call.skew is None:
            return 0.0, "its answers bear no Date, so nobody knows how old its pushes are"
        age = now_s - (sent_s - self._call.skew.most)
        if age < -SET_BACK_S:
            return 0.0, "its pushes are from the future by the Date of its answers; set the clock that is wrong"
        return age, ""

    @property
    def _ahead_s(self) -> float | None:
        """How far the clock of its revisions is ahead of ours, None where they are no times."""
        timed = self._channel.can.revisions and self._channel.can.step_ms > 0
        return (self._call.skew.middle if self._call.skew else 0.0) if timed else None
