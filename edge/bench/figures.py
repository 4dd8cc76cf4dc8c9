"""Figures that every benchmark prints alike; pure but for ``spent`` and ``machine``, which look at this machine."""

from __future__ import annotations

import math
import os
import platform
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

NEVER = math.inf
"""The time of what did not happen: it sorts last, prints as "never" and is null in JSON."""


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def percentiles(values: Iterable[float], ranks: Sequence[int] = (50, 95, 99)) -> dict[str, float]:
    """Those percentiles of a sample, by the nearest rank, rounded to 0.1; nothing of an empty one.

    A value may be NEVER; a rank that falls on it is NEVER, too.
    """
    ordered = sorted(values)
    if not ordered:
        return {}
    return {f"p{p}": round(ordered[max(0, -(-len(ordered) * p // 100) - 1)], 1) for p in ranks}


def mean(values: Sequence[float]) -> float | None:
    """The mean, rounded to 0.001; None of an empty sample."""
    return round(sum(values) / len(values), 3) if values else None


def ratio(ours: float | None, other: float | None) -> float | None:
    """Ours as a multiple of the other, rounded to 0.001; None where one of them is missing or the other is zero."""
    return None if ours is None or not other else round(ours / other, 3)


def spent(call: Callable[[], T]) -> tuple[T, float]:
    """What the call gives, and the milliseconds of CPU that this process, all its threads, spent on it."""
    before = time.process_time()
    given = call()
    return given, 1000 * (time.process_time() - before)


def seeds(seed: int, what: str, n: int) -> list[int]:
    """``n`` seeds for one purpose of a run, drawn from the run's own seed: the same ones whenever it is given again."""
    dice = random.Random(f"{seed} {what}")  # noqa: S311 - scenes, no secrets
    return [dice.randrange(1 << 32) for _ in range(n)]


def in_json(value: Any) -> Any:
    """The value as JSON can hold it: NEVER becomes null, however deep."""
    if isinstance(value, Mapping):
        return {key: in_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [in_json(one) for one in value]
    return None if value == NEVER else value


def percent(share: float | None) -> str:
    """A share of 0 to 1 as a cell of a table."""
    return "-" if share is None else f"{100 * share:.1f} %"


def number(value: float | None, digits: int = 1) -> str:
    """A figure as a cell of a table."""
    if value is None:
        return "-"
    return "never" if value == NEVER else f"{value:.{digits}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: the first column to the left, figures to the right, two blanks between columns."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        yield "  ".join(["", line[0].ljust(widths[0]), *cells]).rstrip()
