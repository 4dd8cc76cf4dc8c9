"""The gate and the look of a picture, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from edge.ports import Gray
from edge.vision.gate import OPEN_FRAMES, Gate, step, thumbnail
from edge.vision.picture import Suspicion, fault, named, sample, suspect

STILL = thumbnail(np.random.default_rng(3).integers(0, 256, (720, 1280), np.uint8))


def after(gate: Gate, *pictures: Gray) -> Gate:
    for picture in pictures:
        gate = step(gate, picture)
    return gate


def with_changed(share: float, levels: int) -> Gray:
    changed = np.full_like(STILL, 100)
    changed.flat[: round(share * STILL.size)] += levels
    return changed


def test_the_gate_opens_with_the_first_frame_and_shuts_after_a_second_of_stillness() -> None:
    assert after(Gate(), STILL).open
    assert after(Gate(), *[STILL] * OPEN_FRAMES).open
    assert not after(Gate(), *[STILL] * (OPEN_FRAMES + 1)).open


@pytest.mark.parametrize(
    ("share", "levels", "opens"), [(0.005, 17, True), (0.003, 200, False), (0.9, 16, False), (0.0, 0, False)]
)
def test_the_gate_opens_for_a_change_that_is_large_and_wide_enough(share: float, levels: int, opens: bool) -> None:
    shut = after(Gate(), *[with_changed(0, 0)] * (OPEN_FRAMES + 1))
    assert step(shut, with_changed(share, levels)).open is opens


def test_another_scene_at_once_is_abrupt_and_a_person_who_walks_by_is_not() -> None:
    calm = after(Gate(), *[with_changed(0, 0)] * 2)
    assert Gate().abrupt
    assert not calm.abrupt
    assert step(calm, with_changed(0.3, 60)).abrupt
    assert not step(calm, with_changed(0.22, 60)).abrupt


FULL = (90, 160)


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        (np.zeros(FULL, np.uint8), "black"),
        (np.full(FULL, 9, np.uint8), "black"),
        (np.full(FULL, 255, np.uint8), "blown out"),
        (np.full(FULL, 90, np.uint8), "covered"),
        (STILL, ""),
    ],
)
def test_a_picture_that_shows_nothing_has_a_plain_name(picture: Gray, word: str) -> None:
    assert fault(sample(picture, thumbnail(picture))) == word


def named_after(pictures: list[tuple[float, Gray, int]], live: bool) -> list[str]:
    suspicion, names = Suspicion(), []
    for now, picture, fingerprint in pictures:
        suspicion = suspect(suspicion, sample(picture, thumbnail(picture)), fingerprint, live, now)
        names.append(named(suspicion, now))
    return names


BLACK = np.zeros(FULL, np.uint8)


@pytest.mark.promise("V-5")
def test_a_black_picture_is_named_once_it_lasts_and_no_longer_when_it_is_over() -> None:
    views = [(0.0, STILL, 1), (1.0, BLACK, 2), (2.0, BLACK, 3), (3.0, BLACK, 4), (3.5, STILL, 5)]
    assert named_after(views, live=True) == ["", "", "", "black", ""]


@pytest.mark.promise("V-5")
@pytest.mark.parametrize(("live", "last"), [(True, "frozen"), (False, "")])
def test_the_very_same_picture_for_three_seconds_is_frozen_unless_the_source_is_drawn(live: bool, last: str) -> None:
    views = [(second / 2, STILL, 77) for second in range(7)]
    assert named_after(views, live) == [""] * 6 + [last]
