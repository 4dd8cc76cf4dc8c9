"""Shopify's Storefront API as documented: stores with pick-up alone, and available without any there since 2026-07."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.stock.shops.contract import FakeShop

PATH = "/api/2026-07/graphql.json"
TOKEN = "shpat-storefront"


class Storefront(FakeShop):
    """One shop. ``products`` have their variants; a level is what a store has and whether it can be had there."""

    name = "shopify_storefront"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.locations = {"ginza": 71, "shinjuku": 72, "elsewhere": 99}
        self.products: dict[str, list[str]] = {}
        self.variants: dict[str, dict[str, Any]] = {}
        self.rows: dict[tuple[str, int], tuple[bool, int | None]] = {}
        self.page = 250

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post(PATH, self._graphql)]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(TOKEN)
        return {"url": url + PATH, "token_file": "token", "locations": {"71": "ginza", "72": "shinjuku"}}

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        self.rows[self.variant(sku), self.locations[place]] = n > 0, n

    def sell(self, sku: str, place: str) -> None:
        self.stock(sku, place, (self.rows[self.variant(sku), self.locations[place]][1] or 0) - 1)

    def bare(self, sku: str) -> None:
        self.variant(sku)

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.locations.items() if place in self.places}
        return {
            (self.variants[id]["sku"], names[place]): max(0, n or 0)
            for (id, place), (_, n) in self.rows.items()
            if place in names
        }

    def variant(self, sku: str, new: bool = False) -> str:
        """The variant of a SKU, made if there is none (or a twin is wanted)."""
        known = next((id for id, one in self.variants.items() if one["sku"] == sku), "")
        if known and not new:
            return known
        id = f"gid://shopify/ProductVariant/{500 + len(self.variants)}"
        self.variants[id] = {
            "id": id, "sku": sku, "barcode": None, "selectedOptions": [{"name": "サイズ", "value": sku[-1:]}],
        }  # fmt: skip
        style = sku.rsplit("-", 1)[0]
        self.products.setdefault(f"gid://shopify/Product/{style}", []).append(id)
        return id

    # What it answers

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("Shopify-Storefront-Private-Token") != TOKEN:
            return web.json_response({"errors": [{"message": "", "extensions": {"code": "UNAUTHORIZED"}}]})
        asked = await request.json()
        query, variables = asked["query"], asked["variables"]
        if "products(first" in query:
            data: dict[str, Any] = {"products": self._listed(variables)}
        elif "product(id" in query:
            known = variables["id"] in self.products
            data = {"product": self._product(variables["id"], variables, variables["after"]) if known else None}
        else:
            found = [self._variant(id, variables) if id in self.variants else None for id in variables["ids"]]
            data = {"nodes": found}
        return web.json_response({"data": data})

    def _listed(self, variables: dict[str, Any]) -> dict[str, Any]:
        found = sorted(id for id in self.products if id > (variables["after"] or ""))
        nodes, info = self._cut(found, variables["first"])
        return {"nodes": [self._product(id, variables, "") for id in nodes], "pageInfo": info}

    def _product(self, id: str, variables: dict[str, Any], after: str) -> dict[str, Any]:
        nodes, info = self._cut([one for one in sorted(self.products[id]) if one > after], variables["variants"])
        found = {"nodes": [self._variant(one, variables) for one in nodes], "pageInfo": info}
        return {"id": id, "title": "リネンシャツ", "variants": found}

    def _variant(self, id: str, variables: dict[str, Any]) -> dict[str, Any]:
        stores = [
            {"available": there, "quantityAvailable": n, "location": {"id": f"gid://shopify/Location/{place}"}}
            for (variant, place), (there, n) in self.rows.items()
            if variant == id
        ]
        kept = stores[: variables["stores"]]
        info = {"hasNextPage": len(stores) > len(kept), "endCursor": "x"}
        return self.variants[id] | {"storeAvailability": {"nodes": kept, "pageInfo": info}}

    def _cut(self, ids: list[str], first: int) -> tuple[list[str], dict[str, Any]]:
        page = ids[: min(first, self.page)]
        return page, {"hasNextPage": len(ids) > len(page), "endCursor": page[-1] if page else None}


FAKE = Storefront
