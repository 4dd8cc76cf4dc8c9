"""The adapter against a real django-oscar: what the app pushes and gives, what the documented API gives alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge.adapters import stock_oscar
from edge.bench.shops import oscar
from edge.config import checked
from edge.ports import StockLevel
from edge.stock.level import sellable
from edge.stock.system import BadDelivery, Delivery, Key, Pushed
from tests.stock.peers.asked import Asked, Door, eventually

pytestmark = pytest.mark.skipif(not oscar.there(), reason="django-oscar is not here; ./run test installs it")
PLACES = {"1": "ginza", "2": "shibuya"}
"""The shop's third partner is one that is not read."""


@pytest.fixture(scope="module")
def door() -> Door:
    return Door()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, door: Door) -> Iterator[oscar.Oscar]:
    one = oscar.Oscar(tmp_path_factory.mktemp("oscar"), products=1200, places=3, push=door.url, beat_s=0.2)
    with one.running():
        yield one


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[oscar.Oscar]:
    """A shop that pushes nothing."""
    one = oscar.Oscar(tmp_path_factory.mktemp("small"), products=5, places=3)
    with one.running():
        yield one


@asynccontextmanager
async def adapted(shop: oscar.Oscar, **more: object) -> AsyncIterator[tuple[stock_oscar.Oscar, Asked]]:
    raw = shop.settings(shop.folder, PLACES) | more
    async with aiohttp.ClientSession() as session:
        asked = Asked(shop.url, session)
        settings = checked(stock_oscar.Settings, raw, "stock.oscar")
        yield stock_oscar.system(settings, shop.folder, asked), asked


def counts(levels: list[StockLevel]) -> dict[tuple[str, str], int | None]:
    return {(level.sku, level.location): sellable(level) for level in levels}


def truth(shop: oscar.Oscar) -> dict[tuple[str, str], int]:
    return {(sku, PLACES[place]): n for (sku, place), n in shop.book_truth().items() if place in PLACES}


def last(door: Door, system: stock_oscar.Oscar) -> dict[tuple[str, str], int | None]:
    return counts([level for delivery in door.came for level in system.pushed(delivery).levels])


async def pushed(door: Door, system: stock_oscar.Oscar, sku: str) -> Pushed:
    """The newest push that names a SKU, once there is one."""
    found: list[Pushed] = []

    def came() -> bool:
        every = [system.pushed(delivery) for delivery in door.came]
        found[:] = [one for one in every if sku in {level.sku for level in one.levels} | {gone for gone, _ in one.gone}]
        return bool(found)

    await eventually(came)
    return found[-1]


async def test_everything_is_the_shops_own_database_in_a_few_pages(shop: oscar.Oscar) -> None:
    async with adapted(shop) as (system, asked):
        pages = [page async for page in system.everything()]
    assert counts([level for page in pages for level in page.levels]) == truth(shop)
    assert {item.name for page in pages for item in page.items} == {f"品 {n}" for n in range(1, 1201)}
    assert len(asked.calls) == 4


async def test_a_sale_by_allocate_is_pushed_with_a_newer_version_though_no_timestamp_moves(
    shop: oscar.Oscar, door: Door
) -> None:
    async with adapted(shop) as (system, _), shop.clerk() as hands, door.open():
        await hands.edit(1, 1, 5)
        first = await pushed(door, system, "S-000001")
        door.came.clear()
        await hands.sell(1, 1)
        second = await pushed(door, system, "S-000001")
        (told,) = (await system.read([Key("S-000001", "1")])).levels[:1]
    assert (first.levels[0].on_hand, first.levels[0].reserved) == (5, 0)
    assert (second.levels[0].on_hand, second.levels[0].reserved) == (5, 1)
    assert second.levels[0].revision > first.levels[0].revision
    assert told == second.levels[0]


async def test_pushes_and_beats_are_numbered_without_a_gap(shop: oscar.Oscar, door: Door) -> None:
    async with adapted(shop) as (system, _), shop.clerk() as hands, door.open():
        for count in range(3):
            await hands.edit(2, 2, count)
        await eventually(lambda: len(door.came) >= 6)
        every = [system.pushed(delivery) for delivery in door.came]
    first = every[0].seq
    assert [one.seq for one in every] == list(range(first, first + len(every)))
    assert len({one.stream for one in every}) == 1
    assert any(not one.levels and not one.gone for one in every)


