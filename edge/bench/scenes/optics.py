"""The lens and the shutter: how far a point of the phone spreads over the sensor."""

from __future__ import annotations

import cv2
import numpy as np

from edge.bench.scenes.light import Field

LEAST = 0.25
"""Spreads of less than this, in pixels, are the lens's own."""


def disc(radius: float) -> Field:
    """The picture of a point that is out of focus by ``radius`` pixels, its edge smooth; sums to 1."""
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def trail(right: float, down: float) -> Field:
    """The picture of a point that moves by so many pixels while the shutter is open; sums to 1."""
    reach = int(np.ceil(max(abs(right), abs(down)) / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for share in np.linspace(-0.5, 0.5, 4 * reach + 5):
        x, y = reach + right * share, reach + down * share
        left, top = int(x), int(y)
        weights = np.outer([1 - y + top, y - top], [1 - x + left, x - left])
        kernel[top : top + 2, left : left + 2] += weights
    return np.asarray(kernel / kernel.sum(), np.float32)


def spread(layers: Field, sigma: float, radius: float, way: tuple[float, float]) -> Field:
    """The layers through a lens of ``sigma``, out of focus by ``radius``, while they move by ``way``; all in pixels."""
    if radius > LEAST:
        layers = np.asarray(cv2.filter2D(layers, -1, disc(radius)), np.float32)
    if np.hypot(*way) > LEAST:
        layers = np.asarray(cv2.filter2D(layers, -1, trail(*way)), np.float32)
    return np.asarray(cv2.GaussianBlur(layers, (0, 0), sigma), np.float32)
