"""Whether a place is open, and for how long. Pure; the clock is the store's own, with its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.config import Location
from edge.config.places import DAY


@dataclass(frozen=True, slots=True)
class Open:
    """A place is open for ``minutes`` more, until ``until`` (``20:00``, as a clock on a wall reads)."""

    minutes: int
    until: str


def opened(location: Location, now: datetime) -> Open | None:
    """How long a place stays open from ``now`` on; None while it is closed or if nobody told its hours.

    A day that ends after midnight still counts the next morning. Holidays are not known: who closes on one says so by
    its hours.
    """
    minute = now.hour * 60 + now.minute
    for weekday, passed in ((now.weekday(), minute), (now.weekday() - 1, minute + DAY)):
        span = location.opening(weekday)
        if span is not None and span[0] <= passed < span[1]:
            return Open(_left(span[1], passed, location, weekday), clock(span[1]))
    return None


def _left(closes: int, passed: int, location: Location, weekday: int) -> int:
    """Minutes until it closes: at 24:00 it does not where the next day begins then."""
    following = location.opening(weekday + 1)
    return closes - passed + (DAY if closes == DAY and following is not None and following[0] == 0 else 0)


def clock(minutes: int) -> str:
    """A minute of the day as a clock reads it: ``9:05``, ``24:00`` at the day's end."""
    hours, rest = divmod(minutes, 60)
    return f"{hours if minutes == DAY else hours % 24}:{rest:02}"
