"""The adapter for Color Me Shop against its fake: pages by offset whose rows move, few-left figures, what is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters import stock_colorme as colorme
from edge.ports import StockAway
from edge.stock.system import Key
from tests.stock.shops.colorme import ColorMeShop
from tests.stock.shops.straight import counts, opened, pages, whole


def full(rows: int = 120) -> ColorMeShop:
    shop = ColorMeShop()
    for number in range(rows):
        shop.stock(f"S{number:03}", "online", number)
    return shop


async def test_a_walk_of_three_pages_is_the_truth(tmp_path: Path) -> None:
    shop = full()
    async with opened(colorme, shop, tmp_path) as (system, calls):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()
    assert len(calls.asked) == 3


async def test_products_deleted_during_a_walk_lose_no_other(tmp_path: Path) -> None:
    shop = full()

    def delete_in_front() -> None:
        if shop.calls > 1:
            for _ in range(30):
                shop.order.pop(0)
            shop.between = lambda: None

    shop.between = delete_in_front
    async with opened(colorme, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {sku for sku, _ in found} >= {shop.rows[id]["variant_model_number"] for id in shop.order}


async def test_a_product_that_jumps_to_a_page_already_read_is_read_all_the_same(tmp_path: Path) -> None:
    shop = full()

    def jump() -> None:
        if shop.calls == 2:
            shop.order.insert(0, shop.order.pop())

    shop.between = jump
    async with opened(colorme, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()


async def test_a_list_that_never_rests_is_given_up_and_not_told_as_the_whole(tmp_path: Path) -> None:
    shop = full()
    shop.between = lambda: shop.order.insert(0, shop.order.pop())
    async with opened(colorme, shop, tmp_path) as (system, _):
        with pytest.raises(StockAway, match="moved products"):
            await whole(system)


async def test_what_runs_low_is_found_by_the_shops_own_few_left_figure(tmp_path: Path) -> None:
    shop = full(60)
    shop.product("S007", few_num=7)
    async with opened(colorme, shop, tmp_path) as (system, _):
        await whole(system)
        shop.sell("S008", "online")
        assert counts(await pages(system.changed(0.0)))["S008"] == 7


async def test_the_products_own_words_become_an_item(tmp_path: Path) -> None:
    shop = ColorMeShop()
    shop.product("4912345678904", stocks=3)
    async with opened(colorme, shop, tmp_path) as (system, _):
        items = [item async for page in system.everything() for item in page.items]
    assert [(item.gtin, item.style, item.color, item.size, item.few) for item in items] == [
        ("04912345678904", "T-W", "白", "S", 5)
    ]


@pytest.mark.parametrize(("state", "available"), [("showing", 4), ("hidden", 0), ("showing_for_members", 0)])
async def test_what_is_not_for_sale_to_everybody_is_none_left(tmp_path: Path, state: str, available: int) -> None:
    shop = ColorMeShop()
    shop.product("A", stocks=4, display_state=state)
    async with opened(colorme, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"A": available}


async def test_a_product_whose_stock_is_not_kept_has_no_number(tmp_path: Path) -> None:
    shop = ColorMeShop()
    shop.bare("A")
    async with opened(colorme, shop, tmp_path) as (system, _):
        (level,) = (await whole(system)).values()
    assert (level.available, level.status) == (None, "in")


async def test_a_product_that_is_gone_when_it_is_read_again_is_none_left(tmp_path: Path) -> None:
    shop = full(3)
    async with opened(colorme, shop, tmp_path) as (system, _):
        await whole(system)
        key = system.key("S002", "online")
        shop.order.pop()
        assert counts((await system.read([key])).levels) == {"S002": 0}
        assert system.key("S002", "online") is None


async def test_of_a_number_that_two_variants_bear_nothing_is_known_but_that_it_is_there(tmp_path: Path) -> None:
    shop = full(3)
    shop.product("S001", variant_model_number="S000", stocks=9)
    async with opened(colorme, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"S000": None, "S002": 2}


async def test_a_number_that_a_new_product_takes_over_from_a_deleted_one_is_the_new_ones(tmp_path: Path) -> None:
    shop = full(3)
    async with opened(colorme, shop, tmp_path) as (system, _):
        await whole(system)
        old = shop.order.pop(1)
        shop.product("again", stocks=9)
        shop.product("again", variant_model_number="S001")
        shop.rows[old]["variant_model_number"] = "nobody's"
        assert counts((await whole(system)).values()) == {"S000": 0, "S001": 9, "S002": 2}


@pytest.mark.parametrize("stocks", ["x", 1e308, [], True, 10**9])
async def test_a_figure_that_is_none_refuses_the_answer(tmp_path: Path, stocks: object) -> None:
    shop = full(3)
    shop.product("S001", stocks=stocks)
    async with opened(colorme, shop, tmp_path) as (system, _):
        with pytest.raises(StockAway, match=r"stocks\.1\.stocks"):
            await system.read([Key(str(id)) for id in shop.order])
