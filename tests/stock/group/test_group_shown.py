"""What screens show reaches the hub of a group that asks the shop, by the database, and harms nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from edge.db import MEMORY, database
from edge.ports import Comparing, StockAway, StockLevel, StockReport
from edge.stock.cache import StockCache, stock_cache
from edge.stock.group.leases import Leases
from edge.stock.group.shown import AGAIN_S, GroupShown
from edge.stock.intake.doubts import Told
from edge.stock.intake.shown import MOST_SHOWN
from edge.stock.shelves.listeners import ASKED_FOR_S
from tests.stock.conftest import HandClock
from tests.stock.group.conftest import TOKEN, levels, reads, shared, until
from tests.stock.group.test_group_hubs import agreed, parted
from tests.stock.group.test_group_parts import reached

if TYPE_CHECKING:
    from pathlib import Path

    from edge.hub import Hub
    from edge.stock.group.server import Server
    from tests.contacts.postgres import Postgres as Started
    from tests.stock.group.conftest import Town

UNVOUCHED = {"since": "none", "changed_url": "", "beats": False, "push": False, "compare_s": 3600.0, "poll_s": 0.1}
"""Nothing but a comparison would find what was sold, and none comes in time."""
BELIEVED = {name: value for name, value in UNVOUCHED.items() if name not in ("since", "changed_url")}
"""Polls are believed to find it."""


async def tell(head: Hub, *skus: str) -> int:
    """What a store's screens show, told to its hub."""
    url, headers = f"http://127.0.0.1:{head.port}/v1/stock/shown", {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as http, http.post(url, json={"skus": skus}, headers=headers) as response:
        return response.status


async def test_what_one_hub_is_told_the_hub_that_reads_asks_for_first(town: Town) -> None:
    async with town.hubs("one", "two", **UNVOUCHED) as (one, two):
        reader, other = await parted(one, two)
        assert await agreed(town, one, two)
        town.shop.sell_silently("A-7", "ginza")
        assert await tell(other, "A-7") == 204
        assert await until(lambda: levels(other)["A-7", "ginza"] == 7)
        assert reader.stock.shown() == ("A-7",)


async def asks(head: Hub) -> bool:
    """Whether a hub's page asks stores to tell what their screens show."""
    url, headers = f"http://127.0.0.1:{head.port}/v1/stock?location=ginza", {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        (shelf,) = (await response.json())["shelves"]
        return shelf.get("looks", False) is True


async def test_any_hub_asks_stores_to_tell_while_the_hub_that_reads_believes_nothing(town: Town) -> None:
    for row in town.shop.rows.values():
        row.at -= 3600
    async with town.hubs("one", "two", **BELIEVED) as (one, two):
        reader, other = await parted(one, two)
        running = await compares(reader)
        assert await agreed(town, one, two)
        assert not await asks(other)
        town.shop.sell_silently("A-8", "ginza")
        running.compare()
        assert await until(lambda: asks(other))
        assert await until(lambda: running.comparison.begun == running.comparison.ended == 3)
        assert await tell(other, "A-7") == 204
        town.shop.sell_silently("A-7", "ginza")
        assert await until(lambda: levels(other)["A-7", "ginza"] == 7)
        assert running.comparison.begun == 3
        await reader.intake.doubts.drop("core", Told.SINCE)
        assert await until(lambda: _not(asks(other)))


async def compares(head: Hub) -> Comparing:
    """The channel's source at the hub that reads it, once it was compared."""
    assert await until(lambda: getattr(head.intake.watch.comparison("core"), "ended", 0) == 1)
    running = head.intake.watch.comparing("core")
    assert running is not None
    return running


async def _not(so: Awaitable[bool]) -> bool:
    return not await so


async def test_what_a_store_tells_is_known_there_while_the_database_is_away_and_later_everywhere(town: Town) -> None:
    async with town.hubs("one", "two", **UNVOUCHED) as heads:
        assert await agreed(town, *heads)
        town.server.stop()
        try:
            assert await until(lambda: not any(map(reads, heads)))
            assert [await tell(head, "A-7", "A-8") for head in heads] == [204, 204]
            assert [head.stock.shown() for head in heads] == [("A-7", "A-8")] * 2
            assert await until(lambda: not any(shared(head).shown._told for head in heads))
        finally:
            town.server.start()
        reader, other = await parted(*heads)
        assert await tell(other, "A-9") == 204
        assert await until(lambda: "A-9" in reader.stock.shown())


async def test_a_hub_that_takes_a_channel_over_knows_at_once_what_others_were_told(town: Town) -> None:
    async with AsyncExitStack() as leaving:
        (one,) = await leaving.enter_async_context(town.hubs("one", **UNVOUCHED))
        assert await until(lambda: reads(one))
        async with town.hubs("two", **UNVOUCHED) as (two,):
            assert await agreed(town, one, two)
            written = "INSERT INTO stock_shown VALUES ('A-5', now() + interval '500 s') RETURNING sku"
            assert await town.asked(written) == "A-5"
            await leaving.aclose()
            assert await until(lambda: reads(two) and two.stock.shown() == ("A-5",))


@dataclass
class Side:
    """A hub of two: what it knows of what is shown, and what it wrote."""

    server: Server
    leases: Leases
    cache: StockCache
    shown: GroupShown
    notices: list[str] = field(default_factory=list)


@asynccontextmanager
async def sides(server: Started, folder: Path, clock: HandClock) -> AsyncIterator[tuple[Side, Side]]:
    """The hub that reads the channel, and another; both know these products."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(reached(server.settings(), folder, "one", "two"))
        made = []
        for each in servers:
            db = await stack.enter_async_context(database(MEMORY))
            cache = await stack.enter_async_context(stock_cache(db, lambda: clock.wall, lambda: clock.monotonic))
            rows = [StockLevel(f"A-{n}", "web", available=1) for n in range(MOST_SHOWN + 9)]
            await cache.apply("pos", StockReport(frozenset({"web"}), rows), clock.wall)
            leases = Leases(each)
            made.append(
                Side(each, leases, cache, GroupShown(each, leases, lambda: ["pos"], cache, lambda: clock.monotonic))
            )
            each.hear(made[-1].notices.append)
        await stack.enter_async_context(made[0].leases.holding("pos"))
        yield made[0], made[1]


async def counted(side: Side, sql: str = "SELECT count(*) FROM stock_shown") -> Any:
    async with side.server.transaction() as db:
        return await db.fetchval(sql)


async def test_however_often_stores_tell_it_is_written_once_a_minute(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    async with sides(server, tmp_path, clock) as (reader, other):
        for _ in range(2):
            for _ in range(50):
                other.shown.show(["A-1", "A-2", "unheard-of"])
                await other.shown.share()
            clock.pass_(AGAIN_S)
        assert await until(lambda: reader.notices.count("l") == 2)
        assert await counted(reader) == 2
        await reader.shown.share()
        assert set(reader.cache.shown()) == {"A-1", "A-2"}


async def test_stores_that_tell_together_are_one_writing(server: Started, tmp_path: Path, clock: HandClock) -> None:
    async with sides(server, tmp_path, clock) as (reader, other):
        running = asyncio.create_task(other.shown.run())
        for n in range(300):
            other.shown.show([f"A-{n}"])
        assert await until(lambda: reader.notices.count("l") == 1)
        assert await counted(reader) == 300
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_rows_go_by_their_time_and_nothing_is_unbounded(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    async with sides(server, tmp_path, clock) as (reader, other):
        other.shown.show([f"A-{n}" for n in range(MOST_SHOWN + 9)])
        await other.shown.share()
        assert await counted(reader) == MOST_SHOWN
        await counted(other, "UPDATE stock_shown SET until = clock_timestamp() + interval '200 s' WHERE sku = 'A-1'")
        await counted(other, "UPDATE stock_shown SET until = clock_timestamp() - interval '1 s' WHERE sku <> 'A-1'")
        await reader.shown.share()
        assert reader.cache.shown() == ("A-1",)
        clock.pass_(201)
        assert reader.cache.shown() == ()
        clock.pass_(ASKED_FOR_S)
        await other.shown.share()
        assert await counted(reader) == 1


async def test_where_no_other_hub_needs_it_nothing_is_written(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    async with sides(server, tmp_path, clock) as (reader, other):
        vouched = GroupShown(other.server, other.leases, list, other.cache)
        for side, shown in ((reader, reader.shown), (other, vouched)):
            shown.show(["A-1"])
            await shown.share()
            assert side.cache.shown() == ("A-1",)
        assert await counted(reader) == 0


async def test_a_hub_that_reads_no_channel_reads_nothing_of_what_others_were_told(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    async with sides(server, tmp_path, clock) as (_, other):
        other.shown.show(["A-3"])
        await other.shown.share()
        clock.pass_(ASKED_FOR_S + 1)
        third = GroupShown(other.server, other.leases, lambda: ["pos", "till"], other.cache, lambda: clock.monotonic)
        await third.share()
        assert other.cache.shown() == ()
        async with other.leases.holding("till"):
            await third.share()
            assert other.cache.shown() == ("A-3",)


async def test_hubs_write_in_one_order_so_that_none_waits_for_one_that_waits_for_it(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with sides(server, tmp_path, clock) as (one, two):
        skus = [f"A-{n}" for n in range(99)]
        two.shown.show(skus)
        await two.shown.share()
        clock.pass_(AGAIN_S)
        two.shown.show(skus)
        async with one.server.transaction() as db:
            await db.execute("UPDATE stock_shown SET until = until WHERE sku = $1", min(skus))
            writing = asyncio.create_task(two.shown.share())
            assert await until(lambda: _some(one, waits))
            await db.execute("UPDATE stock_shown SET until = until")
        await writing


async def _some(side: Side, sql: str) -> bool:
    return bool(await counted(side, sql))


async def test_without_news_nothing_is_read(server: Started, tmp_path: Path, clock: HandClock) -> None:
    async with sides(server, tmp_path, clock) as (reader, _):
        await reader.shown.share()
        clock.pass_(1)
        await reader.shown.share()
        await counted(reader, "ALTER TABLE stock_shown RENAME TO gone")
        await reader.shown.share()
        reader.shown._notice("l")
        with pytest.raises(StockAway):
            await reader.shown.share()


async def test_what_the_database_would_not_take_is_kept_for_nobody(
    server: Started, tmp_path: Path, clock: HandClock
) -> None:
    async with sides(server, tmp_path, clock) as (reader, other):
        await counted(reader, "ALTER TABLE stock_shown RENAME TO gone")
        other.shown.show(["A-1"])
        with pytest.raises(StockAway):
            await other.shown.share()
        await counted(reader, "ALTER TABLE gone RENAME TO stock_shown")
        await other.shown.share()
        assert await counted(reader) == 0
        other.shown.show(["A-1"])
        await other.shown.share()
        assert await counted(reader) == 1
