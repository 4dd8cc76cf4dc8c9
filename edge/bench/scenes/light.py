"""Light: what the phone's screen adds and loses on its way to the sensor, and what the sensor makes of it.

All light is linear, 1.0 is what saturates the sensor at normal exposure; a picture is sRGB's curve of it in 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray

Field = npt.NDArray[np.float32]
"""Height x width (x layers) of linear light."""
STEPS = 4096
ROW_S = 1 / 30 / 1.05
"""The time in which a rolling shutter passes over the whole picture: a thirtieth of a second, less its pause."""
MARGIN = 64
"""By how much the tile of noise is larger than the picture, so that each frame takes another part of it."""


def _curve(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sRGB transfer function (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def _inverse(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


TO_LIGHT: Field = _inverse(np.arange(256) / 255).astype(np.float32)
"""The linear light of each gray level."""
_TO_GRAY: Gray = np.rint(255 * _curve(np.arange(STEPS) / (STEPS - 1))).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Band:
    """A screen that is dimmed by pulses (``hertz``, lit for ``duty`` of each) before a shutter open for ``open_s``."""

    hertz: float
    duty: float
    open_s: float
    late_s: float


@dataclass(frozen=True, slots=True)
class Moire:
    """The screen's pixel grid as the sensor's grid samples it: ``lines`` a cm across and down, and their contrast."""

    lines: tuple[float, float]
    contrast: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Streak:
    """A lamp's mirror image in the phone's glass. It stays with the lamp: ``x`` and ``y`` are shares of the picture,
    ``long`` and ``thick`` of its height, ``turn`` is in radians, ``light`` what it adds at its middle."""

    x: float
    y: float
    long: float
    thick: float
    turn: float
    light: float


@dataclass(frozen=True, slots=True)
class Sensor:
    """``electrons`` that saturate a pixel, its ``read`` noise in electrons, how far ``grain`` is smoothed (sigma in
    pixels) by the camera, and the JPEG ``quality``."""

    electrons: float
    read: float
    grain: float
    quality: int


def gray(light: Field) -> Gray:
    """The gray levels of linear light, saturated at 1.0."""
    index = np.clip(light * np.float32(STEPS - 1), 0, STEPS - 1).astype(np.uint16)
    return np.asarray(np.take(_TO_GRAY, index), np.uint8)


def lit(picture: Gray, share: float) -> Gray:
    """The picture when only ``share`` of its light is there."""
    table = gray((TO_LIGHT * np.float32(share)).astype(np.float32))
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def bands(band: Band, rows: int, top: int, high: int, t: float) -> Field:
    """What share of its mean light the screen has on each of ``rows`` rows from ``top`` in a picture ``high`` rows
    high that is taken at ``t``: the pulses that fall into the row's own exposure."""
    start = (t + band.late_s + (top + np.arange(rows)) * (ROW_S / high)) * band.hertz
    caught = _lit_until(start + band.open_s * band.hertz, band.duty) - _lit_until(start, band.duty)
    return (caught / (band.open_s * band.hertz * band.duty)).astype(np.float32)


def _lit_until(periods: npt.NDArray[np.floating], duty: float) -> npt.NDArray[np.floating]:
    """For how many periods' worth of time the screen has been lit, ``periods`` after a pulse began."""
    whole = np.floor(periods)
    return np.asarray(whole * duty + np.minimum(periods - whole, duty), np.float64)


def beats(moire: Moire, back: npt.NDArray[np.floating], corner: tuple[int, int], shape: tuple[int, int]) -> Field:
    """What share of its light each pixel catches of the screen's grid; ``back`` leads from the picture to the
    screen's plane in cm, ``corner`` is the (x, y) of the part. Sampled at points, so it aliases as sensors do."""
    y, x = np.ogrid[corner[1] : corner[1] + shape[0], corner[0] : corner[0] + shape[1]]
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    share = np.ones(shape, np.float32)
    for row, lines, contrast in zip(back[:2], moire.lines, moire.contrast, strict=True):
        turns = lines * (row[0] * x + row[1] * y + row[2]) / depth
        phase = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
        share *= 1 + np.float32(contrast) * np.cos(phase)
    return share


def streaks(lamps: tuple[Streak, ...], corner: tuple[int, int], shape: tuple[int, int], high: int, wide: int) -> Field:
    """The light that the lamps' mirror images add to a part of the picture, were all of it glass."""
    y, x = np.ogrid[corner[1] : corner[1] + shape[0], corner[0] : corner[0] + shape[1]]
    added = np.zeros(shape, np.float32)
    for lamp in lamps:
        right, down = (x - lamp.x * wide) / high, (y - lamp.y * high) / high
        along = (right * np.cos(lamp.turn) + down * np.sin(lamp.turn)) / lamp.long
        across = (down * np.cos(lamp.turn) - right * np.sin(lamp.turn)) / lamp.thick
        added += np.float32(lamp.light) * np.exp(-((along**2 + across**2) ** 1.5)).astype(np.float32)
    return added


def bloomed(light: Field, near: float, spread: float, share: float) -> Field:
    """Overexposed light as it spills: ``share`` of it goes to a halo of sigma ``near`` pixels, and a third as much
    to a wide veil of sigma ``spread``."""
    halo = cv2.GaussianBlur(light, (0, 0), near)
    small = cv2.resize(light, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    veil = cv2.resize(cv2.GaussianBlur(small, (0, 0), max(1.0, spread / 8)), light.shape[::-1])
    kept = cv2.addWeighted(light, 1 - share * 4 / 3, halo, share, 0)
    return np.asarray(cv2.addWeighted(kept, 1, veil, share / 3, 0), np.float32)


@lru_cache(maxsize=4)
def _grain(size: tuple[int, int], smooth: float) -> Field:
    """Noise of deviation 1, a little larger than a picture of this size; not to be written to."""
    dice = np.random.default_rng((size[0], size[1]))
    noise = dice.standard_normal((size[1] + MARGIN, size[0] + MARGIN), np.float32)
    if smooth > 0:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), smooth), np.float32)
        noise /= noise.std()
    return noise


def _deviation(electrons: float, read: float) -> Field:
    """The noise's deviation in gray levels at each gray level: photons come by Poisson's law, reading adds its own."""
    light = TO_LIGHT.astype(np.float64)
    slope = (_curve(light + 0.002) - _curve(np.maximum(light - 0.002, 0))) / (
        light + 0.002 - np.maximum(light - 0.002, 0)
    )
    return (255 * slope * np.sqrt(light / electrons + (read / electrons) ** 2)).astype(np.float32)


def sensed(dice: np.random.Generator, picture: Gray, sensor: Sensor) -> Gray:
    """The picture as the camera hands it over: with the sensor's noise, through JPEG."""
    high, wide = picture.shape
    tile = _grain((wide, high), sensor.grain)
    x, y = (int(shift) for shift in dice.integers(0, MARGIN, 2))
    part = tile[y : y + high, x : x + wide]
    if dice.random() < 0.5:
        part = part[::-1]
    noise = cv2.multiply(cv2.LUT(picture, _deviation(sensor.electrons, sensor.read)), part)
    noisy = cv2.add(picture, noise, dtype=cv2.CV_8U)
    packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
