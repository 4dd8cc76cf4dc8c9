"""The cache: whole reports, honest ages, and readers told of what changed."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlite_utils

from edge.config import Location
from edge.db import database
from edge.model import Band, StockLine
from edge.ports import StockAway, StockLevel, StockReport
from edge.stock.cache import StockCache, migrate, stock_cache

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock, Opened


def report(counts: dict[str, int] | None, location: str = "ginza", age: float = 0.0) -> StockReport:
    """All that a source says; one of an age repeats somebody's word."""
    levels = None if counts is None else [StockLevel(sku, location, count) for sku, count in counts.items()]
    return StockReport(frozenset({location}), levels, age, asked=0.0)


def one(cache: StockCache, location: Location, now_s: float, sku: str = "A") -> StockLine:
    (line,) = cache.lines(sku, [location], "ja", now_s)
    return line


@pytest.mark.promise("K-1")
async def test_what_was_never_heard_of_is_being_asked_for(cache: StockCache, here: Location, clock: HandClock) -> None:
    line = one(cache, here, clock.wall)
    assert (line.band, line.text, line.available) == (Band.ASKING, "確認中", None)


async def test_a_line_for_each_location_in_their_order(
    cache: StockCache, here: Location, online: Location, clock: HandClock
) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    await cache.apply("ec", report({"A": 40}, "web"), clock.wall)
    assert [(line.name, line.text) for line in cache.lines("A", [online, here], "ja", clock.wall)] == [
        ("オンライン", "在庫あり"),
        ("銀座店", "残り2点"),
    ]


