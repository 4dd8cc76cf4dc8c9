"""A chain's own core system: JSON of its own shape by cursor pages, decimal strings, versions, our push and reserve."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

TOKEN, SECRET = "core-token", "hush"
HOOK = "https://hub.example/hooks/core"


@dataclass
class Row:
    """One SKU at one place."""

    n: int
    held: int
    version: int
    at: float


class Generic(FakeShop):
    """One core system. ``page`` rows an answer."""

    name = "generic"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.shops = {"ginza": "0012", "shinjuku": "0013", "elsewhere": "0099"}
        self.products: dict[str, dict[str, Any]] = {}
        self.rows: dict[tuple[str, str], Row] = {}
        self.page = 100
        self.kept: dict[str, dict[str, Any]] = {}
        self.seq = 0
        self._version = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/core/stocks", self._stocks),
            web.get("/core/stocks/{sku}", self._one),
            web.post("/core/keep", self._keep),
            web.get("/core/keep/{key}", self._how),
        ]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(TOKEN)
        (folder / "secret").write_text(SECRET)
        return {
            "url": url + "/core/stocks?cursor={cursor}",
            "changed_url": url + "/core/stocks?since={since}&cursor={cursor}",
            "item_url": url + "/core/stocks/{sku}",
            "token_file": "token", "secret_file": "secret", "hook_url": HOOK,
            "locations": {"0012": "ginza", "0013": "shinjuku"},
            "rows": "/data/stocks", "paging": "cursor", "next": "/data/next", "since": "sure", "step_ms": 0,
            "fields": {
                "sku": "/item/code", "location": "/shop", "on_hand": "/qty", "hold": "/held", "revision": "/ver",
                "gtin": "/item/jan", "style": "/item/style", "size": "/item/axes/1", "color": "/item/axes/0",
            },
            "push": True, "beats": True, "reserve": "atomic", "reserve_url": url + "/core/keep",
        }  # fmt: skip

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        held = self.rows[sku, self.shops[place]].held if (sku, self.shops[place]) in self.rows else 0
        self._set(sku, place, n + held, held)

    def sell(self, sku: str, place: str) -> None:
        row = self.rows[sku, self.shops[place]]
        self._set(sku, place, row.n - 1, row.held)

    def sell_silently(self, sku: str, place: str) -> None:
        self.rows[sku, self.shops[place]].n -= 1

    def bare(self, sku: str) -> None:
        self._product(sku)

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.shops.items() if place in self.places}
        return {(sku, names[shop]): max(0, row.n - row.held) for (sku, shop), row in self.rows.items() if shop in names}

    def _product(self, sku: str) -> dict[str, Any]:
        return self.products.setdefault(
            sku, {"code": sku, "jan": "", "style": sku.rsplit("-", 1)[0], "axes": ["白", sku[-1:]], "price": 3990}
        )

    def _set(self, sku: str, place: str, n: int, held: int) -> None:
        self._product(sku)
        self._version += 1
        row = self.rows[sku, self.shops[place]] = Row(n, held, self._version, self.clock())
        level = {"sku": sku, "location": self.shops[place], "on_hand": max(0, n), "hold": held, "revision": row.version}
        self.deliveries.append(self.push([level]))

    def push(self, levels: list[dict[str, Any]], **more: Any) -> Delivery:
        """A push of these levels, the next of its stream; without any it is a beat."""
        self.seq += 1
        told = {
            "format": "tentou-stock-push/1", "id": f"p-{self.seq}", "stream": "core-1", "seq": self.seq,
            "sent_ms": int(self.clock() * 1000), "levels": levels, "gone": [],
        } | more  # fmt: skip
        return signed(json.dumps(told).encode())

    # What it answers

    def _refusal(self, request: web.Request) -> web.Response | None:
        return None if request.headers.get("Authorization") == f"Bearer {TOKEN}" else web.Response(status=401)

    async def _stocks(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        text = request.query.get("since")
        since = datetime.fromisoformat(text).timestamp() if text else 0.0
        after = request.query["cursor"]
        found = sorted(key for key, row in self.rows.items() if row.at >= since and "/".join(key) > after)
        page = found[: self.page]
        following = "/".join(page[-1]) if len(found) > len(page) else None
        return web.json_response({"data": {"stocks": [self._told(key) for key in page], "next": following}})

    async def _one(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        keys = sorted(key for key in self.rows if key[0] == request.match_info["sku"])
        if not keys:
            return web.Response(status=404)
        return web.json_response({"data": {"stocks": [self._told(key) for key in keys]}})

    def _told(self, key: tuple[str, str]) -> dict[str, Any]:
        row = self.rows[key]
        return {
            "item": self.products[key[0]], "shop": key[1], "qty": f"{row.n}.0", "held": str(row.held),
            "ver": row.version,
        }  # fmt: skip

    async def _keep(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        asked = await request.json()
        assert request.headers["Idempotency-Key"] == asked["key"]
        key = asked["sku"], asked["location"]
        if asked["key"] not in self.kept:
            row = self.rows.get(key)
            there = row is not None and row.n - row.held > 0
            if row is not None and there:
                row.held += 1
            told = {"state": "confirmed", "slip": "K-7", "until": "2026-11-21T12:00:00Z"}
            self.kept[asked["key"]] = told if there else {"state": "declined"}
        told = self.kept[asked["key"]]
        return web.json_response(told, status=201 if told["state"] == "confirmed" else 409)

    async def _how(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        known = self.kept.get(request.match_info["key"])
        return web.json_response(known) if known else web.Response(status=404)


def signed(body: bytes, secret: str = SECRET) -> Delivery:
    """A delivery as our README asks for it."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Delivery(HOOK, {"x-tentou-signature": f"sha256={digest}"}, body)


FAKE = Generic
