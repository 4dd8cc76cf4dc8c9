"""A phone that shows a member's code, and the hand that holds it, drawn flat: the sheet that a camera then looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import segno

from edge.bench.scenes.light import TO_LIGHT, Field
from edge.bench.scenes.marks import glyphs, rounded, words
from edge.members import base45
from edge.members.mc1 import PREFIX
from edge.ports import Gray

MC1_BYTES, MC1_VERSION = 127, 6
"""A member code's size and symbol: 195 characters at level L (the design's MEMBER_CODES.md, section 2)."""
MC1_SHARE = 0.7
"""The share of phones that show such a code; the others show one of version 4 to 10 at level L or M."""
ROOM = {
    (4, "l"): 114,
    (5, "l"): 154,
    (6, "l"): 195,
    (7, "l"): 224,
    (8, "l"): 279,
    (9, "l"): 335,
    (10, "l"): 395,
    (4, "m"): 90,
    (5, "m"): 122,
    (6, "m"): 154,
    (7, "m"): 178,
    (8, "m"): 221,
    (9, "m"): 262,
    (10, "m"): 311,
}
"""Alphanumeric characters by version and level (ISO/IEC 18004:2015, table 7)."""
QUIET = 4
BRANDS = ("MIYABI MART", "Hoshizora", "KONBI 24", "Sakura Drug", "AOZORA", "Mori&Co", "NAGAYA", "Tsubame")
ABOVE, BESIDE, BELOW = 1.5, 3.2, 6.0
"""What the sheet has around the phone for the hand, in cm."""
CORNER = 0.9
SKIN = (96, 205)
"""The gray levels of hands, as the camera of a well-lit shop has them."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code on a phone: its text, its modules (True is dark, no quiet zone) and the width of one of them in cm."""

    text: str = field(repr=False)
    modules: npt.NDArray[np.bool_] = field(repr=False)
    module_cm: float

    @property
    def half_cm(self) -> float:
        """Half the symbol's width, without its quiet zone."""
        return self.module_cm * len(self.modules) / 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A phone in its hand as height x width x 3 of linear light: what the screen emits, what all of it reflects, and
    how far it covers what is behind. ``origin`` is the code's centre (x, y) in pixels, ``density`` pixels a cm, and
    ``glass`` the corners of the phone's front in cm from the code's centre."""

    layers: Field
    origin: tuple[float, float]
    density: float
    glass: npt.NDArray[np.float32]


def code(dice: np.random.Generator) -> Code:
    """A code of 5 to 6 cm, as the app draws it."""
    version, level = MC1_VERSION, "l"
    rest = PREFIX + base45.encode(dice.bytes(MC1_BYTES))
    if dice.random() > MC1_SHARE:
        version, level = int(dice.integers(4, 11)), str(dice.choice(["l", "m"]))
        room = ROOM[version, level] - len(PREFIX) - int(dice.integers(0, 6))
        rest = PREFIX + base45.encode(dice.bytes(room))[:room]
    made = segno.make_qr(rest, version=version, error=level, mode="alphanumeric", boost_error=False)
    modules = np.array([[module > 0 for module in row] for row in made.matrix])
    return Code(rest, modules, float(dice.uniform(5.0, 6.0)) / len(modules))


def sheet(dice: np.random.Generator, code: Code, module_px: float, inverted: bool, finger: bool) -> Sheet:
    """The phone that shows ``code``, drawn with about ``module_px`` pixels a module (in whole ones)."""
    module = max(3, round(module_px))
    density = module / code.module_cm
    wide = max((len(code.modules) + 2 * QUIET) * code.module_cm + 0.16, float(dice.uniform(6.6, 7.2)))
    high = float(dice.uniform(14.0, 15.8))
    screen = _screen(dice, code, (round(wide * density), round(high * density)), module, inverted)
    bezel = float(dice.uniform(0.15, 0.4))
    layers = _held(dice, screen, density, bezel)
    x, y = layers.shape[1] / 2, (ABOVE + bezel) * density + _level(screen.shape[0])
    if finger:
        _finger(dice, layers, (x, y), code.half_cm * density, density)
    half, top = wide / 2 + bezel, ABOVE - y / density
    glass = np.array([[-half, top], [half, top], [half, top + high + 2 * bezel], [-half, top + high + 2 * bezel]])
    light = np.asarray(cv2.LUT(layers, TO_LIGHT), np.float32)
    light[..., 2] = layers[..., 2] / np.float32(255)
    return Sheet(light, (x - 0.5, y - 0.5), density, glass.astype(np.float32))


def _level(high: int) -> int:
    """Where on a screen of this height the code's centre stands."""
    return int(high * 0.47)


