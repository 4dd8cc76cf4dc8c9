"""The adapter for BASE against its fake: variations, limits that come as 400, tokens that end and rotate."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from edge.adapters import stock_base as base
from edge.ports import StockAway
from edge.stock.system import Answer
from tests.stock.shops.base import BaseShop, refused
from tests.stock.shops.straight import counts, opened, pages, whole


def full(items: int = 250) -> BaseShop:
    shop = BaseShop()
    for number in range(items):
        shop.stock(f"T{number:03}-M", "online", number)
    return shop


async def test_variations_of_three_pages_are_the_truth(tmp_path: Path) -> None:
    shop = full()
    shop.stock("T001-L", "online", 7)
    async with opened(base, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()


async def test_items_deleted_during_a_walk_lose_no_other(tmp_path: Path) -> None:
    shop = full()

    def delete_in_front() -> None:
        if shop.calls > 2:
            for id in list(shop.items)[:40]:
                del shop.items[id]
            shop.between = lambda: None

    shop.between = delete_in_front
    async with opened(base, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert set(found) >= set(shop.levels())


async def test_a_sale_moves_no_stamp_and_a_change_by_hand_does(tmp_path: Path) -> None:
    shop = full(3)
    async with opened(base, shop, tmp_path) as (system, _):
        since = shop.clock()
        shop.clock = lambda: since + 5
        shop.sell("T001-M", "online")
        shop.stock("T002-M", "online", 9)
        assert counts(await pages(system.changed(since + 5))) == {"T002-M": 9}
        assert counts((await whole(system)).values())["T001-M"] == 0


async def test_an_item_without_variations_and_without_a_code_goes_by_its_id(tmp_path: Path) -> None:
    shop = BaseShop()
    shop.item("", stock=4, identifier=None)
    async with opened(base, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"1234": 4}


async def test_a_hidden_item_is_none_left(tmp_path: Path) -> None:
    shop = full(2)
    shop.item("T001", visible=0)
    async with opened(base, shop, tmp_path) as (system, _):
        assert counts((await whole(system)).values()) == {"T000-M": 0, "T001-M": 0}


async def test_an_item_that_is_no_more_is_none_left(tmp_path: Path) -> None:
    shop = full(3)
    async with opened(base, shop, tmp_path) as (system, _):
        await whole(system)
        del shop.items[1236]
        assert counts((await system.read([system.key("T002-M", "online")])).levels) == {"T002-M": 0}


async def test_of_a_code_that_two_variations_bear_nothing_is_known_but_that_it_is_there(tmp_path: Path) -> None:
    shop = full(150)
    shop.item("T149")["variations"][0]["variation_identifier"] = "T000-M"
    async with opened(base, shop, tmp_path) as (system, _):
        found = counts((await whole(system)).values())
    assert (found["T000-M"], found["T001-M"]) == (None, 1)


async def test_a_variation_that_is_no_more_is_none_left(tmp_path: Path) -> None:
    shop = full(1)
    shop.stock("T000-L", "online", 5)
    async with opened(base, shop, tmp_path) as (system, _):
        await whole(system)
        shop.item("T000")["variations"].pop()
        assert counts((await system.read([system.key("T000-L", "online")])).levels) == {"T000-M": 0, "T000-L": 0}


@pytest.mark.parametrize(
    ("error", "now_s", "rest_s"),
    [("hour_api_limit", 7200 + 600.0, 3000.0), ("day_api_limit", 15 * 3600 - 100.0, 100.0)],
)
async def test_a_limit_told_with_400_is_kept_until_its_clock_strikes(
    tmp_path: Path, error: str, now_s: float, rest_s: float
) -> None:
    async with opened(base, full(1), tmp_path) as (system, calls):
        system._rest(error, now_s)
        assert calls.held == [rest_s]


async def test_the_used_up_hour_is_told_with_what_to_do(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(base, shop, tmp_path) as (system, calls):
        await whole(system)
        shop.say = lambda _: refused("hour_api_limit", "上限")
        with pytest.raises(StockAway, match="calls_per_hour"):
            await whole(system)
        assert 0 < calls.held[0] <= 3600


async def test_a_token_that_ended_is_renewed_once_and_the_new_refresh_token_is_on_the_disk(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(base, shop, tmp_path) as (system, _):
        await whole(system)
        shop.access = "another"
        assert counts((await whole(system)).values()) == {"T000-M": 0}
    assert shop.renewals == 2
    assert (tmp_path / "base.refresh").read_text().strip() == shop.refresh
    assert (tmp_path / "base.refresh").stat().st_mode & 0o777 == 0o600


async def test_a_refresh_token_that_a_disk_refuses_is_kept_once_it_takes_it_and_asked_for_no_second_time(
    tmp_path: Path,
) -> None:
    shop = full(1)
    (tmp_path / "base.refresh.part").mkdir()
    async with opened(base, shop, tmp_path) as (system, _):
        for _ in range(2):
            with pytest.raises(StockAway, match="cannot be kept"):
                await whole(system)
        (tmp_path / "base.refresh.part").rmdir()
        assert counts((await whole(system)).values()) == {"T000-M": 0}
        assert (tmp_path / "base.refresh").read_text().strip() == shop.refresh
        (tmp_path / "base.refresh").unlink()
        await whole(system)
        assert not (tmp_path / "base.refresh").exists()  # it was kept once, not with each question
    assert shop.renewals == 1


async def test_a_refresh_token_that_is_refused_is_away_and_named_nowhere(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(base, shop, tmp_path, refresh_file="base.old") as (system, _):
        (tmp_path / "base.old").write_text("an-old-refresh-token")
        with pytest.raises(StockAway) as told:
            await whole(system)
    assert "an-old" not in str(told.value)


async def test_a_word_of_the_shop_is_never_quoted(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(base, shop, tmp_path) as (system, _):
        await whole(system)
        shop.say = lambda _: web.json_response({"error": "<script>", "error_description": "x"}, status=400)
        with pytest.raises(StockAway, match="^BASE refused the question$"):
            await whole(system)


def test_a_400_without_a_word_is_an_error_too() -> None:
    assert base._error(Answer(400, {}, b"", None, 0.0)) == "unknown"
