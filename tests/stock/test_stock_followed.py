"""What who follows a shelf, and who asks for its age, may rely on: numbers that move only with figures, ties told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.ports import StockLevel, StockReport, Taken
from edge.stock.cache import Rows, StockCache
from edge.stock.freshness import LIVE_S, Mark, age_of

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock, Opened

SHOP = frozenset({"ginza"})


def said(count: int, revision: int = 0, sku: str = "A") -> list[StockLevel]:
    return [StockLevel(sku, "ginza", count, revision=revision)]


async def test_a_push_that_a_row_is_gone_is_a_tie_where_a_later_word_may_have_come(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
    gone = StockReport(SHOP, (), whole=False, vouches=False, sure=False, gone=[("A", "ginza")])
    assert await cache.apply("pos", gone, clock.wall) == Taken(ties=(("A", "ginza"),))
    assert cache.levels("pos", "ginza") == {"A": 3}


async def test_a_revision_alone_moves_no_number_and_is_sent_to_nobody(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, [*said(3, 5), *said(4, 5, "B")]), clock.wall)
    clock.pass_(1)
    assert await cache.apply("pos", StockReport(SHOP, said(3, 6), whole=False), clock.wall) == Taken()
    assert cache.standing("pos", "ginza").n == 1
    await cache.apply("pos", StockReport(SHOP, said(1, 6, "B"), whole=False), clock.wall)
    assert (await cache.rows_after("pos", "ginza", 1, 10)).levels == tuple(said(1, 6, "B"))


async def test_when_a_shelf_was_last_told_whole_outlives_what_changes_and_a_restart(
    opened: Opened, clock: HandClock
) -> None:
    whole_s = clock.wall
    async with opened() as cache:
        await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
        clock.pass_(60)
        await cache.apply("pos", StockReport(SHOP, said(2), whole=False), clock.wall)
        assert cache.standing("pos", "ginza").full_s == whole_s
    async with opened() as cache:
        assert cache.standing("pos", "ginza").full_s == whole_s


async def test_the_parts_of_a_hidden_channel_are_hidden_with_it(cache: StockCache, clock: HandClock) -> None:
    cache.hide(["hub"])
    await cache.apply("hub", StockReport(SHOP, said(3), part="pos"), clock.wall)
    assert cache.shelves() == {}
    assert cache.known("A", "ginza", clock.wall).level is None
    assert await cache.rows_of("hub/pos", "ginza") == Rows()


@pytest.mark.parametrize(
    ("mark", "now_s", "floor_s"),
    [
        (Mark(0.0), 1e9, 0.0),  # never whole
        (Mark(1e9), 1e9 - 1, 0.0),  # written in what is now the future
        (Mark(1e9), 1e9 + 60, 1e9 + 61),  # by a clock that stands before a moment that has passed
    ],
)
def test_of_a_restored_shelf_nobody_can_tell_the_age_by_a_clock_that_is_wrong(
    mark: Mark, now_s: float, floor_s: float
) -> None:
    assert age_of(mark, now_s, 100.0, floor_s) is None


def test_of_a_restored_shelf_nobody_can_tell_the_age_by_a_clock_that_nothing_keeps_right() -> None:
    ages = [age_of(mark, 1e9 + 60, 100.0, 0.0, lambda: False) for mark in (Mark(1e9), Mark(1e9, 40.0))]
    assert ages == [None, 60.0]


def test_a_restored_shelf_is_never_live() -> None:
    found = age_of(Mark(1e9), 1e9 + 1, 100.0)
    assert found is not None
    assert found > LIVE_S
