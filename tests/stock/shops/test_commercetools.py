"""The adapter for commercetools against its fake: keyset pages, versions, channels, tokens, notices in envelopes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import stock_commercetools as commercetools
from edge.ports import StockAway
from edge.stock.intake.opening import can_of
from edge.stock.system import BadDelivery, Key, Since
from tests.stock.shops.commercetools import CHANNELS, ELSEWHERE, CommercetoolsShop
from tests.stock.shops.straight import counts, opened, pages, whole


def full(skus: int = 3) -> CommercetoolsShop:
    ticks = iter(range(1_000_000))
    shop = CommercetoolsShop(lambda: 1_795_000_000.0 + next(ticks) // 4)
    for number in range(skus):
        shop.stock(f"LN{number:03}", "ginza", number)
        shop.stock(f"LN{number:03}", "online", 2 * number)
    shop.deliveries.clear()
    return shop


async def test_entries_of_two_pages_are_the_truth(tmp_path: Path) -> None:
    shop = full(260)
    async with opened(commercetools, shop, tmp_path) as (system, calls):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == shop.levels()
    assert [call.method for call in calls.asked] == ["POST", "GET", "GET"]
    assert shop.breaches == []


async def test_entries_deleted_during_a_walk_lose_no_other(tmp_path: Path) -> None:
    shop = full(260)

    def delete_in_front() -> None:
        if shop.calls == 3:
            for id in sorted(shop.entries)[:100]:
                del shop.entries[id]

    shop.between = delete_in_front
    async with opened(commercetools, shop, tmp_path) as (system, _):
        found = await whole(system)
    assert set(found) >= set(shop.levels())


async def test_channels_that_are_not_named_are_not_read(tmp_path: Path) -> None:
    shop = full(1)
    shop.entry("LN000", ELSEWHERE)["availableQuantity"] = 50
    shop.entry("LN000", None)["availableQuantity"] = 60
    async with opened(commercetools, shop, tmp_path) as (system, _):
        assert set(await whole(system)) == {("LN000", "ginza"), ("LN000", "online")}


async def test_entries_without_a_channel_are_a_place_where_they_are_named(tmp_path: Path) -> None:
    shop = full(1)
    shop.entry("LN000", None)["availableQuantity"] = 60
    places = {CHANNELS["ginza"]: "ginza", "*": "web"}
    async with opened(commercetools, shop, tmp_path, locations=places) as (system, _):
        found = await whole(system)
    assert {key: level.available for key, level in found.items()} == {("LN000", "ginza"): 0, ("LN000", "web"): 60}


async def test_a_version_orders_what_an_entry_says_and_one_made_anew_is_newer_still(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        first = (await whole(system))["LN000", "ginza"].revision
        shop.sell("LN000", "ginza")
        second = (await whole(system))["LN000", "ginza"].revision
        del shop.entries[shop.entry("LN000", CHANNELS["ginza"])["id"]]
        shop.clock = lambda: 1_795_000_900.0
        shop.entry("LN000", CHANNELS["ginza"])
        third = (await whole(system))["LN000", "ginza"].revision
    assert first < second < third < 2**63
    assert second - first == 1


async def test_changes_are_asked_for_by_stamp_and_id_and_many_of_one_stamp_are_all_found(tmp_path: Path) -> None:
    shop = full(2)
    shop.clock = lambda: 1_795_000_900.0
    for number in range(300):
        shop.stock(f"NEW{number:03}", "ginza", 1)
        shop.stock(f"NEW{number:03}", "online", 1)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        found = await pages(system.changed(1_795_000_900.0))
    assert {(level.sku, level.location) for level in found} == {key for key in shop.levels() if key[0] >= "NEW"}


async def test_a_sale_is_not_taken_to_move_a_stamp_unless_the_project_says_so(tmp_path: Path) -> None:
    shop = full(2)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        await whole(system)
        shop.sell("LN001", "online")
        assert await pages(system.changed(1_795_000_500.0)) == []
        assert counts((await system.read([system.key("LN001", "online")])).levels) == {"LN001": 1}
    settings = commercetools.Settings.model_validate(shop.settings(shop.url, tmp_path) | {"since": "sure"})
    assert (commercetools.CAN.since, can_of(commercetools, settings).since) == (Since.BLIND, Since.SURE)


async def test_a_notice_names_the_entry_to_read(tmp_path: Path) -> None:
    shop = full(2)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        shop.stock("LN001", "ginza", 9)
        shop.sell("LN001", "online")
        told = [system.pushed(delivery) for delivery in shop.take()]
        page = await system.read([key for one in told for key in one.keys])
    assert {(level.location, level.available) for level in page.levels} == {("ginza", 9), ("online", 1)}
    assert len({one.id for one in told}) == 2


@pytest.mark.parametrize("envelope", [lambda notice: notice, lambda notice: {"specversion": "1.0", "data": notice}])
async def test_a_notice_comes_bare_and_as_a_cloud_event(tmp_path: Path, envelope: Any) -> None:
    shop = full(1)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        entry = shop.entry("LN000", CHANNELS["ginza"])
        what = {"typeId": "inventory-entry", "id": entry["id"]}
        delivery = shop.delivery({"notificationType": "ResourceUpdated", "resource": what, "version": 2})
        notice = json.loads(delivery.body)["detail"]
        delivery = replace(delivery, body=json.dumps(envelope(notice)).encode())
        assert system.pushed(delivery).keys == (Key(entry["id"]),)
        assert system.pushed(delivery).id == f"{entry['id']}@2"


async def test_a_key_in_the_header_is_asked_for(tmp_path: Path) -> None:
    shop = full(1)
    shop.stock("LN000", "ginza", 1)
    (delivery,) = shop.take()
    async with opened(commercetools, shop, tmp_path) as (system, _):
        for headers in ({}, {"x-api-key": "another"}):
            with pytest.raises(BadDelivery):
                system.pushed(replace(delivery, headers=headers))


@pytest.mark.parametrize("body", [b"[]", b"{}x", b'{"detail":{"resource":{"typeId":5}}}', b'{"resource":7}'])
async def test_a_body_that_is_no_notice_is_refused(tmp_path: Path, body: bytes) -> None:
    shop = full(1)
    delivery = replace(shop.delivery({"notificationType": "x"}), body=body)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        with pytest.raises(BadDelivery):
            system.pushed(delivery)


@pytest.mark.parametrize(
    "what", [{"typeId": "subscription", "id": "s"}, {"typeId": "inventory-entry", "id": 'x") or 1'}]
)
async def test_a_notice_of_nothing_that_can_be_read_asks_for_nothing(tmp_path: Path, what: dict[str, str]) -> None:
    shop = full(1)
    async with opened(commercetools, shop, tmp_path) as (system, calls):
        assert system.pushed(shop.delivery({"notificationType": "ResourceCreated", "resource": what})).keys == ()
        assert (await system.read([Key('x") or 1')])).levels == ()
        assert calls.asked == []


async def test_an_entry_that_is_no_more_is_none_left(tmp_path: Path) -> None:
    shop = full(2)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        await whole(system)
        key = system.key("LN001", "online")
        del shop.entries[key.item]
        (level,) = (await system.read([key])).levels
    assert (level.sku, level.location, level.available) == ("LN001", "online", 0)


async def test_an_entry_that_was_made_anew_is_not_none_left_because_the_old_one_is(tmp_path: Path) -> None:
    shop = full(2)
    async with opened(commercetools, shop, tmp_path) as (system, _):
        await whole(system)
        old = system.key("LN001", "online")
        del shop.entries[old.item]
        shop.stock("LN001", "online", 6)
        new = Key(shop.entry("LN001", CHANNELS["online"])["id"])
        assert counts((await system.read([old, new])).levels) == {"LN001": 6}
        assert (await system.read([old])).levels == ()
        assert system.key("LN001", "online") == new


async def test_a_token_that_ended_is_asked_for_anew_once(tmp_path: Path) -> None:
    shop = full(1)
    async with opened(commercetools, shop, tmp_path) as (system, calls):
        await whole(system)
        shop.token = "another"
        assert len(await whole(system)) == 2
    assert shop.tokens == 2
    assert "ct-secret" not in repr(calls.asked)


@pytest.mark.parametrize("quantity", ["x", 1e308, None, 10**10])
async def test_a_figure_that_is_none_refuses_the_answer(tmp_path: Path, quantity: object) -> None:
    shop = full(1)
    shop.entry("LN000", CHANNELS["ginza"])["availableQuantity"] = quantity
    async with opened(commercetools, shop, tmp_path) as (system, _):
        with pytest.raises(StockAway, match="availableQuantity"):
            await whole(system)
