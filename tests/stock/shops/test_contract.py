"""What every adapter of a shop's or a till's own system keeps, each against its fake, behind the real intake."""

from __future__ import annotations

import gzip
import importlib
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from edge import plug
from edge.ports import StockAway, StockLevel
from edge.stock.intake.opening import can_of
from edge.stock.system import BadDelivery, Can, Push, Since, StockSystem
from tests.stock.intake.rig import BRISK, all_of, asked, driven, fed, told
from tests.stock.shops.contract import FakeShop, Say, half, silence

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock

MODULES = {name: plug.adapter("stock", name) for name in plug.known("stock")}
SYSTEMS = {name: module for name, module in MODULES.items() if hasattr(module, "CAN")}


def fake(name: str) -> type[FakeShop]:
    """The fake of an adapter; an adapter without one fails here by its name."""
    try:
        module = importlib.import_module(f"tests.stock.shops.{name}")
    except ModuleNotFoundError as error:
        raise AssertionError(f"the adapter '{name}' has no fake: tests/stock/shops/{name}.py") from error
    shop: type[FakeShop] = module.FAKE
    return shop


every = pytest.mark.parametrize("name", SYSTEMS)


def stocked(name: str, clock: Callable[[], float] = time.time) -> FakeShop:
    """A fake with a few products at all of its places, one of them never stocked."""
    shop = fake(name)()
    shop.clock = clock
    for number in range(4):
        for place in shop.places:
            shop.stock(f"LN-0{number}-M", place, number + 2)
    shop.bare("LN-99-M")
    shop.take()
    return shop


def can(module: ModuleType, shop: FakeShop, folder: Path) -> Can:
    return can_of(module, module.Settings.model_validate(shop.settings("http://127.0.0.1:1", folder)))


@every
def test_each_adapter_of_a_system_has_a_fake(name: str) -> None:
    assert fake(name).name == name


@every
async def test_a_full_reading_is_the_truth_and_a_product_without_a_row_is_not_none_left(
    name: str, tmp_path: Path
) -> None:
    shop = stocked(name)
    async with asked(SYSTEMS[name], shop, tmp_path) as (system, _):
        found = told(await all_of(system.everything()))
    assert found == shop.levels()
    assert shop.breaches == []


