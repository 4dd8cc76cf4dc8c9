"""A way that fails rests longer each time, and is told once it fails, fails otherwise, or works."""

from __future__ import annotations

from edge.health import Health, State
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.ways import FIRST_PAUSE_S, KIND, LONGEST_PAUSE_S, Ways


def ways(health: Health, slept: list[float]) -> Ways:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return Ways("shop", health, Clocks(sleep=sleep))


async def test_a_way_that_fails_rests_twice_as_long_each_time_until_it_worked() -> None:
    slept: list[float] = []
    made = ways(Health(), slept)
    for _ in range(10):
        await made.failed("polls", "away")
    await made.failed("reads", "away")
    bounds = [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(10)] + [FIRST_PAUSE_S]
    assert [most / 2 <= pause <= most for pause, most in zip(slept, bounds, strict=True)] == [True] * 11
    made.worked("polls")
    await made.failed("polls", "away")
    assert slept[-1] <= FIRST_PAUSE_S


async def test_health_names_each_way_that_fails_until_all_work() -> None:
    health = Health()
    made = ways(health, [])
    await made.failed("polls", "away")
    made.tell("beats", "no Date")
    (part,) = health.parts()
    assert (part.kind, part.detail) == (KIND, "beats: no Date; polls: away")
    made.worked("polls")
    assert health.parts()[0].detail == "beats: no Date"
    made.tell("beats", "")
    assert health.parts()[0].state is State.UP
