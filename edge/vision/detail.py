"""How much fine detail in both directions a picture has, as a code does, told from a few of its lines."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray

ROWS = 90
"""The map of detail is so many cells high whatever the frame; a cell is 8 x 8 pixels of a 720p frame."""
APART = 240
"""The height of a frame holds so many of the distances over which a difference is taken: 3 pixels at 720p, about a
module of a code at arm's length."""
SPREAD = 5
"""Cells over which detail is averaged, 40 pixels of a 720p frame."""
EVERY = 4
"""One line of so many tells how dense a place is."""
LIGHT: Gray = (255 * (np.arange(256) / 255) ** 2).round().astype(np.uint8)
"""About how much light each gray level is: in light, and not in gray levels, a dark pixel's noise is small."""

Map = npt.NDArray[np.uint8]


def cell(shape: tuple[int, ...]) -> int:
    """How many pixels wide and high a cell is in frames of this height and width."""
    return max(1, round(shape[0] / ROWS))


def detail_of(gray: Gray, noisy: bool = False) -> Map:
    """How much fine detail each cell has in the direction that has less of it, in gray levels; ``noisy``: in light."""
    every = cell(gray.shape)
    wide = gray.shape[1] // every
    maps = []
    for differences in _differences(gray, every, _apart(gray.shape), noisy):
        right = max(wide * every - differences.shape[1], 0)  # whole cells, which OpenCV averages three times as fast
        whole = cv2.copyMakeBorder(differences, 0, 0, 0, right, cv2.BORDER_REPLICATE)[:, : wide * every]
        cells = cv2.resize(whole, (wide, len(whole)), interpolation=cv2.INTER_AREA)
        maps.append(cv2.blur(cells, (SPREAD, SPREAD)))
    return np.asarray(cv2.min(*maps), np.uint8)


def density(part: Gray, shape: tuple[int, ...], noisy: bool = False) -> float:
    """How dense a part of a frame of this shape is: its detail, in twice its deviation from its mean and four."""
    along, down = _differences(part, EVERY, _apart(shape), noisy)
    lines = part[::EVERY]
    deviation = float(cv2.meanStdDev(cv2.LUT(lines, LIGHT) if noisy else lines)[1][0, 0])
    return min(cv2.mean(along)[0], cv2.mean(down)[0]) / (2 * deviation + 4)


def _differences(gray: Gray, every: int, apart: int, noisy: bool) -> tuple[Map, Map]:
    """How much pixels differ from those ``apart`` to the right, and below, on one line of so many.

    A pixel is the mean of two by two, as the noise of low light is from pixel to pixel and a code's modules are wider.
    """
    at = _lines(gray.shape[0] - apart - 1, every)
    lines, below = (_paired(gray, one, noisy) for one in (at, at + apart))
    along = cv2.absdiff(lines[:, :-apart], lines[:, apart:])
    return np.asarray(along, np.uint8), np.asarray(cv2.absdiff(lines, below)[:, :-apart], np.uint8)


def _paired(gray: Gray, at: npt.NDArray[np.intp], noisy: bool) -> Map:
    """Some lines, each pixel the mean of itself, the next, and the two below."""
    lines = cv2.addWeighted(gray[at], 0.5, gray[at + 1], 0.5, 0)
    paired = cv2.addWeighted(lines[:, :-1], 0.5, lines[:, 1:], 0.5, 0)
    return np.asarray(cv2.LUT(paired, LIGHT) if noisy else paired, np.uint8)


@lru_cache(maxsize=64)
def _lines(height: int, every: int) -> npt.NDArray[np.intp]:
    """One line of so many, none at the same place of its cell as the one before: modules of a code could lie so that
    each line met them alike."""
    first = np.arange(0, max(height - every + 1, 1), every)
    return np.asarray(np.minimum(first + np.arange(len(first)) * 5 % every, max(height - 1, 0)), np.intp)


def _apart(shape: tuple[int, ...]) -> int:
    return max(2, round(shape[0] / APART))
