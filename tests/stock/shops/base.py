"""A shop at BASE: items with variations, every error a 400, 5,000 calls an hour, refresh tokens that serve once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Budget
from tests.stock.shops.contract import FakeShop

CLIENT, SECRET, CALLBACK = "base-client", "base-secret", "https://shop.example/callback"


class BaseShop(FakeShop):
    """Items as documented; a sale moves no ``modified``. A SKU ``X-S`` is the variation S of the item X."""

    name = "base"
    limits = (Budget(5000, 3600), Budget(100_000, 86_400))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.items: dict[int, dict[str, Any]] = {}
        self.refresh = "base-refresh-0"
        self.access = ""
        self.renewals = 0
        self.between: Callable[[], None] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/1/items", self._list),
            web.get("/1/items/detail/{id}", self._detail),
            web.post("/1/oauth/token", self._token),
        ]

    def item(self, code: str, **fields: Any) -> dict[str, Any]:
        """The item of a code, made if it is new."""
        found = next((item for item in self.items.values() if item["identifier"] == code), None)
        if found is None:
            found = {
                "item_id": 1234 + len(self.items),
                "title": "Tシャツ",
                "detail": "x" * 100,
                "price": 3900,
                "proper_price": None,
                "stock": 0,
                "visible": 1,
                "list_order": 1,
                "identifier": code,
                "img1_origin": "https://images.example/1.jpg",
                "modified": int(self.clock()),
                "variations": [],
            }
            self.items[found["item_id"]] = found
        found |= fields
        return found

    def stock(self, sku: str, place: str, n: int) -> None:
        self._variation(sku)["variation_stock"] = n
        item = self.item(sku.rpartition("-")[0] or sku)
        item |= {"stock": sum(one["variation_stock"] for one in item["variations"]), "modified": int(self.clock())}

    def sell(self, sku: str, place: str) -> None:
        self._variation(sku)["variation_stock"] -= 1
        self.item(sku.rpartition("-")[0] or sku)["stock"] -= 1

    def levels(self) -> dict[tuple[str, str], int]:
        rows = [one for item in self.items.values() for one in item["variations"]]
        return {(one["variation_identifier"], self.places[0]): one["variation_stock"] for one in rows}

    def bare(self, sku: str) -> None:
        """An item has its stock from the beginning here: none."""
        self._variation(sku)

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "base.client").write_text(f"{CLIENT}:{SECRET}")
        (folder / "base.refresh").write_text(self.refresh)
        return {
            "url": url,
            "token_file": "base.client",
            "refresh_file": "base.refresh",
            "redirect_url": CALLBACK,
            "locations": {"*": self.places[0]},
        }

    def refusal(self, request: web.Request) -> web.StreamResponse:
        return refused("hour_api_limit", "1時間のAPIの利用上限を超えました。")

    def _variation(self, sku: str) -> dict[str, Any]:
        code, _, word = sku.rpartition("-")
        item = self.item(code or sku)
        found = next((one for one in item["variations"] if one["variation_identifier"] == sku), None)
        if found is None:
            id = 11 + sum(len(one["variations"]) for one in self.items.values())
            found = {"variation_id": id, "variation": word, "variation_stock": 0, "variation_identifier": sku}
            item["variations"].append(found)
        return found

    async def _list(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.access}" or not self.access:
            return refused("invalid_request", "アクセストークンが無効です。")
        self.between()
        asked = request.query
        order = {"created": "item_id"}.get(asked.get("order", "list_order"), asked.get("order", "list_order"))
        rows = sorted(self.items.values(), key=lambda item: (item[order], item["item_id"]))
        if asked.get("sort") == "desc":
            rows.reverse()
        limit, offset = min(int(asked.get("limit", "20")), 100), int(asked.get("offset", "0"))
        return web.json_response({"items": rows[offset : offset + limit]})

    async def _detail(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.access}" or not self.access:
            return refused("invalid_request", "アクセストークンが無効です。")
        item = self.items.get(int(request.match_info["id"]))
        return web.json_response({"item": item}) if item else refused("no_item", "商品が見つかりませんでした。")

    async def _token(self, request: web.Request) -> web.Response:
        given = dict(await request.post())
        right = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET, "redirect_uri": CALLBACK}
        if given != right | {"refresh_token": self.refresh}:
            return refused("invalid_request", "不正なリフレッシュトークンです。")
        self.renewals += 1
        self.refresh, self.access = f"base-refresh-{self.renewals}", f"base-access-{self.renewals}"
        fresh = {"access_token": self.access, "token_type": "bearer", "expires_in": 3600}
        return web.json_response(fresh | {"refresh_token": self.refresh})


def refused(error: str, words: str) -> web.Response:
    """As every error comes, whatever it is."""
    return web.json_response({"error": error, "error_description": words}, status=400)


FAKE = BaseShop
