"""What the doctor sees through each camera: a sketch, figures in words, a code that is held up, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import Camera
from edge.health import State
from edge.vision import survey as looking
from edge.vision.survey import in_words, sketch, survey
from tests.vision.conftest import Draw


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Camera:
    monkeypatch.setattr(looking, "HOLD_S", 0.5)
    return Camera(id="door", screen="window", adapter="folder", settings={"path": "pictures", "fps": 10})


async def test_a_code_that_is_held_up_is_seen_and_the_sketch_shows_where(
    door: Camera, tmp_path: Path, pictures: Callable[..., Path], symbol: Draw, scene: Draw
) -> None:
    pictures(scene(symbol("MC1:HELD UP"), ground=10))
    (seen,) = await survey([door], tmp_path, {})
    assert (seen.part.state, seen.view.codes if seen.view else None) == (State.UP, 1)
    lines = sketch(seen.view.shades if seen.view else "")
    assert (len(lines), {len(line) for line in lines}) == (9, {32})
    assert set(lines[8]) == {" "}
    assert set(lines[1][:8]) & set("▒▓█")


async def test_a_code_outside_the_zone_is_not_in_view(
    door: Camera, tmp_path: Path, pictures: Callable[..., Path], symbol: Draw, scene: Draw
) -> None:
    pictures(scene(symbol("MC1:HELD UP")))
    (seen,) = await survey([door], tmp_path, {"door": (0.6, 0.6, 0.4, 0.4)})
    assert seen.view is not None
    assert seen.view.codes == 0
    assert "code in view (none)" in in_words(seen.view.figures, seen.view.codes)[0]


async def test_a_camera_that_is_away_keeps_nobody_waiting(door: Camera, tmp_path: Path) -> None:
    (seen,) = await survey([door], tmp_path, {})
    assert (seen.part.state, seen.part.detail, seen.view) == (State.DOWN, "no pictures in pictures", None)


def test_figures_are_words_with_advice_for_what_is_dark_blurred_or_blown_out() -> None:
    said, todo = in_words({"brightness": 12.0, "sharpness": 4.0, "motion": 0.25}, 0)
    assert "brightness 12 (too dark), sharpness 4 (blurred), motion 25% of the time" in said
    assert "Switch a light on" in todo
    assert "Wipe the lens" in todo
    assert "shorten its exposure" in in_words({"brightness": 250.0})[1]
    assert in_words({"brightness": 120.0}) == ("brightness 120 (good)", "")
