"""The second looks that a place is given, each with its work: which, and in which order, was measured."""

from __future__ import annotations

from dataclasses import dataclass

from edge.ports import Gray
from edge.vision.passes import Pass, adaptive, crisp, evened, focused, gamma, scaled, sharpened, smoothed


@dataclass(frozen=True, slots=True)
class Look:
    """A pass and a read. ``cost`` is in plain reads of the same place; ``fused``: on several frames as one."""

    change: Pass
    cost: float
    fused: bool = False


def _larger_evened(gray: Gray) -> Gray:
    return scaled(1.6)(evened(gray))


ALWAYS = (Look(crisp, 2.5, True), Look(smoothed, 5, True))
"""In every frame, on the mean of the evened frames of a place that is held still."""

IN_TURN: tuple[Look, ...] = (
    Look(gamma(0.5), 1.5),
    Look(gamma(2.2), 1.5),
    Look(adaptive(21, 2), 2.5),
    Look(crisp, 2.5),
    Look(_larger_evened, 5),
    Look(sharpened, 9),
    Look(sharpened, 9, True),
    Look(gamma(0.5), 1.5, True),
    Look(smoothed, 5),
    Look(focused(2.4), 6, True),
    Look(focused(3.8), 6),
    Look(scaled(1.6), 3, True),
    Look(focused(2.9), 6),
    Look(focused(3.5), 6, True),
    Look(focused(4.4), 6),
)
"""On the last frame alone or, where it says so, on the mean of several: in every frame from the first, as many as its
work allows."""


def learnt(order: tuple[Look, ...], helped: Look | None) -> tuple[Look, ...]:
    """The order with the look that found a code in front; one that comes in every frame changes nothing."""
    if helped is None or helped not in order:
        return order
    return (helped, *(look for look in order if look is not helped))
