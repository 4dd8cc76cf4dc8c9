"""Second looks: ways to change a picture so that a reader finds the code that it missed, each for one kind of fault."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray

Pass = Callable[[Gray], Gray]
Complex = npt.NDArray[np.complex64]

TYPICAL = 128
"""The gray level to which an evened picture is brought."""
FLOOR = 4
"""Local means below this, in gray levels, are not divided by: there is noise alone."""
BAND = (81, 5)
"""Wide and low: bands of a screen lie along the camera's lines, and within five lines their light hardly changes."""
SIGNAL = 0.015
"""What noise the deblurring expects, as a share of the signal's power; less rings, more stays blurred."""
REPEAT = 16
"""Pixels mirrored around a picture before its transform, so that opposite edges do not blur into each other."""


def gamma(power: float) -> Pass:
    """Middle grays brighter (below 1) or darker (above 1): moiré and dim light, bloom and glare."""
    table = (255 * (np.arange(256) / 255) ** power).round().astype(np.uint8)
    return lambda gray: as_gray(cv2.LUT(gray, table))


def scaled(factor: float) -> Pass:
    """Larger, for small modules, or smaller, for noise and closeness."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda gray: as_gray(cv2.resize(gray, None, fx=factor, fy=factor, interpolation=way))


def adaptive(window: int, below: int) -> Pass:
    """Black where a pixel is so many gray levels below the mean of its square window (odd, in pixels)."""
    way, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY
    return lambda gray: as_gray(cv2.adaptiveThreshold(gray, 255, way, kind, window, below))


def evened(gray: Gray) -> Gray:
    """Each pixel beside the mean of the stretch of lines around it: takes out the bands of a screen."""
    mean = np.maximum(cv2.blur(gray, BAND), FLOOR)
    return as_gray(cv2.divide(gray, mean, scale=TYPICAL))


def smoothed(gray: Gray) -> Gray:
    """Twice as large and soft: what is left of a code under the noise of low light."""
    return LARGER(as_gray(cv2.GaussianBlur(gray, (5, 5), 1)))


def crisp(gray: Gray) -> Gray:
    """Its edges raised at its own size: the cheapest look at a code out of focus or behind moiré."""
    return as_gray(cv2.addWeighted(gray, 4.0, cv2.GaussianBlur(gray, (19, 19), 3), -3.0, 0))


def sharpened(gray: Gray) -> Gray:
    """Twice as large with its edges raised: a code slightly out of focus."""
    return LARGER(as_gray(cv2.addWeighted(gray, 4.0, cv2.GaussianBlur(gray, (13, 13), 2), -3.0, 0)))


def focused(radius: float) -> Pass:
    """A Wiener filter that takes back the blur of a lens out of focus by a disc of so many pixels."""

    def focus(gray: Gray) -> Gray:
        height, width = gray.shape
        high, wide = cv2.getOptimalDFTSize(height + 2 * REPEAT), cv2.getOptimalDFTSize(width + 2 * REPEAT)
        framed = cv2.copyMakeBorder(
            gray, REPEAT, high - height - REPEAT, REPEAT, wide - width - REPEAT, cv2.BORDER_REFLECT
        )
        spectrum = cv2.mulSpectrums(cv2.dft(framed.astype(np.float32)), _wiener(radius, high, wide), 0)
        clear = cv2.idft(spectrum, flags=cv2.DFT_SCALE)
        return np.clip(clear[REPEAT : REPEAT + height, REPEAT : REPEAT + width], 0, 255).astype(np.uint8)

    return focus


@lru_cache(maxsize=32)
def _wiener(radius: float, high: int, wide: int) -> npt.NDArray[np.float32]:
    """The filter's spectrum for pictures of one size, packed as OpenCV packs that of a real picture."""
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    spread = np.zeros((high, wide), np.float32)
    spread[: disc.shape[0], : disc.shape[1]] = disc / disc.sum()
    blur = np.fft.fft2(np.roll(spread, (-reach, -reach), (0, 1))).real
    filter_ = np.fft.ifft2(blur / (blur**2 + SIGNAL)).real.astype(np.float32)
    return np.asarray(cv2.dft(filter_), np.float32)


def turned(gray: Gray) -> Gray:
    """On its side: bars that stand upright for the reader."""
    return np.ascontiguousarray(np.rot90(gray))


def as_gray(picture: object) -> Gray:
    """What OpenCV gives back, as the gray picture it is."""
    return np.asarray(picture, np.uint8)


LARGER = scaled(2.0)
