"""Stills, clips and idle views, each from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge.bench.scenes import faults, light, scene, shop
from edge.bench.scenes.pose import HELD_S, IN_S, OUT_S
from edge.ports import Gray

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
FPS = 15
CLEAN_SHARE = 1 / 3
IN_CLIPS = (
    "glare",
    "moire",
    "banding",
    "hunting",
    "low light",
    "dark mode",
    "motion",
    "bloom",
    "dim screen",
    "tilt",
    "mixed",
)
"""What is wrong with the clips that are not clean, each as often as the others."""
FLICKER = 0.006
"""By which share the lamps of a shop waver from frame to frame."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a phone that shows ``text``; a code that is cut off may be impossible to read."""

    gray: Gray = field(repr=False)
    text: str = field(repr=False)
    degradation: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One presentation at 15 frames a second. ``held`` is the index of the first frame in which the phone is held
    still, ``leaves`` of the first in which it goes."""

    frames: tuple[Gray, ...] = field(repr=False)
    text: str = field(repr=False)
    degradation: str
    held: int
    leaves: int


def still(seed: int, degradation: str, size: tuple[int, int]) -> Still:
    """The still of this seed: for each degradation the same phone in the same shop. Raises ValueError if unknown."""
    dice, made = scene.staged(seed, degradation, size, moving=False)
    t = IN_S + HELD_S / 2
    return Still(scene.taken(dice, made, size, t), made.code.text, degradation)


def clip(seed: int, size: tuple[int, int], degradation: str | None = None) -> Clip:
    """The clip of this seed; without a degradation it draws one, and a third of clips are clean."""
    draw = np.random.default_rng((seed, 3))
    drawn = "clean" if draw.random() < CLEAN_SHARE else str(draw.choice(IN_CLIPS))
    dice, made = scene.staged(seed, degradation or drawn, size, moving=True)
    times = np.arange(draw.uniform(0, 1) / FPS, IN_S + HELD_S + OUT_S, 1 / FPS)
    frames = tuple(scene.taken(dice, made, size, float(t)) for t in times)
    held, leaves = (int(np.searchsorted(times, moment)) for moment in (IN_S, IN_S + HELD_S))
    return Clip(frames, made.code.text, degradation or drawn, held, leaves)


def empty(seed: int, size: tuple[int, int]) -> Gray:
    """A shop, more or less in focus, without a code."""
    dice = np.random.default_rng((seed, 4))
    picture = shop.shop(dice, size, int(dice.integers(0, 3)))
    if (sigma := float(dice.uniform(-0.5, 2.0))) > 0.3:
        picture = scene.blurred(picture, sigma)
    return light.sensed(dice, picture, faults.good(dice).sensor)


def idle(seed: int, size: tuple[int, int], people: bool, frames: int) -> Iterator[Gray]:
    """So many frames, 15 a second, of a shop to whose camera nobody holds a phone: with ``people`` some walk through,
    without them only the sensor's noise and the lamps' flicker change."""
    dice = np.random.default_rng((seed, 5))
    view = scene.blurred(shop.shop(dice, size, 0), float(dice.uniform(0.8, 2.0)))
    walkers = [_walker(dice, size) for _ in range(3 if people else 0)]
    sensor = faults.good(dice).sensor
    for number in range(frames):
        picture = view.copy()
        for who, x, y in walkers:
            span = size[0] + who.mask.shape[1]
            left = int((x + who.pace * number / FPS) % span) - who.mask.shape[1]
            shop.put(picture, who, left, y + int(4 * np.sin(number * 0.9 + x)))
        wavering = cv2.convertScaleAbs(picture, alpha=1 + FLICKER * float(dice.uniform(-1, 1)))
        yield light.sensed(dice, np.asarray(wavering, np.uint8), sensor)


def _walker(dice: np.random.Generator, size: tuple[int, int]) -> tuple[shop.Person, float, int]:
    """Somebody who walks, softened by the lens and their pace, where they start, and how high they stand."""
    who = shop.person(dice, int(size[1] * dice.uniform(0.8, 1.3)), size[1] / 720)
    trail = (max(1, int(abs(who.pace) / 60)), 1)
    soft = [np.asarray(cv2.blur(scene.blurred(layer, 1.2), trail), np.uint8) for layer in (who.picture, who.mask)]
    return shop.Person(soft[0], soft[1], who.pace), float(dice.uniform(0, size[0])), int(size[1] * dice.uniform(0, 0.2))
