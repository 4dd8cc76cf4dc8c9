"""How much a camera's pixels waver from frame to frame: in the dark as much as a code's modules differ."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from edge.ports import Gray

LINES = 16
"""One line of so many is compared with itself one frame later."""
MOST = 64
"""A pixel that changed by more gray levels shows something that moves: it counts as this much."""
STRONG = 15.0
"""Gray levels by which pixels change on average: in shops with people walking up to 12, in low light from 18 (both
simulated)."""
RISES = 1.0
"""By how much the level rises in a frame at most: what moves is soon gone, the dark stays."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The level in gray levels, 0 until two frames are known."""

    level: float = 0.0
    lines: Gray | None = field(default=None, repr=False)

    @property
    def strong(self) -> bool:
        """It is so dark that pixels tell little by themselves."""
        return self.level > STRONG


def step(before: Noise, gray: Gray) -> Noise:
    """The noise after one more frame (height x width, uint8)."""
    lines = gray[::LINES]
    if before.lines is None or before.lines.shape != lines.shape:
        return Noise(lines=lines)
    level = cv2.mean(np.minimum(cv2.absdiff(lines, before.lines), MOST))[0]
    return Noise(min(level, before.level + RISES) if before.level else level, lines)
