"""Readings of one system that cross: what an answer says that was asked for earlier and comes later.

Of two figures by one revision the cache takes the one that was asked for after the row was last written. A reading that
finds a row as it is known writes nothing, so the cache knows nothing of it: it is told which rows an answer is behind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge.ports import StockReport, Way
from edge.stock.intake.caller import Reading, doing
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.windows import Urgency

Rows = frozenset[tuple[str, str]]


class Crossing:
    """One channel's readings that are under way, and what was told that was asked for after one of them. Its system may
    lag ``lag_s`` behind, by which its reports are older than their questions."""

    def __init__(self, clocks: Clocks, lag_s: float = 0.0) -> None:
        self._clocks, self._lag_s = clocks, lag_s
        self._open: dict[int, Reading] = {}
        self._told: list[tuple[float, Rows]] = []
        self._paged: Rows = frozenset()

    @contextmanager
    def doing(self, urgency: Urgency) -> Iterator[Reading]:
        """As ``caller.doing``, of a reading whose reports are given to ``read``."""
        with doing(urgency, self._clocks) as reading:
            self._open[id(reading)] = reading
            try:
                yield reading
            finally:
                del self._open[id(reading)]

    def read(self, report: StockReport) -> StockReport:
        """A reading's report as it goes to the cache, with the rows of which a later question was answered before.

        One that is whole repeats its pages, so it is behind where one of them was: by its own age, which is that of the
        first, it would count as later than what was found since and written nowhere.
        """
        oldest = min((each.at for each in self._open.values()), default=math.inf) - self._lag_s
        self._told = [(at, rows) for at, rows in self._told if at > oldest]
        if report.whole:
            report, self._paged = replace(report, behind=self._paged), frozenset()
            return report
        if not (report.levels or report.gone):
            return report
        asked = report.age if report.asked is None else report.asked
        began = self._clocks.monotonic() - asked
        later = [rows for at, rows in self._told if at > began]
        if not later and began <= oldest:
            return report
        rows = frozenset(report.gone).union((level.sku, level.location) for level in report.levels or ())
        self._told.append((began, rows))
        behind = rows.intersection(frozenset[tuple[str, str]]().union(*later))
        if report.way is Way.COMPARISON:
            self._paged |= behind
        return replace(report, behind=behind)
