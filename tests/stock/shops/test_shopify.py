"""Shopify's own ways: no SKU in a webhook, stamps of whole seconds, retries with old bodies, points, two of one SKU."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.adapters import stock_shopify
from edge.ports import StockAway, StockLevel
from edge.stock.intake.opening import can_of
from edge.stock.system import BadDelivery, Budget, Delivery, Key, Since
from tests.stock.intake.rig import all_of, asked, driven
from tests.stock.shops.direct import Opened, opened
from tests.stock.shops.shopify import ELSEWHERE, HOOK, Row, Shopify, signed

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock

ITEM = "gid://shopify/InventoryItem/411"
AT = 1_795_252_365


@pytest.fixture
def shop() -> Shopify:
    fake = Shopify(lambda: float(AT))
    fake.stock("LN-09-M", "ginza", 3)
    fake.stock("LN-09-M", "shinjuku", 0)
    fake.stock("LN-09-L", "ginza", -2)
    fake.rows[411, ELSEWHERE] = fake.rows[411, 71]
    fake.bare("LN-09-S")
    return fake


@pytest.fixture
async def adapter(shop: Shopify, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(shop, stock_shopify, tmp_path) as found:
        yield found


async def test_everything_is_what_the_named_locations_have_available(shop: Shopify, adapter: Opened) -> None:
    assert await adapter.everything() == shop.levels()
    assert shop.levels()["LN-09-L", "ginza"] == 0
    assert not shop.breaches


async def test_many_pages_by_cursor_are_one_walk(shop: Shopify, adapter: Opened) -> None:
    for n in range(40):
        shop.stock(f"S{n}", "ginza", n)
    shop.page = 7
    assert await adapter.everything() == shop.levels()
    assert len(adapter.call.asked) > 6


async def test_an_item_has_its_style_size_and_jan(shop: Shopify, adapter: Opened) -> None:
    shop.items[411]["barcode"] = "4901234567894"
    shop.items[411]["options"] = [{"name": "カラー", "value": "白"}, {"name": "サイズ", "value": "M"}]
    item = (await adapter.items())["LN-09-M"]
    assert (item.gtin, item.style, item.color, item.size) == ("04901234567894", "gid://shopify/Product/7", "白", "M")


async def test_changes_are_asked_for_by_the_levels_own_stamp(shop: Shopify, adapter: Opened) -> None:
    shop.clock = lambda: AT + 60.0
    shop.sell("LN-09-M", "ginza")
    assert await adapter.changed(AT + 59.9) == {("LN-09-M", "ginza"): 2}
    assert len(await adapter.changed(AT - 1)) == len(shop.levels())


async def test_a_webhook_says_the_new_number_once_its_sku_is_known(shop: Shopify, adapter: Opened) -> None:
    first, *_ = shop.take()
    assert adapter.system.pushed(first).keys == (Key(ITEM, "71"),)
    await adapter.system.read([Key(ITEM, "71")])
    pushed = adapter.system.pushed(first)
    assert pushed.levels == (StockLevel("LN-09-M", "ginza", 3, revision=AT * 1000),)
    assert pushed.id == first.headers["x-shopify-webhook-id"]


async def test_a_late_retry_with_its_old_body_has_its_old_stamp(shop: Shopify, adapter: Opened) -> None:
    await adapter.everything()
    early = shop.take()[0]
    shop.clock = lambda: AT + 3600.0
    shop.sell("LN-09-M", "ginza")
    (late,) = shop.take()
    old, new = (adapter.system.pushed(one).levels[0].revision for one in (early, late))
    assert old < new


async def test_a_signature_that_openssl_made_over_the_raw_body_is_believed(adapter: Opened) -> None:
    body = (
        b'{"inventory_item_id":411,"location_id":71,"available":3,"updated_at":"2026-11-21T18:12:45+09:00",'
        b'"admin_graphql_api_id":"gid://shopify/InventoryLevel/71?inventory_item_id=411"}'
    )
    given = "FvMrjca/CuP8S3fAW8oJjOexLoZtRfwvsN2JAKqHCAY="  # openssl dgst -sha256 -hmac hush -binary | base64
    headers = {"x-shopify-hmac-sha256": given, "x-shopify-topic": "inventory_levels/update"}
    assert adapter.system.pushed(Delivery(HOOK, headers, body)).keys == (Key(ITEM, "71"),)
    with pytest.raises(BadDelivery, match="signature"):
        adapter.system.pushed(Delivery(HOOK, headers, body.replace(b"3", b"9", 1)))


async def test_for_an_hour_after_a_change_the_old_secret_signs_too(adapter: Opened, tmp_path: Path) -> None:
    delivery = signed(b'{"inventory_item_id":411,"location_id":71}', "inventory_levels/update", "w", "older")
    with pytest.raises(BadDelivery):
        adapter.system.pushed(delivery)
    (tmp_path / "secret").write_text("newer\nolder\n")
    assert adapter.system.pushed(delivery).keys


@pytest.mark.parametrize(
    ("body", "topic"),
    [
        (b'{"inventory_item_id":"x","location_id":71}', "inventory_levels/update"),
        (b'{"inventory_item_id":411,"location_id":71,"available":1e308}', "inventory_levels/update"),
        (b'{"inventory_item_id":411,"location_id":71,"updated_at":"yesterday"}', "inventory_levels/update"),
        (b"[" * 10_000, "inventory_levels/update"),
    ],
)
async def test_a_signed_body_of_another_form_is_none(adapter: Opened, body: bytes, topic: str) -> None:
    with pytest.raises(BadDelivery):
        adapter.system.pushed(signed(body, topic, "w"))


async def test_what_concerns_another_place_topic_or_shop_says_nothing(shop: Shopify, adapter: Opened) -> None:
    await adapter.everything()
    elsewhere = adapter.system.pushed(shop.webhook(411, ELSEWHERE, 9, AT))
    order = adapter.system.pushed(signed(b"{}", "orders/create", "w"))
    assert not any((told.levels or told.keys or told.gone) for told in (elsewhere, order))
    other = shop.webhook(411, 71, 9, AT)
    with pytest.raises(BadDelivery, match="another shop"):
        adapter.system.pushed(Delivery(HOOK, dict(other.headers) | {"x-shopify-shop-domain": "x.example"}, other.body))


async def test_an_item_that_is_not_stocked_there_any_more_is_gone(shop: Shopify, adapter: Opened) -> None:
    await adapter.everything()
    assert adapter.system.pushed(shop.webhook(411, 71, None, AT, "disconnect")).gone == (("LN-09-M", "ginza"),)


async def test_only_what_was_asked_is_read_and_what_is_no_more_is_left_out(shop: Shopify, adapter: Opened) -> None:
    await adapter.everything()
    keys = [adapter.system.key("LN-09-M", "ginza"), adapter.system.key("LN-09-L", "shinjuku")]
    gone = Key("gid://shopify/InventoryItem/9", "71")
    page = await adapter.system.read([key for key in keys if key] + [gone])
    assert page.levels == (StockLevel("LN-09-M", "ginza", 3, revision=AT * 1000),)
    assert adapter.system.key("UNKNOWN", "ginza") is adapter.system.key("LN-09-M", "nowhere") is None


async def test_a_reading_of_many_items_stays_under_a_questions_highest_cost(shop: Shopify, adapter: Opened) -> None:
    for n in range(400):
        shop.stock(f"S{n}", "ginza", n)
    keys = [Key(f"gid://shopify/InventoryItem/{id}", place) for id in shop.items for place in ("71", "72")]
    assert len((await adapter.system.read(keys)).levels) == len(shop.levels())
    assert not shop.breaches


async def test_of_two_items_with_one_sku_no_number_is_told(shop: Shopify, adapter: Opened) -> None:
    twin = shop.item("LN-09-M")
    shop.rows[twin, 71] = Row(3, AT - 60)
    assert (await adapter.everything())["LN-09-M", "ginza"] is None
    assert adapter.system.pushed(shop.webhook(411, 71, 3, AT)).levels == ()
    page = await adapter.system.read([Key(ITEM, "71")])
    assert page.levels[0].available is None
    assert page.levels[0].revision > AT * 1000


async def test_what_the_shop_does_not_count_has_no_number(shop: Shopify, adapter: Opened) -> None:
    shop.items[411]["tracked"] = False
    assert (await adapter.everything())["LN-09-M", "ginza"] is None


async def test_what_a_question_really_cost_is_given_back(adapter: Opened) -> None:
    await adapter.changed(AT + 1)
    assert all(cost < 0 for cost in adapter.call.costs)
    assert not adapter.call.held


async def test_a_bucket_that_is_nearly_empty_is_left_to_fill(shop: Shopify, adapter: Opened) -> None:
    shop.points = 310.0
    await adapter.system.read([Key(ITEM, "71")])
    shop.points = 1.0
    with pytest.raises(StockAway, match="THROTTLED"):
        await adapter.everything()
    assert max(adapter.call.held) > 1


@pytest.mark.promise("K-4")
async def test_full_readings_without_end_stay_within_the_plans_points(tmp_path: Path, clock: HandClock) -> None:
    shop = Shopify(lambda: clock.wall)
    for n in range(300):
        shop.stock(f"S{n}", "ginza", n)
    async with asked(stock_shopify, shop, tmp_path, driven(clock)) as (system, _):
        for _ in range(25):
            assert len(await all_of(system.everything())) == 300
    assert shop.calls == 100
    assert not shop.breaches


async def test_an_app_without_the_scope_and_a_wrong_token_say_what_to_look_at(
    shop: Shopify, adapter: Opened, tmp_path: Path
) -> None:
    shop.denied = True
    with pytest.raises(StockAway, match="scopes"):
        await adapter.everything()
    (tmp_path / "token").unlink()
    with pytest.raises(StockAway, match="token file"):
        await adapter.everything()


async def test_a_location_that_the_shop_has_not_is_told(adapter: Opened, shop: Shopify) -> None:
    del shop.locations["shinjuku"]
    with pytest.raises(StockAway, match="no location 72; look at locations"):
        await adapter.everything()


def test_the_plans_points_and_doubted_stamps_are_settings(tmp_path: Path, shop: Shopify) -> None:
    settings = stock_shopify.Settings.model_validate(
        shop.settings("http://127.0.0.1:1", tmp_path) | {"points_per_s": 1000, "since": "blind"}
    )
    can = can_of(stock_shopify, settings)
    assert (can.budgets, can.since) == ((Budget(10_000, 10),), Since.BLIND)
