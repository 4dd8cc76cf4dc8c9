"""Where a held phone is, from moment to moment, and where the camera sees its points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

HALF_VIEW = np.deg2rad(39)
"""Half of a usual webcam's horizontal field of view of 78 degrees."""
IN_S, HELD_S, OUT_S = 0.3, 0.7, 0.3
"""A presentation: a hand comes, holds the phone still, goes (the same times as in the measurements before this)."""
Plane = npt.NDArray[np.float64]
"""A 3 x 3 homography, or points as rows."""


@dataclass(frozen=True, slots=True)
class Pose:
    """The code's centre in cm from the camera (x right, y down, z away), and the phone's turns in radians: about its
    upright axis, about its level axis, and in the picture."""

    x: float
    y: float
    z: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Swing:
    """A hand that never rests but goes round an ellipse with half axes of so many cm, the longer one ``towards`` that
    angle, so many times a second; fastest where ``late`` (radians) and the time's share of a round cancel out."""

    long: float
    wide: float
    towards: float
    hertz: float
    late: float


@dataclass(frozen=True, slots=True)
class Hand:
    """How a hand carries a phone: from ``rest`` plus ``start`` to rest and away to rest plus ``end`` (cm), swaying and
    trembling on the way: rows of amplitude (cm; radians for the turns), frequency (Hz) and phase, for each of Pose's
    six numbers; ``swing`` is what it does besides."""

    rest: Pose
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    sway: npt.NDArray[np.float64]
    tremor: npt.NDArray[np.float64]
    swing: Swing | None = None


def focal(size: tuple[int, int]) -> float:
    """The focal length in pixels of a camera with pictures of this width and height."""
    return float(size[0] / 2 / np.tan(HALF_VIEW))


def hand(dice: np.random.Generator, rest: Pose) -> Hand:
    """A hand that comes from below or from a side to ``rest`` and goes where it likes."""
    return Hand(rest, _outside(dice, rest), _outside(dice, rest), _beats(dice, 1.0, 0.2), _beats(dice, 7.0, 0.006))


def _outside(dice: np.random.Generator, rest: Pose) -> tuple[float, float, float]:
    """A way from rest to where no part of the code is in the picture."""
    side = float(dice.uniform(-0.5, 0.5))
    reach = rest.z * 0.46 + 5.0
    if dice.random() < 0.25:
        return float(dice.choice([-1, 1])) * rest.z * 1.2, side * 6, 0.0
    return side * reach, reach, float(dice.uniform(-3, 3))


def _beats(dice: np.random.Generator, hertz: float, size: float) -> npt.NDArray[np.float64]:
    amplitude = size * dice.uniform(0.4, 1.6, 6) * np.array([1, 1, 1, 0.08, 0.08, 0.08])
    return np.array([amplitude, hertz * dice.uniform(0.6, 1.5, 6), dice.uniform(0, 2 * np.pi, 6)])


def pose(hand: Hand, t: float) -> Pose:
    """Where the phone is ``t`` seconds after the hand began to come; it is held from IN_S for HELD_S."""
    here = np.zeros(6)
    for amplitude, hertz, phase in (hand.sway, hand.tremor):
        here += amplitude * np.sin(2 * np.pi * hertz * t + phase)
    if hand.swing is not None:
        here[:2] += _round(hand.swing, t)
    for way, away in ((hand.start, 1 - t / IN_S), (hand.end, (t - IN_S - HELD_S) / OUT_S)):
        here[:3] += np.array(way) * max(0.0, away) ** 2
        here[5] += 0.25 * max(0.0, away) ** 2
    rest = hand.rest
    here += np.array([rest.x, rest.y, rest.z, rest.yaw, rest.pitch, rest.roll])
    return Pose(*(float(number) for number in here))


def _round(swing: Swing, t: float) -> npt.NDArray[np.float64]:
    turn = 2 * np.pi * swing.hertz * t + swing.late
    along, across = swing.long * np.sin(turn), swing.wide * np.cos(turn)
    right, down = np.cos(swing.towards), np.sin(swing.towards)
    return np.array([along * right - across * down, along * down + across * right])


def view(where: Pose, size: tuple[int, int]) -> Plane:
    """The homography from the phone's plane (cm from the code's centre, y down) to the picture's pixels."""
    (sy, sp, sr), (cy, cp, cr) = ((f(where.yaw), f(where.pitch), f(where.roll)) for f in (np.sin, np.cos))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn = turn @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    long = focal(size)
    lens = np.array([[long, 0, (size[0] - 1) / 2], [0, long, (size[1] - 1) / 2], [0, 0, 1]])
    return np.asarray(lens @ np.column_stack([turn[:, 0], turn[:, 1], (where.x, where.y, where.z)]), np.float64)


def seen(plane: Plane, points: Plane) -> Plane:
    """Where the plane's points (rows of x, y) are in the picture."""
    there = np.column_stack([points, np.ones(len(points))]) @ plane.T
    return np.asarray(there[:, :2] / there[:, 2:], np.float64)


def square(half: float) -> Plane:
    """The corners of a square about the plane's origin."""
    return np.array([[-half, -half], [half, -half], [half, half], [-half, half]])


def inside(where: Pose, half: float, size: tuple[int, int], margin: float) -> Pose:
    """The pose moved towards the middle until the whole code (``half`` its width in cm) is in the picture, ``margin``
    pixels from its edges; the middle itself if it is too large."""
    for _ in range(12):
        corners = seen(view(where, size), square(half))
        if corners.min() >= margin and (corners <= np.array(size) - 1 - margin).all():
            return where
        where = replace(where, x=where.x * 0.75, y=where.y * 0.75)
    return replace(where, x=0.0, y=0.0)


def cut(where: Pose, half: float, size: tuple[int, int], share: float, side: int) -> Pose:
    """The pose moved until about ``share`` of the code's width has left the picture by the side of that number
    (left, right, top, bottom)."""
    width = 2 * half * (1 - share) - half
    across, down = where.z * np.tan(HALF_VIEW), where.z * np.tan(HALF_VIEW) * size[1] / size[0]
    if side < 2:
        return replace(where, x=float((across - width) * (1 if side else -1)))
    return replace(where, y=float((down - width) * (1 if side == 3 else -1)))
