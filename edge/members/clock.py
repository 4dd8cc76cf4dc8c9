"""How far this edge's clock may be trusted (MEMBER_CODES 4), decided without asking anybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DRIFT = 100e-6
"""Seconds a second: a mini-PC's crystal, generously."""

HOLDOVER_ERROR = 20.0
"""Seconds of estimated error at which holdover ends: 10 s below the skew that tokens are allowed."""


class ClockState(StrEnum):
    """``synced``: the time service says so; ``holdover``: it did since boot; ``floor``: only a lower bound is known."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Sync:
    """When, in monotonic seconds, the clock was last known to be synced; None since a boot without sync."""

    now: bool = False
    last: float | None = None


def observe(sync: Sync, synced: bool, monotonic: float) -> Sync:
    """What the time service says at ``monotonic``."""
    return Sync(synced, monotonic if synced else sync.last)


def error(sync: Sync, monotonic: float) -> float | None:
    """The estimated error in seconds, None if nothing is known."""
    return None if sync.last is None else max(0.0, monotonic - sync.last) * DRIFT


def state(sync: Sync, monotonic: float) -> ClockState:
    """The clock's state at ``monotonic``."""
    if sync.now:
        return ClockState.SYNCED
    estimate = error(sync, monotonic)
    held = estimate is not None and estimate < HOLDOVER_ERROR
    return ClockState.HOLDOVER if held else ClockState.FLOOR


def time_of(clock: ClockState, rtc: float, saved: float = 0, issued_at: float = 0, highest_iat: float = 0) -> float:
    """UNIX seconds to judge tokens by: the system's, or at the floor the highest of all that is surely past."""
    return max(rtc, saved, issued_at, highest_iat) if clock is ClockState.FLOOR else rtc
