"""The adapter for Magento MSI against its fake: sources and stocks, reservations, lists that go on by the last SKU."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from edge.adapters import stock_magento as magento
from edge.ports import StockAway
from edge.stock.level import sellable
from edge.stock.system import Key
from tests.stock.shops.magento import WAREHOUSE, MagentoShop
from tests.stock.shops.straight import counts, opened, whole


def full(skus: int = 3) -> MagentoShop:
    shop = MagentoShop()
    for number in range(skus):
        shop.stock(f"LN{number:03}", "ginza", number)
        shop.stock(f"LN{number:03}", "online", 2 * number)
    return shop


async def test_sources_and_stocks_are_the_truth(tmp_path: Path) -> None:
    shop = full(20)
    shop.sell("LN004", "online")
    async with opened(magento, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: sellable(level) for key, level in found.items()} == shop.levels()


async def test_a_source_of_three_pages_is_whole_and_ends(tmp_path: Path) -> None:
    shop = full(600)
    async with opened(magento, shop, tmp_path, locations={"store_1": "ginza"}) as (system, calls):
        found = await whole(system)
    assert counts(found.values()) == {f"LN{number:03}": number for number in range(600)}
    assert len(calls.asked) == 3


async def test_items_deleted_during_a_walk_lose_no_other(tmp_path: Path) -> None:
    shop = full(700)

    def delete_in_front() -> None:
        if shop.calls == 2:
            for number in range(100):
                del shop.items[f"LN{number:03}", "store_1"]

    shop.between = delete_in_front
    async with opened(magento, shop, tmp_path, locations={"store_1": "ginza"}) as (system, _):
        found = await whole(system)
    assert {sku for sku, _ in found} >= {sku for sku, source in shop.items if source == "store_1"}


async def test_an_order_is_taken_off_what_is_salable_and_not_off_the_source(tmp_path: Path) -> None:
    shop = full()
    async with opened(magento, shop, tmp_path) as (system, _):
        shop.sell("LN002", "online")
        page = await system.read([system.key("LN002", "online"), system.key("LN002", "ginza")])
    assert {(level.location, sellable(level)) for level in page.levels} == {("online", 3), ("ginza", 2)}


async def test_safety_is_kept_back_of_a_source_and_not_twice_of_a_stock(tmp_path: Path) -> None:
    async with opened(magento, full(), tmp_path, safety=1) as (system, _):
        found = await whole(system)
    assert sellable(found["LN002", "ginza"]) == 1
    assert sellable(found["LN002", "online"]) == 4


async def test_an_item_that_is_out_of_stock_by_its_status_is_none_left(tmp_path: Path) -> None:
    shop = full()
    shop.item("LN002", "store_1", 5.0, status=0)
    shop.item("LN001", "store_1", 2.9)
    async with opened(magento, shop, tmp_path, locations={"store_1": "ginza"}) as (system, _):
        assert counts((await whole(system)).values()) == {"LN000": 0, "LN001": 2, "LN002": 0}


async def test_a_sku_that_no_stock_sells_is_not_carried_there(tmp_path: Path) -> None:
    shop = full(1)
    shop.stock("STORE-ONLY", "ginza", 4)
    async with opened(magento, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert ("STORE-ONLY", "online") not in found
    assert sellable(found["STORE-ONLY", "ginza"]) == 4


async def test_what_is_gone_when_it_is_read_again_is_none_left_and_what_never_was_is_nothing(tmp_path: Path) -> None:
    shop = full()
    async with opened(magento, shop, tmp_path) as (system, _):
        await whole(system)
        del shop.items["LN001", "store_1"]
        del shop.items["LN002", WAREHOUSE]
        keys = [Key("LN001", "store_1"), Key("LN002", "stock:2"), Key("OTHER", "store_1"), Key("LN000", "store_9")]
        page = await system.read(keys)
    assert {(level.sku, level.location, level.available) for level in page.levels} == {
        ("LN001", "ginza", 0),
        ("LN002", "online", 0),
    }


async def test_skus_with_signs_of_their_own_are_read(tmp_path: Path) -> None:
    shop = full(0)
    for sku in ("A,B", "A/B", "A B", "ä&=%"):
        shop.stock(sku, "ginza", 3)
        shop.stock(sku, "online", 4)
    async with opened(magento, shop, tmp_path) as (system, _):
        assert {key: sellable(level) for key, level in (await whole(system)).items()} == shop.levels()
        page = await system.read([system.key(sku, place) for sku, place in shop.levels()])
    assert {(level.sku, level.location): sellable(level) for level in page.levels} == shop.levels()


async def test_an_empty_shop_that_answers_null_is_empty(tmp_path: Path) -> None:
    shop = full(0)
    shop.say = lambda _: web.json_response({"items": None, "search_criteria": {}, "total_count": 0})
    async with opened(magento, shop, tmp_path) as (system, _):
        assert await whole(system) == {}


@pytest.mark.parametrize("body", [b'{"message":"x"}', b'"3; DROP"', b"[3]", b"1e308", b"true"])
async def test_a_salable_quantity_that_is_none_refuses_the_answer(tmp_path: Path, body: bytes) -> None:
    shop = full(1)
    async with opened(magento, shop, tmp_path) as (system, _):
        shop.say = lambda _: web.Response(body=body, content_type="application/json")
        with pytest.raises(StockAway, match="salable"):
            await system.read([Key("LN000", "stock:2")])


def test_a_place_is_a_source_or_a_numbered_stock(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="number of a stock"):
        magento.Settings.model_validate(
            full(0).settings("http://127.0.0.1:1", tmp_path) | {"locations": {"stock:x": "a"}}
        )
