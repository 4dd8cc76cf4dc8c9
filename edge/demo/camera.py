"""The simulated camera's pictures: a shop, and a phone that somebody holds up in front of it.

A frame is what a cheap 720p camera makes of a phone at arm's length: the phone's own picture, tilted, moving,
a little out of focus, noisy, and squeezed to JPEG. The eye gets nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Height x width x 3, BGR."""
Matrix = npt.NDArray[np.bool_]
"""A symbol's modules, True is dark; without its quiet zone."""

WIDTH, HEIGHT = 1280, 720
FACE = (440, 880)
"""Width and height of the phone's face, in its own pixels."""
MODULE = 8
QUALITY = 80
ARRIVAL_S, DEPARTURE_S = 0.7, 0.5
"""How long a phone takes to come into view, and to leave it."""
NOISE_SIGMA = 4.5
"""Gray levels of noise; with 4.0 the shop, out of focus as it is, would be one gray level from being called blurred."""
GRAINS = 5


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a phone is in the frame: its centre in pixels, its scale, tilt and lean, and how fast it moves."""

    x: float
    y: float
    scale: float
    tilt: float
    lean: float
    speed: float


def pose(shown: float, leaving: float | None, seed: int) -> Pose:
    """The pose ``shown`` seconds after a hand began to come, or ``leaving`` seconds after it began to go."""
    dice = np.random.default_rng(seed)
    x, y = dice.uniform(-90, 90), dice.uniform(-10, 25)
    tilt, lean, scale = dice.uniform(-8, 8), dice.uniform(-0.05, 0.05), dice.uniform(0.68, 0.76)
    beats, shifts = dice.uniform(0.5, 1.4, 4), dice.uniform(0, 6.28, 4)
    sway = np.sin(beats * shown * 2.2 + shifts)
    away = (1 - min(shown / ARRIVAL_S, 1.0)) ** 3
    speed = 3 * away
    if leaving is not None:
        gone = min(leaving / DEPARTURE_S, 1.0)
        away, speed = max(away, gone**2), max(speed, gone)
    return Pose(
        x=WIDTH / 2 + x + 5 * sway[0],
        y=HEIGHT / 2 + y + 4 * sway[1] + away * HEIGHT,
        scale=scale + 0.006 * sway[2],
        tilt=tilt + 1.2 * sway[3] + 10 * away,
        lean=lean + 0.008 * sway[0],
        speed=float(speed),
    )


@lru_cache(maxsize=4)
def backdrop(seed: int) -> Picture:
    """The shop behind the shopper, out of focus: a lit wall, shelves with goods, a floor. Not to be written to."""
    dice = np.random.default_rng(seed)
    rows = np.linspace(0, 1, HEIGHT)[:, None, None]
    wall = np.array([208, 222, 232]) * (1 - rows) + np.array([176, 192, 206]) * rows
    picture = np.repeat(wall, WIDTH, axis=1).astype(np.uint8)
    cv2.rectangle(picture, (0, 590), (WIDTH, HEIGHT), (116, 134, 152), -1)
    for top in (90, 250, 410):
        left = 20
        while left < WIDTH - 60:
            wide, high = int(dice.integers(34, 92)), int(dice.integers(50, 118))
            hue = int(dice.integers(0, 180))
            colour = cv2.cvtColor(np.array([[[hue, 95, 205]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].tolist()
            cv2.rectangle(picture, (left, top + 120 - high), (left + wide, top + 120), colour, -1)
            left += wide + int(dice.integers(8, 40))
        cv2.rectangle(picture, (0, top + 120), (WIDTH, top + 134), (96, 122, 150), -1)
    for x in (210, 640, 1070):
        cv2.circle(picture, (x, 26), 54, (236, 246, 252), -1)
    return cv2.GaussianBlur(picture, (0, 0), 9).astype(np.uint8)


@cache
def grains(seed: int = 1) -> tuple[npt.NDArray[np.int8], ...]:
    """A few frames' worth of sensor noise, used again and again; not to be written to."""
    dice = np.random.default_rng(seed)
    return tuple(
        (dice.standard_normal((HEIGHT, WIDTH, 3), np.float32) * NOISE_SIGMA).astype(np.int8) for _ in range(GRAINS)
    )


