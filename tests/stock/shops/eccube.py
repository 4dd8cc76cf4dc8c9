"""An EC-CUBE 4 shop: GraphQL over products with their classes, newest change first, and webhooks with ids alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

CLIENT, SECRET, HOOK_SECRET = "eccube-client", "eccube-app-secret", "eccube-secret"
TYPES = {
    "Product": ["id", "name", "update_date", "create_date", "Status", "ProductClasses"],
    "ProductClass": ["id", "code", "stock", "stock_unlimited", "visible", "ClassCategory1", "ClassCategory2"],
}
_TOKEN = re.compile(r'[{}():]|\$?\w+!?|"[^"]*"')
Selection = tuple[str, str, dict[str, Any], list[Any]]


class EcCubeShop(FakeShop):
    """Products by their names; a SKU ``X-S`` is the class S of the product ``X``. A sale changes the class and moves
    no ``update_date`` of the product. ``between`` is called before each answer."""

    name = "eccube"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.products: dict[str, dict[str, Any]] = {}
        self.types = {name: list(fields) for name, fields in TYPES.items()}
        self.access, self.refresh, self.renewals, self.classes = "", "eccube-refresh-0", 0, 0
        self.between: Callable[[], None] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post("/api", self._api), web.post("/token", self._token)]

    def product(self, name: str, **fields: Any) -> dict[str, Any]:
        """The product of a name, made if it is new."""
        if name not in self.products:
            plain = {"name": name, "Status": {"id": "1"}, "ProductClasses": []}
            self.products[name] = {"id": str(13 + len(self.products)), "update_date": self._now()} | plain
        self.products[name] |= fields
        return self.products[name]

    def variant(self, sku: str, **fields: Any) -> dict[str, Any]:
        """The class of a SKU, made with its product if it is new."""
        name, dash, size = sku.rpartition("-")
        product = self.product(name or sku)
        found = next((one for one in product["ProductClasses"] if one["code"] == sku), None)
        if found is None:
            self.classes += 1
            category = {"name": size, "ClassName": {"name": "サイズ"}} if dash else None
            found = {"id": str(self.classes), "code": sku, "stock": 0.0, "stock_unlimited": False, "visible": True}
            found |= {"ClassCategory1": category, "ClassCategory2": None}
            product["ProductClasses"].append(found)
        found |= fields
        return found

    def stock(self, sku: str, place: str, n: int) -> None:
        self.variant(sku, stock=float(n), stock_unlimited=False)
        product = self.product(sku.rpartition("-")[0] or sku, update_date=self._now())
        self._send(product)

    def sell(self, sku: str, place: str) -> None:
        self.variant(sku)["stock"] -= 1
        self._send(self.product(sku.rpartition("-")[0] or sku))

    def levels(self) -> dict[tuple[str, str], int]:
        rows = [one for product in self.products.values() for one in product["ProductClasses"]]
        return {(one["code"], self.places[0]): int(one["stock"]) for one in rows if not one["stock_unlimited"]}

    def bare(self, sku: str) -> None:
        """A class without a limit has no number here."""
        self.variant(sku, stock=None, stock_unlimited=True)

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "eccube.client").write_text(f"{CLIENT}:{SECRET}")
        (folder / "eccube.refresh").write_text(self.refresh)
        (folder / "eccube.secret").write_text(HOOK_SECRET)
        files = {"token_file": "eccube.client", "refresh_file": "eccube.refresh", "secret_file": "eccube.secret"}
        return {"url": url, "locations": {"*": self.places[0]}} | files

    def delivery(self, body: bytes, secret: str = HOOK_SECRET) -> Delivery:
        """A webhook as the shop sends it."""
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-eccube-url": "https://shop.example/", "x-eccube-signature": signature}
        return Delivery("https://hub.example/hooks/web", headers | {"content-type": "application/json"}, body)

    def _send(self, product: dict[str, Any]) -> None:
        event = {"entity": "product", "id": int(product["id"]), "action": "updated"}
        self.deliveries.append(self.delivery(json.dumps([event]).encode()))

    def _now(self) -> str:
        return f"2026-11-22T00:00:00+09:00#{self.clock():.3f}"

    async def _token(self, request: web.Request) -> web.Response:
        given = dict(await request.post())
        right = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET}
        if given != right | {"refresh_token": self.refresh}:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.renewals += 1
        self.access, self.refresh = f"eccube-access-{self.renewals}", f"eccube-refresh-{self.renewals}"
        answer = {"token_type": "Bearer", "expires_in": 3600, "access_token": self.access}
        return web.json_response(answer | {"refresh_token": self.refresh})

    async def _api(self, request: web.Request) -> web.Response:
        if not self.access or request.headers.get("Authorization") != f"Bearer {self.access}":
            return web.json_response({"error": "access_denied"}, status=401)
        self.between()
        asked = await request.json()
        try:
            tree = parsed(asked["query"], asked.get("variables") or {})
            return web.json_response({"data": {alias: self._root(name, args, sub) for alias, name, args, sub in tree}})
        except KeyError as error:
            return web.json_response({"errors": [{"message": f'Cannot query field "{error.args[0]}"'}]})

    def _root(self, name: str, args: dict[str, Any], sub: list[Selection]) -> Any:
        if name == "__type":
            fields = self.types.get(args["name"])
            return None if fields is None else {"fields": [{"name": field} for field in fields]}
        if name == "product":
            found = next((one for one in self.products.values() if one["id"] == args["id"]), None)
            return None if found is None else _shown(found, sub)
        rows = sorted(self.products.values(), key=lambda one: (one["update_date"], int(one["id"])), reverse=True)
        page, limit = args.get("page", 1), args.get("limit", 10)
        nodes = rows[(page - 1) * limit : page * limit]
        return _shown({"products": 0, "totalCount": len(rows), "nodes": nodes} if name == "products" else {}, sub)


def _shown(value: Any, sub: list[Selection]) -> Any:
    """What a selection shows of a value; raises KeyError for a field that is none."""
    if value is None or not sub:
        return value
    if isinstance(value, list):
        return [_shown(one, sub) for one in value]
    return {alias: _shown(value[name], below) for alias, name, _, below in sub}


def parsed(query: str, variables: dict[str, Any]) -> list[Selection]:
    """The selections of one GraphQL query without fragments: (alias, field, arguments, selections)."""
    tokens = iter(_TOKEN.findall(query[query.index("{") :] if not query.startswith("query(") else _body(query)))
    next(tokens)
    return list(_selections(tokens, variables))


def _body(query: str) -> str:
    return query[query.index(")") + 1 :]


def _selections(tokens: Iterator[str], variables: dict[str, Any]) -> Iterator[Selection]:
    """Fields up to the closing brace; one is complete when the token after it is seen."""
    alias, name, args, below = "", "", {}, []
    for token in tokens:
        if token == ":":
            alias, name = name, next(tokens)
        elif token == "(":
            args = dict(_arguments(tokens, variables))
        elif token == "{":
            below = list(_selections(tokens, variables))
        else:
            if name:
                yield alias or name, name, args, below
            alias, name, args, below = "", token, {}, []
            if token == "}":
                return


def _arguments(tokens: Iterator[str], variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in tokens:
        if name == ")":
            return
        next(tokens)
        value = next(tokens)
        yield name, variables.get(value[1:]) if value.startswith("$") else json.loads(value)


FAKE = EcCubeShop
