"""Smaregi's own ways: strings, missing rows, stretches of time, ids alone, what is kept for customers, tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.adapters import stock_smaregi
from edge.ports import StockAway, StockLevel
from edge.stock.intake.opening import can_of
from edge.stock.system import BadDelivery, Budget, Delivery, Key, Since
from tests.stock.shops.direct import Opened, opened
from tests.stock.shops.smaregi import Smaregi

AT = 1_795_252_365


class Unhurried(Smaregi):
    """Without a limit of calls: these tests have no caller that keeps one."""

    limits = ()


@pytest.fixture
def shop() -> Smaregi:
    fake = Unhurried(lambda: float(AT))
    fake.stock("LN-09-M", "ginza", 3)
    fake.stock("LN-09-M", "shinjuku", 0)
    fake.stock("LN-09-L", "ginza", -2)
    fake.stock("LN-09-L", "elsewhere", 8)
    fake.bare("LN-09-S")
    return fake


@pytest.fixture
async def adapter(shop: Smaregi, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(shop, stock_smaregi, tmp_path) as found:
        found.system._wall = shop.clock  # type: ignore[attr-defined]
        yield found


async def test_everything_is_what_ever_moved_in_the_named_stores(shop: Smaregi, adapter: Opened) -> None:
    assert await adapter.everything() == shop.levels()
    assert not any(sku == "LN-09-S" for sku, _ in shop.levels())


async def test_a_store_of_more_than_a_page_is_read_to_its_end(
    shop: Smaregi, adapter: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_smaregi, "ROWS", 3)
    for n in range(9):
        shop.stock(f"S{n}", "ginza", n)
    assert await adapter.everything() == shop.levels()


async def test_what_is_kept_for_customers_is_taken_off(shop: Smaregi, adapter: Opened) -> None:
    shop.row("8000001", "ginza", 3, 1)
    (level, *_) = (await adapter.system.read([Key("8000001", "1")])).levels
    assert level == StockLevel("LN-09-M", "ginza", on_hand=3, hold=1, revision=AT * 1000)


async def test_a_contract_whose_amount_counts_without_them_says_so(shop: Smaregi, tmp_path: Path) -> None:
    shop.row("8000001", "ginza", 3, 1)
    async with opened(shop, stock_smaregi, tmp_path, layaway="excluded") as adapter:
        assert (await adapter.everything())["LN-09-M", "ginza"] == 3


async def test_changes_are_asked_for_by_both_ends_of_a_stretch(shop: Smaregi, adapter: Opened) -> None:
    shop.clock = lambda: AT + 60.0
    shop.sell("LN-09-M", "ginza")
    assert await adapter.changed(AT + 59.9) == {("LN-09-M", "ginza"): 2}


async def test_a_long_absence_is_asked_for_in_stretches_of_less_than_31_days(shop: Smaregi, adapter: Opened) -> None:
    assert await adapter.changed(AT - 100 * 86_400) == shop.levels()
    asked = [call for call in adapter.call.asked if call.url.endswith("/stock")]
    assert len(asked) == 4


async def test_a_webhook_names_rows_and_no_number(shop: Smaregi, adapter: Opened) -> None:
    first, _, _, elsewhere = shop.take()
    pushed = adapter.system.pushed(first)
    assert (pushed.keys, pushed.levels) == ((Key("8000001", "1"),), ())
    assert pushed.id == first.headers["smaregi-event-id"]
    assert adapter.system.pushed(elsewhere).keys == ()


async def test_what_a_change_of_many_does_not_name_is_everything(shop: Smaregi, adapter: Opened) -> None:
    assert adapter.system.pushed(shop.webhook([], "bulk-update")).everything
    assert not adapter.system.pushed(shop.webhook([], event="pos:products")).everything


@pytest.mark.parametrize("given", ["", "hus", "hush2"])
async def test_a_webhook_without_the_agreed_header_is_nobodys(shop: Smaregi, adapter: Opened, given: str) -> None:
    right = shop.take()[0]
    with pytest.raises(BadDelivery, match="header"):
        adapter.system.pushed(Delivery(right.url, dict(right.headers) | {"x-tentou-secret": given}, right.body))


async def test_another_contracts_webhook_and_another_form_are_refused(shop: Smaregi, adapter: Opened) -> None:
    with pytest.raises(BadDelivery, match="another contract"):
        adapter.system.pushed(shop.webhook([("8000001", "1")], contractId="sb_y"))
    with pytest.raises(BadDelivery, match="documented form"):
        adapter.system.pushed(shop.webhook([], ids=[{"productId": {}}]))


async def test_many_rows_that_moved_of_late_are_one_question(shop: Smaregi, adapter: Opened) -> None:
    for n in range(30):
        shop.stock(f"S{n}", "ginza", n)
    await adapter.everything()
    before = len(adapter.call.asked)
    keys = [key for delivery in shop.take() for key in adapter.system.pushed(delivery).keys]
    assert len((await adapter.system.read(keys)).levels) == len(shop.levels())
    assert len(adapter.call.asked) == before + 1


async def test_a_row_that_did_not_move_of_late_is_read_by_its_product(shop: Smaregi, adapter: Opened) -> None:
    for n in range(5):
        shop.stock(f"S{n}", "ginza", n)
    shop.rows["8000001", "1"].at = AT - 86_400
    keys = [Key(id, "1") for id in shop.products]
    levels = {level.sku for level in (await adapter.system.read(keys)).levels}
    assert levels == {sku for sku, place in shop.levels() if place == "ginza"}


async def test_a_product_that_nobody_told_of_is_asked_for_once(shop: Smaregi, adapter: Opened) -> None:
    shop.rows["8009999", "1"] = shop.rows["8000001", "1"]
    for _ in range(2):
        assert len((await adapter.system.read([Key("8000001", "1"), Key("8009999", "1")])).levels) == 1
    asked = [call.url for call in adapter.call.asked if "/products/" in call.url]
    assert sorted(asked) == ["/sb_x/pos/products/8000001", "/sb_x/pos/products/8009999"]


async def test_a_jan_as_the_products_code_is_its_number_too(shop: Smaregi, adapter: Opened) -> None:
    shop.product("4901234567894", color="白")
    item = (await adapter.items())["4901234567894"]
    assert (item.gtin, item.style, item.color, item.size) == ("04901234567894", "LN-09", "白", "4")


async def test_the_products_id_may_be_our_sku(shop: Smaregi, tmp_path: Path) -> None:
    async with opened(shop, stock_smaregi, tmp_path, sku="id") as adapter:
        assert ("8000001", "ginza") in await adapter.everything()
        assert adapter.system.key("8000001", "ginza") == Key("8000001", "1")


async def test_what_the_shop_does_not_count_has_no_number(shop: Smaregi, adapter: Opened) -> None:
    shop.products["8000001"]["stockControlDivision"] = "1"
    assert (await adapter.everything())["LN-09-M", "ginza"] is None


async def test_of_two_products_with_one_code_no_number_is_told(shop: Smaregi, adapter: Opened) -> None:
    shop.rows[shop.product("LN-09-M"), "1"] = shop.rows["8000001", "1"]
    assert (await adapter.everything())["LN-09-M", "ginza"] is None


async def test_a_token_serves_many_questions_and_is_renewed_when_it_was_taken_back(
    shop: Smaregi, adapter: Opened
) -> None:
    await adapter.everything()
    assert shop.tokens == 1
    shop.good.clear()
    assert await adapter.everything() == shop.levels()
    assert shop.tokens == 2


async def test_a_wrong_client_is_away_and_not_told(shop: Smaregi, adapter: Opened, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("app:wrong")
    with pytest.raises(StockAway) as away:
        await adapter.everything()
    assert "wrong" not in str(away.value)


@pytest.mark.parametrize(("per_second", "budget"), [(5, Budget(5, 1)), (0.5, Budget(1, 2))])
def test_the_contracts_limit_is_a_setting(shop: Smaregi, tmp_path: Path, per_second: float, budget: Budget) -> None:
    told = shop.settings("http://127.0.0.1:1", tmp_path) | {"calls_per_second": per_second, "since": "blind"}
    can = can_of(stock_smaregi, stock_smaregi.Settings.model_validate(told))
    assert (can.budgets, can.since) == ((budget,), Since.BLIND)
