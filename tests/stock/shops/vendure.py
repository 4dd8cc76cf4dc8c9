"""A Vendure shop with our plug-in as the adapter meets it: sessions, variants by skip and take, stamps in whole
seconds, pushes. The real one stands behind its own soak; here it is small, for what all adapters keep."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

PASSWORD, SESSION, SECRET = "superadmin", "session-1", "hush"


@dataclass
class Level:
    """What a stock location has of a variant."""

    there: int
    allocated: int
    at: int


class Vendure(FakeShop):
    """One shop with two stock locations that are read, and one that is not."""

    name = "vendure"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.locations = {"ginza": "1", "shinjuku": "2", "elsewhere": "3"}
        self.variants: dict[str, dict[str, Level]] = {}
        self.seq = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post("/admin-api", self._graphql)]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "password").write_text(PASSWORD)
        (folder / "secret").write_text(SECRET)
        locations = {"1": "ginza", "2": "shinjuku"}
        return {
            "url": url, "user": "hub", "token_file": "password", "secret_file": "secret", "locations": locations,
        }  # fmt: skip

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        level = self._level(sku, place)
        level.there = n + level.allocated
        self._told(sku, place)

    def sell(self, sku: str, place: str) -> None:
        self._level(sku, place).allocated += 1
        self._told(sku, place)

    def sell_silently(self, sku: str, place: str) -> None:
        self._level(sku, place).allocated += 1

    def bare(self, sku: str) -> None:
        self.variants.setdefault(sku, {})

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.locations.items() if place in self.places}
        return {
            (sku, names[id]): max(0, level.there - level.allocated)
            for sku, levels in self.variants.items()
            for id, level in levels.items()
            if id in names
        }

    def _level(self, sku: str, place: str) -> Level:
        levels = self.variants.setdefault(sku, {})
        return levels.setdefault(self.locations[place], Level(0, 0, int(self.clock())))

    def _told(self, sku: str, place: str) -> None:
        level = self._level(sku, place)
        level.at = int(self.clock())
        figures = {"on_hand": level.there, "reserved": level.allocated, "revision": level.at * 1000}
        self.deliveries.append(self.push([{"sku": sku, "location": self.locations[place], **figures}]))

    def push(self, levels: list[dict[str, Any]]) -> Delivery:
        """The next push; without levels it is a beat."""
        self.seq += 1
        told = {
            "format": "tentou-stock-push/1", "id": f"p-{self.seq}", "stream": "vendure", "seq": self.seq,
            "sent_ms": int(self.clock() * 1000), "levels": levels, "gone": [],
        }  # fmt: skip
        body = json.dumps(told).encode()
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Delivery("https://hub.example/hooks/shop", {"x-tentou-signature": f"sha256={signed}"}, body)

    # What it answers

    async def _graphql(self, request: web.Request) -> web.Response:
        asked = await request.json()
        query, variables = asked["query"], asked["variables"]
        if "login(" in query:
            right = variables["password"] == PASSWORD
            kind = "CurrentUser" if right else "InvalidCredentialsError"
            headers = {"vendure-auth-token": SESSION} if right else {}
            return web.json_response({"data": {"login": {"__typename": kind}}}, headers=headers)
        if request.headers.get("Authorization") != f"Bearer {SESSION}":
            return web.json_response({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}], "data": None})
        rows = list(enumerate(self.variants.items(), 1))
        if "skus" in variables:
            rows = [row for row in rows if row[1][0] in variables["skus"]]
        else:
            rows = rows[variables["skip"] : variables["skip"] + variables["take"]]
        house = {"trackInventory": True, "outOfStockThreshold": 0}
        items = [_variant(id, sku, levels) for id, (sku, levels) in rows]
        return web.json_response({"data": {"globalSettings": house, "productVariants": {"items": items}}})


def _variant(id: int, sku: str, levels: dict[str, Level]) -> dict[str, Any]:
    return {
        "id": str(id), "sku": sku, "name": "Linen shirt M", "trackInventory": "INHERIT",
        "outOfStockThreshold": 0, "useGlobalOutOfStockThreshold": True, "product": {"id": "1"},
        "options": [{"name": "M", "group": {"name": "size"}}],
        "stockLevels": [
            {
                "stockLocationId": place, "stockOnHand": level.there, "stockAllocated": level.allocated,
                "updatedAt": datetime.fromtimestamp(level.at, UTC).isoformat().replace("+00:00", ".000Z"),
            }
            for place, level in levels.items()
        ],
    }  # fmt: skip


FAKE = Vendure
