"""The second looks that a place is given in turn, each with its work: which, and in which order, was measured."""

from __future__ import annotations

from dataclasses import dataclass

from edge.ports import Gray
from edge.vision.passes import LARGER, Pass, adaptive, evened, focused, gamma, sharpened, smoothed


@dataclass(frozen=True, slots=True)
class Look:
    """A pass and a read. ``cost`` is in plain reads of the same place; ``fused``: on several frames as one."""

    change: Pass
    cost: float
    fused: bool = False


def _same(gray: Gray) -> Gray:
    return gray


def _larger_evened(gray: Gray) -> Gray:
    return LARGER(evened(gray))


ALWAYS = (Look(_same, 1, True), Look(gamma(0.5), 1.5, True))
"""In every frame, on the mean of the evened frames of a place that is held still."""

IN_TURN = (
    Look(gamma(0.5), 1.5),
    Look(evened, 2.5),
    Look(smoothed, 5),
    Look(sharpened, 9, True),
    Look(sharpened, 9),
    Look(focused(2.4), 6, True),
    Look(focused(2.0), 6),
    Look(LARGER, 5, True),
    Look(_larger_evened, 8),
    Look(focused(3.5), 6, True),
    Look(focused(3.2), 6),
    Look(gamma(2.2), 1.5),
    Look(adaptive(21, 2), 2.5, True),
    Look(adaptive(21, 2), 2.5),
    Look(focused(4.4), 6),
)
"""On the last frame alone or, where it says so, on the mean of several, as many in a frame as its work allows."""
