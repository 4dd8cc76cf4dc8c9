"""An edge whose places keep units, asked by itself or by head office: what it offers, and one unit that two ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edge import app, config, hub
from edge.model import OfferKind, Wished
from edge.sessions.house import House
from edge.sessions.stage import Stage
from tests.house.test_app import store
from tests.stock.shops.generic import Generic

SKU = "LN-09-M"


class Core(Generic):
    """A core system that keeps units until an hour from now."""

    async def _keep(self, request: web.Request) -> web.Response:
        answer = await super()._keep(request)
        told = self.kept[(await request.json())["key"]]
        if "until" in told:
            told["until"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        return web.json_response(told, status=answer.status)


def toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


PLACES = """
[[location]]
id = "ginza"
place = "here"
name = { ja = "銀座店" }
[[location]]
id = "shinjuku"
place = "near"
name = { ja = "新宿店" }
pickup = true
hours = "00:00-24:00"
"""
HUB = '[web]\nport = 0\n[upstream]\nadapter = "mqtt"\nsettings = { port = 1 }\n'


def channel(adapter: str, settings: dict[str, Any]) -> str:
    return f'[[stock]]\nid = "{adapter}"\nadapter = "{adapter}"\nsettings = {toml(settings)}\n'


@asynccontextmanager
async def edge(folder: Path, core: Core, by: str) -> AsyncIterator[House]:
    """The surroundings of the sessions in an edge that asks this core system itself, or by its hub."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(core.stop)
        settings = core.settings(await core.start(), folder) | {"push": False, "beats": False, "poll_s": 0.2}
        stock = channel("generic", settings)
        if by == "hub":
            (folder / "hub.toml").write_text(HUB + stock)
            head = await stack.enter_async_context(hub.running(config.read_hub(folder), folder))
            stock = channel("hub", {"url": f"http://127.0.0.1:{head.port}", "poll_s": 0.2, "spread_s": 0})
        shop = folder / "shop"
        shop.mkdir()
        for secret in ("token", "secret"):
            (shop / secret).write_text((folder / secret).read_text())
        parts, _ = await stack.enter_async_context(store(shop, PLACES + stock))
        yield app._house(parts, "kiosk-1")


async def offered(house: House, *kinds: OfferKind) -> None:
    """Wait until these are what is offered."""
    async with asyncio.timeout(60):
        while tuple(offer.kind for offer in house.offers(SKU, "ja")) != kinds:
            await asyncio.sleep(0.02)


async def ask(house: House) -> Wished:
    assert house.keep is not None
    return [word async for word in house.keep(SKU, "ginza")][-1]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize("by", ["itself", "hub"])
async def test_an_edge_offers_what_its_places_have_and_one_of_two_gets_the_last(tmp_path: Path, by: str) -> None:
    core = Core()
    for sku, place, left in ((SKU, "ginza", 1), ("LN-09-L", "ginza", 0), (SKU, "shinjuku", 9)):
        core.stock(sku, place, left)
    async with edge(tmp_path, core, by) as house:
        await offered(house, OfferKind.HOLD, OfferKind.STAFF)
        assert house.offers(SKU, "ja")[0].reserves
        table = house.matrix(SKU, "ja")
        assert table is not None
        assert [(cell and cell.sku, cell and str(cell.band)) for cell in table.cells[0]] == [
            (SKU, "few"),
            ("LN-09-L", "none"),
        ]
        words = await asyncio.gather(ask(house), ask(house))
        await offered(house, OfferKind.NEAR, OfferKind.STAFF)
    assert {str(word.state) for word in words} == {"confirmed", "declined"}
    assert next(word for word in words if word.slip).slip == "K-7"


async def test_staff_read_each_wish_and_kiosks_what_staff_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    monkeypatch.setattr(Stage, "stock_moved", lambda stage: moved.append(stage.screen.id))
    async with store(tmp_path) as (parts, _):
        assert (await ask(app._house(parts, "kiosk-1"))).state == "declined"
        (call,) = parts.bell.today()
        assert (call.screen, call.sku, call.elsewhere, call.state) == ("kiosk-1", SKU, "ginza", "declined")
        key, done = parts.bell.ring("kiosk-1", SKU), False
        async with asyncio.timeout(60):
            while "kiosk-1" not in moved:
                done = not done
                parts.bell.settle(key, done)
                await asyncio.sleep(0.01)
