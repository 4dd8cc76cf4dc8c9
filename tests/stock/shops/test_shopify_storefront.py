"""The Storefront's own ways: stores with pick-up alone, available with none there, many variants, no webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.adapters import stock_shopify_storefront
from edge.ports import StockAway, StockLevel
from edge.stock.level import Known
from edge.stock.system import BadDelivery, Delivery, Key, Push, Since
from edge.stock.words.wording import Word, word
from tests.stock.shops.direct import Opened, opened
from tests.stock.shops.shopify_storefront import Storefront


@pytest.fixture
def shop() -> Storefront:
    fake = Storefront()
    fake.stock("LN-09-M", "ginza", 3)
    fake.stock("LN-09-M", "shinjuku", 0)
    fake.stock("LN-10-L", "ginza", 1)
    fake.stock("LN-10-L", "elsewhere", 8)
    fake.bare("LN-09-S")
    return fake


@pytest.fixture
async def adapter(shop: Storefront, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(shop, stock_shopify_storefront, tmp_path) as found:
        yield found


async def test_everything_is_what_the_named_pick_up_stores_have(shop: Storefront, adapter: Opened) -> None:
    assert await adapter.everything() == shop.levels()


async def test_products_and_their_many_variants_are_read_to_the_end(shop: Storefront, adapter: Opened) -> None:
    for n in range(20):
        shop.stock(f"P{n % 4}-{n:02}", "ginza", n)
    shop.page = 2
    assert await adapter.everything() == shop.levels()


@pytest.mark.promise("K-3")
@pytest.mark.parametrize("n", [0, -1])
async def test_available_with_none_there_is_ordered_in_and_never_in_stock(
    shop: Storefront, adapter: Opened, n: int
) -> None:
    variant = shop.variant("LN-09-M")
    shop.rows[variant, 71] = True, n
    (level,) = (await adapter.system.read([Key(variant, "71")])).levels
    assert level == StockLevel("LN-09-M", "ginza", status="order")
    assert word(Known(level, 1.0, "shop"), None) is Word.ORDER


async def test_available_without_a_number_is_nobodys_promise(shop: Storefront, adapter: Opened) -> None:
    variant = shop.variant("LN-09-M")
    shop.rows[variant, 71] = True, None
    (level,) = (await adapter.system.read([Key(variant, "71")])).levels
    assert word(Known(level, 1.0, "shop"), None) is Word.ASKING


async def test_only_what_was_asked_is_read_and_what_is_no_more_is_left_out(shop: Storefront, adapter: Opened) -> None:
    await adapter.everything()
    key = adapter.system.key("LN-09-M", "ginza")
    assert key is not None
    gone = Key("gid://shopify/ProductVariant/9", "71")
    assert (await adapter.system.read([key, gone])).levels == (StockLevel("LN-09-M", "ginza", 3),)


async def test_of_two_variants_with_one_sku_no_number_is_told(shop: Storefront, adapter: Opened) -> None:
    shop.rows[shop.variant("LN-09-M", new=True), 71] = True, 5
    assert (await adapter.everything())["LN-09-M", "ginza"] is None


async def test_more_stores_than_were_asked_for_are_told_and_not_cut_off(shop: Storefront, tmp_path: Path) -> None:
    async with opened(shop, stock_shopify_storefront, tmp_path, stores=1) as adapter:
        with pytest.raises(StockAway, match="raise stores"):
            await adapter.everything()


async def test_a_token_of_the_other_kind_is_away(shop: Storefront, tmp_path: Path) -> None:
    async with opened(shop, stock_shopify_storefront, tmp_path, kind="public") as adapter:
        with pytest.raises(StockAway, match="refused the question"):
            await adapter.everything()


async def test_an_item_has_its_style_size_and_name(adapter: Opened) -> None:
    item = (await adapter.items())["LN-09-M"]
    assert (item.style, item.size, item.name) == ("gid://shopify/Product/LN-09", "M", "リネンシャツ")


async def test_it_sends_no_webhooks_and_cannot_be_asked_for_changes(adapter: Opened) -> None:
    can = stock_shopify_storefront.CAN
    assert (can.push, can.since) == (Push.NONE, Since.NONE)
    with pytest.raises(BadDelivery):
        adapter.system.pushed(Delivery("https://hub.example/hooks/shop", {}, b"{}"))
