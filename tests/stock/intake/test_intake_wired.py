"""The intake where it runs: at a hub, and at the edge of a shop that needs none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge import config, hub
from edge.stock.cache import StockCache
from edge.stock.level import sellable
from edge.stock.system import Delivery
from tests.house.test_app import store
from tests.stock.shops.generic import Generic


@asynccontextmanager
async def trading() -> AsyncIterator[Generic]:
    shop = Generic()
    shop.stock("LN-09-M", "ginza", 3)
    shop.take()
    await shop.start()
    yield shop
    await shop.stop()


def channel(shop: Generic, folder: Path, **more: object) -> str:
    """The table of a channel that reads the shop."""
    settings = shop.settings(shop.url, folder) | more
    return f'\n[[stock]]\nid = "core"\nadapter = "generic"\nsettings = {inline(settings)}\n'


def inline(value: object) -> str:
    """A plain value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {inline(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


async def post(url: str, delivery: Delivery) -> int:
    to = f"{url}/hooks/core"
    async with (
        aiohttp.ClientSession() as http,
        http.post(to, data=delivery.body, headers=dict(delivery.headers)) as response,
    ):
        return response.status


def known(cache: StockCache) -> int | None:
    level = cache.known("LN-09-M", "ginza", time.time()).level
    return sellable(level) if level else None


async def until(true: Callable[[], bool]) -> bool:
    for _ in range(9000):
        if true():
            return True
        await asyncio.sleep(0.01)
    return true()


async def test_a_hub_reads_a_system_and_takes_its_webhooks(tmp_path: Path) -> None:
    async with trading() as shop:
        upstream = '[web]\nport = 0\n[upstream]\nadapter = "mqtt"\nsettings = { port = 1 }\n'
        (tmp_path / "hub.toml").write_text(upstream + channel(shop, tmp_path))
        async with hub.running(config.read_hub(tmp_path), tmp_path) as head:
            assert await until(lambda: known(head.stock) == 3)
            shop.stock("LN-09-M", "ginza", 8)
            (delivery,) = shop.take()
            assert await post(f"http://127.0.0.1:{head.port}", delivery) == 200
            assert await until(lambda: known(head.stock) == 8)
            assert head.intake.open["core"].can.push == "absolute"


async def test_an_edge_reads_a_system_by_itself(tmp_path: Path) -> None:
    async with trading() as shop:
        place = '\n[[location]]\nid = "ginza"\nplace = "here"\nname = { ja = "銀座店" }\n'
        async with store(tmp_path, place + channel(shop, tmp_path)) as (parts, url):
            assert await until(lambda: known(parts.stock) == 3)
            shop.stock("LN-09-M", "ginza", 8)
            (delivery,) = shop.take()
            assert await post(url, delivery) == 200
            assert await until(lambda: known(parts.stock) == 8)


@pytest.mark.promise("K-1")
async def test_what_a_contract_keeps_off_screens_is_on_none(tmp_path: Path) -> None:
    async with trading() as shop:
        upstream = '[web]\nport = 0\n[upstream]\nadapter = "mqtt"\nsettings = { port = 1 }\n'
        (tmp_path / "hub.toml").write_text(upstream + channel(shop, tmp_path, display_allowed=False))
        async with hub.running(config.read_hub(tmp_path), tmp_path) as head:
            assert await until(lambda: head.stock.standing("core", "ginza").rows == 1)
            assert known(head.stock) is None
