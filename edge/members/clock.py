"""How far this edge's clock may be trusted (MEMBER_CODES 4), decided without asking anybody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

DRIFT = 100e-6
"""Seconds a second: a mini-PC's crystal, generously."""

HOLDOVER_ERROR = 20.0
"""Seconds of estimated error at which holdover ends: 10 s below the skew that tokens are allowed."""

BEHIND = 60.0
"""Seconds by which the machine's clock may lie behind what is known before that is worth a word."""


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


@dataclass(frozen=True, slots=True)
class Floor:
    """What is surely past, in UNIX seconds, kept over restarts: a time that was trusted, and the highest iat of a
    verified token. ``boot`` and ``synced`` say in which boot, and when by its monotonic clock, it was last synced.
    """

    saved: float = 0.0
    iat: float = 0.0
    boot: str = ""
    synced: float | None = None


def seen(floor: Floor, iat: float) -> Floor:
    """A token verified that was signed at ``iat``: it is that late at least."""
    return replace(floor, iat=max(floor.iat, iat))


def trusted(floor: Floor, clock: ClockState, rtc: float, boot: str, sync: Sync) -> Floor:
    """What to remember now. At the floor nothing new is known; a trusted time counts even where it is the lower one.

    So a wrong time that was believed once (a forged time server, an issuer's wrong clock) holds until the next time
    that is trusted, and no longer.
    """
    if clock is ClockState.FLOOR:
        return floor
    return Floor(rtc, min(floor.iat, rtc), boot, sync.last)


def resumed(floor: Floor, boot: str, monotonic: float) -> Sync:
    """What is known of the sync when the service starts: in the same boot, when the clock was last synced."""
    if not boot or floor.boot != boot or floor.synced is None or not 0 <= floor.synced <= monotonic:
        return Sync()
    return Sync(False, floor.synced)


def behind(rtc: float, now: float) -> str:
    """By how much the machine's clock lies behind what is surely past, in words; empty while it does not."""
    gap = now - rtc
    if gap < BEHIND:
        return ""
    for unit, seconds in (("days", 86_400), ("hours", 3_600)):
        if gap >= 2 * seconds:
            return f"{gap / seconds:.0f} {unit}"
    return f"{gap / 60:.0f} minutes"