async def test_what_a_report_no_longer_names_is_no_longer_listed(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", report({"A": 2, "B": 5}), clock.wall)
    await cache.apply("pos", report({"B": 5}), clock.wall)
    assert one(cache, here, clock.wall, "A").band is Band.UNLISTED
    assert one(cache, here, clock.wall, "B").available == 5


async def test_what_was_dropped_stays_dropped_over_a_restart(opened: Opened, clock: HandClock) -> None:
    async with opened() as cache:
        await cache.apply("pos", report({"A": 2, "B": 5}), clock.wall)
        await cache.apply("pos", report({"B": 4}), clock.wall)
    async with opened() as cache:
        assert cache.levels("pos", "ginza") == {"B": 4}


async def test_a_location_that_a_report_does_not_speak_for_keeps_its_stock_and_ages(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.pass_(120)
    await cache.apply("pos", report({"A": 9}, "web"), clock.wall)
    assert one(cache, here, clock.wall).fresh == "2分前"


@pytest.mark.promise("K-1")
async def test_a_number_ages_from_live_to_minutes_to_none(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    seen = []
    for seconds in (0, 10, 1, 60, 829, 1):
        clock.pass_(seconds)
        line = one(cache, here, clock.wall)
        seen.append((line.text, line.fresh))
    assert seen == [
        ("残り2点", ""),
        ("残り2点", ""),
        ("残りわずか", "1分前"),
        ("残りわずか", "1分前"),
        ("残りわずか", "15分前"),
        ("確認中", ""),
    ]


@pytest.mark.promise("K-1")
async def test_a_report_is_as_old_as_its_source_says(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("hub", report({"A": 2}, age=300), clock.wall)
    assert one(cache, here, clock.wall).fresh == "5分前"
    await cache.apply("hub", report(None, age=4000), clock.wall)
    assert one(cache, here, clock.wall).band is Band.ASKING


async def test_unchanged_advances_the_watermark(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.pass_(3600)
    await cache.apply("pos", report(None), clock.wall)
    assert one(cache, here, clock.wall).text == "残り2点"


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("step", [-86400.0, -60.0, -5.0, 5.0, 86400.0])
async def test_a_step_of_the_wall_clock_makes_nothing_live(
    cache: StockCache, here: Location, clock: HandClock, step: float
) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.pass_(60)
    clock.wall += step
    line = one(cache, here, clock.wall)
    assert line.available is None
    assert line.fresh or line.band is Band.ASKING


@pytest.mark.promise("K-1")
async def test_time_that_the_machine_slept_counts(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.wall += 240
    assert one(cache, here, clock.wall).fresh == "4分前"


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("counts", [{"A": 2}, None])
async def test_the_sources_own_age_outlives_a_step_of_the_clock_and_a_restart(
    opened: Opened, here: Location, clock: HandClock, counts: dict[str, int] | None
) -> None:
    async with opened() as cache:
        await cache.apply("hub", report({"A": 2}), clock.wall)
        await cache.apply("hub", report(counts, age=300), clock.wall)
        assert one(cache, here, clock.wall - 3600).fresh == "5分前"
    async with opened() as cache:
        assert one(cache, here, clock.wall).fresh == "5分前"


async def test_a_report_after_a_step_back_is_live_again(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.wall -= 86400
    await cache.apply("pos", report(None), clock.wall)
    assert one(cache, here, clock.wall).text == "残り2点"


@pytest.mark.promise("K-1")
async def test_a_restart_keeps_the_cache_with_its_age(opened: Opened, here: Location, clock: HandClock) -> None:
    async with opened() as cache:
        await cache.apply("pos", report({"A": 2}), clock.wall)
    clock.wall += 200
    clock.monotonic = 3.0
    async with opened() as cache:
        line = one(cache, here, clock.wall)
    assert (line.text, line.fresh, line.available) == ("残りわずか", "3分前", None)


@pytest.mark.promise("K-1")
async def test_nothing_restored_is_live_before_its_channel_spoke(
    opened: Opened, here: Location, clock: HandClock
) -> None:
    async with opened() as cache:
        await cache.apply("pos", report({"A": 2}), clock.wall)
    async with opened() as cache:
        assert one(cache, here, clock.wall).fresh == "1分前"
        await cache.apply("pos", report(None), clock.wall)
        assert one(cache, here, clock.wall).fresh == "1分前", "unchanged since a report that this run never heard"
        await cache.apply("pos", report({"A": 2}), clock.wall)
        assert one(cache, here, clock.wall).text == "残り2点"


@pytest.mark.promise("K-1")
async def test_a_clock_that_a_restart_set_back_leaves_everything_to_be_asked_for(
    opened: Opened, here: Location, clock: HandClock
) -> None:
    async with opened() as cache:
        await cache.apply("old", report({"A": 2}), clock.wall - 600)
        await cache.apply("ec", report({"A": 2}, "web"), clock.wall)
    clock.wall -= 300
    async with opened() as cache:
        assert one(cache, here, clock.wall).band is Band.ASKING


async def test_of_two_channels_the_freshest_that_lists_a_product_is_shown(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", report({"A": 2, "B": 1}), clock.wall)
    clock.pass_(120)
    await cache.apply("hub", report({"A": 7}), clock.wall)
    assert one(cache, here, clock.wall, "A").text == "在庫7点"
    assert one(cache, here, clock.wall, "B").fresh == "2分前"
    clock.pass_(800)
    await cache.apply("hub", report(None), clock.wall)
    assert one(cache, here, clock.wall, "B").band is Band.UNLISTED


@pytest.mark.parametrize("age", [-1.0, math.nan, math.inf])
async def test_an_age_that_is_none_is_refused(cache: StockCache, clock: HandClock, age: float) -> None:
    with pytest.raises(StockAway, match="age"):
        await cache.apply("pos", report({"A": 2}, age=age), clock.wall)


async def test_a_level_outside_its_locations_is_refused_and_nothing_is_kept(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    levels = [StockLevel("A", "ginza", 1), StockLevel("B", "web", 1)]
    with pytest.raises(StockAway, match="'web'"):
        await cache.apply("pos", StockReport(frozenset({"ginza"}), levels), clock.wall)
    assert one(cache, here, clock.wall).band is Band.ASKING


async def test_a_report_that_the_disk_refuses_changes_nothing(
    opened: Opened, here: Location, clock: HandClock, tmp_path: Path
) -> None:
    async with opened() as cache:
        await cache.apply("pos", report({"A": 2}), clock.wall)
        with sqlite3.connect(tmp_path / "stock.sqlite") as other:
            other.execute("CREATE TRIGGER no BEFORE UPDATE ON stock_shelf BEGIN SELECT RAISE(ABORT, 'full'); END")
        other.close()
        with pytest.raises(sqlite3.Error, match="full"):
            await cache.apply("pos", report({"A": 9, "B": 9}), clock.wall)
        assert one(cache, here, clock.wall).text == "残り2点"
    async with opened() as cache:
        assert cache.levels("pos", "ginza") == {"A": 2}


async def test_a_channel_that_the_settings_dropped_is_forgotten(opened: Opened, clock: HandClock) -> None:
    async with opened() as cache:
        await cache.apply("pos", report({"A": 2}), clock.wall)
        await cache.apply("hub", report({"A": 7}), clock.wall)
        await cache.keep_only({"hub"})
        assert cache.locations("pos") == ()
    async with opened() as cache:
        assert (dict(cache.levels("pos", "ginza")), dict(cache.levels("hub", "ginza"))) == ({}, {"A": 7})


async def test_a_watermark_that_hardly_moved_is_not_written_again(
    opened: Opened, clock: HandClock, tmp_path: Path
) -> None:
    began = clock.wall
    async with opened() as cache, database(tmp_path / "stock.sqlite") as other:
        await cache.apply("pos", report({"A": 2}), clock.wall)
        for _ in range(12):
            clock.pass_(0.5)
            await cache.apply("pos", report(None), clock.wall)
        (saved,) = await other.read(lambda db: db.execute("SELECT watermark_s FROM stock_shelf").fetchone())
    assert saved == began + 5.0


async def test_the_schema_may_be_made_with_the_database(tmp_path: Path) -> None:
    async with database(tmp_path / "edge.sqlite", migrate) as db, stock_cache(db) as cache:
        await cache.apply("pos", report({"A": 2}), 1.0)
    made = sqlite_utils.Database(tmp_path / "edge.sqlite")
    assert [row["sku"] for row in made["stock_row"].rows] == ["A"]
    made.close()


async def heard(changes: AsyncIterator[frozenset[str]]) -> frozenset[str]:
    return await asyncio.wait_for(anext(changes), 10)


async def test_a_reader_hears_which_products_changed(cache: StockCache, clock: HandClock) -> None:
    changes = cache.changes()
    await cache.apply("pos", report({"A": 2, "B": 3}), clock.wall)
    assert await heard(changes) == {"A", "B"}
    await cache.apply("pos", report({"A": 1, "B": 3, "C": 1}), clock.wall)
    assert await heard(changes) == {"A", "C"}


async def test_a_slow_reader_finds_all_changes_joined(cache: StockCache, clock: HandClock) -> None:
    changes = cache.changes()
    await cache.apply("pos", report({"A": 2}), clock.wall)
    await cache.apply("pos", report({"A": 2, "B": 3}), clock.wall)
    await cache.apply("pos", report({"B": 3}), clock.wall)
    assert await heard(changes) == {"A", "B"}


@pytest.mark.promise("K-1")
async def test_a_screen_is_told_when_what_it_shows_has_aged(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", report({"A": 2, "B": 3}), clock.wall)
    changes = cache.changes(tick_s=0.01)
    assert one(cache, here, clock.wall, "A").fresh == ""
    clock.pass_(11)
    assert await heard(changes) == {"A"}
    assert one(cache, here, clock.wall, "A").fresh == "1分前"
