"""How far a system's clock is from ours, as its answers say it. Pure; times are UNIX seconds."""

from __future__ import annotations

from dataclasses import dataclass

SKEW_S = 3.0
"""How much of a system's changes is asked for again, for clocks that drift and stamps that were given early."""
UNKNOWN_S = 60.0
"""The same where it never told the time."""
SET_BACK_S = 2.0
"""A clock that is so much further back than it was has been set."""


@dataclass(frozen=True, slots=True)
class Skew:
    """By how many seconds the far clock is ahead of ours: at ``least`` and at ``most``."""

    least: float
    most: float

    @property
    def middle(self) -> float:
        """The best single figure."""
        return (self.least + self.most) / 2


def told(date_s: float, asked_s: float, now_s: float) -> Skew:
    """The skew by an answer's Date, in whole seconds, which was true at some moment between the question and now."""
    return Skew(date_s - max(asked_s, now_s), date_s + 1.0 - asked_s)


def overlap(skew: Skew | None, step_ms: int) -> float:
    """How much a round of polls asks for again: twice their stamps' step, and by what clocks may be off."""
    return (UNKNOWN_S if skew is None else SKEW_S) + 2 * step_ms / 1000
