"""A WooCommerce shop: products and variations by REST v3, signed webhooks, stamps that sales do not move."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

KEY, SECRET, HOOK_SECRET = "ck_key", "cs_secret", "a secret with spaces & signs"
Product = dict[str, Any]


class WooShop(FakeShop):
    """A SKU ``X-S`` is a variation of the variable product ``X``; one without a dash is a simple product.
    ``between`` is called before variations are listed."""

    name = "woocommerce"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.products: dict[int, Product] = {}
        self.sent = 0
        self.between: Callable[[], object] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/wp-json/wc/v3/products", self._list),
            web.get("/wp-json/wc/v3/products/{id}/variations", self._variations),
        ]

    def product(self, sku: str, **fields: Any) -> Product:
        """The product or variation of a SKU, made with its parent if it is new; ``fields`` go over its own."""
        found = next((one for one in self.products.values() if one["sku"] == sku), None)
        if found is None:
            code, dash, size = sku.rpartition("-")
            found = self._made(sku, self._parent(code) if dash else None, size)
        found |= fields
        return found

    def stock(self, sku: str, place: str, n: int) -> None:
        product = self.product(sku, manage_stock=True)
        self._set(product, n)
        product["date_modified_gmt"] = self._now()
        self._send(product)

    def sell(self, sku: str, place: str) -> None:
        product = self.product(sku)
        self._set(product, product["stock_quantity"] - 1)
        self._send(product)

    def levels(self) -> dict[tuple[str, str], int]:
        kept = [one for one in self.products.values() if one["manage_stock"] is True]
        return {(one["sku"], self.places[0]): one["stock_quantity"] for one in kept}

    def bare(self, sku: str) -> None:
        self.product(sku)

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "woo.key").write_text(f"{KEY}:{SECRET}")
        (folder / "woo.secret").write_text(HOOK_SECRET)
        places = {"*": self.places[0]}
        return {"url": url, "token_file": "woo.key", "secret_file": "woo.secret", "locations": places}

    def delivery(self, body: bytes, topic: str = "product.updated", secret: str = HOOK_SECRET) -> Delivery:
        """A webhook as the queue sends it."""
        self.sent += 1
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "content-type": "application/json",
            "x-wc-webhook-source": "https://shop.example/",
            "x-wc-webhook-topic": topic,
            "x-wc-webhook-resource": topic.partition(".")[0],
            "x-wc-webhook-event": topic.partition(".")[2],
            "x-wc-webhook-signature": signature,
            "x-wc-webhook-id": "7",
            "x-wc-webhook-delivery-id": f"{self.sent:032x}",
        }
        return Delivery("https://hub.example/hooks/web", headers, body)

    def ping(self) -> Delivery:
        """What is sent when a webhook is made: unsigned."""
        return Delivery("https://hub.example/hooks/web", {"content-type": "text/plain"}, b"webhook_id=7")

    def _parent(self, code: str) -> Product:
        found = next((one for one in self.products.values() if one["sku"] == code), None) or self._made(code, None, "")
        found["type"] = "variable"
        return found

    def _made(self, sku: str, parent: Product | None, size: str) -> Product:
        id = 101 + len(self.products)
        made: Product = {
            "id": id,
            "name": "Linen shirt",
            "sku": sku,
            "global_unique_id": "",
            "type": "variation" if parent else "simple",
            "status": "publish",
            "parent_id": parent["id"] if parent else 0,
            "date_modified_gmt": self._now(),
            "manage_stock": False,
            "stock_quantity": None,
            "stock_status": "instock",
            "low_stock_amount": None,
            "attributes": [{"id": 1, "name": "Size", "option": size}] if parent else [],
            "variations": [],
        }
        self.products[id] = made
        if parent:
            parent["variations"].append(id)
        return made

    def _set(self, product: Product, n: int) -> None:
        product |= {"stock_quantity": n, "stock_status": "instock" if n > 0 else "outofstock"}

    def _now(self) -> str:
        return datetime.fromtimestamp(int(self.clock()), UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _send(self, product: Product) -> None:
        self.deliveries.append(self.delivery(json.dumps(product).encode()))

    async def _list(self, request: web.Request) -> web.Response:
        asked = request.query
        rows = [one for one in self.products.values() if not one["parent_id"]]
        if "include" in asked:
            rows = [one for one in rows if str(one["id"]) in asked["include"].split(",")]
        if asked.get("status", "any") != "any":
            rows = [one for one in rows if one["status"] == asked["status"]]
        if "modified_after" in asked:
            rows = [one for one in rows if one["date_modified_gmt"] > asked["modified_after"]]
        return self._page(request, rows)

    async def _variations(self, request: web.Request) -> web.Response:
        self.between()
        parent = int(request.match_info["id"])
        if parent not in self.products:
            return web.json_response({"code": "woocommerce_rest_product_invalid_id"}, status=404)
        return self._page(request, [one for one in self.products.values() if one["parent_id"] == parent])

    def _page(self, request: web.Request, rows: list[Product]) -> web.Response:
        basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != basic:
            return web.json_response({"code": "woocommerce_rest_cannot_view"}, status=401)
        asked = request.query
        size, offset = int(asked.get("per_page", "10")), int(asked.get("offset", "0"))
        if not 1 <= size <= 100:
            return web.json_response({"code": "rest_invalid_param"}, status=400)
        ordered = sorted(rows, key=lambda one: one["id"], reverse=asked.get("order", "desc") == "desc")
        names = asked["_fields"].split(",")
        shown = [{name: one[name] for name in names} for one in ordered[offset : offset + size]]
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // size))}
        return web.json_response(shown, headers=headers)


FAKE = WooShop
