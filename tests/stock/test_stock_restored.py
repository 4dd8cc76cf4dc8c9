"""A shop that was restored from a backup says less than it had said: what counts then, and what is no longer live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.ports import StockReport, Taken
from edge.stock.shelves.guard import LAGS_S, OUTLIVED_S
from tests.stock.test_stock_taken import SHOP, pushed, said

if TYPE_CHECKING:
    from edge.config import Location
    from edge.stock.cache import StockCache
    from tests.stock.conftest import HandClock


@pytest.mark.promise("K-2")
async def test_a_shop_restored_from_a_backup_is_believed_once_its_older_revisions_cannot_be_late(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 30)), clock.wall)
    clock.pass_(OUTLIVED_S - 1)
    assert await cache.apply("pos", StockReport(SHOP, said(5, 20)), clock.wall) == Taken(refused=1)
    clock.pass_(2)
    assert await cache.apply("pos", pushed(5, 20), clock.wall) == Taken(refused=1)
    assert await cache.apply("pos", StockReport(SHOP, said(5, 20)), clock.wall) == Taken(changed=1)
    assert await cache.apply("pos", pushed(4, 21), clock.wall) == Taken(changed=1)


@pytest.mark.promise("K-1")
async def test_while_a_source_contradicts_what_it_said_its_numbers_are_not_live(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 30)), clock.wall)
    clock.pass_(LAGS_S + 1)
    await cache.apply("pos", StockReport(SHOP, None), clock.wall)
    taken = await cache.apply("pos", StockReport(SHOP, said(5, 20)), clock.wall)
    assert (taken.outdated, cache.standing("pos", "ginza").watermark_s) == (SHOP, clock.wall)
    clock.pass_(120)
    for _ in range(2):
        await cache.apply("pos", StockReport(SHOP, None), clock.wall)
        (line,) = cache.lines("A", [here], "ja", clock.wall)
        assert (line.available, line.fresh) == (None, "2分前")
        await cache.apply("pos", StockReport(SHOP, said(5, 20)), clock.wall)
    written = await cache._db.read(lambda db: db.execute("SELECT watermark_s FROM stock_shelf").fetchone()[0])
    assert written == clock.wall - 120
    clock.pass_(OUTLIVED_S)
    await cache.apply("pos", StockReport(SHOP, said(5, 20)), clock.wall)
    assert cache.lines("A", [here], "ja", clock.wall)[0].text == "在庫5点"


@pytest.mark.promise("K-2")
async def test_an_answer_of_a_copy_that_lags_contradicts_nothing(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, [*said(3, 30), *said(1, 5, "B")]), clock.wall)
    clock.pass_(LAGS_S - 1)
    assert not (await cache.apply("pos", StockReport(SHOP, [*said(5, 20), *said(1, 5, "B")]), clock.wall)).outdated
    clock.pass_(2)
    assert not (await cache.apply("pos", StockReport(SHOP, [*said(3, 29), *said(1, 5, "B")]), clock.wall)).outdated
    assert not (await cache.apply("pos", pushed(5, 20), clock.wall)).outdated


@pytest.mark.promise("K-2")
async def test_rows_that_are_alike_take_a_restored_shops_revision_so_that_its_next_sale_counts(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 30)), clock.wall)
    clock.pass_(OUTLIVED_S + 1)
    assert await cache.apply("pos", StockReport(SHOP, said(3, 20)), clock.wall) == Taken()
    assert await cache.apply("pos", pushed(2, 21), clock.wall) == Taken(changed=1)
