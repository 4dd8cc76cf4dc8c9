"""One frame: a shop, a phone in a hand before it, what the light, the lens and the sensor make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.bench.scenes import faults, light, optics, phone, pose, shop
from edge.bench.scenes.faults import DEGRADATIONS, WORSEN, Conditions
from edge.bench.scenes.light import Field, Moire, Streak
from edge.bench.scenes.pose import HELD_S, IN_S, Pose
from edge.ports import Gray

FINER = 1.7
"""How much finer than the picture the phone is drawn."""
LINES = 160.0
"""Lines a cm of a usual phone's screen (about 400 an inch)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a frame is made of, but for the moment and the sensor's noise."""

    shop: Gray
    code: phone.Code
    sheet: phone.Sheet
    hand: pose.Hand
    conditions: Conditions
    lamps: tuple[Streak, ...]
    moire: Moire | None


def blurred(picture: Gray, sigma: float) -> Gray:
    """The picture through a lens of this sigma."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def staged(seed: int, degradation: str, size: tuple[int, int], moving: bool) -> tuple[np.random.Generator, Scene]:
    """The scene, and the dice for its frames; what all degradations of a seed share has dice of its own.

    Raises ValueError for an unknown degradation."""
    if degradation not in WORSEN:
        raise ValueError(f"no degradation {degradation!r}; known: {', '.join(DEGRADATIONS)}")
    place, fault = np.random.default_rng((seed, 1)), np.random.default_rng((seed, 2, DEGRADATIONS.index(degradation)))
    good = faults.good(place)
    conditions = WORSEN[degradation](fault, good, float(fault.random()))
    code = phone.code(place)
    rest = _rest(place, fault, conditions, code, size, moving)
    module_px = pose.focal(size) * code.module_cm / rest.z
    behind = blurred(shop.shop(place, size, int(place.integers(0, 2))), float(place.uniform(1.5, 4.0)) * size[1] / 720)
    hand = _swinging(fault, pose.hand(place, rest), conditions, code, moving)
    sheet = _softened(phone.sheet(place, code, FINER * module_px, conditions.inverted, conditions.finger))
    lamps = _placed(conditions.lamps, rest, size)
    return fault, Scene(
        light.lit(behind, conditions.ambient),
        code,
        sheet,
        hand,
        conditions,
        lamps,
        _grid(fault, conditions, rest, size),
    )


def _rest(
    place: np.random.Generator,
    fault: np.random.Generator,
    conditions: Conditions,
    code: phone.Code,
    size: tuple[int, int],
    moving: bool,
) -> Pose:
    """Where the phone is held: as near as its modules need, all of the code in the picture unless it is cut off."""
    longest = pose.focal(size) * code.module_cm
    near, far = conditions.near
    z = min(float(place.triangular(near, near + 0.3 * (far - near), far)), max(near, longest / conditions.finest))
    if conditions.module_px:
        z = longest / conditions.module_px
    x, y = place.uniform(-0.2, 0.2) * z, place.uniform(-0.1, 0.1) * z
    yaw, pitch, roll = place.normal(0, 1, 3) * [0.12, 0.14, 0.12]
    if conditions.tilt:
        towards, tilt = fault.uniform(0, 2 * np.pi), np.deg2rad(conditions.tilt)
        yaw, pitch = tilt * np.cos(towards), tilt * np.sin(towards)
    rest = pose.inside(Pose(x, y, z, yaw, pitch, roll), code.half_cm * 1.15, size, 16)
    if conditions.cut and not moving:
        return pose.cut(rest, code.half_cm, size, conditions.cut, int(fault.integers(0, 4)))
    return rest


def _swinging(
    fault: np.random.Generator, hand: pose.Hand, conditions: Conditions, code: phone.Code, moving: bool
) -> pose.Hand:
    """The hand with the swing that the conditions ask for; in a still the phone is caught at its fastest."""
    towards, hertz, narrow = (
        fault.uniform(0, 2 * np.pi),
        float(fault.uniform(0.8, 1.5)),
        float(fault.uniform(0.5, 0.95)),
    )
    reach = conditions.swing * code.module_cm / conditions.open_s / (2 * np.pi * hertz)
    late = fault.uniform(0, 2 * np.pi) if moving else -2 * np.pi * hertz * (IN_S + HELD_S / 2)
    swing = pose.Swing(float(reach), reach * narrow, float(towards), hertz, float(late))
    return replace(hand, swing=swing)


def _softened(sheet: phone.Sheet) -> phone.Sheet:
    """The sheet as pixels of the picture's size will see it."""
    return replace(sheet, layers=np.asarray(cv2.GaussianBlur(sheet.layers, (0, 0), 0.3 * FINER), np.float32))


def _placed(lamps: tuple[Streak, ...], rest: Pose, size: tuple[int, int]) -> tuple[Streak, ...]:
    """The lamps' mirror images near to where the code is held, from where they then stay."""
    x, y = pose.seen(pose.view(rest, size), np.zeros((1, 2)))[0] / size
    return tuple(replace(lamp, x=lamp.x + x, y=lamp.y + y) for lamp in lamps)


