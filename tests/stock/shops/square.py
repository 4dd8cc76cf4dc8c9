"""Square's Inventory and Catalog APIs as documented: decimal strings, a count for each state, none where nothing was
ever touched, cursors, and webhooks that are signed over the notification URL and the raw body."""

from __future__ import annotations

import base64
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

TOKEN, KEY = "EAAA-token", "signature-key"
HOOK = "https://hub.example/hooks/till?b=1&a=2"
MOST_IDS, MOST_ROWS = 1000, 1000


@dataclass
class Count:
    """How many are in one state."""

    quantity: str
    at: float


def failed(status: int, category: str, code: str) -> web.Response:
    return web.json_response({"errors": [{"category": category, "code": code, "detail": "no"}]}, status=status)


class Square(FakeShop):
    """One seller."""

    name = "square"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.locations = {"ginza": "L1", "shinjuku": "L2", "elsewhere": "L9"}
        self.variations: dict[str, dict[str, Any]] = {}
        self.counts: dict[tuple[str, str, str], Count] = {}
        self.page = MOST_ROWS

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/v2/catalog/search", self._search),
            web.post("/v2/catalog/batch-retrieve", self._retrieve),
            web.post("/v2/inventory/counts/batch-retrieve", self._batch),
        ]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(TOKEN)
        (folder / "secret").write_text(KEY)
        return {
            "url": url, "token_file": "token", "secret_file": "secret", "hook_url": HOOK,
            "locations": {"L1": "ginza", "L2": "shinjuku"},
        }  # fmt: skip

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        self.count(self._id(sku), place, "IN_STOCK", str(n))

    def sell(self, sku: str, place: str) -> None:
        id = self._id(sku)
        left = int(self.counts[id, self.locations[place], "IN_STOCK"].quantity) - 1
        self.count(id, place, "IN_STOCK", str(left))

    def sell_silently(self, sku: str, place: str) -> None:
        count = self.counts[self._id(sku), self.locations[place], "IN_STOCK"]
        count.quantity = str(int(count.quantity) - 1)

    def count(self, id: str, place: str, state: str, quantity: str) -> None:
        """A count as any of its states, and the webhook of it."""
        key = id, self.locations[place], state
        self.counts[key] = Count(quantity, self.clock())
        self.deliveries.append(signed(self.event([self._told(key)])))

    def bare(self, sku: str) -> None:
        self._id(sku)

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.locations.items() if place in self.places}
        return {
            (self.variations[id]["sku"], names[place]): max(0, int(float(count.quantity)))
            for (id, place, state), count in self.counts.items()
            if state == "IN_STOCK" and place in names
        }

    def variation(self, sku: str, **more: Any) -> str:
        """A new variation, also of a SKU that another one bears."""
        id = f"W62U{len(self.variations):04}"
        self.variations[id] = {
            "item_id": "ITEM1", "name": sku, "sku": sku, "upc": None, "track_inventory": True,
            "item_option_values": [{"item_option_id": "OPT1", "item_option_value_id": f"V-{sku}"}],
        } | more  # fmt: skip
        return id

    def _id(self, sku: str) -> str:
        return next((id for id, one in self.variations.items() if one["sku"] == sku), "") or self.variation(sku)

    def event(self, counts: list[dict[str, Any]], **more: Any) -> bytes:
        """The body of a webhook."""
        body = {
            "merchant_id": "M1", "type": "inventory.count.updated", "event_id": f"e-{time.monotonic_ns()}",
            "created_at": stamp(self.clock()),
            "data": {"type": "inventory_counts", "id": "d-1", "object": {"inventory_counts": counts}},
        } | more  # fmt: skip
        return json.dumps(body).encode()

    # What it answers

    def _told(self, key: tuple[str, str, str]) -> dict[str, Any]:
        id, location, state = key
        count = self.counts[key]
        return {
            "catalog_object_id": id, "catalog_object_type": "ITEM_VARIATION", "state": state,
            "location_id": location, "quantity": count.quantity, "calculated_at": stamp(count.at),
        }  # fmt: skip

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return failed(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        if "Square-Version" not in request.headers:
            return failed(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST")
        return None

    async def _search(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        asked = await request.json()
        assert 0 < asked["limit"] <= MOST_ROWS
        (kind,) = asked["object_types"]
        found = self._items() if kind == "ITEM" else self._options() if self.variations else []
        return web.json_response(self._paged("objects", found, asked))

    def _items(self) -> list[dict[str, Any]]:
        items: dict[str, dict[str, Any]] = {}
        for id, one in self.variations.items():
            data = {"name": "リネンシャツ", "variations": []}
            item = items.setdefault(one["item_id"], {"type": "ITEM", "id": one["item_id"], "item_data": data})
            item["item_data"]["variations"].append({"type": "ITEM_VARIATION", "id": id, "item_variation_data": one})
        return list(items.values())

    def _options(self) -> list[dict[str, Any]]:
        values = [
            {"type": "ITEM_OPTION_VAL", "id": f"V-{one['sku']}", "item_option_value_data": {"name": one["sku"][-1:]}}
            for one in self.variations.values()
        ]
        return [{"type": "ITEM_OPTION", "id": "OPT1", "item_option_data": {"name": "サイズ", "values": values}}]

    async def _retrieve(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        ids = (await request.json())["object_ids"]
        if not 0 < len(ids) <= MOST_IDS:
            self.breaches.append("too many ids in one question")
            return failed(400, "INVALID_REQUEST_ERROR", "ARRAY_LENGTH_TOO_LONG")
        found = [
            {"type": "ITEM_VARIATION", "id": id, "item_variation_data": self.variations[id]}
            for id in ids
            if id in self.variations
        ]
        return web.json_response({"objects": found} if found else {})

    async def _batch(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        asked = await request.json()
        if not 0 < asked["limit"] <= MOST_ROWS or len(asked.get("catalog_object_ids", [])) > MOST_IDS:
            self.breaches.append("too much in one question")
            return failed(400, "INVALID_REQUEST_ERROR", "VALUE_TOO_HIGH")
        after = datetime.fromisoformat(asked["updated_after"]).timestamp() if "updated_after" in asked else 0.0
        ids = asked.get("catalog_object_ids")
        found = [
            self._told(key)
            for key, count in sorted(self.counts.items())
            if key[1] in asked["location_ids"] and key[2] in asked["states"]
            if count.at > after and (ids is None or key[0] in ids)
        ]
        return web.json_response(self._paged("counts", found, asked))

    def _paged(self, name: str, rows: list[Any], asked: dict[str, Any]) -> dict[str, Any]:
        """A page, and a cursor if there is more; an empty list is left out, as Square does."""
        start = int(base64.b64decode(asked["cursor"])) if asked.get("cursor") else 0
        end = start + min(asked["limit"], self.page)
        told = {name: rows[start:end]} if rows[start:end] else {}
        return told | ({"cursor": base64.b64encode(str(end).encode()).decode()} if end < len(rows) else {})


def stamp(at: float) -> str:
    """A time as Square tells one, in milliseconds."""
    moment = datetime.fromtimestamp(int(at), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z"


def signed(body: bytes, url: str = HOOK, key: str = KEY) -> Delivery:
    """A delivery as Square makes it."""
    digest = base64.b64encode(hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()).decode()
    return Delivery(url, {"x-square-hmacsha256-signature": digest}, body)


FAKE = Square
