"""Calls to a source spaced so that its declared budget of calls an hour can never be exceeded (promise K-4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

HOUR_S = 3600.0
SLACK = 1.01
"""One per cent more than the bare spacing: 36 s of room in any hour for calls that travel at different speeds."""
LONGEST_HOLD_S = HOUR_S


@dataclass(frozen=True, slots=True)
class Pace:
    """When the next call may go, in seconds of the monotonic clock.

    Spacing, not a bucket: no burst, nothing to keep on disk. The first call waits one space too, so that a program
    which starts again and again stays within the budget as well.
    """

    spacing: float
    next: float


def pace(calls_per_hour: int, now: float) -> Pace:
    """The pace of a source that was perhaps called just before now."""
    spacing = HOUR_S * SLACK / calls_per_hour
    return Pace(spacing, now + spacing)


def wait(pace: Pace, now: float) -> float:
    """How many seconds until a call may go."""
    return max(0.0, pace.next - now)


def called(pace: Pace, now: float) -> Pace:
    """The pace after a call that went now, whatever became of it."""
    return replace(pace, next=max(pace.next, now + pace.spacing))


def held(pace: Pace, now: float, seconds: float) -> Pace:
    """The pace after the source asked to be left alone for a while (``Retry-After``), at most an hour."""
    return replace(pace, next=max(pace.next, now + min(max(seconds, 0.0), LONGEST_HOLD_S)))
