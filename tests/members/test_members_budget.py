"""A vendor's limit of calls a second is never exceeded, and nobody waits for a turn that comes too late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.asking import CannotAsk
from edge.members.budget import LONGEST_HOLD_S, Budget
from edge.members.vendor import BLOCK_S, Caller


@pytest.mark.promise("K-4")
@given(st.sampled_from([0.5, 1, 2.5, 5, 30]), st.lists(st.floats(0, 2), max_size=200))
def test_no_second_sees_more_calls_than_the_limit(rate: float, pauses: list[float]) -> None:
    budget, now, calls = Budget(rate), 0.0, []
    for pause in pauses:
        now += pause
        if not budget.wait(now):
            budget.called(now)
            calls.append(now)
    most, span = max(1, int(rate)), max(1.0, 1 / rate)
    assert all(later - earlier >= span for earlier, later in zip(calls, calls[most:], strict=False))


def test_a_full_second_frees_its_first_call_a_little_later() -> None:
    budget = Budget(2)
    budget.called(10.0)
    budget.called(10.5)
    assert budget.wait(10.6) == pytest.approx(0.5)
    assert budget.wait(11.2) == 0


@pytest.mark.parametrize(("asked", "kept"), [(3.0, 3.0), (-1.0, 0.0), (1e9, LONGEST_HOLD_S)])
def test_a_pause_that_is_asked_for_is_kept_within_reason(asked: float, kept: float) -> None:
    budget = Budget(1000)
    budget.hold(100.0, asked)
    assert budget.wait(100.0) == kept


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class Session:
    """An HTTP session to nowhere, which notes when it was used."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: list[float] = []

    def request(self, *_: Any, **__: Any) -> Any:
        self.at.append(self.clock.now)
        raise OSError


@pytest.mark.promise("K-4")
async def test_a_call_waits_for_its_turn_only_while_a_shopper_would() -> None:
    clock = Clock()
    session = Session(clock)
    caller = Caller(session, 4, lambda: clock.now, clock.sleep)  # type: ignore[arg-type]
    why = []
    for _ in range(8):
        try:
            await caller.call("GET", "https://api.example/x", {})
        except CannotAsk as error:
            why.append(str(error))
        clock.now += 0.2
    gone = [later - earlier for earlier, later in zip(session.at, session.at[4:], strict=False)]
    assert gone
    assert min(gone) >= 1.0
    assert clock.now < 8 * 0.2 + 8 * BLOCK_S
    assert "the budget of calls is used up" not in why[0]


async def test_a_turn_that_comes_too_late_is_not_taken() -> None:
    clock = Clock()
    session = Session(clock)
    caller = Caller(session, 1, lambda: clock.now, clock.sleep)  # type: ignore[arg-type]
    with pytest.raises(CannotAsk, match="api.example cannot be asked"):
        await caller.call("GET", "https://api.example/customers/81", {})
    with pytest.raises(CannotAsk, match="budget of calls is used up") as late:
        await caller.call("GET", "https://api.example/customers/81", {})
    assert (session.at, clock.now, "81" in str(late.value)) == ([0.0], 0.0, False)
