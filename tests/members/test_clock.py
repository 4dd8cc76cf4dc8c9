"""How far a clock is trusted follows from when it was last in sync."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.members.clock import ClockState, Sync, observe, state, time_of
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


@given(*[st.floats(0, 2e9)] * 4)
def test_at_the_floor_time_is_the_highest_of_what_is_surely_past(
    rtc: float, saved: float, iss: float, iat: float
) -> None:
    assert time_of(ClockState.FLOOR, rtc, saved, iss, iat) == max(rtc, saved, iss, iat)
    assert time_of(ClockState.SYNCED, rtc, saved, iss, iat) == rtc


def test_the_kernel_is_asked_and_answers() -> None:
    assert kernel_synced() in (True, False)
