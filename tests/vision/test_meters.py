"""What an eye's figures mean in words: too dark, blurred, blown out, how near a phone must be, and what to do."""

from __future__ import annotations

import pytest

from edge.vision.meters import POOR, Meter, advice, meters, poor, sharpest


def meter(id: str, best: float = 0.0, **figures: float) -> Meter:
    """One meter of a view in which nobody holds a code."""
    return next(one for one in meters(0, figures, best) if one.id == id)


@pytest.mark.parametrize(
    ("id", "figures", "level", "word"),
    [
        ("brightness", {"brightness": 20.0}, "bad", "too dark"),
        ("brightness", {"brightness": 120.0}, "good", "good"),
        ("brightness", {"brightness": 240.0}, "bad", "blown out"),
        ("sharpness", {"sharpness": 8.0}, "bad", "blurred"),
        ("sharpness", {"sharpness": 300.0}, "good", "good"),
        ("fps", {"fps": 1.0}, "bad", "far too few"),
        ("fps", {"fps": 5.0}, "look", "few"),
        ("fps", {"fps": 15.0}, "good", "good"),
        ("decode_ms", {"decode_ms": 80.0}, "look", "slow"),
        ("decode_ms", {"decode_ms": 3.0}, "good", "good"),
        ("code", {}, "none", "none"),
    ],
)
def test_a_figure_has_a_level_a_word_and_advice_if_it_is_not_good(
    id: str, figures: dict[str, float], level: str, word: str
) -> None:
    found = meter(id, **figures)
    assert (found.level, found.word, bool(found.advice)) == (level, word, level != "good")


def test_a_code_that_is_read_proves_focus_and_distance() -> None:
    found = {one.id: one.level for one in meters(1, {"sharpness": 3.0, "width": 1280.0})}
    assert found == {"code": "good", "distance": "good", "sharpness": "good"}


@pytest.mark.parametrize(("width", "value"), [(640, "up to 15 cm"), (1280, "up to 30 cm"), (1920, "up to 45 cm")])
def test_a_wider_picture_reads_a_phone_from_farther_away(width: float, value: str) -> None:
    assert meter("distance", width=width).value == value


def test_the_distance_is_a_rule_of_thumb_while_the_width_is_not_known() -> None:
    assert meter("distance").word == "20 to 30 cm"


def test_focus_that_was_better_a_moment_ago_is_said_and_forgotten_in_time() -> None:
    best = sharpest(sharpest(0.0, 0, {"sharpness": 1000.0}), 0, {"sharpness": 400.0})
    assert meter("sharpness", best=best, sharpness=400.0).word == "less than before"
    for _ in range(100):
        best = sharpest(best, 0, {"sharpness": 400.0})
    assert meter("sharpness", best=best, sharpness=400.0).word == "good"


@pytest.mark.parametrize(("codes", "brightness"), [(1, 120.0), (0, 20.0), (0, 240.0)])
def test_after_a_code_or_bad_light_the_focus_is_judged_anew(codes: int, brightness: float) -> None:
    best = sharpest(900.0, codes, {"sharpness": 4000.0, "brightness": brightness})
    best = sharpest(best, 0, {"sharpness": 400.0, "brightness": 120.0})
    assert meter("sharpness", best=best, sharpness=400.0).word == "good"


def test_advice_is_all_that_is_to_do_and_nothing_for_a_good_camera() -> None:
    assert advice(meters(0, {"brightness": 120.0, "sharpness": 300.0})) == ""
    said = advice(meters(0, {"brightness": 5.0, "sharpness": 3.0}))
    assert said.startswith("Switch a light on")
    assert "Wipe the lens" in said


@pytest.mark.parametrize(
    ("brightness", "sharpness", "word"),
    [(18.0, 900.0, "dark"), (18.0, 3.0, "dark"), (230.0, 3.0, "bright"), (120.0, 3.0, "blurred"), (120.0, 90.0, "")],
)
def test_health_has_one_word_for_a_poor_picture_and_bad_light_is_not_blur(
    brightness: float, sharpness: float, word: str
) -> None:
    assert poor(brightness, sharpness) == word
    assert not word or POOR[word][1] in advice(meters(0, {"brightness": brightness, "sharpness": sharpness}))


def test_what_is_not_measured_is_not_told() -> None:
    assert [one.id for one in meters(0, {})] == ["code", "distance"]
    assert meter("decode_ms", decode_ms=3.14).value == "3.1 ms"
