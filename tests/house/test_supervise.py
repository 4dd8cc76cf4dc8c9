"""Loops that are restarted, and the health that is said once."""

import asyncio
import logging

import pytest

from edge.health import Health, State
from edge.supervise import keep, kept


async def test_a_loop_that_fails_starts_again_until_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []

    async def shaky() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise RuntimeError("cable")

    await keep("shaky", shaky, first_pause=0.001)
    assert len(runs) == 3
    assert sum("shaky failed" in record.message for record in caplog.records) == 2


async def test_a_loop_that_was_cancelled_from_within_starts_again() -> None:
    runs: list[int] = []

    async def given_up() -> None:
        runs.append(1)
        if len(runs) < 2:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

    await keep("given up", given_up, first_pause=0.001)
    assert len(runs) == 2


async def test_a_loop_that_fails_while_it_is_cancelled_does_not_start_again() -> None:
    async def sulk() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ValueError("not now") from None

    keeping = asyncio.create_task(keep("loop", sulk, 0.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.wait([keeping], timeout=5)
    assert keeping.cancelled()


async def test_kept_loops_end_with_their_owner() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with kept({"waits": waits}):
        await asyncio.sleep(0)
    assert ended.is_set()


def test_a_part_that_stays_down_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    health = Health()
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            health.down("broker", "mqtt", "no answer", "look at the cable")
        health.up("broker", "mqtt")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert [(part.state, part.detail) for part in health.parts()] == [(State.UP, "")]


def test_another_reason_why_a_part_stays_down_is_said_and_one_that_flaps_floods_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    health = Health(lambda: now)
    for second in range(600):
        now = float(second)
        health.down("stock", "pos", f"line {2 + second % 2}: sku must be told", "mend it")
    assert len(caplog.records) == 10
    for second in range(600, 1200):
        now = float(second)
        health.down("stock", "web", f"its word is {second} minutes old", "look at it")
    assert len(caplog.records) == 11


def test_a_teller_says_that_a_part_is_down_and_by_nothing_that_it_is_up() -> None:
    health = Health()
    tell = health.teller("disk", "stock", "see the disk")
    tell("the disk is full")
    assert [(part.state, part.detail, part.todo) for part in health.parts()] == [
        (State.DOWN, "the disk is full", "see the disk")
    ]
    tell("")
    assert [(part.state, part.todo) for part in health.parts()] == [(State.UP, "")]


def test_since_tells_when_the_state_began() -> None:
    health = Health()
    health.down("broker", "mqtt", "away")
    began = health.parts()[0].since_s
    health.down("broker", "mqtt", "still away")
    assert health.parts()[0].since_s == began
