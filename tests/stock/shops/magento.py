"""A Magento shop with MSI: source items without stamps, reservations against a stock, pages that never end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.stock.shops.contract import FakeShop

TOKEN = "magento-token"
SOURCES = {"ginza": "store_1"}
WAREHOUSE, STOCK = "warehouse", 2
_FILTER = re.compile(r"searchCriteria\[filter_groups\]\[(\d+)\]\[filters\]\[0\]\[(field|condition_type|value)\]")


class MagentoShop(FakeShop):
    """``ginza`` is the source store_1; ``online`` is what stock 2 can sell of the warehouse, orders taken off it."""

    name = "magento"
    places = ("ginza", "online")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.reservations: Counter[str] = Counter()
        self.between: Callable[[], None] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        salable = "/rest/V1/inventory/get-product-salable-quantity/{sku}/{stock}"
        return [web.get("/rest/V1/inventory/source-items", self._list), web.get(salable, self._salable)]

    def item(self, sku: str, source: str, quantity: float, status: int = 1) -> None:
        """Set a source's item."""
        self.items[sku, source] = {"sku": sku, "source_code": source, "quantity": quantity, "status": status}

    def stock(self, sku: str, place: str, n: int) -> None:
        held = -self.reservations[sku] if place == "online" else 0
        self.item(sku, SOURCES.get(place, WAREHOUSE), n + held)

    def sell(self, sku: str, place: str) -> None:
        """Online an order reserves and leaves the source as it is; in a store the goods are gone at once."""
        if place == "online":
            self.reservations[sku] -= 1
        else:
            self.items[sku, SOURCES[place]]["quantity"] -= 1

    def levels(self) -> dict[tuple[str, str], int]:
        names = {source: place for place, source in SOURCES.items()} | {WAREHOUSE: "online"}
        ours = {key: item for key, item in self.items.items() if key[1] in names}
        held = {(sku, source): self.reservations[sku] * (source == WAREHOUSE) for sku, source in ours}
        return {(sku, names[source]): int(ours[sku, source]["quantity"]) + held[sku, source] for sku, source in ours}

    def bare(self, sku: str) -> None:
        """A product that no source has an item of has no row here."""

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "magento.token").write_text(TOKEN)
        places = {"store_1": "ginza", f"stock:{STOCK}": "online"}
        return {"url": url, "token_file": "magento.token", "locations": places}

    async def _list(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        self.between()
        filters: dict[str, dict[str, str]] = {}
        for name, value in request.query.items():
            if found := _FILTER.fullmatch(name):
                filters.setdefault(found[1], {})[found[2]] = value
        rows = [item for item in self.items.values() if all(_fits(item, one) for one in filters.values())]
        rows.sort(key=lambda item: (item["sku"].lower(), item["source_code"]))
        size = int(request.query["searchCriteria[pageSize]"])
        last = max(1, -(-len(rows) // size))
        page = min(int(request.query["searchCriteria[currentPage]"]), last)
        shown = rows[(page - 1) * size : page * size]
        return web.json_response({"items": shown, "search_criteria": {}, "total_count": len(rows)})

    async def _salable(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        sku = request.match_info["sku"]
        item = self.items.get((sku, WAREHOUSE))
        if item is None or int(request.match_info["stock"]) != STOCK:
            return web.json_response({"message": "The requested sku is not assigned to given stock."}, status=400)
        return web.json_response(item["quantity"] + self.reservations[sku] if item["status"] else 0)

    def _refused(self, request: web.Request) -> web.Response | None:
        right = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return None if right else web.json_response({"message": "The consumer isn't authorized"}, status=401)


def _fits(item: dict[str, Any], one: dict[str, str]) -> bool:
    """As MySQL compares: without regard to small and capital letters."""
    value, wanted = str(item[one["field"]]).lower(), one["value"].lower()
    fits = {"eq": value == wanted, "gt": value > wanted, "in": value in wanted.split(",")}
    return fits[one["condition_type"]]


FAKE = MagentoShop
