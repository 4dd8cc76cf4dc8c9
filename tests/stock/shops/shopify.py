"""Shopify's GraphQL Admin API as documented: levels by location and cursor, stamps in whole seconds, points that are
taken before and given back after, errors with status 200, webhooks without a SKU that are signed over the raw body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

PATH = "/admin/api/2026-10/graphql.json"
TOKEN, SECRET = "shpat-token", "hush"
HOOK = "https://hub.example/hooks/shop"
JST = timezone(timedelta(hours=9))
MOST_COST = 1000
BUCKET, RESTORE = 2000.0, 100.0
ELSEWHERE = 99
"""A location of the shop that no setting names."""


@dataclass
class Row:
    """One level."""

    available: int
    at: int


class Shopify(FakeShop):
    """One shop on the standard plan."""

    name = "shopify"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.locations = {"ginza": 71, "shinjuku": 72, "elsewhere": ELSEWHERE}
        self.items: dict[int, dict[str, Any]] = {}
        self.rows: dict[tuple[int, int], Row] = {}
        self.points = BUCKET
        self.page = 250
        self.denied = False
        self._flowed = clock()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post(PATH, self._graphql)]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(TOKEN)
        (folder / "secret").write_text(SECRET)
        return {
            "url": url + PATH, "token_file": "token", "secret_file": "secret", "hook_url": HOOK,
            "locations": {"71": "ginza", "gid://shopify/Location/72": "shinjuku"},
        }  # fmt: skip

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        self._set(sku, place, n, int(self.clock()))

    def sell(self, sku: str, place: str) -> None:
        self._set(sku, place, self.rows[self._id(sku), self.locations[place]].available - 1, int(self.clock()))

    def sell_silently(self, sku: str, place: str) -> None:
        self.rows[self._id(sku), self.locations[place]].available -= 1

    def bare(self, sku: str) -> None:
        self._id(sku)

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.locations.items() if id != ELSEWHERE}
        return {
            (self.items[item]["sku"], names[location]): max(0, row.available)
            for (item, location), row in self.rows.items()
            if location in names
        }

    def item(self, sku: str, **more: Any) -> int:
        """A new item, also of a SKU that another one bears."""
        id = 411 + len(self.items)
        option = {"name": "サイズ", "value": sku.rsplit("-", 1)[-1]}
        self.items[id] = {
            "sku": sku, "tracked": True, "barcode": None, "options": [option], "product": "リネンシャツ",
        } | more  # fmt: skip
        return id

    def _id(self, sku: str) -> int:
        return next((id for id, item in self.items.items() if item["sku"] == sku), 0) or self.item(sku)

    def _set(self, sku: str, place: str, n: int, at: int) -> None:
        key = self._id(sku), self.locations[place]
        self.rows[key] = Row(n, at)
        self.deliveries.append(self.webhook(*key, n, at))

    def webhook(self, item: int, location: int, n: int | None, at: int, topic: str = "update") -> Delivery:
        """The delivery of a level's change."""
        body = {
            "inventory_item_id": item, "location_id": location, "available": n,
            "updated_at": datetime.fromtimestamp(at, JST).isoformat(),
            "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}",
        }  # fmt: skip
        return signed(json.dumps(body).encode(), f"inventory_levels/{topic}", f"w-{time.monotonic_ns()}")

    # What it answers

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Shopify-Access-Token") != TOKEN:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        asked = await request.json()
        query, variables = asked["query"], asked["variables"]
        requested = float(_price(query, variables))
        if requested > MOST_COST:
            self.breaches.append(f"one question of {requested:g} points")
            return self._error("MAX_COST_EXCEEDED", requested)
        now = self.clock()
        self.points = min(BUCKET, self.points + max(0.0, now - self._flowed) * RESTORE)
        self._flowed = now
        if requested > self.points:
            self.breaches.append("a question for which there were no points")
            return self._error("THROTTLED", requested)
        if self.denied:
            return self._error("ACCESS_DENIED", requested)
        data = self._location(variables) if "location(id:$id)" in query else self._nodes(variables)
        actual = min(requested, 2.0 + 3 * json.dumps(data).count('"updatedAt"'))
        self.points -= actual
        return web.json_response({"data": data, "extensions": {"cost": self._cost(requested, actual)}})

    def _error(self, code: str, requested: float) -> web.Response:
        error = {"message": "no", "extensions": {"code": code}}
        return web.json_response({"errors": [error], "extensions": {"cost": self._cost(requested, None)}})

    def _cost(self, requested: float, actual: float | None) -> dict[str, Any]:
        bucket = {"maximumAvailable": BUCKET, "currentlyAvailable": int(self.points), "restoreRate": RESTORE}
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket}

    def _location(self, variables: dict[str, Any]) -> dict[str, Any]:
        location = int(variables["id"].removeprefix("gid://shopify/Location/"))
        if location not in self.locations.values():
            return {"location": None}
        since = _since(variables["query"])
        after = int(base64.b64decode(variables["after"])) if variables["after"] else 0
        found = sorted(
            item for (item, at), row in self.rows.items() if at == location and item > after and row.at >= since
        )
        page = found[: min(variables["first"], self.page)]
        cursor = base64.b64encode(str(page[-1]).encode()).decode() if page else None
        nodes = [self._level(item, location) | {"item": self._item(item)} for item in page]
        info = {"hasNextPage": len(found) > len(page), "endCursor": cursor}
        return {"location": {"inventoryLevels": {"nodes": nodes, "pageInfo": info}}}

    def _nodes(self, variables: dict[str, Any]) -> dict[str, Any]:
        nodes: list[dict[str, Any] | None] = []
        for gid in variables["ids"]:
            item = int(gid.removeprefix("gid://shopify/InventoryItem/"))
            if item not in self.items:
                nodes.append(None)
                continue
            node = {"id": gid, "sku": self.items[item]["sku"], "tracked": self.items[item]["tracked"]}
            for name, place in variables.items():
                if name != "ids":
                    location = int(place.removeprefix("gid://shopify/Location/"))
                    node[name] = self._level(item, location) if (item, location) in self.rows else None
            nodes.append(node)
        return {"nodes": nodes}

    def _level(self, item: int, location: int) -> dict[str, Any]:
        row = self.rows[item, location]
        at = datetime.fromtimestamp(row.at, UTC)
        return {
            "updatedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "quantities": [{"name": "available", "quantity": row.available}],
        }

    def _item(self, id: int) -> dict[str, Any]:
        item = self.items[id]
        return {
            "id": f"gid://shopify/InventoryItem/{id}", "sku": item["sku"], "tracked": item["tracked"],
            "variant": {
                "barcode": item["barcode"], "title": "M", "selectedOptions": item["options"],
                "product": {"id": "gid://shopify/Product/7", "title": item["product"]},
            },
        }  # fmt: skip


def signed(body: bytes, topic: str, id: str, secret: str = SECRET) -> Delivery:
    """A delivery as Shopify makes it."""
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "x-shopify-topic": topic, "x-shopify-hmac-sha256": digest, "x-shopify-webhook-id": id,
        "x-shopify-shop-domain": "127.0.0.1", "x-shopify-triggered-at": "2026-11-21T09:12:45.000000000Z",
    }  # fmt: skip
    return Delivery(HOOK, headers, body)


def _price(query: str, variables: dict[str, Any]) -> int:
    """Points: one for each object that may come; a list that is no connection counts as one object."""
    objects = query.count("{") - query.count("query(")
    if "location(id:$id)" in query:
        return int(variables["first"]) * (objects - 3) + 2
    return len(variables["ids"]) * (1 + 2 * query.count("inventoryLevel("))


def _since(query: str | None) -> float:
    if not query:
        return 0.0
    return datetime.fromisoformat(query.removeprefix("updated_at:>='").removesuffix("'")).timestamp()


FAKE = Shopify
