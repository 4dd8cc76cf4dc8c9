"""What a camera sees of a shop: shelves, posters, price tags, people; nothing in it is a code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge.bench.scenes.marks import WEAVE_SIDE, WEAVES, glyphs, rounded, stripes, weave, words
from edge.ports import Gray

TEXTS = ("SALE", "50%OFF", "NEW", "POINT x5", "TAX FREE", "298", "1,980", "FRESH", "SUMMER", "OPEN", "MEMBERS", "100")

ROWS = 40
"""How many different rows of goods there are; each is drawn once a size, and cut where a seed says."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody before the camera: their picture, its mask (255 is them) and how fast they walk, in pixels a second."""

    picture: Gray
    mask: Gray
    pace: float


def shop(dice: np.random.Generator, size: tuple[int, int], people: int) -> Gray:
    """A shop in focus, with so many people standing in it."""
    wide, high = size
    unit = high / 720
    picture = _room(dice, size)
    top = int(dice.integers(60, 160) * unit)
    while top < high * 0.78:
        row = _row(int(dice.integers(0, ROWS)), size)
        left = int(dice.integers(0, row.shape[1] - wide))
        part = picture[top : top + len(row)]
        part[:] = row[: len(part), left : left + wide]
        top += len(row) + int(dice.integers(2, 28) * unit)
    for _ in range(int(dice.integers(0, 4))):
        _poster(dice, picture, unit)
    for _ in range(people):
        who = person(dice, int(high * dice.uniform(0.75, 1.15)), unit)
        put(picture, who, int(dice.integers(-80, wide - 40)), int(high * dice.uniform(0.05, 0.3)))
    return picture


def _room(dice: np.random.Generator, size: tuple[int, int]) -> Gray:
    """Wall, lamps and a floor of tiles in perspective."""
    wide, high = size
    top, bottom = dice.integers(90, 235, 2)
    wall = np.linspace(top, bottom, high).astype(np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(wall[:, None], (high, wide)))
    for x in dice.integers(0, wide, int(dice.integers(0, 4))):
        cv2.ellipse(picture, (int(x), int(high * 0.03)), (int(high * 0.09), int(high * 0.03)), 0, 0, 360, 252, -1)
    floor = int(high * dice.uniform(0.78, 0.9))
    _tiles(dice, picture[floor:])
    return picture


