"""A shop at Color Me Shop: stock rows by offset, at most 50 a page, in an order that nobody promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.stock.shops.contract import FakeShop

TOKEN = "colorme-token"


class ColorMeShop(FakeShop):
    """Rows as the official client documents them. ``order`` are product ids in the order in which they are given;
    ``between`` is called before each answer, so that a test can move rows between two pages."""

    name = "colorme"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.rows: dict[int, dict[str, Any]] = {}
        self.order: list[int] = []
        self.between: Callable[[], None] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.get("/v1/stocks", self._stocks)]

    def product(self, sku: str, **fields: Any) -> int:
        """The id of a SKU's product, made if it is new; ``fields`` go over the documented ones."""
        id = next((id for id, row in self.rows.items() if row["variant_model_number"] == sku), 0)
        if not id:
            id = 1_342_332 + len(self.rows)
            self.rows[id] = {
                "account_id": "PA01234567",
                "product_id": id,
                "name": "Tシャツ",
                "option1_value": "白",
                "option2_value": "S",
                "stocks": None,
                "few_num": 5,
                "model_number": "T-W",
                "variant_model_number": sku,
                "display_state": "showing",
                "update_date": int(self.clock()),
            }
            self.order.append(id)
        self.rows[id] |= fields
        return id

    def stock(self, sku: str, place: str, n: int) -> None:
        self.product(sku, stocks=n, update_date=int(self.clock()))

    def sell(self, sku: str, place: str) -> None:
        self.rows[self.product(sku)]["stocks"] -= 1

    def levels(self) -> dict[tuple[str, str], int]:
        rows = [row for row in self.rows.values() if row["stocks"] is not None]
        return {(row["variant_model_number"], self.places[0]): row["stocks"] for row in rows}

    def bare(self, sku: str) -> None:
        self.product(sku)

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "colorme.token").write_text(TOKEN)
        return {"url": url, "token_file": "colorme.token", "locations": {"*": self.places[0]}}

    async def _stocks(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response(
                {"errors": [{"code": 401100, "message": "無効なトークン", "status": 401}]}, status=401
            )
        self.between()
        asked = request.query
        limit, offset = min(int(asked.get("limit", "10")), 50), int(asked.get("offset", "0"))
        rows = [row for id in self.order if self._wanted(row := self.rows[id], asked)]
        fields = asked["fields"].split(",") if "fields" in asked else list(rows[0]) if rows else []
        shown = [{name: row[name] for name in fields} for row in rows[offset : offset + limit]]
        return web.json_response({"stocks": shown, "meta": {"total": len(rows), "limit": limit, "offset": offset}})

    def _wanted(self, row: dict[str, Any], asked: Any) -> bool:
        if "ids" in asked and str(row["product_id"]) not in asked["ids"].split(","):
            return False
        if "stocks" in asked and (row["stocks"] is None or row["stocks"] > int(asked["stocks"])):
            return False
        return asked.get("recent_zero_stocks") != "true" or bool(row["stocks"] == 0)


FAKE = ColorMeShop
