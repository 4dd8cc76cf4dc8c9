"""Several frames of one held-up code laid over each other: noise, bands and moiré differ from frame to frame, it stays.

Measured on simulated presentations that no single frame gave: the mean of three to ten frames was read in all those in
low light, with moiré and with bands.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray
from edge.vision.passes import BAND, as_gray, evened

Picture = npt.NDArray[np.float32]

ENOUGH = 2
"""So many frames are worth a look at their mean."""
MOST, FADE = 8, 0.87
"""Of more frames the older ones fade by this factor a frame: a hand drifts and turns."""
AROUND = 21
"""Pixels of the half-size picture over which contrast is evened before two are compared."""

ALIKE = 0.15
"""What phase correlation says less of is not the same picture, or too dark to tell."""
STRANGE = 3
"""After so many such frames, or as many as were there before, what is there is another thing."""


class Fusion:
    """The mean of a place's frames, each evened and shifted onto the first.

    A frame counts where it shows contrast: not where the screen is dark for a moment, nor where a lamp blinds.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.moved, self.alike = 0.0, 0.0
        """By how many pixels it moves from frame to frame, lately, and how surely the last one is the same picture:
        about 1 for certain, 0 for another."""
        self._lies, self._strange = np.zeros(2), 0
        self._sum: Picture = np.zeros((1, 1), np.float32)
        self._weight = self._first = self._window = self._sum

    def add(self, gray: Gray) -> None:
        """One more frame of the place, left out if it is not like the first; several that are not, or one of another
        size, begin anew."""
        even, weight = evened(gray), _contrast(gray)
        plain = _plain(even)
        if not self.frames or even.shape != self._sum.shape:
            self._begin(plain, even.shape)
        elif not self._follows(plain):
            self._strange += 1
            if self._strange < min(STRANGE, self.frames):
                return
            self._begin(plain, even.shape)
        else:
            self._strange = 0
            shift = np.array([[1, 0, self._lies[0]], [0, 1, self._lies[1]]], np.float32)
            even, weight = (
                as_gray(cv2.warpAffine(one, shift, even.shape[::-1], borderMode=cv2.BORDER_REPLICATE))
                for one in (even, weight)
            )
        self.frames += 1
        if self.frames > MOST:
            self._sum *= FADE
            self._weight *= FADE
        self._sum += cv2.multiply(even, weight, dtype=cv2.CV_32F)
        self._weight += weight

    def _begin(self, plain: Picture, shape: tuple[int, ...]) -> None:
        self._first, self.frames, self._strange, self._lies = plain, 0, 0, np.zeros(2)
        self._sum, self._weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._window = np.asarray(cv2.createHanningWindow(plain.shape[::-1], cv2.CV_32F), np.float32)

    def _follows(self, plain: Picture) -> bool:
        """Where the next frame lies; whether it is like the first at all."""
        where, self.alike = cv2.phaseCorrelate(plain, self._first, self._window)
        if self.alike < ALIKE:
            return False
        lies = 2 * np.array(where)
        moved = float(np.hypot(*(lies - self._lies)))
        self.moved = moved if self.frames == 1 else (self.moved + moved) / 2
        self._lies = lies
        return True

    def picture(self) -> Gray | None:
        """The mean, None of too few frames."""
        return as_gray(cv2.divide(self._sum, self._weight).round()) if self.frames >= ENOUGH else None


def _contrast(gray: Gray) -> Gray:
    """How much a frame shows around each pixel, at least 1."""
    return as_gray(np.maximum(cv2.blur(cv2.absdiff(gray, cv2.blur(gray, BAND)), BAND), 1))


def _plain(gray: Gray) -> Picture:
    """At half size, its contrast the same everywhere, so that light and bands do not decide where it lies."""
    small = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = cv2.blur(small, (AROUND, AROUND))
    spread = cv2.blur(small * small, (AROUND, AROUND)) - mean * mean
    return np.asarray((small - mean) / np.sqrt(np.maximum(spread, 16)), np.float32)
