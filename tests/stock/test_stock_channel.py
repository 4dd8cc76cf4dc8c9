"""A channel end to end: a real EC server that goes away and comes back, sources that hang, what health says."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.adapters import stock_http
from edge.config import Location
from edge.health import Health, Part, State
from edge.model import Band
from edge.ports import StockAway, StockLevel, StockReport, StockSource
from edge.stock.cache import StockCache
from edge.stock.channel import feed
from tests.stock.intake.rig import endpoint

if TYPE_CHECKING:
    from tests.stock.conftest import Ec, HandClock

LEVELS = [StockLevel("A", "ginza", 3)]


class Said:
    """A source that gives what it is told, raises what it is told, and then hangs."""

    def __init__(self, *acts: StockReport | Exception) -> None:
        self.acts: Iterator[StockReport | Exception] = iter(acts)
        self.quiet = asyncio.Event()

    async def reports(self) -> AsyncIterator[StockReport]:
        for act in self.acts:
            if isinstance(act, Exception):
                raise act
            yield act
        self.quiet.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def fed(source: StockSource, cache: StockCache, health: Health, clock: HandClock) -> AsyncIterator[None]:
    task = asyncio.create_task(feed("ec", source, cache, health, lambda: clock.wall, clock.sleep))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not true():
            await asyncio.sleep(0.005)


def part(health: Health) -> Part | None:
    return next(iter(health.parts()), None)


def state(health: Health) -> State | None:
    found = part(health)
    return found.state if found else None


@pytest.mark.promise("K-1")
async def test_an_ec_that_goes_away_is_live_then_minutes_old_then_asked_for_and_live_when_back(
    ec: Ec, cache: StockCache, clock: HandClock, here: Location, tmp_path: Path
) -> None:
    def shown() -> tuple[str, str]:
        (line,) = cache.lines("A", [here], "ja", clock.wall)
        return line.text, line.fresh

    health = Health()
    settings = stock_http.Settings(url=ec.url, poll_s=0.01, calls_per_hour=1_000_000)
    async with endpoint(settings, tmp_path) as source, fed(source, cache, health, clock):
        await until(lambda: shown() == ("残り3点", ""))
        clock.pass_(1)
        ec.counts["A"] = 2
        await until(lambda: shown() == ("残り2点", ""))
        await ec.stop()
        await until(lambda: state(health) is State.DOWN)
        clock.pass_(11)
        assert shown() == ("残りわずか", "1分前")
        clock.pass_(900)
        assert shown() == ("確認中", "")
        ec.counts["A"] = 1
        await ec.start()
        await until(lambda: shown() == ("残り1点", ""))
        await until(lambda: state(health) is State.UP)  # told once the cache has it


@pytest.mark.promise("K-5")
async def test_a_source_that_hangs_does_not_delay_what_is_read(
    cache: StockCache, clock: HandClock, here: Location
) -> None:
    source = Said(StockReport(frozenset({"ginza"}), LEVELS))
    async with fed(source, cache, Health(), clock):
        await until(source.quiet.is_set)
        (line,) = cache.lines("A", [here], "ja", clock.wall)
        assert line.text == "残り3点"


@pytest.mark.promise("K-5")
async def test_reading_asks_no_source_at_all(ec: Ec, cache: StockCache, clock: HandClock, here: Location) -> None:
    for _ in range(100):
        assert cache.lines("A", [here], "ja", clock.wall)[0].band is Band.ASKING
    assert ec.calls == []


async def test_health_tells_how_much_a_channel_knows(cache: StockCache, clock: HandClock) -> None:
    health = Health()
    source = Said(StockReport(frozenset({"ginza", "web"}), LEVELS, age=2.0))
    async with fed(source, cache, health, clock):
        await until(source.quiet.is_set)
    found = part(health)
    assert found is not None
    assert (found.kind, found.name, found.state) == ("stock", "ec", State.UP)
    assert found.figures == {"levels": 1.0, "locations": 2.0, "age_s": 2.0}


async def test_an_absence_is_said_once_with_what_to_do_and_its_end_once(
    cache: StockCache, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge.health")
    health = Health()
    away = [StockAway("the till is off")] * 5
    source = Said(*away, StockReport(frozenset({"ginza"}), LEVELS))
    async with fed(source, cache, health, clock):
        await until(source.quiet.is_set)
    assert [record.getMessage() for record in caplog.records] == [
        "stock ec is down: the till is off",
        "stock ec is up",
    ]


async def test_an_absence_tells_why_and_what_a_person_can_do(cache: StockCache, clock: HandClock) -> None:
    health = Health()
    source = Said(StockAway("the till is off"))
    async with fed(source, cache, health, clock):
        await until(lambda: state(health) is State.DOWN)
    found = part(health)
    assert found is not None
    assert found.detail == "the till is off"
    assert "'ec'" in found.todo


@pytest.mark.promise("K-1")
async def test_a_source_that_repeats_an_old_word_is_not_called_healthy(cache: StockCache, clock: HandClock) -> None:
    health = Health()
    source = Said(StockReport(frozenset({"ginza"}), LEVELS, age=3600))
    async with fed(source, cache, health, clock):
        await until(source.quiet.is_set)
    found = part(health)
    assert found is not None
    assert (found.state, found.detail) == (State.DOWN, "it answers, but its word is 60 minutes old")


async def test_a_source_that_ends_is_away_and_tried_again(cache: StockCache, clock: HandClock) -> None:
    class Ending(Said):
        async def reports(self) -> AsyncIterator[StockReport]:
            for act in self.acts:
                assert isinstance(act, StockReport)
                yield act
                return
            self.quiet.set()

    health = Health()
    source = Ending(StockReport(frozenset({"ginza"}), LEVELS))
    async with fed(source, cache, health, clock):
        await until(source.quiet.is_set)
        assert state(health) is State.DOWN


async def test_a_disk_that_refuses_is_named_and_the_channel_goes_on(
    cache: StockCache, clock: HandClock, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "stock.sqlite") as other:
        other.execute("CREATE TRIGGER no BEFORE UPDATE ON stock_shelf BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    other.close()
    health = Health()
    source = Said(StockReport(frozenset({"ginza"}), LEVELS))
    async with fed(source, cache, health, clock):
        await until(lambda: state(health) is State.DOWN)
    found = part(health)
    assert found is not None
    assert "disk is full" in found.detail


async def test_pauses_grow_to_a_bound_and_are_forgiven_by_a_success(cache: StockCache, clock: HandClock) -> None:
    pauses: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            done.set()
        await asyncio.sleep(0)

    away = StockAway("off")
    source = Said(*[away] * 8, StockReport(frozenset({"ginza"}), LEVELS), away)
    task = asyncio.create_task(feed("ec", source, cache, Health(), lambda: clock.wall, sleep))
    await asyncio.wait_for(done.wait(), 90)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    bounds = [0.5, 1, 2, 4, 8, 10, 10, 10, 0.5]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
