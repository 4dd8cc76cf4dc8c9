"""A camera's shutter under lamps that flicker: times that show no bands, and when to take another. Pure.

A lamp on the mains flickers at twice its frequency, so one flicker lasts 10 ms at 50 Hz and 8.33 ms at 60 Hz. A rolling
shutter that is open for whole flickers gives each row the same light; any other time shows bands, the worst of what
keeps a code from being read (VISION.md 3 and 7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

LADDER = (0.125, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
"""Shutter times in flickers. Those below 1 are for the sun in a window, which does not flicker."""
DARK = 60.0
"""A picture with a lower mean gray level wants more light."""
BLOOM, BLOWN = 0.10, 0.35
"""Shares of white in a picture: more than the first and a lit screen drowns its own code, more than the second and only
bands are the lesser evil."""
CALM = 0.02
"""With no more white than this a longer time is worth a try."""
STEP_S = 1.0
BARRED_S = 60.0
"""A time that bloomed is not tried again for so long, else a phone in a dark shop would make the shutter swing."""


def flicker_ms(mains_hz: int) -> float:
    """How long one flicker of a lamp lasts."""
    return 500.0 / mains_hz


def locked_ms(wanted_ms: float, mains_hz: int) -> float:
    """The whole number of flickers that is nearest to a time; the time itself if that is none, or mains_hz is 0."""
    if not mains_hz:
        return wanted_ms
    return round(wanted_ms / flicker_ms(mains_hz)) * flicker_ms(mains_hz) or wanted_ms


@dataclass(frozen=True, slots=True)
class Shutter:
    """How long it is open, in flickers, at most for ``longest``; since when; and what is barred until when."""

    flickers: float = 1.0
    longest: float = LADDER[-1]
    since: float = -math.inf
    barred: float = math.inf
    until: float = -math.inf


def longest(fps: float, mains_hz: int) -> float:
    """The longest time of the ladder that fits into a frame's own time, at least one flicker."""
    return max(step for step in LADDER if step <= max(1.0, 1000 / fps / flicker_ms(mains_hz) + 1e-6))


def next_exposure(current: float, brightness: float, white: float, most: float) -> float:
    """The time, in flickers, for a picture of this mean gray level and share of white: at most one step away."""
    at = LADDER.index(current)
    limit = BLOOM if current > 1 else BLOWN
    if white > limit and at > 0:
        return LADDER[at - 1]
    if brightness < DARK and white <= CALM and current < most:
        return LADDER[at + 1]
    return current


def step(shutter: Shutter, brightness: float, white: float, now: float) -> Shutter:
    """The shutter after one more picture; it moves at most once a second."""
    if now - shutter.since < STEP_S:
        return shutter
    flickers = next_exposure(shutter.flickers, brightness, white, shutter.longest)
    if flickers < shutter.flickers:
        return replace(shutter, flickers=flickers, since=now, barred=shutter.flickers, until=now + BARRED_S)
    if flickers == shutter.flickers or (flickers >= shutter.barred and now < shutter.until):
        return shutter
    return replace(shutter, flickers=flickers, since=now)