def face(symbol: Matrix, left: float) -> Picture:
    """A phone's face with a symbol, dark on light, and the bar of time ``left`` (0 to 1) below it."""
    wide, high = FACE
    picture = np.full((high, wide, 3), 250, np.uint8)
    cv2.rectangle(picture, (0, 0), (wide, 132), (91, 42, 29), -1)
    cv2.putText(picture, "TENTOU", (122, 84), cv2.FONT_HERSHEY_DUPLEX, 1.6, (247, 250, 250), 3, cv2.LINE_AA)
    drawn = _drawn(symbol, wide)
    top = 180 + max(0, (wide - drawn.shape[0]) // 2)
    from_left = (wide - drawn.shape[1]) // 2
    picture[top : top + drawn.shape[0], from_left : from_left + drawn.shape[1]] = drawn[:, :, None]
    cv2.rectangle(picture, (60, 690), (380, 702), (222, 226, 230), -1)
    cv2.rectangle(picture, (60, 690), (60 + int(320 * left), 702), (45, 69, 226), -1)
    cv2.putText(picture, "MEMBER", (146, 774), cv2.FONT_HERSHEY_DUPLEX, 1.1, (70, 60, 60), 2, cv2.LINE_AA)
    return picture


def _drawn(symbol: Matrix, wide: int) -> Picture:
    """The modules in whole pixels; a symbol of one row is bars, drawn 200 pixels high."""
    rows, columns = symbol.shape
    size = min(MODULE, (wide - 24) // columns)
    tall = size if rows > 1 else 200
    dark = np.repeat(np.repeat(symbol, tall, axis=0), size, axis=1)
    return np.where(dark, 24, 250).astype(np.uint8)


def rendered(scene: Picture, phone: Picture | None, where: Pose | None, grain: npt.NDArray[np.int8]) -> Picture:
    """One frame before JPEG: the scene, the phone in it if one is there, and the sensor's noise."""
    frame = scene.copy()
    if phone is not None and where is not None:
        _held_into(frame, phone, where)
    return cv2.add(frame, grain, dtype=cv2.CV_8U).astype(np.uint8)


def encoded(frame: Picture) -> bytes:
    """The frame as JPEG of quality 80."""
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _held_into(frame: Picture, phone: Picture, where: Pose) -> None:
    """Draw a hand and the phone into the frame, in place; only the part of the frame that they cover is touched."""
    _hand(frame, where)
    body, mask = _body(phone)
    high, wide = body.shape[:2]
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    corners = _corners(where)
    left, top = np.clip(corners.min(0).astype(int) - 30, 0, (WIDTH, HEIGHT))
    right, bottom = np.clip(corners.max(0).astype(int) + 30, 0, (WIDTH, HEIGHT))
    if right <= left or bottom <= top:
        return
    turn = cv2.getPerspectiveTransform(source, corners - np.array([left, top], np.float32))
    size = (int(right - left), int(bottom - top))
    seen = cv2.warpPerspective(cv2.GaussianBlur(body, (0, 0), 0.7), turn, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpPerspective(mask, turn, size)
    if where.speed > 0.05:
        length = max(1, int(26 * min(where.speed, 1.0)))
        seen, alpha = cv2.blur(seen, (1, length)), cv2.blur(alpha, (1, length))
    part = frame[top:bottom, left:right]
    share = alpha[:, :, None].astype(np.uint16)
    part[:] = ((part * (255 - share) + seen * share) // 255).astype(np.uint8)


def _body(phone: Picture) -> tuple[Picture, Picture]:
    """The phone with its dark bezel, and the mask of its rounded outline."""
    body = cv2.copyMakeBorder(phone, 30, 30, 20, 20, cv2.BORDER_CONSTANT, value=(34, 30, 30))
    high, wide = body.shape[:2]
    mask = np.zeros((high, wide), np.uint8)
    radius = 58
    cv2.rectangle(mask, (radius, 0), (wide - radius, high), 255, -1)
    cv2.rectangle(mask, (0, radius), (wide, high - radius), 255, -1)
    for x in (radius, wide - radius):
        for y in (radius, high - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return body.astype(np.uint8), mask


def _corners(where: Pose) -> npt.NDArray[np.float32]:
    """The phone's four corners in the frame; a lean makes its far edge shorter."""
    wide, high = (FACE[0] + 40) * where.scale / 2, (FACE[1] + 60) * where.scale / 2
    flat = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]], np.float32)
    flat[:2, 0] *= 1 - where.lean
    flat[2:, 0] *= 1 + where.lean
    angle = np.deg2rad(where.tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed: npt.NDArray[np.float32] = (flat @ turn.T + [where.x, where.y]).astype(np.float32)
    return placed


def _hand(frame: Picture, where: Pose) -> None:
    """Palm and fingers behind the phone, enough for a person to see who holds it."""
    skin, shade = (158, 188, 232), (132, 164, 212)
    high, wide = FACE[1] * where.scale, FACE[0] * where.scale
    centre = (int(where.x), int(where.y + high * 0.42))
    cv2.ellipse(frame, centre, (int(wide * 0.72), int(high * 0.36)), where.tilt, 0, 360, skin, -1, cv2.LINE_AA)
    for number in range(4):
        x, y = int(where.x + wide * 0.55), int(where.y + high * (0.02 + 0.105 * number))
        cv2.ellipse(frame, (x, y), (int(wide * 0.2), int(high * 0.045)), where.tilt - 8, 0, 360, shade, -1, cv2.LINE_AA)
    thumb = (int(where.x - wide * 0.54), int(where.y + high * 0.12))
    cv2.ellipse(frame, thumb, (int(wide * 0.12), int(high * 0.17)), where.tilt + 12, 0, 360, skin, -1, cv2.LINE_AA)
