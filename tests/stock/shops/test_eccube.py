"""The adapter for EC-CUBE against its fake: classes, unlimited stock, a list whose front moves, bare bodies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edge.adapters import stock_eccube as eccube
from edge.ports import StockAway
from edge.stock.intake.inbox import digest
from edge.stock.system import BadDelivery, Delivery, Key
from tests.stock.shops.eccube import EcCubeShop
from tests.stock.shops.straight import counts, opened, whole

VECTOR = Delivery(
    "",
    # openssl dgst -sha256 -hmac eccube-secret
    {"x-eccube-signature": "9c16347f4a97dde1e9c0dcc1a44a582a19a099071e90b0b5dfe615ab4dd6171e"},
    b'[{"entity":"product","id":13,"action":"updated"}]',
)


def full(products: int = 5) -> EcCubeShop:
    ticks = iter(range(1_000_000))
    shop = EcCubeShop(lambda: 1_795_000_000.0 + next(ticks))
    for number in range(products):
        shop.stock(f"LN{number:03}", "online", number)
    shop.deliveries.clear()
    return shop


async def test_products_of_three_pages_are_the_truth(tmp_path: Path) -> None:
    shop = full(230)
    shop.stock("TS-S", "online", 3)
    shop.stock("TS-M", "online", 0)
    async with opened(eccube, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()


async def test_a_product_changed_while_the_list_is_read_jumps_to_the_front_and_is_read_there(tmp_path: Path) -> None:
    shop = full(250)

    def change_the_last() -> None:
        if shop.calls == 4:
            shop.stock("LN000", "online", 77)
            shop.stock("LN249", "online", 78)

    shop.between = change_the_last
    async with opened(eccube, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()


async def test_products_deleted_during_a_walk_lose_no_other(tmp_path: Path) -> None:
    shop = full(250)

    def delete_in_front() -> None:
        if shop.calls == 4:
            for number in range(249, 209, -1):
                del shop.products[f"LN{number:03}"]

    shop.between = delete_in_front
    async with opened(eccube, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert set(found) >= set(shop.levels())


@pytest.mark.parametrize(
    ("fields", "status", "available"),
    [
        ({"stock": 3.0}, "", 3),
        ({"stock": None, "stock_unlimited": True}, "in", None),
        ({"stock": None}, "", 0),
        ({"stock": -2}, "", 0),
    ],
)
async def test_what_a_class_says_of_its_stock(
    tmp_path: Path, fields: dict[str, Any], status: str, available: int | None
) -> None:
    shop = full(0)
    shop.variant("A-S", **fields)
    async with opened(eccube, shop, tmp_path) as (system, _):
        (level,) = (await whole(system)).values()
    assert (level.available, level.status) == (available, status)


async def test_a_hidden_product_is_none_left_and_the_class_behind_its_variants_is_nothing(tmp_path: Path) -> None:
    shop = full(2)
    shop.product("LN001", Status={"id": "2"})
    shop.variant("LN001", visible=False)
    shop.stock("LN001-S", "online", 4)
    async with opened(eccube, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"LN000": 0, "LN001-S": 0}


async def test_a_class_has_its_size_by_the_shops_own_word(tmp_path: Path) -> None:
    shop = full(0)
    shop.stock("TS-S", "online", 3)
    async with opened(eccube, shop, tmp_path) as (system, _):
        (item,) = [item async for page in system.everything() for item in page.items]
    assert (item.style, item.size, item.name) == ("13", "S", "TS")


@pytest.mark.parametrize(
    "body",
    [
        b'[{"entity":"product","id":13,"action":"updated"},{"entity":"product","id":14,"action":"created"}]',
        b'{"entity":"product","id":13,"action":"updated"},\n {"entity":"product","id":14,"action":"created"}',
        b'[{"entity":"order","id":9,"action":"created"},{"entity":"product","id":13},{"entity":"product","id":14}]',
    ],
)
async def test_a_delivery_names_products_with_and_without_brackets(tmp_path: Path, body: bytes) -> None:
    shop = full()
    async with opened(eccube, shop, tmp_path) as (system, _):
        told = system.pushed(shop.delivery(body))
        assert told.keys == (Key("13"), Key("14"))
        assert counts((await system.read(told.keys)).levels) == {"LN000": 0, "LN001": 1}


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"entity":"product","id":-1}', b'{"a":1}{"b":2}', b"[" * 9999])
async def test_a_signed_body_that_is_no_list_is_refused(tmp_path: Path, body: bytes) -> None:
    shop = full()
    async with opened(eccube, shop, tmp_path) as (system, _):
        with pytest.raises(BadDelivery):
            system.pushed(shop.delivery(body))


async def test_a_signature_computed_elsewhere_is_right_and_any_other_wrong(tmp_path: Path) -> None:
    async with opened(eccube, full(), tmp_path) as (system, _):
        assert system.pushed(VECTOR).keys == (Key("13"),)
        for wrong in (replace(VECTOR, body=VECTOR.body + b"\n"), replace(VECTOR, headers={})):
            with pytest.raises(BadDelivery):
                system.pushed(wrong)


async def test_two_deliveries_of_the_same_bytes_are_two(tmp_path: Path) -> None:
    async with opened(eccube, full(), tmp_path) as (system, _):
        one, other = (digest(system.pushed(VECTOR), VECTOR.body) for _ in range(2))
    assert one != other


async def test_a_schema_without_a_field_is_told_by_its_name(tmp_path: Path) -> None:
    shop = full()
    shop.types["ProductClass"].remove("stock_unlimited")
    async with opened(eccube, shop, tmp_path) as (system, _):
        with pytest.raises(StockAway, match=r"ProductClass\.stock_unlimited"):
            await whole(system)


async def test_a_shop_that_hides_its_schema_is_believed(tmp_path: Path) -> None:
    shop = full()
    shop.types.clear()
    async with opened(eccube, shop, tmp_path) as (system, _):
        assert len(await whole(system)) == 5


async def test_a_product_that_is_no_more_is_none_left(tmp_path: Path) -> None:
    shop = full()
    async with opened(eccube, shop, tmp_path) as (system, _):
        await whole(system)
        key = system.key("LN003", "online")
        del shop.products["LN003"]
        assert counts((await system.read([key, Key("no number")])).levels) == {"LN003": 0}


async def test_a_token_that_was_taken_back_is_renewed_at_once_and_no_other_fault_costs_one(tmp_path: Path) -> None:
    shop = full()
    async with opened(eccube, shop, tmp_path) as (system, _):
        await whole(system)
        shop.say = lambda _: web.Response(status=500)
        with pytest.raises(StockAway):
            await whole(system)
        shop.say, shop.access = None, "another"
        assert len(await whole(system)) == 5
    assert shop.renewals == 2
    assert (tmp_path / "eccube.refresh").read_text().strip() == shop.refresh