def _screen(dice: np.random.Generator, code: Code, size: tuple[int, int], module: int, inverted: bool) -> Gray:
    """The screen's picture: status bar, brand, code, countdown, member's card, in a light or a dark theme."""
    wide, high = size
    dark = inverted or bool(dice.random() < 0.3)
    ground, ink, panel = (22, 225, 44) if dark else (int(dice.integers(225, 253)), 40, 255)
    picture = np.full((high, wide), ground, np.uint8)
    _head(dice, picture, ink)
    _card(dice, picture, ink, panel)
    _foot(dice, picture, ink, panel)
    symbol = np.pad(np.where(code.modules, 0, 255).astype(np.uint8), QUIET, constant_values=255)
    symbol = np.repeat(np.repeat(255 - symbol if inverted else symbol, module, 0), module, 1)
    if inverted:
        symbol = np.maximum(symbol, np.uint8(ground)).astype(np.uint8)
    side = len(symbol)
    left, top = (wide - side) // 2, _level(high) - side // 2
    rounded(picture, (left - 2, top - 2, left + side + 2, top + side + 2), module, ground if inverted else 255)
    picture[top : top + side, left : left + side] = symbol
    return picture


def _head(dice: np.random.Generator, picture: Gray, ink: int) -> None:
    high, wide = picture.shape
    band = int(dice.integers(40, 200))
    cv2.rectangle(picture, (0, int(high * 0.045)), (wide, int(high * 0.135)), band, -1)
    words(picture, f"{dice.integers(9, 21)}:{dice.integers(10, 60)}", (0.08 * wide, 0.034 * high), 0.02 * high, ink)
    cv2.rectangle(picture, (int(wide * 0.85), int(high * 0.018)), (int(wide * 0.93), int(high * 0.034)), ink, -1)
    words(picture, str(dice.choice(BRANDS)), (0.1 * wide, 0.105 * high), 0.032 * high, 255 if band < 130 else 20)


