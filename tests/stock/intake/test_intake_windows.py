"""Calls within budgets, whatever happens: no window of a source's holds more than was declared."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ports import StockAway
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.ledger import Ledger
from edge.stock.intake.windows import LONGEST_HOLD_S, Urgency, Windows
from edge.stock.system import Budget
from tests.stock.intake.rig import driven, intake_at

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock

BUDGETS = (Budget(2, 1), Budget(20, 60), Budget(90, 3600))


def within(calls: list[tuple[float, float]], budget: Budget) -> bool:
    """Whether no window of a budget has more of the calls (arrival, cost) than it allows."""
    return all(
        math.fsum(cost for at, cost in calls if first <= at < first + budget.per_s) <= budget.calls + 1e-6
        for first, _ in calls
    )


@pytest.mark.promise("K-4")
@given(
    st.lists(
        st.tuples(
            st.floats(0, 40),
            st.floats(0, 5),
            st.floats(0, 1),
            st.sampled_from(Urgency),
            st.sampled_from((0.5, 1.0, 1.5, 2.0)),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_no_window_of_the_source_holds_more_than_declared_however_long_the_way(
    wishes: list[tuple[float, float, float, Urgency, float]],
) -> None:
    windows, now, arrivals = Windows(BUDGETS), 0.0, []
    for pause, takes, share, urgency, cost in wishes:
        now += pause
        while (wait := windows.wait(cost, urgency, now)) > 0:
            now += wait
        windows.begin(cost)
        arrivals.append((now + takes * share, cost))
        now += takes
        windows.end(cost, now)
    assert all(within(arrivals, budget) for budget in BUDGETS)


def test_a_call_that_is_still_open_counts() -> None:
    windows = Windows((Budget(1, 10),))
    windows.begin(1)
    assert windows.wait(1, Urgency.RESERVE, 100.0) == math.inf
    windows.end(1, 100.0)
    assert windows.wait(1, Urgency.RESERVE, 104.0) == pytest.approx(6.0, abs=1e-5)


def test_what_is_less_urgent_leaves_room_for_what_is_more() -> None:
    windows, went = Windows((Budget(10, 3600),)), {}
    for urgency in reversed(Urgency):
        went[urgency] = 0
        while windows.wait(1, urgency, 0.0) == 0:
            windows.add(1, 0.0)
            went[urgency] += 1
    assert went == {Urgency.COMPARE: 6, Urgency.POLL: 2, Urgency.READ: 1, Urgency.RESERVE: 1}
    assert windows.wait(1, Urgency.RESERVE, 3600.001) == 0


def test_a_question_may_cost_nearly_the_whole_budget_and_gets_what_it_did_not_take_back() -> None:
    windows = Windows((Budget(1000, 10),))
    assert windows.wait(900, Urgency.COMPARE, 0.0) == 0
    windows.begin(900)
    windows.end(900, 1.0)
    assert windows.wait(900, Urgency.COMPARE, 1.0) > 0
    windows.add(-890, 1.0)
    assert windows.wait(900, Urgency.COMPARE, 1.0) == 0
    assert not windows.affords(1001)


def test_a_call_goes_only_where_the_budget_holds_all_that_it_costs() -> None:
    windows = Windows((Budget(10, 60),))
    windows.add(8, 0.0)
    assert windows.wait(2, Urgency.RESERVE, 1.0) == 0
    assert windows.wait(3, Urgency.RESERVE, 1.0) == pytest.approx(59.0, abs=1e-5)


def test_a_source_that_asks_for_rest_is_left_alone_for_at_most_an_hour() -> None:
    windows = Windows(())
    windows.hold(30, 10.0)
    assert windows.wait(1, Urgency.RESERVE, 20.0) == 20.0
    windows.hold(1e9, 20.0)
    assert windows.wait(1, Urgency.RESERVE, 20.0) == LONGEST_HOLD_S


async def ledger_at(folder: Path, clocks: Clocks, budgets: tuple[Budget, ...], calls: int) -> list[float]:
    """The times at which so many calls of one run went."""
    went = []
    async with intake_at(folder, clocks=clocks) as intake:
        ledger = Ledger(intake.db, "a contract", Windows(budgets), clocks)
        await ledger.restore()
        for _ in range(calls):
            async with ledger.call(1, Urgency.READ, 0.2):
                went.append(clocks.monotonic())
    return went


@pytest.mark.promise("K-4")
async def test_a_restart_allows_no_burst(tmp_path: Path, clock: HandClock) -> None:
    budgets = (Budget(5, 60),)
    went = []
    for _ in range(6):
        went += await ledger_at(tmp_path, driven(clock), budgets, 4)
        clock.pass_(0.5)
    assert within([(at, 1.0) for at in went], budgets[0])


@pytest.mark.promise("K-4")
async def test_a_clock_set_back_over_a_restart_frees_nothing(tmp_path: Path, clock: HandClock) -> None:
    budget = Budget(3, 60)
    before = await ledger_at(tmp_path, driven(clock), (budget,), 3)
    clock.wall -= 86_400
    after = await ledger_at(tmp_path, driven(clock), (budget,), 3)
    assert within([(at, 1.0) for at in before + after], budget)


async def test_a_rest_that_was_asked_for_outlasts_a_restart(tmp_path: Path, clock: HandClock) -> None:
    clocks = driven(clock)
    async with intake_at(tmp_path, clocks=clocks) as intake:
        Ledger(intake.db, "a contract", Windows(()), clocks).hold(120)
    began = clock.monotonic
    assert await ledger_at(tmp_path, clocks, (), 1) == [pytest.approx(began + 120, abs=0.01)]


async def test_a_reservation_goes_before_all_that_wait(tmp_path: Path, clock: HandClock) -> None:
    order: list[Urgency] = []
    async with intake_at(tmp_path, clocks=driven(clock)) as intake:
        ledger = Ledger(intake.db, "a contract", Windows((Budget(1, 10),)), intake.clocks)

        async def one(urgency: Urgency) -> None:
            async with ledger.call(1, urgency, 0.1):
                order.append(urgency)

        await one(Urgency.COMPARE)
        await asyncio.gather(*(one(urgency) for urgency in reversed(Urgency)))
    assert order == [Urgency.COMPARE, *Urgency]


async def test_a_question_beyond_the_whole_budget_is_refused_at_once(tmp_path: Path) -> None:
    async with intake_at(tmp_path) as intake:
        ledger = Ledger(intake.db, "a contract", Windows((Budget(10, 1),)), intake.clocks)
        with pytest.raises(StockAway, match="ask for less"):
            async with ledger.call(11, Urgency.RESERVE, 1.0):
                pass