async def test_asking_for_changes_finds_what_was_sold_and_what_was_deleted(shop: oscar.Oscar, door: Door) -> None:
    async with adapted(shop) as (system, asked), shop.clerk() as hands, door.open():
        await hands.sell(3, 1)
        await hands.remove(4, 1)
        gone = await pushed(door, system, "S-000004")
        pages = [page async for page in system.changed(0)]
    found = counts([level for page in pages for level in page.levels])
    assert found["S-000003", "ginza"] == truth(shop)["S-000003", "ginza"]
    assert found["S-000004", "ginza"] == 0
    assert gone.gone == (("S-000004", "ginza"),)
    assert len(asked.calls) == 1


async def test_what_was_not_taken_is_pushed_until_it_is(shop: oscar.Oscar, door: Door) -> None:
    async with adapted(shop) as (system, _), shop.clerk() as hands, door.open():
        door.says = 503
        await hands.edit(5, 1, 7)
        await hands.sell(5, 1)
        door.says = 204
        assert sellable((await pushed(door, system, "S-000005")).levels[0]) in (6, 7)
        await eventually(lambda: last(door, system).get(("S-000005", "ginza")) == 6)


async def test_a_shop_that_dies_before_it_pushed_pushes_when_it_is_back(tmp_path: Path, door: Door) -> None:
    one = oscar.Oscar(tmp_path, products=3, places=2, push=door.url, beat_s=0.2)
    with one.running() as process:
        async with one.clerk() as hands:
            await hands.sell(1, 1)
        process.kill()
    with one.running():
        async with adapted(one) as (system, _), door.open():
            found = (await pushed(door, system, "S-000001")).levels[0]
    assert sellable(found) == one.book_truth()["S-000001", "1"]


async def test_a_push_with_another_signature_or_form_is_none(shop: oscar.Oscar, door: Door) -> None:
    async with adapted(shop) as (system, _), shop.clerk() as hands, door.open():
        await hands.edit(6, 1, 1)
        await eventually(lambda: bool(door.came))
    right = door.came[0]
    with pytest.raises(BadDelivery):
        system.pushed(Delivery(right.url, right.headers, right.body + b" "))
    with pytest.raises(BadDelivery):
        system.pushed(Delivery(right.url, {}, right.body))


@pytest.mark.promise("K-1")
async def test_a_change_of_more_than_a_push_takes_vouches_for_nothing_newer_until_its_last_one(
    shop: oscar.Oscar, door: Door
) -> None:
    async with adapted(shop) as (system, _), shop.clerk() as hands, door.open():
        await eventually(lambda: bool(door.came))
        await hands.recount(1050, 41)
        await pushed(door, system, "S-000350")
        every = [system.pushed(delivery) for delivery in door.came]
    at = next(number for number, push in enumerate(every) if len(push.levels) > 600)
    before, part, rest = every[at - 1 : at + 2]
    assert before.sent_s == part.sent_s < rest.sent_s
    assert len(part.levels) + len(rest.levels) == 700
    assert {level.on_hand for push in (part, rest) for level in push.levels} == {41}


async def test_without_the_app_the_documented_api_gives_the_same(small: oscar.Oscar) -> None:
    async with adapted(small, app=False) as (system, asked):
        pages = [page async for page in system.everything()]
        key = system.key("S-000002", "shibuya")
        again = await system.read([key] if key else [])
    assert counts([level for page in pages for level in page.levels]) == truth(small)
    assert len(asked.calls) == 1 + 5 + 1
    assert counts(list(again.levels))["S-000002", "shibuya"] == truth(small)["S-000002", "shibuya"]


async def test_all_products_of_a_class_that_is_no_longer_counted_are_told_as_changed(small: oscar.Oscar) -> None:
    async with adapted(small) as (system, _), small.clerk() as hands:
        await hands.edit(1, 1, 4)
        before = [level async for page in system.changed(0) for level in page.levels]
        await hands.track(False)
        after = [level async for page in system.changed(0) for level in page.levels]
    assert [(level.sku, sellable(level)) for level in before] == [("S-000001", 4)]
    assert {(level.sku, level.location, level.status) for level in after} == {(*row, "in") for row in truth(small)}
    assert min(level.revision for level in after) > before[0].revision
