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
ABRUPT = 0.25
"""When more of the thumbnail than this changed at once, the picture is another: a light, a hand, a new scene. People
who walk by change up to 22 % (simulated)."""
LINES = 8
"""One line of so many makes the thumbnail of a 720p frame."""


def thumbnail(gray: Gray) -> Gray:
    """The frame at 160 x 90, from every eighth of its lines (of 720p), each pixel the mean of what it covers."""
    lines = gray[:: max(1, gray.shape[0] * LINES // 720)]
    return np.asarray(cv2.resize(lines, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate remembers between two frames."""

    last: Gray | None = field(default=None, repr=False)
    left: int = 0
    frames: int = 0
    abrupt: bool = True
    """The last frame shows another scene than the one before."""

    @property
    def open(self) -> bool:
        """Something moved within the last second of frames."""
        return self.left > 0


def step(gate: Gate, small: Gray) -> Gate:
    """The gate after one more thumbnail; the first frame opens it."""
    share = 1.0 if gate.last is None or gate.last.shape != small.shape else changed(gate.last, small)
    left = OPEN_FRAMES if share > SHARE else max(gate.left - 1, 0)
    return replace(gate, last=small, left=left, frames=gate.frames + 1, abrupt=share > ABRUPT)


def changed(before: Gray, after: Gray) -> float:
    """The share of the pixels that differ by more than 16 levels."""
    return int(np.count_nonzero(cv2.absdiff(before, after) > LEVELS)) / after.size
