"""How far a clock is trusted follows from when it was last in sync."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.members.clock import ClockState, Floor, Sync, behind, observe, resumed, seen, state, time_of, trusted
from edge.members.timeservice import kernel_synced

HELD = 200_000
"""20 s at 100 ppm."""


@pytest.mark.parametrize(
    ("sync", "later", "expected"),
    [
        (Sync(), 0, "floor"),
        (Sync(), 10 * HELD, "floor"),
        (observe(Sync(), True, 0), 0, "synced"),
        (observe(observe(Sync(), True, 0), False, 1), 1, "holdover"),
        (observe(observe(Sync(), True, 0), False, 1), HELD - 1, "holdover"),
        (observe(observe(Sync(), True, 0), False, 1), HELD, "floor"),
        (observe(observe(observe(Sync(), True, 0), False, 1), True, HELD), HELD, "synced"),
    ],
)
def test_the_state_follows_the_last_sync(sync: Sync, later: float, expected: str) -> None:
    assert state(sync, later) == expected


@settings(deadline=None)
@given(*[st.floats(0, 2e9)] * 4)
def test_at_the_floor_time_is_the_highest_of_what_is_surely_past(
    rtc: float, saved: float, iss: float, iat: float
) -> None:
    assert time_of(ClockState.FLOOR, rtc, saved, iss, iat) == max(rtc, saved, iss, iat)
    assert time_of(ClockState.SYNCED, rtc, saved, iss, iat) == rtc


def test_the_kernel_is_asked_and_answers() -> None:
    assert kernel_synced() in (True, False)


TIMES = st.floats(0, 4e9)


@settings(deadline=None)
@given(TIMES, TIMES, TIMES, st.sampled_from([ClockState.SYNCED, ClockState.HOLDOVER]))
def test_a_trusted_time_is_what_is_saved_even_where_it_is_the_lower_one(
    saved: float, iat: float, rtc: float, clock: ClockState
) -> None:
    floor = trusted(Floor(saved, iat), clock, rtc, "boot", Sync(True, 5.0))
    assert floor == Floor(rtc, min(iat, rtc), "boot", 5.0)
    assert time_of(ClockState.FLOOR, 0, floor.saved, 0, floor.iat) == rtc


@settings(deadline=None)
@given(TIMES, TIMES, TIMES, TIMES)
def test_at_the_floor_no_time_is_saved_but_that_of_a_token_that_verified(
    saved: float, iat: float, rtc: float, newer: float
) -> None:
    floor = Floor(saved, iat, "boot", 1.0)
    assert trusted(floor, ClockState.FLOOR, rtc, "another", Sync()) == floor
    assert seen(floor, newer).iat == max(iat, newer)


@pytest.mark.parametrize(
    ("kept", "boot", "monotonic", "expected"),
    [
        (Floor(boot="a", synced=50.0), "a", 60.0, ClockState.HOLDOVER),
        (Floor(boot="a", synced=50.0), "a", 50.0 + HELD, ClockState.FLOOR),
        (Floor(boot="a", synced=50.0), "b", 60.0, ClockState.FLOOR),
        (Floor(boot="a", synced=50.0), "a", 40.0, ClockState.FLOOR),
        (Floor(boot="", synced=50.0), "", 60.0, ClockState.FLOOR),
        (Floor(boot="a", synced=None), "a", 60.0, ClockState.FLOOR),
        (Floor(boot="a", synced=float("nan")), "a", 60.0, ClockState.FLOOR),
        (Floor(), "a", 60.0, ClockState.FLOOR),
    ],
)
def test_a_restarted_service_holds_over_in_the_same_boot_alone(
    kept: Floor, boot: str, monotonic: float, expected: ClockState
) -> None:
    assert state(resumed(kept, boot, monotonic), monotonic) is expected


@pytest.mark.parametrize(
    ("late", "words"),
    [(-9e8, ""), (59, ""), (61, "1 minutes"), (3 * 3600, "3 hours"), (56 * 365.25 * 86_400, "20454 days")],
)
def test_how_far_the_machines_clock_lies_behind_is_said_in_words(late: float, words: str) -> None:
    assert behind(1e9, 1e9 + late) == words
