"""Smaregi's platform API as documented: strings for numbers, no row before a first movement, both ends of a stretch of
time, 31 days at most, pages by number, tokens that end, one limit for the contract, webhooks of ids, not signed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from edge.stock.system import Budget, Delivery
from tests.stock.shops.contract import FakeShop

CONTRACT, CLIENT, SECRET = "sb_x", "app:secret", "hush"
HOOK = "https://hub.example/hooks/pos"
JST = timezone(timedelta(hours=9))
LIMIT = 40.0
"""Calls a second; the real figure is not published."""


@dataclass
class Row:
    """One product in one store."""

    amount: int
    layaway: int
    at: int


def problem(status: int) -> web.Response:
    return web.json_response({"type": "about:blank", "title": "no", "detail": "no", "status": status}, status=status)


class Smaregi(FakeShop):
    """One contract."""

    name = "smaregi"
    places = ("ginza", "shinjuku")
    limits: ClassVar[tuple[Budget, ...]] = (Budget(LIMIT, 1.0),)

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.stores = {"ginza": "1", "shinjuku": "2", "elsewhere": "9"}
        self.products: dict[str, dict[str, Any]] = {}
        self.rows: dict[tuple[str, str], Row] = {}
        self.good: set[str] = set()
        self.tokens = 0
        self.expires_in: Any = "3600"
        self._events = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post(f"/app/{CONTRACT}/token", self._token),
            web.get(f"/{CONTRACT}/pos/stock", self._stock),
            web.get(f"/{CONTRACT}/pos/products", self._listed),
            web.get(f"/{CONTRACT}/pos/products/{{id}}", self._one),
        ]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(CLIENT)
        (folder / "secret").write_text(SECRET)
        return {
            "url": url, "auth_url": url, "contract": CONTRACT, "token_file": "token", "secret_file": "secret",
            "hook_url": HOOK, "locations": {"1": "ginza", "2": "shinjuku"}, "calls_per_second": LIMIT,
        }  # fmt: skip

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        self.row(self._id(sku), place, n, 0)

    def sell(self, sku: str, place: str) -> None:
        id = self._id(sku)
        known = self.rows[id, self.stores[place]]
        self.row(id, place, known.amount - 1, known.layaway)

    def sell_silently(self, sku: str, place: str) -> None:
        self.rows[self._id(sku), self.stores[place]].amount -= 1

    def bare(self, sku: str) -> None:
        self._id(sku)

    def row(self, id: str, place: str, amount: int, layaway: int) -> None:
        """A row as it is from now on, and the webhook that names it."""
        self.rows[id, self.stores[place]] = Row(amount, layaway, int(self.clock()))
        self.deliveries.append(self.webhook([(id, self.stores[place])]))

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.stores.items() if place in self.places}
        return {
            (self.products[id]["productCode"], names[store]): max(0, max(0, row.amount) - row.layaway)
            for (id, store), row in self.rows.items()
            if store in names
        }

    def product(self, code: str | None, **more: Any) -> str:
        """A new product."""
        id = str(8_000_001 + len(self.products))
        self.products[id] = {
            "productId": id, "productCode": code, "productName": "リネンシャツ", "size": (code or "")[-1:],
            "color": None, "groupCode": "LN-09", "stockControlDivision": "0", "price": "3990",
        } | more  # fmt: skip
        return id

    def _id(self, sku: str) -> str:
        return next((id for id, one in self.products.items() if one["productCode"] == sku), "") or self.product(sku)

    def webhook(self, moved: Iterable[tuple[str, str]], action: str = "edited", **more: Any) -> Delivery:
        """The delivery that names rows."""
        self._events += 1
        ids = [{"id": str(90_000 + n), "productId": id, "storeId": store} for n, (id, store) in enumerate(moved)]
        body = {"contractId": CONTRACT, "event": "pos:stock", "action": action, "ids": ids} | more
        headers = {
            "x-tentou-secret": SECRET, "smaregi-event": str(body["event"]), "smaregi-contract-id": CONTRACT,
            "smaregi-event-id": f"a8c4285c-75e6-4f46-8256-{self._events:012}",
        }  # fmt: skip
        return Delivery(HOOK, headers, json.dumps(body).encode())

    # What it answers

    def cost(self, request: web.Request) -> float:
        return 0.0 if request.path.startswith("/app/") else 1.0

    async def _token(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Basic " + base64.b64encode(CLIENT.encode()).decode():
            return problem(401)
        form = dict(await request.post())
        if form["grant_type"] != "client_credentials":
            return problem(400)
        self.tokens += 1
        self.good.add(f"token-{self.tokens}")
        told = {"scope": form["scope"], "token_type": "Bearer", "expires_in": self.expires_in}
        return web.json_response(told | {"access_token": f"token-{self.tokens}"})

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.good:
            return problem(401)
        if not (1 <= int(request.query.get("limit", "100")) <= 1000 and int(request.query.get("page", "1")) >= 1):
            return problem(400)
        return None

    async def _stock(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        query = request.query
        ends = [query.get(f"upd_date_time-{end}") for end in ("from", "to")]
        if (ends[0] is None) != (ends[1] is None):
            return problem(400)
        start, end = (datetime.fromisoformat(text).timestamp() if text else None for text in ends)
        if start is not None and end is not None and not 0 <= end - start <= 31 * 86_400:
            return problem(400)
        found = [
            self._told(id, store)
            for (id, store), row in sorted(self.rows.items())
            if query.get("store_id", store) == store and query.get("product_id", id) == id
            if start is None or end is None or start <= row.at <= end
        ]
        return self._page(found, request)

    def _told(self, id: str, store: str) -> dict[str, Any]:
        row = self.rows[id, store]
        return {
            "storeId": store, "productId": id, "stockAmount": str(row.amount), "layawayStockAmount": str(row.layaway),
            "updDateTime": datetime.fromtimestamp(row.at, JST).isoformat(),
        }  # fmt: skip

    async def _listed(self, request: web.Request) -> web.Response:
        return self._refusal(request) or self._page(list(self.products.values()), request)

    async def _one(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        found = self.products.get(request.match_info["id"])
        return web.json_response(found) if found else problem(404)

    def _page(self, rows: list[Any], request: web.Request) -> web.Response:
        limit, page = int(request.query.get("limit", "100")), int(request.query.get("page", "1"))
        return web.json_response(rows[(page - 1) * limit : page * limit])


FAKE = Smaregi