def _tiles(dice: np.random.Generator, part: Gray) -> None:
    high, wide = part.shape
    pitch, tones = int(dice.integers(8, 40)), dice.integers(60, 240, 2)
    y, x = np.mgrid[:120, :240]
    tile = np.where((x // pitch + y // pitch) % 2, tones[0], tones[1]).astype(np.uint8)
    away = wide * float(dice.uniform(0.1, 0.5))
    corners = np.array([[0, 0], [wide, 0], [wide + 3 * away, high], [-3 * away, high]], np.float32)
    source = np.array([[0, 0], [240, 0], [240, 120], [0, 120]], np.float32)
    part[:] = cv2.warpPerspective(tile, cv2.getPerspectiveTransform(source, corners), (wide, high))


@lru_cache(maxsize=2 * ROWS)
def _row(number: int, size: tuple[int, int]) -> Gray:
    """The ``number``-th of ROWS rows of goods on a board with price tags along it, wider than the picture; not to be
    written to."""
    dice, unit = np.random.default_rng((ROWS, number)), size[1] / 720
    wide, tall = int(size[0] * 1.6), int(dice.integers(90, 190) * unit)
    row = np.full((tall + int(20 * unit), wide), int(dice.integers(30, 150)), np.uint8)
    left = -int(dice.integers(0, 40))
    while left < wide:
        broad, high = int(dice.integers(26, 110) * unit), int(tall * dice.uniform(0.45, 0.95))
        for _ in range(int(dice.integers(1, 4))):
            _pack(dice, row, (left, tall - high, left + broad, tall))
            left += broad + int(dice.integers(1, 8) * unit)
    cv2.rectangle(row, (0, tall), (wide, len(row)), int(dice.integers(120, 235)), -1)
    for x in range(int(dice.integers(0, 60)), wide, int(dice.integers(70, 160) * unit)):
        _tag(dice, row, (x, tall), unit)
    return row


def _pack(dice: np.random.Generator, picture: Gray, box: tuple[int, int, int, int]) -> None:
    """One pack: a plain or patterned face, a label, and on some a word, a ring or bars."""
    left, top, right, bottom = (
        max(0, box[0]),
        max(0, box[1]),
        min(picture.shape[1], box[2]),
        min(picture.shape[0], box[3]),
    )
    if right - left < 6 or bottom - top < 6:
        return
    kind = int(dice.integers(0, 7))
    tone = int(dice.integers(20, 245))
    ink = 245 if tone < 130 else 25
    rounded(picture, (left, top, right, bottom), int(dice.integers(1, 10)), tone)
    broad, high = right - left, bottom - top
    if kind < 2:
        patch = weave(int(dice.integers(0, WEAVES)))[:high, :broad]
        picture[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    elif kind == 2:
        words(picture, str(dice.choice(TEXTS)), (left + 2, top + high * 0.5), broad * 0.2, ink)
    elif kind == 3:
        for share in (0.36, 0.26, 0.14):
            cv2.circle(picture, (left + broad // 2, top + high // 2), int(broad * share), ink, -1)
            ink = 270 - ink
    elif kind == 4 and broad > 24:
        stripes(dice, picture, (left + 5, bottom - high // 3, right - 5, bottom - 5))
    elif kind == 5:
        glyphs(dice, picture, (left + 3, top + high * 0.2), broad * 0.24, 3, ink)
    else:
        cv2.rectangle(picture, (left, top + high // 3), (right, top + high // 2), ink, -1)


def _tag(dice: np.random.Generator, picture: Gray, at: tuple[int, int], unit: float) -> None:
    x, y = at
    wide, high = int(44 * unit), int(24 * unit)
    cv2.rectangle(picture, (x, y - high // 4), (x + wide, y + high), 248, -1)
    words(picture, str(dice.integers(98, 2980)), (x + 3, y + high * 0.72), 11 * unit, 20)
    if dice.random() < 0.3:
        stripes(dice, picture, (x + wide + 6, y, x + wide + int(30 * unit), y + high - 4))


def _poster(dice: np.random.Generator, picture: Gray, unit: float) -> None:
    """A poster: a frame, a headline, a picture, small print; some carry squares within squares."""
    wide, high = int(dice.integers(120, 300) * unit), int(dice.integers(150, 380) * unit)
    left, top = int(dice.integers(0, picture.shape[1] - wide)), int(dice.integers(0, picture.shape[0] - high))
    tone = int(dice.integers(20, 250))
    ink = 245 if tone < 130 else 20
    cv2.rectangle(picture, (left, top), (left + wide, top + high), tone, -1)
    cv2.rectangle(picture, (left + 5, top + 5), (left + wide - 5, top + high - 5), ink, 2)
    words(picture, str(dice.choice(TEXTS)), (left + wide * 0.1, top + high * 0.2), wide * 0.11, ink, 2)
    cloth = weave(int(dice.integers(0, WEAVES)))
    side = int(min(wide * 0.7, high * 0.4))
    x, y = left + int(wide * 0.15), top + int(high * 0.28)
    picture[y : y + side, x : x + side] = cv2.resize(cloth, (side, side), interpolation=cv2.INTER_AREA)
    if dice.random() < 0.5:
        for share, shade in ((0.16, ink), (0.115, tone), (0.07, ink)):
            reach = int(side * share)
            cv2.rectangle(
                picture,
                (x + side // 3 - reach, y + side // 3 - reach),
                (x + side // 3 + reach, y + side // 3 + reach),
                shade,
                -1,
            )
    for line in range(3):
        at = left + wide * 0.12, top + high * (0.74 + 0.07 * line)
        glyphs(dice, picture, at, high * 0.045, int(wide * 0.72 / (high * 0.05)), ink)


def person(dice: np.random.Generator, high: int, unit: float) -> Person:
    """Somebody in patterned clothes, ``high`` pixels tall, perhaps with a bag or behind a cart."""
    wide = int(high * 0.62)
    picture, mask = np.zeros((high, wide), np.uint8), np.zeros((high, wide), np.uint8)
    cloth, legs, skin = (int(n) for n in (dice.integers(0, WEAVES), dice.integers(15, 140), dice.integers(100, 210)))
    middle, girth = wide // 2, high * float(dice.uniform(0.13, 0.19))
    trunk = np.array([[-0.8, 0.2], [0.8, 0.2], [1.05, 0.56], [0.8, 0.62], [-0.8, 0.62], [-1.05, 0.56]])
    trunk = (trunk * [girth, high] + [middle, 0]).astype(np.int32)
    for side in (-1, 1):
        foot = middle + int(side * girth * 0.5)
        for layer, tone in ((picture, legs), (mask, 255)):
            cv2.rectangle(
                layer, (foot - int(girth * 0.36), int(high * 0.58)), (foot + int(girth * 0.36), high), tone, -1
            )
    cv2.fillConvexPoly(mask, trunk, 255)
    body = np.zeros_like(mask)
    cv2.fillConvexPoly(body, trunk, 255)
    tiles = np.tile(weave(cloth), (high // WEAVE_SIDE + 1, wide // WEAVE_SIDE + 1))[:high, :wide]
    np.copyto(picture, tiles, where=body > 0)
    head = (middle, int(high * 0.11)), (int(high * 0.055), int(high * 0.075))
    for layer, tone in ((picture, skin), (mask, 255)):
        cv2.ellipse(layer, head[0], head[1], 0, 0, 360, tone, -1, cv2.LINE_AA)
        cv2.rectangle(
            layer,
            (middle - int(girth * 0.2), int(high * 0.16)),
            (middle + int(girth * 0.2), int(high * 0.21)),
            tone,
            -1,
        )
    cv2.ellipse(picture, (middle, int(high * 0.08)), (int(high * 0.06), int(high * 0.05)), 0, 180, 360, 30, -1)
    _load(dice, picture, mask, high, middle, girth)
    pace = float(dice.choice([-1, 1])) * float(dice.uniform(90, 320)) * unit
    return Person(picture, mask, pace)


def _load(dice: np.random.Generator, picture: Gray, mask: Gray, high: int, middle: int, girth: float) -> None:
    """A bag in the hand or a cart's basket before the legs, or neither."""
    kind = int(dice.integers(0, 3))
    if kind == 0:
        left, top = int(middle + girth * 0.7), int(high * 0.55)
        for layer, tone in ((picture, int(dice.integers(40, 250))), (mask, 255)):
            rounded(layer, (left, top, left + int(girth * 0.9), top + int(high * 0.14)), 6, tone)
        words(picture, str(dice.choice(TEXTS)), (left + 4, top + high * 0.08), girth * 0.16, 20)
    elif kind == 1:
        left, right, top, bottom = int(middle - girth * 1.5), int(middle + girth), int(high * 0.62), int(high * 0.8)
        for x in range(left, right, max(5, int(high * 0.018))):
            for layer, tone in ((picture, 215), (mask, 255)):
                cv2.line(layer, (x, top), (x, bottom), tone, 2)
        for y in range(top, bottom + 1, max(6, int(high * 0.03))):
            for layer, tone in ((picture, 225), (mask, 255)):
                cv2.line(layer, (left, y), (right, y), tone, 2)


def put(picture: Gray, who: Person, x: int, y: int) -> None:
    """Draw somebody into the picture, the top left corner of them at (x, y); what is outside stays outside."""
    high, wide = who.mask.shape
    left, top = max(0, x), max(0, y)
    right, bottom = min(picture.shape[1], x + wide), min(picture.shape[0], y + high)
    if left >= right or top >= bottom:
        return
    part = picture[top:bottom, left:right]
    inner = slice(top - y, bottom - y), slice(left - x, right - x)
    share = who.mask[inner].astype(np.uint16)
    part[:] = ((part * (255 - share) + who.picture[inner] * share) // 255).astype(np.uint8)
