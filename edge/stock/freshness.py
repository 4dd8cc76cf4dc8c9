"""How old a channel's word is, by two clocks, so that no step of the wall clock makes an old number young.

The bounds: live up to 10 s, 「n分前」 up to 15 min, 確認中 beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

LIVE_S = 10.0
ASK_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Mark:
    """When a shelf was its source's word: ``watermark_s`` in UNIX seconds (0: never whole), ``heard`` the same moment
    on the monotonic clock of this run, None for a shelf that was restored and that no whole report has confirmed."""

    watermark_s: float
    heard: float | None = None


def age_of(
    mark: Mark, now_s: float, monotonic: float, floor_s: float = -math.inf, trusted: Callable[[], bool] = lambda: True
) -> float | None:
    """The age in seconds of a shelf's word, None if nobody can tell.

    The older of both clocks counts: a wall clock set back does not hide time that passed, a machine's sleep (which the
    monotonic clock does not see) neither. A restored shelf has the wall clock alone, so it is never live;
    ``floor_s`` is a UNIX time that has surely passed: a wall clock before it is wrong and tells nothing. Nor does one
    that is not ``trusted``: set back over a restart by less than that took, it would make an old word young.
    """
    by_wall = now_s - mark.watermark_s
    if mark.heard is not None:
        return max(0.0, by_wall, monotonic - mark.heard)
    if not mark.watermark_s or now_s < floor_s or by_wall < 0 or not trusted():
        return None
    return max(by_wall, LIVE_S + 1)


def minutes(age: float | None) -> int | None:
    """0 for live, 1 to 15 for so many minutes, None for too old (or unknown) to show a number."""
    if age is None or not age <= ASK_S:
        return None
    return 0 if age <= LIVE_S else max(1, int(age // 60))
