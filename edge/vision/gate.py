"""Whether something moves before the camera, told from a thumbnail, so that second passes cost nothing at night."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.ports import Gray

SIZE = (160, 90)
LEVELS = 16
"""A pixel has changed when it differs by more gray levels than this; less is the sensor's noise."""
SHARE = 0.004
"""More of the thumbnail than this must have changed."""
OPEN_FRAMES = 15
"""The gate stays open for a second of frames after the last movement."""
EVERY = 15
"""While it is shut, every so many frames are given a second look all the same."""


def thumbnail(gray: Gray) -> Gray:
    """The frame at 160 x 90, each pixel the mean of what it covers."""
    return np.asarray(cv2.resize(gray, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate remembers between two frames."""

    last: Gray | None = field(default=None, repr=False)
    left: int = 0
    frames: int = 0

    @property
    def open(self) -> bool:
        """Something moved within the last second of frames."""
        return self.left > 0

    @property
    def second(self) -> bool:
        """This frame may be given a second pass."""
        return self.open or self.frames % EVERY == 0


def step(gate: Gate, small: Gray) -> Gate:
    """The gate after one more thumbnail; the first frame opens it."""
    left = OPEN_FRAMES if gate.last is None or moved(gate.last, small) else max(gate.left - 1, 0)
    return replace(gate, last=small, left=left, frames=gate.frames + 1)


def moved(before: Gray, after: Gray) -> bool:
    """More than 0.4 % of the pixels differ by more than 16 levels."""
    changed = int(np.count_nonzero(cv2.absdiff(before, after) > LEVELS))
    return changed > SHARE * after.size
