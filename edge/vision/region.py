"""Where a code could be: the places of a frame that newly show fine detail in both directions, as a code does.

A code is the densest pattern that people carry. Its place is found from differences three pixels apart on every
eighth line, without looking at the rest of the frame, and what the shop itself shows all day is learnt and taken off.
A pass over such a place costs a tenth of one over the frame, so that many more can be tried (measured on simulated
presentations: every code that the whole frame gave was read in one of two such places but 5 of 489 frames).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray
from edge.vision import noise
from edge.vision.detail import Map, cell, density, detail_of
from edge.vision.noise import Noise

STRONGER, MORE, MORE_IN_NOISE = 1.25, 2.0, 8.0
"""New detail is what exceeds the usual by a quarter and two gray levels, eight in strong noise."""
LEARN = 0.02
"""The share of each frame in what is usual: a phone left lying is part of the shop after some seconds."""
FADE = 0.75
"""What stays of a frame's new detail in the next: bands of a screen hide parts of a code in turn."""
FEW = 3.0
"""Less new detail than this, in gray levels, is none."""
EDGE, CORE = 0.4, 0.7
"""A place ends where its detail falls below the first share of its peak; its core, if it is large, at the second."""
LARGE = 0.09
"""Of a place that covers more of the frame than this, a phone full of text or a coat, the core is a place, too."""
LEAST_CELLS, SQUARE, MARGIN, RIM = 12, 0.75, 0.12, 3
"""A place is at least so many cells wide and high, no side below this share of the other, with a margin around."""
PLACES = 2
DENSE = 0.12
"""Less detail than this, beside twice the place's deviation from its mean, is text, a pattern or a face: 19 of 20
codes have more than 0.17, three in five places of shops with people less than this (simulated)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a frame in pixels, the right and lower ends outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, gray: Gray) -> Gray:
        """This part of a frame, a view of it."""
        return gray[self.top : self.bottom, self.left : self.right]

    def overlap(self, other: Box) -> float:
        """The share that both cover of what either covers."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(width, 0) * max(height, 0)
        return common / (self.area + other.area - common)

    def united(self, other: Box) -> Box:
        """The smallest box that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))

    def around(self, share: float, shape: tuple[int, ...]) -> Box:
        """This box, larger by a share of its size to each side, within a frame."""
        wide, high = (round(share * side) for side in (self.right - self.left, self.bottom - self.top))
        right, bottom = min(self.right + wide, shape[1]), min(self.bottom + high, shape[0])
        return Box(max(self.left - wide, 0), max(self.top - high, 0), right, bottom)


@dataclass(frozen=True, slots=True)
class Regions:
    """What is usual, what was new lately, and the places that follow from it, the densest first."""

    usual: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    lately: Map | None = field(default=None, repr=False)
    boxes: tuple[Box, ...] = ()
    detail: Map | None = field(default=None, repr=False)
    """All the detail of the last frame."""
    shape: tuple[int, ...] = (0, 0)
    """The frame's height and width in pixels."""
    noise: Noise = field(default_factory=Noise)


def step(before: Regions, gray: Gray) -> Regions:
    """The places of the next frame (height x width, uint8); the first frame shows what is usual, and none.

    So does the first of another size, and the first in which noise became strong, or no longer is.
    """
    now = noise.step(before.noise, gray)
    new, noisy = detail_of(gray, now.strong), now.strong
    if before.usual is None or before.lately is None or before.shape != gray.shape or noisy != before.noise.strong:
        return Regions(new.astype(np.float32), np.zeros_like(new), detail=new, shape=gray.shape, noise=now)
    expected = cv2.convertScaleAbs(before.usual, alpha=STRONGER, beta=MORE_IN_NOISE if noisy else MORE)
    lately = np.asarray(cv2.max(cv2.subtract(new, expected), cv2.convertScaleAbs(before.lately, alpha=FADE)), np.uint8)
    usual = np.asarray(cv2.addWeighted(before.usual, 1 - LEARN, new.astype(np.float32), LEARN, 0), np.float32)
    boxes = tuple(box for box in _boxes(lately, gray.shape) if dense(box, gray, noisy))
    return Regions(usual, lately, boxes, new, gray.shape, now)


def standing(regions: Regions, gray: Gray) -> tuple[Box, ...]:
    """The densest places of the last frame, new or not: where a code is that was there when the camera started."""
    if regions.detail is None:
        return ()
    return tuple(box for box in _boxes(regions.detail, gray.shape, 4) if dense(box, gray, regions.noise.strong))


def dense(box: Box, gray: Gray, noisy: bool = False) -> bool:
    """Whether the middle of a place is as dense as a code."""
    wide, high = (box.right - box.left) // 8, (box.bottom - box.top) // 8
    middle = gray[box.top + high : box.bottom - high, box.left + wide : box.right - wide]
    return density(middle, gray.shape, noisy) >= DENSE


def _boxes(new: Map, shape: tuple[int, ...], most: int = PLACES) -> tuple[Box, ...]:
    """The places with the most new detail, the densest first; one that touches the densest is a part of the same."""
    wide, close = (np.asarray(cv2.blur(new, (size, size)), np.uint8) for size in (7, 3))
    found: list[Box] = []
    for _ in range(most):
        _, peak, _, (x, y) = cv2.minMaxLoc(wide)
        if peak < FEW:
            break
        left, top, width, height = _around(close, max(peak * EDGE, 2), x, y)
        wide[max(top - 2, 0) : top + height + 2, max(left - 2, 0) : left + width + 2] = 0
        box = _box(left, top, width, height, shape)
        if box.area > LARGE * shape[0] * shape[1]:
            found.append(_box(*_around(close, peak * CORE, x, y), shape))
        touches = bool(found) and found[0].overlap(box) > 0
        found.append(found[0].united(box) if touches else box)
    return tuple(found[:most])


def _around(close: Map, above: float, x: int, y: int) -> tuple[int, int, int, int]:
    """The connected cells around a peak with more detail than that: left, top, width and height in cells."""
    cells = (close > above).astype(np.uint8)
    if not cells[y, x]:
        return x - LEAST_CELLS // 2, y - LEAST_CELLS // 2, LEAST_CELLS, LEAST_CELLS
    left, top, width, height = cv2.floodFill(cells, None, (x, y), 1, flags=8)[3]
    return left, top, width, height


def _box(left: int, top: int, width: int, height: int, shape: tuple[int, ...]) -> Box:
    size = cell(shape)
    half_wide = (max(width, SQUARE * height, LEAST_CELLS) * (0.5 + MARGIN) + RIM) * size
    half_high = (max(height, SQUARE * width, LEAST_CELLS) * (0.5 + MARGIN) + RIM) * size
    middle, level = (left + width / 2) * size, (top + height / 2) * size
    return Box(
        int(max(middle - half_wide, 0)),
        int(max(level - half_high, 0)),
        int(min(middle + half_wide, shape[1])),
        int(min(level + half_high, shape[0])),
    )
