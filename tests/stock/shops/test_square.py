"""Square's own ways: decimal strings, states, counts that were never touched, a signature over URL and body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from edge.adapters import stock_square
from edge.ports import StockAway, StockLevel
from edge.stock.system import BadDelivery, Delivery, Key, Reserve
from tests.stock.shops.direct import Opened, opened
from tests.stock.shops.square import HOOK, Square, signed

AT = 1_795_252_365.223


@pytest.fixture
def shop() -> Square:
    fake = Square(lambda: AT)
    fake.stock("LN-09-M", "ginza", 3)
    fake.stock("LN-09-M", "shinjuku", 0)
    fake.stock("LN-09-L", "ginza", 1)
    fake.stock("LN-09-L", "elsewhere", 8)
    fake.bare("LN-09-S")
    return fake


@pytest.fixture
async def adapter(shop: Square, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(shop, stock_square, tmp_path) as found:
        yield found


async def test_everything_is_what_was_ever_counted_at_the_named_places(shop: Square, adapter: Opened) -> None:
    assert await adapter.everything() == shop.levels()
    assert not any(sku == "LN-09-S" for sku, _ in shop.levels())


async def test_many_pages_by_cursor_are_one_walk(shop: Square, adapter: Opened) -> None:
    for n in range(30):
        shop.stock(f"S{n}", "ginza", n)
    shop.page = 7
    assert await adapter.everything() == shop.levels()


@pytest.mark.parametrize(("told", "units"), [("2.50000", 2), ("0.99999", 0), ("-1", 0), ("7", 7)])
async def test_a_quantity_is_a_decimal_string_and_rounded_down(
    shop: Square, adapter: Opened, told: str, units: int
) -> None:
    shop.count("W62U0000", "ginza", "IN_STOCK", told)
    assert (await adapter.everything())["LN-09-M", "ginza"] == units


async def test_what_is_reserved_for_sale_is_off_the_stock_once_and_not_twice(shop: Square, adapter: Opened) -> None:
    shop.count("W62U0000", "ginza", "IN_STOCK", "2")
    shop.count("W62U0000", "ginza", "RESERVED_FOR_SALE", "1")
    assert (await adapter.everything())["LN-09-M", "ginza"] == 2


async def test_another_states_count_is_a_reason_to_read_not_a_number(shop: Square, adapter: Opened) -> None:
    await adapter.everything()
    shop.take()
    shop.count("W62U0000", "ginza", "RESERVED_FOR_SALE", "9")
    pushed = adapter.system.pushed(shop.take()[0])
    assert (pushed.levels, pushed.keys) == ((), (Key("W62U0000", "L1"),))


async def test_changes_are_asked_for_by_the_counts_own_time(shop: Square, adapter: Opened) -> None:
    shop.clock = lambda: AT + 60
    shop.sell("LN-09-M", "ginza")
    assert await adapter.changed(AT + 60) == {("LN-09-M", "ginza"): 2}
    assert len(await adapter.changed(AT)) == len(shop.levels())


async def test_a_webhook_says_the_new_number_once_its_sku_is_known(shop: Square, adapter: Opened) -> None:
    first, *_ = shop.take()
    assert adapter.system.pushed(first).keys == (Key("W62U0000", "L1"),)
    page = await adapter.system.read([Key("W62U0000", "L1")])
    assert page.levels == (StockLevel("LN-09-M", "ginza", 3, revision=1_795_252_365_223),)
    assert adapter.system.pushed(first).levels == page.levels
    assert adapter.system.pushed(first).id.startswith("e-")


async def test_squares_own_vector_of_a_signature_is_believed(tmp_path: Path, adapter: Opened) -> None:
    (tmp_path / "secret").write_text("Ibxx_5AKakO-3qeNVR61Dw")  # of the tests of Square's client, as published
    body = (
        b'{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
        b'"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
        b'"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}'
    )
    headers = {"x-square-hmacsha256-signature": "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="}
    url = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9"
    assert adapter.system.pushed(Delivery(url, headers, body)).levels == ()
    for other in (Delivery(url + "/", headers, body), Delivery(url, headers, body + b" "), Delivery(url, {}, body)):
        with pytest.raises(BadDelivery, match="signature"):
            adapter.system.pushed(other)


@pytest.mark.parametrize("quantity", [None, "NaN", "1e308", "many", True])
async def test_a_signed_count_that_is_no_number_is_refused(shop: Square, adapter: Opened, quantity: object) -> None:
    count = {
        "catalog_object_id": "W62U0000", "state": "IN_STOCK", "location_id": "L1", "quantity": quantity,
        "calculated_at": "2026-11-21T09:12:45.223Z",
    }  # fmt: skip
    with pytest.raises(BadDelivery, match="documented form"):
        adapter.system.pushed(signed(shop.event([count])))


async def test_what_concerns_another_place_or_type_says_nothing(shop: Square, adapter: Opened) -> None:
    await adapter.everything()
    elsewhere = adapter.system.pushed(shop.take()[3])
    paid = adapter.system.pushed(signed(shop.event([], type="payment.updated")))
    assert not any((told.levels or told.keys) for told in (elsewhere, paid))


async def test_what_square_only_estimates_is_no_number(shop: Square, adapter: Opened) -> None:
    await adapter.everything()
    count = shop._told(("W62U0000", "L1", "IN_STOCK")) | {"is_estimated": True}
    assert adapter.system.pushed(signed(shop.event([count]))).levels == ()


async def test_of_two_variations_with_one_sku_no_number_is_told(shop: Square, adapter: Opened) -> None:
    twin = shop.variation("LN-09-M")
    shop.count(twin, "ginza", "IN_STOCK", "5")
    assert (await adapter.everything())["LN-09-M", "ginza"] is None
    assert adapter.system.pushed(shop.take()[0]).levels == ()


async def test_what_the_shop_does_not_count_has_no_number(shop: Square, adapter: Opened) -> None:
    shop.variations["W62U0000"]["track_inventory"] = False
    shop.variations["W62U0001"]["location_overrides"] = [{"location_id": "L1", "track_inventory": False}]
    assert set((await adapter.everything()).values()) == {None}


async def test_an_item_has_its_style_size_and_name(adapter: Opened) -> None:
    item = (await adapter.items())["LN-09-M"]
    assert (item.style, item.color, item.size, item.name) == ("ITEM1", "", "M", "リネンシャツ")


async def test_a_thousand_and_one_variations_are_two_questions(shop: Square, adapter: Opened) -> None:
    for n in range(1001):
        shop.stock(f"S{n}", "ginza", 1)
    keys = [Key(id, "L1") for id in shop.variations]
    assert len((await adapter.system.read(keys)).levels) == 1003
    assert not shop.breaches


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("body", [{"a": 1}, {"errors": [{"code": "X"}]}, {"counts": [], "errors": [1]}, [], None])
async def test_an_answer_that_is_not_squares_is_not_an_empty_list(shop: Square, adapter: Opened, body: object) -> None:
    shop.say = lambda _: web.json_response(body)
    with pytest.raises(StockAway):
        await adapter.everything()


async def test_a_wrong_token_is_away(shop: Square, adapter: Opened, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("other")
    with pytest.raises(StockAway, match="401"):
        await adapter.everything()


def test_nothing_is_kept_for_a_shopper_by_this_api() -> None:
    assert stock_square.CAN.reserve is Reserve.NONE
    assert HOOK.startswith("https://")
