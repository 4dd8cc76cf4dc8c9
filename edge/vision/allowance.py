"""How much an eye may say: to hear one that was taken over must cost its parent neither a core nor a disk of log."""

from __future__ import annotations

from dataclasses import dataclass, replace

LINES_S = 300.0
"""So many lines a second an eye may say; 32 looks, 5 views and 3 pulses are the most that one has to."""
SAVED_UP = 1500.0
"""So many at once, after a silence: the parent may have slept, and a pipe (64 KB) holds some 1,100 short ones."""
PIECE = 32 << 10
"""A line counts once for each piece of so many bytes: a view's largest is 22 of them."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many lines an eye may still say, as of ``at`` (seconds of one monotonic clock); under 0 it said too much."""

    at: float
    left: float = SAVED_UP

    @property
    def spent(self) -> bool:
        """Nobody who has only a camera to tell of says so much."""
        return self.left < 0


def after(allowance: Allowance, size: int, now: float) -> Allowance:
    """What is left after one more line, of so many bytes."""
    earned = min(allowance.left + LINES_S * (now - allowance.at), SAVED_UP)
    return replace(allowance, at=now, left=earned - 1 - size // PIECE)
