"""The adapter for WooCommerce against its fake: variations, stock that is not kept, backorders, signatures, pings."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import stock_woocommerce as woocommerce
from edge.ports import StockAway
from edge.stock.intake.inbox import digest
from edge.stock.system import BadDelivery, Delivery, Key, Pushed
from tests.stock.shops.straight import counts, opened, pages, whole
from tests.stock.shops.woocommerce import WooShop

VECTOR = Delivery(
    "",
    {
        "x-wc-webhook-topic": "product.updated",
        "x-wc-webhook-delivery-id": "d-1",
        # openssl dgst -sha256 -hmac "a secret with spaces & signs" -binary | openssl base64
        "x-wc-webhook-signature": "vV1qF9Pe67PY13bNbK/RP0Aeu0RlVxomthmf68B4Pv4=",
    },
    b'{"id":101,"stock_quantity":3}',
)


def full(products: int = 5) -> WooShop:
    shop = WooShop()
    for number in range(products):
        shop.stock(f"LN{number:03}", "online", number)
    shop.stock("TS-S", "online", 3)
    shop.stock("TS-M", "online", 0)
    shop.deliveries.clear()
    return shop


async def test_simple_products_and_variations_are_the_truth(tmp_path: Path) -> None:
    shop = full(230)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()


async def test_a_variable_product_itself_is_nothing_to_buy(tmp_path: Path) -> None:
    async with opened(woocommerce, full(0), tmp_path) as (system, _):
        assert set(counts((await whole(system)).values())) == {"TS-S", "TS-M"}


@pytest.mark.parametrize(
    ("fields", "available", "status"),
    [
        ({"manage_stock": False, "stock_status": "instock"}, None, "in"),
        ({"manage_stock": False, "stock_status": "outofstock"}, None, "none"),
        ({"manage_stock": False, "stock_status": "onbackorder"}, None, "order"),
        ({"manage_stock": True, "stock_quantity": -2, "stock_status": "onbackorder"}, None, "order"),
        ({"manage_stock": True, "stock_quantity": 2.7, "stock_status": "instock"}, 2, ""),
        ({"manage_stock": True, "stock_quantity": 4, "stock_status": "outofstock"}, 0, ""),
        ({"manage_stock": "parent", "stock_quantity": 6, "stock_status": "instock"}, 6, ""),
        ({"manage_stock": True, "stock_quantity": 4, "status": "draft"}, 0, ""),
    ],
)
async def test_what_a_product_says_of_its_stock(
    tmp_path: Path, fields: dict[str, Any], available: int | None, status: str
) -> None:
    shop = WooShop()
    shop.product("A", **fields)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        (level,) = (await whole(system)).values()
    assert (level.available, level.status) == (available, status)


async def test_a_product_deleted_since_it_was_listed_has_no_variations_and_holds_nothing_up(tmp_path: Path) -> None:
    shop = full(2)
    shop.between = lambda: shop.products.pop(shop.product("TS")["id"]) and None
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"LN000": 0, "LN001": 1}


async def test_a_variation_has_its_size_its_parents_name_and_few_left_figure(tmp_path: Path) -> None:
    shop = full(0)
    shop.product("TS", low_stock_amount=2)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        items = [item async for page in system.everything() for item in page.items]
    assert {(one.sku, one.style, one.size, one.name, one.few) for one in items} == {
        ("TS-S", "TS", "S", "Linen shirt", 2),
        ("TS-M", "TS", "M", "Linen shirt", 2),
    }


async def test_variations_without_codes_of_their_own_bear_one_of_which_nothing_is_known(tmp_path: Path) -> None:
    shop = full(0)
    for variation in shop.products[101]["variations"]:
        shop.products[variation]["sku"] = "TS"
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"TS": None}


async def test_asking_for_changes_misses_a_sale_and_reading_finds_it(tmp_path: Path) -> None:
    shop = full(3)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        await whole(system)
        now = shop.clock() + 60
        shop.clock = lambda: now
        shop.sell("LN002", "online")
        shop.stock("LN001", "online", 8)
        assert counts(await pages(system.changed(now))) == {"LN001": 8}
        assert counts((await system.read([system.key("LN002", "online")])).levels) == {"LN002": 1}


async def test_a_delivery_names_the_product_to_read_and_never_a_figure(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        shop.sell("TS-S", "online")
        (delivery,) = shop.take()
        told = system.pushed(delivery)
        parent = str(shop.product("TS")["id"])
        assert told == Pushed(id=delivery.headers["x-wc-webhook-delivery-id"], keys=(Key(parent),))
        assert counts((await system.read(told.keys)).levels) == {"TS-S": 2, "TS-M": 0}


async def test_a_signature_computed_elsewhere_is_right_and_any_other_wrong(tmp_path: Path) -> None:
    async with opened(woocommerce, full(1), tmp_path) as (system, _):
        assert system.pushed(VECTOR) == Pushed(id="d-1", keys=(Key("101"),))
        topic, signature = {"x-wc-webhook-topic": "product.updated"}, "x-wc-webhook-signature"
        other = replace(VECTOR, body=VECTOR.body + b" ")
        as_hex = base64.b64decode(VECTOR.headers[signature]).hex()
        for delivery in (other, replace(VECTOR, headers=topic), replace(VECTOR, headers=topic | {signature: as_hex})):
            with pytest.raises(BadDelivery):
                system.pushed(delivery)


async def test_the_unsigned_ping_says_nothing_and_nothing_else_passes_unsigned(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        assert (
            system.pushed(shop.ping()) == system.pushed(replace(shop.ping(), body=b"webhook_id=8")) == Pushed(id="ping")
        )
        with pytest.raises(BadDelivery):
            system.pushed(replace(shop.ping(), body=b'{"id":101}'))
        with pytest.raises(BadDelivery, match="topic"):
            system.pushed(shop.delivery(b'{"id":5}', topic="order.updated"))


async def test_two_deliveries_without_an_id_are_two_though_their_bytes_are_the_same(tmp_path: Path) -> None:
    headers = {name: value for name, value in VECTOR.headers.items() if name != "x-wc-webhook-delivery-id"}
    async with opened(woocommerce, full(1), tmp_path) as (system, _):
        one, other = (system.pushed(replace(VECTOR, headers=headers)) for _ in range(2))
    assert one.keys == other.keys
    assert digest(one, VECTOR.body) != digest(other, VECTOR.body)


async def test_a_deleted_product_is_none_left(tmp_path: Path) -> None:
    shop = full(2)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        await whole(system)
        id = shop.product("LN001")["id"]
        del shop.products[id]
        told = system.pushed(shop.delivery(json.dumps({"id": id}).encode(), "product.deleted"))
        assert counts((await system.read(told.keys)).levels) == {"LN001": 0}


@pytest.mark.parametrize("quantity", ["many", 1e308, {}, 10**12])
async def test_a_figure_that_is_none_refuses_the_answer(tmp_path: Path, quantity: object) -> None:
    shop = full(1)
    shop.product("LN000", stock_quantity=quantity)
    async with opened(woocommerce, shop, tmp_path) as (system, _):
        with pytest.raises(StockAway, match="stock_quantity"):
            await whole(system)
