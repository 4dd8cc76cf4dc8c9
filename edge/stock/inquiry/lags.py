"""How long changes took from a source into the cache: counted by size for each five minutes of a day, no SKU kept."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlite_utils

from edge.db import Database

STEP_S = 300
STEPS = 288
"""24 hours."""
A_TENFOLD = 12
"""Sizes are told apart by a twelfth of a power of ten: what is read is at most a fifth more than it was, never less."""
LEAST_S = 0.001
LARGEST = 8 * A_TENFOLD
"""Some 28 hours; more is counted as that."""
FIRST_MS = 10**12
"""A revision below this (2001 in milliseconds) is no time."""


def size_of(seconds: float) -> int:
    """The class of a lag, from 0."""
    if seconds <= LEAST_S:
        return 0
    return min(LARGEST, math.ceil(A_TENFOLD * math.log10(seconds / LEAST_S)))


def seconds_of(size: int) -> float:
    """The largest lag of a class."""
    return LEAST_S * 10 ** (size / A_TENFOLD)


@dataclass(slots=True)
class Step:
    """Five minutes of one channel: how many changes by class of lag. ``bounds`` counts those whose source told no
    time, so that only the most that it can have been is known."""

    sizes: Counter[int] = field(default_factory=Counter)
    bounds: int = 0

    @property
    def count(self) -> int:
        """How many changes."""
        return self.sizes.total()

    def share(self, part: float) -> float | None:
        """So many of the changes took at most these seconds; None without changes."""
        left = math.ceil(self.count * part)
        for size in sorted(self.sizes):
            left -= self.sizes[size]
            if left <= 0:
                return seconds_of(size)
        return None


def joined(steps: Iterable[Step]) -> Step:
    """Several five minutes as one."""
    whole = Step()
    for step in steps:
        whole.sizes.update(step.sizes)
        whole.bounds += step.bounds
    return whole


class Lags:
    """The lags of every channel over the last day, by the number of the five minutes since 1970."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[int, Step]] = {}
        self._changed: set[tuple[str, int]] = set()

    def note(self, channel: str, now_s: float, seconds: Iterable[float], told: bool) -> None:
        """Changes came at ``now_s`` (UNIX seconds); ``told`` if the source said when they were made."""
        sizes = Counter(size_of(lag) for lag in seconds)
        if not sizes:
            return
        number = int(now_s // STEP_S)
        steps = self._steps.setdefault(channel, {})
        step = steps.setdefault(number, Step())
        step.sizes.update(sizes)
        step.bounds += 0 if told else sizes.total()
        self._changed.add((channel, number))
        for old in [each for each in steps if each <= number - STEPS]:
            del steps[old]

    def channels(self) -> list[str]:
        """The channels of which something was noted."""
        return sorted(self._steps)

    def day(self, channel: str, now_s: float) -> list[Step | None]:
        """The five minutes of the last day, the present ones last; None where nothing changed."""
        steps, last = self._steps.get(channel, {}), int(now_s // STEP_S)
        return [steps.get(number) for number in range(last - STEPS + 1, last + 1)]

    def late(self, channel: str, now_s: float, seconds: float) -> Step:
        """What was noted lately, five minutes at a time."""
        most = max(1, math.ceil(seconds / STEP_S))
        return joined(step for step in self.day(channel, now_s)[-most:] if step is not None)

    async def save(self, db: Database, now_s: float) -> None:
        """Write down what was noted since; raises sqlite3.Error, and it is written the next time."""
        changed, self._changed = self._changed, set()
        rows = [
            (channel, number, json.dumps(dict(step.sizes)), step.bounds)
            for channel, number in changed
            if (step := self._steps.get(channel, {}).get(number))
        ]

        def put(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO stock_lag VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM stock_lag WHERE step <= ?", (int(now_s // STEP_S) - STEPS,))

        try:
            if rows:
                await db.write(put)
        except sqlite3.Error:
            self._changed |= changed
            raise

    def take(self, found: Mapping[str, Mapping[int, Step]]) -> None:
        """What a start finds on the disk, behind what was noted since."""
        for channel, steps in found.items():
            mine = self._steps.setdefault(channel, {})
            for number, step in steps.items():
                mine[number] = joined([mine[number], step]) if number in mine else step


def migrate(db: sqlite_utils.Database) -> None:
    """The table, made if it is missing."""
    columns = {"channel": str, "step": int, "sizes": str, "bounds": int}
    db.table("stock_lag").create(
        columns, pk=("channel", "step"), not_null=("sizes", "bounds"), if_not_exists=True, strict=True
    )


def read(connection: sqlite3.Connection) -> dict[str, dict[int, Step]]:
    """What was written down; a row that is none is left out, an older file has no such table. Raises sqlite3.Error."""
    if not sqlite_utils.Database(connection).table("stock_lag").exists():
        return {}
    found: dict[str, dict[int, Step]] = {}
    for channel, number, text, bounds in connection.execute("SELECT channel, step, sizes, bounds FROM stock_lag"):
        try:
            sizes = Counter({int(size): int(count) for size, count in json.loads(text).items()})
        except (ValueError, AttributeError, TypeError):
            continue
        found.setdefault(channel, {})[number] = Step(sizes, bounds)
    return found
