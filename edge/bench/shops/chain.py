"""A chain's stock from a real shop to a kiosk's tiles: broker, hub and edge in processes of their own, a real page.

The kiosk shows a member's scene with tiles of the first products, as long as somebody touches it now and then.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from content.catalogue import dump_catalogue
from edge.bench.ledger_hub import hub
from edge.bench.mosquitto import broker
from edge.bench.store import Bench, NotStarted, answers, running
from edge.demo import camera, phone
from edge.members.issue import issue
from edge.ports import StockLevel
from edge.stock.level import sellable

HERE, NEAR, WEB = "ginza", "shibuya", "web"
PLACES = {"1": HERE, "2": NEAR, "3": WEB}
"""The shop's own places, from 1, and our locations."""
TILES = 6
TOKEN = "a-stock-token-of-the-benchmark"  # noqa: S105 - of a hub that lives for a minute on loopback
_KINDS = {HERE: "here", NEAR: "near", WEB: "online"}
_ROWS = """SELECT stock_row.sku, location, available, on_hand, reserved, hold, safety
    FROM stock_row JOIN stock_shelf ON stock_shelf.id = stock_row.shelf WHERE NOT gone"""


@dataclass(frozen=True, slots=True)
class Chain:
    """Head office and one store. ``hooks`` is where the shop's webhooks go to."""

    edge: Bench
    hub: Path

    def rows(self, folder: Path) -> dict[tuple[str, str], int | None]:
        """How many of (SKU, location) can be sold, by the cache's file of the hub or of the edge."""
        return cached(folder / "data" / "stock.sqlite")

    def at_edge(self) -> dict[tuple[str, str], int | None]:
        """What the edge has."""
        return self.rows(self.edge.folder)

    def at_hub(self) -> dict[tuple[str, str], int | None]:
        """What the hub has."""
        return self.rows(self.hub)


def cached(file: Path) -> dict[tuple[str, str], int | None]:
    """How many of (SKU, location) can be sold by a cache's file."""
    if not file.exists():
        return {}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            found = connection.execute(_ROWS).fetchall()
        except sqlite3.OperationalError:
            return {}  # it has no tables yet
    return {
        (sku, place): sellable(
            StockLevel(sku, place, available=left, on_hand=here, reserved=sold, hold=hold, safety=safety)
        )
        for sku, place, left, here, sold, hold, safety in found
    }


@contextmanager
def chain(folder: Path, stock: Mapping[str, Any], skus: Sequence[str], hub_port: int) -> Iterator[Chain]:
    """A chain that runs; ``stock`` is the hub's channel, ``skus`` are the catalogue's. Raises NotStarted."""
    office = folder / "hub"
    office.mkdir(exist_ok=True)
    (office / "stock.token").write_text(TOKEN)
    more = "[[stock]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in stock.items())
    with broker(folder) as to, hub(office, to.port, hub_port, 'stock_token = "stock.token"\n', more):
        settings = {
            "upstream": {"adapter": "mqtt", "settings": {"port": to.port}},
            "camera": [{"id": "cam-1", "screen": "kiosk-1", "adapter": "push"}],
            "location": [
                {"id": id, "place": kind, "name": {"ja": id}, "pickup": kind == "near"} for id, kind in _KINDS.items()
            ],
            "stock": [
                {
                    "id": "hub",
                    "adapter": "hub",
                    "settings": {"url": f"http://127.0.0.1:{hub_port}", "token_file": "stock.token", "spread_s": 0.0},
                }
            ],
        }
        with running(["kiosk-1:kiosk"], settings, lambda where: _furnish(where, skus)) as edge:
            yield Chain(edge, office)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


def _furnish(folder: Path, skus: Sequence[str]) -> None:
    """A catalogue of these, and a campaign of all members with the first as tiles."""
    (folder / "stock.token").write_text(TOKEN)
    seed = folder / "seed"
    seed.mkdir()
    goods: list[dict[str, object]] = [{"sku": sku, "name": {"ja": f"品 {sku}"}, "price": 1000} for sku in skus]
    (seed / "catalogue.json").write_text(dump_catalogue(goods))
    picks = {
        "id": "picks",
        "name": "picks",
        "layer": "member",
        "headline": {"ja": "今週のおすすめ"},
        "products": list(skus[:TILES]),
    }
    (seed / "campaigns.json").write_text(json.dumps({"format": "tentou-campaigns/1", "campaigns": [picks]}))


@asynccontextmanager
async def greeted(edge: Bench, page: Any) -> AsyncIterator[None]:
    """A member stands there, whose tiles the page shows, and touches it now and then."""
    await answers(edge)
    await page.goto(edge.url("/screens/kiosk-1"))
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"ws://127.0.0.1:{edge.port}/cameras/cam-1/push") as eye:
            await _shown(edge, eye, page)
        keeper = asyncio.create_task(_kept_up(page))
        try:
            yield
        finally:
            keeper.cancel()


async def _shown(edge: Bench, eye: aiohttp.ClientWebSocketResponse, page: Any) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        now = int(time.time())
        text = issue(edge.key, secrets.token_urlsafe(9), now, now + 60, 1 | 4, 2, (1, 2))
        shown = phone.symbol(phone.Shown(text, "qrcode", now))
        picture = camera.rendered(
            camera.backdrop(1), camera.face(shown, 0.8), camera.pose(2.0, None, now), camera.grains(now)[0]
        )
        for _ in range(10):
            await eye.send_bytes((1).to_bytes(8) + camera.encoded(picture))
            await asyncio.sleep(0.1)
            if await page.query_selector_all("body[data-scene=member] .tile"):
                return
    raise NotStarted(f"the kiosk greets nobody: {edge.last_words()}")


async def _kept_up(page: Any) -> None:
    """A finger on the scene every few seconds, where it opens nothing."""
    while True:
        await asyncio.sleep(6.0)
        await page.evaluate("document.querySelector('[data-action=more]')?.click()")
