"""What is done to reports on their way into the cache. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.ports import StockLevel, StockReport


def older(report: StockReport, seconds: float) -> StockReport:
    """A report that waited so long until it could be taken: what came before it may have kept the disk for seconds."""
    if seconds <= 0:
        return report
    asked = None if report.asked is None else report.asked + seconds
    return replace(report, age=report.age + seconds, asked=asked)


def newest(levels: Sequence[StockLevel]) -> tuple[StockLevel, ...]:
    """One level for each SKU and location: the last of the highest revision."""
    best: dict[tuple[str, str], StockLevel] = {}
    for level in levels:
        known = best.get((level.sku, level.location))
        if known is None or level.revision >= known.revision:
            best[level.sku, level.location] = level
    return tuple(best.values())
