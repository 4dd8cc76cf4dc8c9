"""A picture of lag over a day: five minutes a column, from what half of the changes took to what 99 % took. Pure.

Sizes are of a drawing of WIDTH by HEIGHT; seconds stand on a scale of powers of ten.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from edge.stock.inquiry.lags import STEP_S, STEPS, Step

WIDTH, HEIGHT = 960, 240
LEFT, TOP, BOTTOM = 56, 8, 24
LEAST_S, MOST_S = 0.001, 86_400.0
MARKS = (0.01, 0.1, 1.0, 10.0, 60.0, 900.0, 3600.0)
"""10 s is the bound of live, 15 min that of any word at all."""
HOURS = 3
COLUMN = (WIDTH - LEFT) / STEPS


@dataclass(frozen=True, slots=True)
class Column:
    """Five minutes: ``x`` of its left edge, ``top`` and ``bottom`` of what 99 % and half took, with the figures.

    ``bound`` is whether no source told a time, so that these are the most that it can have been.
    """

    x: float
    top: float
    bottom: float
    at_s: int
    changes: int
    p50_s: float
    p99_s: float
    bound: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: columns, marks of the scale as (y, seconds), hours as (x, "12:00")."""

    columns: tuple[Column, ...]
    marks: tuple[tuple[float, float], ...]
    hours: tuple[tuple[float, str], ...]


def y_of(seconds: float) -> float:
    """Where a lag stands, from the top."""
    share = math.log10(min(max(seconds, LEAST_S), MOST_S) / LEAST_S) / math.log10(MOST_S / LEAST_S)
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def picture(day: Sequence[Step | None], now_s: float, zone: tzinfo | None) -> Picture:
    """The picture of a day that ends with the five minutes of ``now_s`` (UNIX seconds); ``zone`` is its clock's."""
    first = int(now_s // STEP_S) - STEPS + 1
    found = (_column(at, (first + at) * STEP_S, step) for at, step in enumerate(day) if step and step.count)
    hours = ((_x(at), _clock((first + at) * STEP_S, zone)) for at in range(STEPS))
    return Picture(
        tuple(found),
        tuple((y_of(mark), mark) for mark in MARKS),
        tuple((x, text) for x, text in hours if text.endswith(":00") and int(text[:2]) % HOURS == 0),
    )


def _column(at: int, at_s: int, step: Step) -> Column:
    half, most = step.share(0.5) or 0.0, step.share(0.99) or 0.0
    top, bottom = y_of(most), y_of(half)
    return Column(_x(at), top, max(bottom, top + 2), at_s, step.count, half, most, step.bounds == step.count)


def _x(at: int) -> float:
    return round(LEFT + at * COLUMN, 1)


def _clock(at_s: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(at_s, zone).strftime("%H:%M")