def _card(dice: np.random.Generator, picture: Gray, ink: int, panel: int) -> None:
    high, wide = picture.shape
    tone = int(dice.integers(60, 220))
    rounded(picture, (int(wide * 0.06), int(high * 0.78), int(wide * 0.94), int(high * 0.91)), wide // 24, tone)
    pale = 245 if tone < 130 else 30
    glyphs(dice, picture, (wide * 0.12, high * 0.8), high * 0.024, 6, pale)
    number = " ".join(str(n) for n in dice.integers(1000, 9999, 3))
    words(picture, number, (wide * 0.12, high * 0.885), high * 0.02, pale)
    rounded(picture, (int(wide * 0.72), int(high * 0.8), int(wide * 0.88), int(high * 0.84)), wide // 40, panel)


def _foot(dice: np.random.Generator, picture: Gray, ink: int, panel: int) -> None:
    high, wide = picture.shape
    left, share = int(wide * 0.14), float(dice.random())
    cv2.rectangle(picture, (left, int(high * 0.737)), (int(wide * 0.74), int(high * 0.745)), 128, -1)
    cv2.rectangle(picture, (left, int(high * 0.737)), (left + int(wide * 0.6 * share), int(high * 0.745)), ink, -1)
    words(picture, f"{int(30 * share)} s", (wide * 0.78, high * 0.75), high * 0.02, ink)
    glyphs(dice, picture, (wide * 0.25, high * 0.165), high * 0.022, 7, ink)
    cv2.rectangle(picture, (0, int(high * 0.935)), (wide, high), panel, -1)
    for number in range(4):
        cv2.circle(picture, (int(wide * (0.14 + 0.24 * number)), int(high * 0.965)), int(high * 0.011), 128, -1)


def _held(dice: np.random.Generator, screen: Gray, density: float, bezel: float) -> Gray:
    """The sheet's layers, in gray levels: the screen in its bezel, the palm and fingers behind and before its edges."""
    edge = round(bezel * density)
    high, wide = screen.shape[0] + 2 * edge, screen.shape[1] + 2 * edge
    left, top = round(BESIDE * density), round(ABOVE * density)
    size = (top + high + round(BELOW * density), 2 * left + wide)
    shine, body, cover = (np.zeros(size, np.uint8) for _ in range(3))
    skin = int(dice.integers(*SKIN))
    side = int(dice.choice([-1, 1]))
    _palm(body, cover, (left + wide / 2, top + high), density, skin, side)
    for layer, tone in ((body, int(dice.integers(18, 70))), (cover, 255)):
        rounded(layer, (left, top, left + wide, top + high), round(CORNER * density), tone)
    inside = np.zeros_like(shine)
    box = (left + edge, top + edge, left + wide - edge, top + high - edge)
    rounded(inside, box, round((CORNER - bezel) * density), 255)
    part = shine[box[1] : box[1] + screen.shape[0], box[0] : box[0] + screen.shape[1]]
    part[:] = screen
    shine &= inside
    body[inside > 0] = 40
    _grip(dice, (shine, body, cover), (left, left + wide, top + high * 0.42), density, skin, side)
    return np.dstack([shine, body, cover])


def _palm(body: Gray, cover: Gray, foot: tuple[float, float], density: float, skin: int, side: int) -> None:
    """The hand behind the phone and the forearm below it."""
    x, y = foot
    palm = (int(x), int(y - 2.2 * density)), (int(4.6 * density), int(3.6 * density))
    wrist = np.array([[-2.7, -1], [2.7, -1], [3.4 + side, 8], [-3.4 + side, 8]]) * density + [x, y]
    for layer, tone in ((body, int(skin * 0.85)), (cover, 255)):
        cv2.ellipse(layer, palm[0], palm[1], 0, 0, 360, tone, -1, cv2.LINE_AA)
        cv2.fillConvexPoly(layer, wrist.astype(np.int32), tone, cv2.LINE_AA)


def _grip(
    dice: np.random.Generator,
    layers: tuple[Gray, Gray, Gray],
    edges: tuple[float, float, float],
    density: float,
    skin: int,
    side: int,
) -> None:
    """Four finger tips round one edge of the phone, the thumb over the other."""
    left, right, y = edges
    near, far = (right, left) if side > 0 else (left, right)
    for number in range(4):
        tip = near + side * 0.25 * density, y + (1.2 + 1.75 * number + dice.uniform(-0.15, 0.15)) * density
        _digit(layers, tip, (0.62 * density, 0.78 * density), 0, int(skin * (0.92 + 0.03 * number)))
    thumb = far - side * 0.35 * density, y + float(dice.uniform(3.2, 5.0)) * density
    _digit(layers, thumb, (0.75 * density, 2.0 * density), -24 * side, skin)


def _finger(dice: np.random.Generator, layers: Gray, centre: tuple[float, float], half: float, density: float) -> None:
    """A finger that lies over one edge of the code: over its quiet zone and none to a few of its modules."""
    along, depth = float(dice.uniform(-0.45, 0.75)) * half, float(dice.uniform(-0.1, 0.28)) * density
    split = tuple(np.ascontiguousarray(layers[..., n]) for n in range(3))
    skin = int(dice.integers(*SKIN))
    long, thick = 1.9 * density, 0.75 * density
    if dice.random() < 0.5:
        _digit(split, (centre[0] + half - depth + long, centre[1] + along), (long, thick), 0, skin)
    else:
        _digit(split, (centre[0] + along, centre[1] + half - depth + long), (thick, long), 0, skin)
    layers[:] = np.dstack(split)


def _digit(
    layers: tuple[Gray, ...], centre: tuple[float, float], axes: tuple[float, float], turn: float, skin: int
) -> None:
    """One finger: it emits nothing, reflects as skin does, and has a paler nail's side and a darker rim."""
    at, size = (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1]))
    inner = (int(axes[0] * 0.8), int(axes[1] * 0.8))
    for layer, tone in zip(layers, (0, int(skin * 0.8), 255), strict=True):
        cv2.ellipse(layer, at, size, turn, 0, 360, tone, -1, cv2.LINE_AA)
    cv2.ellipse(layers[1], at, inner, turn, 0, 360, skin, -1, cv2.LINE_AA)