@every
async def test_what_the_settings_do_not_name_is_not_read(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    if len(shop.places) < 2:
        return
    locations = shop.settings("http://127.0.0.1:1", tmp_path)["locations"]
    one = {theirs: ours for theirs, ours in locations.items() if ours == shop.places[0]}
    async with asked(SYSTEMS[name], shop, tmp_path, locations=one) as (system, _):
        found = told(await all_of(system.everything()))
    assert found == {key: n for key, n in shop.levels().items() if key[1] == shop.places[0]}


@every
async def test_a_change_is_found_by_its_declared_way(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    rare = {"compare_s": 3600.0, "poll_s": 0.01}
    known = can(SYSTEMS[name], shop, tmp_path)
    often = {"compare_s": 0.05} if known.push is Push.NONE and known.since is not Since.SURE else {}
    async with fed(SYSTEMS[name], shop, tmp_path, BRISK, **rare | often) as rig:
        assert await rig.agrees()
        shop.stock("LN-01-M", shop.places[0], 40)
        if known.push is not Push.NONE:
            assert [await rig.post(delivery) for delivery in shop.take()] != []
        assert await rig.agrees()
    assert shop.breaches == []


@every
@pytest.mark.promise("K-2")
async def test_a_sale_that_nothing_announces_is_found_by_comparison(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    async with fed(SYSTEMS[name], shop, tmp_path, compare_s=0.05, poll_s=3600.0) as rig:
        assert await rig.agrees()
        shop.sell_silently("LN-02-M", shop.places[-1])
        assert await rig.agrees()


@every
async def test_a_sale_of_what_a_screen_shows_is_found_though_nothing_announces_it(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    known = can(SYSTEMS[name], shop, tmp_path)
    if known.since is Since.SURE or known.beats:
        return
    shop.stock("LN-50-M", shop.places[-1], 60)
    shop.take()
    async with fed(SYSTEMS[name], shop, tmp_path, compare_s=3600.0, poll_s=0.01) as rig:
        assert await rig.agrees()
        shop.sell_silently("LN-50-M", shop.places[-1])
        rig.show("LN-50-M")
        assert await rig.agrees()
    assert shop.breaches == []


@every
async def test_webhooks_that_come_twice_late_and_in_any_order_leave_the_truth(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    if can(SYSTEMS[name], shop, tmp_path).push is Push.NONE:
        return
    async with fed(SYSTEMS[name], shop, tmp_path, compare_s=3600.0, poll_s=3600.0) as rig:
        assert await rig.agrees()
        for n in (7, 0, 5):
            shop.stock("LN-01-M", shop.places[0], n)
        shop.sell("LN-01-M", shop.places[0])
        deliveries = shop.take()
        for delivery in [*reversed(deliveries), *deliveries]:
            assert await rig.post(delivery) == 200
        assert await rig.agrees()


@every
async def test_a_webhook_that_is_not_signed_as_agreed_changes_nothing(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    known = can(SYSTEMS[name], shop, tmp_path)
    if known.push is Push.NONE:
        return
    async with fed(SYSTEMS[name], shop, tmp_path, compare_s=3600.0, poll_s=3600.0) as rig:
        assert await rig.agrees()
        shop.stock("LN-01-M", shop.places[0], 40)
        for delivery in shop.take():
            assert await rig.post(replace(delivery, headers={})) == 401
            # What carries ids alone may bear a secret instead: whoever changes it makes us read the truth.
            if known.push is Push.ABSOLUTE:
                assert await rig.post(replace(delivery, body=delivery.body + b" ")) == 401
        taken = {dict(labels)["outcome"] for (name, labels) in rig.health.tallies if name == "hook_deliveries"}
        assert taken == {"refused"}


@every
async def test_bytes_that_nobody_signed_are_no_delivery(name: str, tmp_path: Path) -> None:
    shop = stocked(name)
    if can(SYSTEMS[name], shop, tmp_path).push is Push.NONE:
        return
    shop.stock("LN-01-M", shop.places[0], 40)
    real = shop.take()[0]
    async with asked(SYSTEMS[name], shop, tmp_path) as (system, _):
        for body in (b"", b"[" * 10_000, b'{"a": NaN}', b"\xff", real.body[:-1]):
            with pytest.raises(BadDelivery):
                system.pushed(replace(real, body=body))


def says(body: bytes, status: int = 200, **headers: str) -> Callable[[web.Request], web.StreamResponse]:
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, body=body, headers=named)


MILLIONS = 9 * 1024 * 1024
HOSTILE: dict[str, Say] = {
    "too many calls": says(b"{}", 429, Retry_After="2"),
    "bad request": says(b'{"error": "hour_api_limit"}', 400),
    "away": says(b"", 503),
    "inward": says(b"", 302, Location="http://169.254.169.254/latest/meta-data/"),
    "no number": says(b'{"a": NaN}'),
    "infinite": says(b'{"a": 1e999}'),
    "deep": says(b"[" * 10_000 + b"]" * 10_000),
    "twice": says(b'{"a": 1, "a": 2}'),
    "huge": says(b'{"name": "' + b"x" * MILLIONS + b'"}'),
    "bomb": says(gzip.compress(b" " * MILLIONS), Content_Encoding="gzip"),
    "page": says(b"<html><script>alert(1)</script>", Content_Type="text/html"),
    "script": says(json.dumps({"<script>": "</script>", "errors": ["<script>"]}).encode()),
    "a number": says(b"17"),
    "nothing": says(b""),
    "half": half,
    "silence": silence,
}


async def what_it_says(system: StockSystem) -> list[StockLevel]:
    """All that a system has; nothing where it is away, which quotes nothing of what was answered."""
    try:
        return await all_of(system.everything())
    except StockAway as away:
        return [StockLevel("quoted", "")] if "script" in str(away) else []


@every
@pytest.mark.promise("X-3")
async def test_a_hostile_answer_is_no_stock(name: str, tmp_path: Path, clock: HandClock) -> None:
    shop = stocked(name, clock=lambda: clock.wall)
    clocks = driven(clock)
    async with asked(SYSTEMS[name], shop, tmp_path, clocks, timeout_s=0.5) as (system, _):
        for what, say in HOSTILE.items():
            shop.say = say
            assert not await what_it_says(system), what
        shop.say = None
        assert told(await all_of(system.everything())) == shop.levels()


@every
@pytest.mark.promise("K-4")
async def test_a_thousand_asks_breach_no_budget(name: str, tmp_path: Path, clock: HandClock) -> None:
    shop = stocked(name, clock=lambda: clock.wall)
    if not shop.limits:
        return
    async with asked(SYSTEMS[name], shop, tmp_path, driven(clock)) as (system, _):
        for turn in itertools.count():
            # A shop in trouble is asked again and again, and no more often for it.
            shop.say = (None, says(b"", 429), says(b'{"error": "hour_api_limit"}', 400))[turn % 3]
            await what_it_says(system)
            if shop.calls >= 1000:
                break
    assert shop.breaches == []
