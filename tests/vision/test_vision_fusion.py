"""Several frames laid over each other show what none of them does."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from edge.ports import Gray
from edge.vision.fusion import Fusion
from edge.vision.passes import evened

SIDE, SPARE = 200, 16
BAND_OF = 60
"""The lines of a frame that a band keeps dark."""


@cache
def sheet() -> Gray:
    """A pattern of modules by chance, five pixels each, softened by a lens, larger than its frames."""
    chance = np.random.default_rng(7).integers(0, 2, (48, 48), np.uint8)
    return np.asarray(cv2.GaussianBlur(np.kron(chance * 120 + 60, np.ones((5, 5), np.uint8)), (0, 0), 1.0), np.uint8)


def frame(number: int, right: int = 0, down: int = 0, noise: float = 0.0) -> Gray:
    """The part of the sheet that a camera sees whose hand shook by so many pixels."""
    left, top = SPARE - right, SPARE - down
    part = sheet()[top : top + SIDE, left : left + SIDE]
    grain = np.random.default_rng(number).normal(0, noise, part.shape)
    return np.asarray((part + grain).clip(0, 255), np.uint8)


def mean(*frames: Gray) -> Gray | None:
    fusion = Fusion()
    for one in frames:
        fusion.add(one)
    return fusion.picture()


def off(picture: Gray | None, wanted: Gray) -> float:
    """How far a picture is from the one wanted, away from its rim, in gray levels (the root of the mean square)."""
    assert picture is not None
    inner = np.s_[SPARE:-SPARE, SPARE:-SPARE]
    return float(np.sqrt(np.mean((picture[inner].astype(np.float64) - wanted[inner]) ** 2)))


SHAKEN = [(0, 0), (3, -2), (-4, 1), (6, 5), (-2, -6), (1, 4)]


def test_of_fewer_than_two_frames_there_is_no_mean() -> None:
    assert mean() is None
    assert mean(frame(0)) is None
    assert mean(frame(0), frame(1)) is not None


def test_the_mean_of_the_same_frame_is_the_frame_evened() -> None:
    assert off(mean(frame(0), frame(0), frame(0)), evened(frame(0))) < 1


def test_the_mean_of_frames_of_a_shaking_hand_is_closer_to_the_code_than_any_of_them() -> None:
    frames = [frame(number, *way, noise=30) for number, way in enumerate(SHAKEN)]
    clean = evened(frame(0))
    assert off(mean(*frames), clean) < 0.6 * off(evened(frames[0]), clean)


def test_frames_are_shifted_onto_the_first_before_they_are_added() -> None:
    shifted = [frame(0, *way) for way in SHAKEN]
    assert off(mean(*shifted), evened(frame(0))) < 10
    assert off(evened(shifted[1]), evened(frame(0))) > 40


def banded(number: int, top: int) -> Gray:
    """A frame in which a band of a screen is all but dark."""
    dark = frame(number, noise=3).astype(np.float64)
    dark[top : top + BAND_OF] *= 0.02
    return np.asarray(dark, np.uint8)


def test_dark_bands_that_move_are_filled_in() -> None:
    picture = mean(*(banded(number, top) for number, top in enumerate((20, 90, 50, 130))))
    clean = evened(frame(0))
    assert off(picture, clean) < 0.5 * off(evened(banded(0, 20)), clean)
    assert picture is not None
    assert picture[95:105].std() > 0.7 * clean[95:105].std()


@pytest.mark.parametrize("number", [0, 1])
def test_where_a_lamp_blinds_in_one_frame_the_others_count(number: int) -> None:
    frames = [frame(0, noise=3), frame(1, noise=3)]
    frames[number][60:120, 60:120] = 255
    picture = mean(*frames)
    assert picture is not None
    clean = evened(frame(0))[75:105, 75:105]
    assert np.corrcoef(picture[75:105, 75:105].ravel(), clean.ravel())[0, 1] > 0.95


def test_a_picture_of_another_size_begins_anew() -> None:
    fusion = Fusion()
    for number in range(3):
        fusion.add(frame(number))
    fusion.add(frame(3)[:120, :160])
    assert fusion.frames == 1
    assert fusion.picture() is None
    fusion.add(frame(4)[:120, :160])
    picture = fusion.picture()
    assert picture is not None
    assert picture.shape == (120, 160)


def test_what_is_long_past_fades() -> None:
    """A hand drifts and turns: after two seconds what was there first counts for nothing."""
    fusion, old, new = Fusion(), np.rot90(frame(0)).copy(), np.rot90(frame(0), -1).copy()
    for shown in (*[old] * 8, *[new] * 32):
        fusion.add(shown)
    picture = fusion.picture()
    assert picture is not None
    assert abs(np.corrcoef(picture.ravel(), evened(old).ravel())[0, 1]) < 0.25


def test_a_mean_is_gray_and_of_its_frames_size() -> None:
    picture = mean(*(frame(number)[:133, :147] for number in range(3)))
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.shape == (133, 147)


def test_frames_in_which_there_is_nothing_to_see_are_not_laid_over_each_other() -> None:
    assert mean(*[np.zeros((33, 47), np.uint8)] * 3) is None


def test_a_frame_of_something_else_is_left_out() -> None:
    fusion = Fusion()
    for number in (0, 1, 2):
        fusion.add(frame(number))
    before = fusion.picture()
    fusion.add(np.rot90(frame(3), 2).copy())
    after = fusion.picture()
    assert fusion.frames == 3
    assert before is not None
    assert after is not None
    assert (before == after).all()


def test_how_far_a_hand_moves_from_frame_to_frame_is_told() -> None:
    fusion, still = Fusion(), frame(0)
    for right in (0, 4, 8, 12):
        fusion.add(np.roll(still, right, 1))
    assert fusion.moved == pytest.approx(4, abs=0.3)
    assert fusion.alike > 0.5


def test_what_does_not_move_is_told_so() -> None:
    fusion = Fusion()
    for _ in range(4):
        fusion.add(frame(0))
    assert fusion.moved < 0.1
