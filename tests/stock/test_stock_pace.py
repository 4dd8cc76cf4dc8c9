"""Calls within a budget, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.stock.pace import HOUR_S, called, held, pace, wait


@pytest.mark.promise("K-4")
@given(
    budget=st.integers(1, 12),
    wishes=st.lists(st.tuples(st.floats(0, 120), st.booleans()), min_size=1, max_size=300),
)
def test_no_hour_holds_more_calls_than_declared_over_any_restarts(
    budget: int, wishes: list[tuple[float, bool]]
) -> None:
    now, calls = 0.0, []
    going = pace(budget, now)
    for wish, restart in wishes:
        if restart:
            going = pace(budget, now)
        now += wish
        now += wait(going, now)
        going = called(going, now)
        calls.append(now)
    for first in calls:
        assert sum(first <= call < first + HOUR_S for call in calls) <= budget


@pytest.mark.promise("K-4")
@given(budget=st.integers(1, 10_000), late=st.lists(st.floats(0, 5), min_size=2, max_size=400))
def test_the_budget_holds_as_the_source_counts_it_after_uneven_ways(budget: int, late: list[float]) -> None:
    going, now, arrivals = pace(budget, 0.0), 0.0, []
    for delay in late:
        now += wait(going, now)
        going = called(going, now)
        arrivals.append(now + delay)
    for first in arrivals:
        assert sum(first <= arrival < first + HOUR_S for arrival in arrivals) <= budget


def test_a_source_that_asks_for_rest_is_left_alone_for_at_most_an_hour() -> None:
    going = pace(3600, 0.0)
    assert wait(held(going, 10.0, 120.0), 10.0) == 120.0
    assert wait(held(going, 10.0, 1e9), 10.0) == HOUR_S


def test_a_rest_already_agreed_is_not_cut_short_by_a_call() -> None:
    going = held(pace(3600, 0.0), 0.0, 100.0)
    assert wait(called(going, 1.0), 1.0) == 99.0