def _grid(fault: np.random.Generator, conditions: Conditions, rest: Pose, size: tuple[int, int]) -> Moire | None:
    """The screen's grid whose beat with the sensor's, where the phone rests, is as the conditions ask."""
    if conditions.moire is None:
        return None
    contrast, beat = conditions.moire
    across = pose.focal(size) / rest.z
    lines = across * (round(LINES / across) + beat), across * (round(LINES / across) - beat * fault.uniform(0.3, 1))
    return Moire((float(lines[0]), float(lines[1])), (contrast, contrast * float(fault.uniform(0, 0.6))))


def taken(dice: np.random.Generator, scene: Scene, size: tuple[int, int], t: float) -> Gray:
    """The frame that begins ``t`` seconds after the hand began to come."""
    picture = scene.shop.copy()
    plane = pose.view(pose.pose(scene.hand, t), size)
    left, top, right, bottom = _box(scene.sheet, plane, size)
    if right - left > 8 and bottom - top > 8:
        part = picture[top:bottom, left:right]
        part[:] = _seen(scene, plane, part, (left, top), size, t)
    return light.sensed(dice, picture, scene.conditions.sensor)


def _box(sheet: phone.Sheet, plane: pose.Plane, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture that the sheet can reach (left, top, right, bottom)."""
    high, wide = sheet.layers.shape[:2]
    corners = (np.array([[0, 0], [wide, 0], [wide, high], [0, high]]) - sheet.origin) / sheet.density
    there = pose.seen(plane, corners)
    low = np.clip(np.floor(there.min(0)) - 24, 0, size).astype(int)
    far = np.clip(np.ceil(there.max(0)) + 24, 0, size).astype(int)
    return int(low[0]), int(low[1]), int(far[0]), int(far[1])


def _seen(
    scene: Scene, plane: pose.Plane, behind: Gray, corner: tuple[int, int], size: tuple[int, int], t: float
) -> Gray:
    """The part of the picture with the phone in it, before the sensor's noise."""
    conditions, shape = scene.conditions, behind.shape
    layers = _projected(scene, plane, corner, (shape[1], shape[0]), size, t)
    shine, body, cover = (layers[..., n] for n in range(3))
    if conditions.band is not None:
        shine *= light.bands(conditions.band, shape[0], corner[1], size[1], t)[:, None]
    if scene.moire is not None:
        shine *= light.beats(scene.moire, np.linalg.inv(plane), corner, (shape[0], shape[1]))
    total = shine * np.float32(conditions.white) + body * np.float32(conditions.ambient)
    total += np.asarray(cv2.LUT(behind, light.TO_LIGHT), np.float32) * (1 - cover)
    glass = _glass(scene, plane, corner, (shape[0], shape[1])) * cover
    total += glass * np.float32(conditions.floor)
    if scene.lamps:
        total += glass * light.streaks(scene.lamps, corner, (shape[0], shape[1]), size[1], size[0])
    if conditions.spill:
        module = pose.focal(size) * scene.code.module_cm / scene.hand.rest.z
        total = light.bloomed(total, 2.0 * module, 0.05 * size[1], conditions.spill)
    return light.gray(total)


def _projected(
    scene: Scene, plane: pose.Plane, corner: tuple[int, int], size: tuple[int, int], whole: tuple[int, int], t: float
) -> Field:
    """The sheet's layers as the lens draws them on this part of the sensor."""
    sheet, conditions = scene.sheet, scene.conditions
    scale = 1 / sheet.density
    flat = np.array([[scale, 0, -sheet.origin[0] * scale], [0, scale, -sheet.origin[1] * scale], [0, 0, 1]])
    shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1]])
    drawn = np.asarray(cv2.warpPerspective(sheet.layers, shift @ plane @ flat, size), np.float32)
    module = pose.focal(whole) * scene.code.module_cm / scene.hand.rest.z
    swing, hertz, late = conditions.hunting
    radius = abs(conditions.defocus + swing * np.sin(2 * np.pi * hertz * t + late))
    return optics.spread(drawn, conditions.lens, float(radius) * module, _way(scene, plane, whole, t))


def _way(scene: Scene, plane: pose.Plane, size: tuple[int, int], t: float) -> tuple[float, float]:
    """How far the code's centre moves, in pixels, while the shutter is open."""
    later = pose.view(pose.pose(scene.hand, t + scene.conditions.open_s), size)
    way = pose.seen(later, np.zeros((1, 2)))[0] - pose.seen(plane, np.zeros((1, 2)))[0]
    return float(way[0]), float(way[1])


def _glass(scene: Scene, plane: pose.Plane, corner: tuple[int, int], shape: tuple[int, int]) -> Field:
    """Where in this part of the picture the phone's glass is, from 0 to 1."""
    mask = np.zeros(shape, np.uint8)
    corners = pose.seen(plane, scene.sheet.glass.astype(np.float64)) - corner
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 255, cv2.LINE_AA)
    return (mask / np.float32(255)).astype(np.float32)
