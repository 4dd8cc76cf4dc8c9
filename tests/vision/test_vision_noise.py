"""How much pixels waver tells the dark from people who move."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from edge.bench import scenes
from edge.ports import Gray
from edge.vision import noise
from edge.vision.noise import RISES, STRONG, Noise

SIZE = (1280, 720)


def after(frames: Iterable[Gray]) -> Noise:
    level = Noise()
    for frame in frames:
        level = noise.step(level, frame)
    return level


def flat(deviation: float, number: int) -> Gray:
    grain = np.random.default_rng(number).normal(0, deviation, (720, 1280))
    return np.asarray((128 + grain).clip(0, 255), np.uint8)


def test_one_frame_tells_nothing() -> None:
    assert after([flat(30, 0)]).level == 0


def test_the_level_is_by_how_much_pixels_change_from_frame_to_frame() -> None:
    level = after(flat(4, number) for number in range(4)).level
    assert level == pytest.approx(4 * 2 / np.sqrt(np.pi), rel=0.1)


@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_lit_shop_has_little_noise_whoever_walks_by(people: bool, seed: int) -> None:
    assert not after(scenes.idle(seed, SIZE, people, 8)).strong


@pytest.mark.parametrize("seed", [1, 2])
def test_in_low_light_noise_is_strong(seed: int) -> None:
    assert after(scenes.clip(seed, SIZE, "low light").frames[:4]).strong


def test_what_moves_for_a_moment_makes_no_noise() -> None:
    still, other = flat(2, 0), np.full((720, 1280), 250, np.uint8)
    level = after([still, flat(2, 1), other, still])
    assert level.level <= after([still, flat(2, 1)]).level + 2 * RISES
    assert level.level < STRONG


def test_frames_of_another_size_begin_anew() -> None:
    level = noise.step(after([flat(40, 0), flat(40, 1)]), flat(40, 2)[:360])
    assert (level.level, level.strong) == (0, False)
