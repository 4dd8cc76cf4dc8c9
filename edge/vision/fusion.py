"""Several frames of one held-up code laid over each other: noise, bands and moiré differ from frame to frame, it stays.

Measured on simulated presentations that no single frame gave: the mean of three to ten frames was read in all those in
low light, with moiré and with bands.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray
from edge.vision.passes import as_gray, evened

Picture = npt.NDArray[np.float32]

ENOUGH = 2
"""So many frames are worth a look at their mean."""
MOST = 8
"""Of more frames the older ones fade out: a hand drifts and turns."""
AROUND = 21
"""Pixels of the half-size picture over which contrast is evened before two are compared."""


class Fusion:
    """The mean of a place's frames, each evened, as bands move, and shifted onto the first."""

    def __init__(self) -> None:
        self.frames = 0
        self._mean: Picture = np.zeros((1, 1), np.float32)
        self._first = self._window = self._mean

    def add(self, gray: Gray) -> None:
        """One more frame of the place; a picture of another size begins anew."""
        even = evened(gray)
        plain = _plain(even)
        if not self.frames or even.shape != self._mean.shape:
            self._mean, self._first, self.frames = even.astype(np.float32), plain, 1
            self._window = np.asarray(cv2.createHanningWindow(plain.shape[::-1], cv2.CV_32F), np.float32)
            return
        (right, down), _ = cv2.phaseCorrelate(plain, self._first, self._window)
        shift = np.array([[1, 0, 2 * right], [0, 1, 2 * down]], np.float32)
        over = cv2.warpAffine(even, shift, even.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        self.frames += 1
        cv2.accumulateWeighted(over, self._mean, 1 / min(self.frames, MOST))

    def picture(self) -> Gray | None:
        """The mean, None of too few frames."""
        return as_gray(self._mean.round()) if self.frames >= ENOUGH else None


def _plain(gray: Gray) -> Picture:
    """At half size, its contrast the same everywhere, so that light and bands do not decide where it lies."""
    small = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = cv2.blur(small, (AROUND, AROUND))
    spread = cv2.blur(small * small, (AROUND, AROUND)) - mean * mean
    return np.asarray((small - mean) / np.sqrt(np.maximum(spread, 16)), np.float32)
