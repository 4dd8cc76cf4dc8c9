"""Where a code could be: what is dense in both directions, and new."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from edge.bench import scenes
from edge.ports import Gray
from edge.vision.readers import reader
from edge.vision.region import Box, Regions, dense, standing, step

SIZE = (1280, 720)


def after(*frames: Gray) -> Regions:
    regions = Regions()
    for frame in frames:
        regions = step(regions, frame)
    return regions


@cache
def shop() -> tuple[Gray, ...]:
    return tuple(scenes.idle(1, SIZE, people=False, frames=6))


def modules(across: int, down: int) -> Gray:
    """A pattern of black and white by chance, of so many pixels each, 200 x 200."""
    chance = np.random.default_rng(5).integers(0, 2, (200 // down, 200 // across), np.uint8)
    return np.asarray(np.kron(chance * 200 + 20, np.ones((down, across), np.uint8)), np.uint8)


def with_patch(frame: Gray, patch: Gray, left: int = 600, top: int = 300) -> Gray:
    copy = frame.copy()
    copy[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return copy


@pytest.mark.parametrize("degradation", ["clean", "dark mode", "tilt", "dim screen"])
def test_a_code_that_is_held_up_lies_in_a_place(degradation: str) -> None:
    clip = scenes.clip(3, SIZE, degradation)
    frame = clip.frames[clip.held + 3]
    (code,) = reader("zxing", {"qrcode"})(frame)
    boxes = after(clip.frames[0], *clip.frames[clip.held : clip.held + 4]).boxes
    assert any(box.united(code.box) == box for box in boxes)
    assert all(box.area < 0.6 * frame.size for box in boxes)


@pytest.mark.parametrize("seed", [3, 5, 7])
def test_in_low_light_the_code_is_a_place_and_no_dark_corner_is(seed: int) -> None:
    """Of the frames in which the phone is held: most have a place around the code's middle, few another."""
    clip, code = scenes.clip(seed, SIZE, "low light"), scenes.clip(seed, SIZE, "clean")
    (lies,) = reader("zxing", {"qrcode"})(code.frames[clip.held + 3])
    x, y = (lies.box.left + lies.box.right) // 2, (lies.box.top + lies.box.bottom) // 2
    regions, here, elsewhere = after(*[clip.frames[0]] * 3), 0, 0
    for frame in clip.frames[: clip.leaves]:
        regions = step(regions, frame)
        around = [box.left < x < box.right and box.top < y < box.bottom for box in regions.boxes]
        here, elsewhere = here + any(around), elsewhere + around.count(False)
    assert here >= 8
    assert elsewhere <= 6


def test_the_first_frame_shows_what_is_usual_and_no_place() -> None:
    assert after(shop()[0]).boxes == ()


def test_a_shop_in_which_nothing_changes_has_no_place() -> None:
    assert after(*shop()).boxes == ()


@pytest.mark.parametrize("size", [2, 4, 6])
def test_a_dense_patch_that_appears_is_a_place_around_it(size: int) -> None:
    frames = shop()
    boxes = after(*frames, with_patch(frames[0], modules(size, size))).boxes
    patch = Box(600, 300, 798, 498)
    assert any(box.united(patch) == box and box.area < 4 * patch.area for box in boxes)


@pytest.mark.parametrize(("across", "down"), [(4, 200), (200, 4), (50, 50)])
def test_stripes_one_way_and_large_squares_are_no_place(across: int, down: int) -> None:
    frames = shop()
    assert after(*frames, with_patch(frames[0], modules(across, down))).boxes == ()


def test_what_hangs_there_for_long_is_part_of_the_shop_and_still_found_as_standing() -> None:
    hung = with_patch(shop()[0], modules(4, 4))
    regions = after(shop()[0], *[hung] * 150)
    assert regions.boxes == ()
    assert any(box.left < 700 < box.right and box.top < 400 < box.bottom for box in standing(regions, hung))


def test_dense_is_what_has_as_much_detail_as_contrast() -> None:
    frame = with_patch(np.full(SIZE[::-1], 128, np.uint8), modules(4, 4))
    assert dense(Box(600, 300, 800, 500), frame)
    frame = with_patch(frame, modules(50, 50))
    assert not dense(Box(600, 300, 800, 500), frame)


def test_a_camera_that_changes_its_size_is_learnt_anew() -> None:
    regions = after(shop()[0], np.zeros((1080, 1920), np.uint8))
    assert regions.boxes == ()
    assert regions.shape == (1080, 1920)


def test_boxes_overlap_unite_and_grow_within_the_frame() -> None:
    one, other = Box(0, 0, 100, 100), Box(50, 0, 150, 100)
    assert one.overlap(other) == pytest.approx(1 / 3)
    assert one.overlap(Box(200, 200, 300, 300)) == 0
    assert one.united(other) == Box(0, 0, 150, 100)
    assert other.around(0.5, (120, 180)) == Box(0, 0, 180, 120)
