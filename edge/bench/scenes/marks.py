"""Small things that shops and phones are full of: words, characters, rounded boxes, stripes, woven patterns."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from edge.ports import Gray

FACES = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)
CAPITAL = 21.0
"""The height of a capital of OpenCV's letters at scale 1, in pixels."""
WEAVES, WEAVE_SIDE = 24, 192


def words(picture: Gray, text: str, at: tuple[float, float], high: float, tone: int, face: int = 1) -> None:
    """Write ``text`` with its base line's left end at ``at``; capitals are ``high`` pixels high."""
    thick = max(1, round(high / 9))
    cv2.putText(picture, text, (int(at[0]), int(at[1])), FACES[face], high / CAPITAL, tone, thick, cv2.LINE_AA)


def glyphs(
    dice: np.random.Generator, picture: Gray, at: tuple[float, float], high: float, count: int, tone: int
) -> None:
    """A line of ``count`` characters of some strokes each, as kanji look from afar, its top left corner at ``at``."""
    thick = max(1, round(high / 9))
    strokes = dice.uniform(0, 0.85, (count, 5, 2)) * high
    flat = dice.random((count, 5)) < 0.5
    for number in range(count):
        left, top = at[0] + number * high * 1.12, at[1]
        for (x, y), lies in zip(strokes[number], flat[number], strict=True):
            start = (int(left), int(top + y)) if lies else (int(left + x), int(top))
            end = (int(left + high * 0.85), int(top + y)) if lies else (int(left + x), int(top + high * 0.85))
            cv2.line(picture, start, end, tone, thick, cv2.LINE_AA)


def rounded(picture: Gray, box: tuple[int, int, int, int], radius: int, tone: int) -> None:
    """Fill the box (left, top, right, bottom), its corners rounded."""
    left, top, right, bottom = box
    radius = max(1, min(radius, (right - left) // 2, (bottom - top) // 2))
    cv2.rectangle(picture, (left + radius, top), (right - radius, bottom), tone, -1)
    cv2.rectangle(picture, (left, top + radius), (right, bottom - radius), tone, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(picture, (x, y), radius, tone, -1, cv2.LINE_AA)


def stripes(dice: np.random.Generator, picture: Gray, box: tuple[int, int, int, int]) -> None:
    """Fill the box with a bar code's look: bars of one to four units, in no symbology's order."""
    left, top, right, bottom = box
    widths = dice.integers(1, 5, 30)
    edges = left + (np.cumsum(widths) * (right - left) / widths.sum()).astype(int)
    cv2.rectangle(picture, (left - 3, top - 3), (right + 3, bottom + 3), 240, -1)
    for start, end in zip(edges[:-1:2], edges[1::2], strict=True):
        cv2.rectangle(picture, (int(start), top), (max(int(start), int(end) - 1), bottom), 25, -1)


@cache
def weave(number: int) -> Gray:
    """The ``number``-th of WEAVES square patterns of cloth and of packs; not to be written to."""
    dice = np.random.default_rng((WEAVE_SIDE, number))
    dark, pale = sorted(int(tone) for tone in dice.integers(15, 240, 2))
    y, x = np.mgrid[:WEAVE_SIDE, :WEAVE_SIDE]
    pitch = int(dice.integers(5, 26))
    kinds = [
        (x // pitch) % 2,
        (y // pitch) % 2,
        (x // pitch + y // pitch) % 2,
        ((x % pitch) < pitch * 0.4) * 0.5 + ((y % pitch) < pitch * 0.4) * 0.5,
        (np.hypot(x % pitch - pitch / 2, y % pitch - pitch / 2) < pitch * 0.3) * 1.0,
        cv2.GaussianBlur(dice.random((WEAVE_SIDE, WEAVE_SIDE)), (0, 0), pitch / 6) * 1.6 - 0.3,
    ]
    pattern = np.clip(kinds[number % len(kinds)], 0, 1)
    return np.asarray(dark + (pale - dark) * pattern, np.uint8)
