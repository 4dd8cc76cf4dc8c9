"""What makes a code hard to read: the conditions of a scene, and how each degradation worsens them.

The ranges are set so that zxing-cpp and zbar, each alone, read about the share of each degradation that they read in
the measurements on which the choice of readers rests (the reference VISION.md, section 3): each goes from what any
reader manages to what hardly one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge.bench.scenes.light import Band, Sensor, Streak


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a phone is held and lit and what camera sees it.

    ``near`` is its distance in cm, brought nearer where a module would have less than ``finest`` pixels; ``module_px``
    overrules both. ``tilt`` is in degrees. ``lens`` is the lens's sigma in pixels; ``defocus`` and the amplitude of
    ``hunting`` (with its Hz and phase) are radii in modules; ``swing`` is how many modules the phone moves while the
    shutter is open for ``open_s``. ``white`` is the light of the screen's white, ``floor`` that of the shop in its
    glass, ``ambient`` the shop's own. ``spill`` is the share of light that blooms. ``moire`` is contrast and cycles a
    pixel, ``cut`` the share of the code that is outside."""

    near: tuple[float, float]
    lens: float
    open_s: float
    white: float
    floor: float
    ambient: float
    sensor: Sensor
    finest: float = 3.2
    module_px: float = 0.0
    tilt: float = 0.0
    defocus: float = 0.0
    hunting: tuple[float, float, float] = (0.0, 1.0, 0.0)
    swing: float = 0.0
    spill: float = 0.0
    lamps: tuple[Streak, ...] = ()
    band: Band | None = None
    moire: tuple[float, float] | None = None
    inverted: bool = False
    finger: bool = False
    cut: float = 0.0


Worsen = Callable[[np.random.Generator, Conditions, float], Conditions]
"""The conditions made worse, by 0 (hardly) to 1 (as far as it goes)."""


def good(dice: np.random.Generator) -> Conditions:
    """A usual webcam in a usual shop, and a phone held well."""
    sensor = Sensor(
        float(dice.uniform(2500, 9000)),
        float(dice.uniform(3, 8)),
        float(dice.choice([0.0, 0.5, 0.7])),
        int(dice.integers(70, 93)),
    )
    return Conditions(
        near=(20.0, 36.0),
        lens=float(dice.uniform(0.4, 0.65)),
        open_s=1 / float(dice.uniform(60, 200)),
        white=float(dice.uniform(0.6, 1.05)),
        floor=float(dice.uniform(0.005, 0.04)),
        ambient=float(dice.uniform(0.6, 1.0)),
        sensor=sensor,
    )


def _tilt(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, tilt=30 + 28 * by, near=(24.0, 36.0))


def _motion(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, swing=0.5 + 1.5 * by, open_s=1 / float(dice.uniform(30, 60)))


def _defocus(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, defocus=0.3 + 0.5 * by)


def _low_light(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    sensor = replace(good.sensor, electrons=500 * 0.06**by, read=float(dice.uniform(1.5, 3)), grain=0.8)
    open_s = 1 / float(dice.uniform(20, 30))
    return replace(good, sensor=sensor, open_s=open_s, ambient=0.12, floor=0.005, white=good.white * (0.6 - 0.25 * by))


def _glare(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    lamps = tuple(
        Streak(
            x=float(dice.normal(0, 0.055)),
            y=float(dice.normal(0, 0.09)),
            long=float(dice.uniform(0.06, 0.3)),
            thick=float(dice.uniform(0.012, 0.045)) * (0.6 + by),
            turn=float(dice.uniform(0, np.pi)),
            light=0.15 + 1.15 * by * float(dice.uniform(0.7, 1)),
        )
        for _ in range(int(dice.integers(1, 3)))
    )
    return replace(good, lamps=lamps, floor=good.floor + 0.05 * by)


def _bloom(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, white=1.6 * 6**by, spill=float(dice.uniform(0.02, 0.08)), ambient=0.25)


def _moire(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, moire=(0.3 + 0.65 * by, float(dice.uniform(0.05, 0.33))))


def _banding(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    hertz = float(dice.uniform(170, 500))
    duty = 0.75 - 0.47 * by
    band = Band(hertz, duty, (0.2 + 0.5 * (1 - by)) / hertz, float(dice.uniform(0, 1)))
    return replace(good, band=band)


def _dark(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, inverted=True, white=good.white * (1 - 0.3 * by))


def _dim(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, white=0.22 * 0.25**by, floor=float(dice.uniform(0.005, 0.03)))


def _finger(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, finger=True)


def _cut(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, cut=0.12 + 0.28 * by)


def _hunting(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    swing = 0.3 + 0.2 * by, float(dice.uniform(0.6, 1.6)), float(dice.uniform(0, 2 * np.pi))
    return replace(good, defocus=0.4 + 1.0 * by, hunting=swing)


def _small(_: np.random.Generator, good: Conditions, by: float) -> Conditions:
    return replace(good, module_px=3.2 - 1.4 * by)


def _mixed(dice: np.random.Generator, good: Conditions, by: float) -> Conditions:
    for worsen in dice.permutation(np.array(MILD, object))[:2]:
        good = worsen(dice, good, by * float(dice.uniform(0.2, 0.75)))
    return good


MILD: tuple[Worsen, ...] = (_tilt, _motion, _defocus, _low_light, _glare, _bloom, _moire, _banding, _dark, _dim)
"""Of these, two come together in a mixed scene, each less strong."""
WORSEN: dict[str, Worsen] = {
    "clean": lambda _, good, by: good,
    "tilt": _tilt,
    "motion": _motion,
    "defocus": _defocus,
    "low light": _low_light,
    "glare": _glare,
    "bloom": _bloom,
    "moire": _moire,
    "banding": _banding,
    "dark mode": _dark,
    "dim screen": _dim,
    "finger": _finger,
    "cut off": _cut,
    "hunting": _hunting,
    "small": _small,
    "mixed": _mixed,
}
DEGRADATIONS: tuple[str, ...] = tuple(WORSEN)
