"""Shutter times under lamps that flicker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.exposure import BARRED_S, LADDER, STEP_S, Shutter, flicker_ms, locked_ms, longest, next_exposure, step

GRAY = (110.0, 0.0)
DARK = (30.0, 0.0)
BLOOM = (90.0, 0.2)
SUN = (200.0, 0.6)


@pytest.mark.parametrize(
    ("wanted", "mains", "locked"),
    [(12.0, 50, 10.0), (16.0, 50, 20.0), (10.0, 60, 25 / 3), (33.0, 60, 100 / 3), (3.0, 50, 3.0), (12.3, 0, 12.3)],
)
def test_an_exposure_is_a_whole_number_of_flickers_where_it_can_be(wanted: float, mains: int, locked: float) -> None:
    assert locked_ms(wanted, mains) == pytest.approx(locked)


@pytest.mark.parametrize(
    ("fps", "mains", "most"), [(30, 50, 3.0), (30, 60, 4.0), (15, 50, 4.0), (60, 50, 1.0), (120, 50, 1.0)]
)
def test_no_exposure_is_longer_than_a_frame(fps: float, mains: int, most: float) -> None:
    assert longest(fps, mains) == most


@pytest.mark.parametrize(
    ("current", "seen", "after"),
    [
        (2.0, GRAY, 2.0),
        (2.0, BLOOM, 1.0),
        (1.0, BLOOM, 1.0),
        (1.0, SUN, 0.5),
        (0.125, SUN, 0.125),
        (1.0, DARK, 2.0),
        (3.0, DARK, 3.0),
        (1.0, (30.0, 0.05), 1.0),
    ],
)
def test_bloom_shortens_the_exposure_and_darkness_lengthens_it(
    current: float, seen: tuple[float, float], after: float
) -> None:
    assert next_exposure(current, *seen, 3.0) == after


def test_the_shutter_moves_at_most_once_a_second() -> None:
    shutter = step(Shutter(), *DARK, 100.0)
    assert (shutter.flickers, step(shutter, *DARK, 100.0 + STEP_S / 2).flickers) == (2.0, 2.0)
    assert step(shutter, *DARK, 100.0 + STEP_S).flickers == 3.0


def test_a_phone_in_a_dark_shop_does_not_make_the_shutter_swing() -> None:
    shutter, moves, last = Shutter(), 0, 1.0
    for second in range(0, 55, 2):
        shutter = step(shutter, *(BLOOM if shutter.flickers > 1 else DARK), float(second))
        moves, last = moves + (shutter.flickers != last), shutter.flickers
    assert (moves, shutter.flickers) == (2, 1.0)
    assert step(shutter, *DARK, BARRED_S + 10).flickers == 2.0


@given(st.lists(st.tuples(st.floats(0, 255), st.floats(0, 1), st.floats(0, 5)), max_size=60))
def test_whatever_is_seen_the_shutter_stays_on_its_ladder(seen: list[tuple[float, float, float]]) -> None:
    shutter, now = Shutter(longest=3.0), 0.0
    for brightness, white, wait in seen:
        now += wait
        shutter = step(shutter, brightness, white, now)
        assert shutter.flickers in LADDER
        assert shutter.flickers <= 3.0


def test_one_flicker_is_half_a_period_of_the_mains() -> None:
    assert flicker_ms(50) == 10.0
    assert flicker_ms(60) == pytest.approx(8.333, abs=0.001)
