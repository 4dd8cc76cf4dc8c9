"""Stock of a WooCommerce shop by its REST API v3: products, their variations, and webhooks that say what to read.

``date_modified`` is not moved by sales (woocommerce/woocommerce issue 40060, open), so asking for changes is blind. A
webhook is sent from a background queue, seconds to minutes late, and carries no order; so its figures are not taken,
only its product is read again. The queue's first delivery, a ping, is signed by nobody and says nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from edge.ports import StockItem, StockLevel
from edge.stock.shops import answers, bearer, shop, signing
from edge.stock.shops.answers import Figure, Name, Sku
from edge.stock.shops.products import Products
from edge.stock.shops.walk import walk
from edge.stock.system import BadDelivery, Call, Caller, Can, Delivery, Key, Page, Push, Pushed, Since

WHO = "WooCommerce"
API = "/wp-json/wc/v3/products"
PAGE = 100
FIELDS = (
    "id,name,sku,global_unique_id,type,status,manage_stock,stock_quantity,stock_status,low_stock_amount,"
    "attributes,variations"
)
STATUSES = {"instock": "in", "onbackorder": "order", "outofstock": "none"}
PING = re.compile(rb"webhook_id=[0-9]{1,20}")

CAN = Can(push=Push.IDS, since=Since.BLIND)


class Settings(shop.OnePlace):
    """``url`` is the shop's own; ``token_file`` holds a key of its REST API with read permission, ``ck_…:cs_…``;
    ``secret_file`` the secret of its webhooks (product.updated, product.deleted).
    """

    token_file: Path


class _Attribute(BaseModel):
    name: Name = ""
    option: Name = ""


class _Row(BaseModel):
    id: int = Field(ge=0, lt=2**63)
    name: Name = ""
    sku: Sku = ""
    global_unique_id: Name = ""
    type: str = Field("simple", max_length=50)
    status: str = Field("publish", max_length=50)
    manage_stock: bool | Literal["parent"] = False
    stock_quantity: Figure | None = None
    stock_status: Literal["instock", "outofstock", "onbackorder"]
    low_stock_amount: Figure | None = None
    attributes: list[_Attribute] = Field([], max_length=200)
    variations: list[int] = Field([], max_length=10_000)

    @property
    def variable(self) -> bool:
        return self.type in ("variable", "variable-subscription")


class _Rows(BaseModel):
    rows: list[_Row] = Field(max_length=PAGE)


class _Told(BaseModel):
    id: int = Field(gt=0, lt=2**63)
    parent_id: int = Field(0, ge=0, lt=2**63)


class Woo(shop.ReadOnly):
    """A StockSystem. A variable product has no stock to sell: its variations have."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._products = Products()

    async def everything(self) -> AsyncIterator[Page]:
        """Every product by its id, and all variations of each variable one."""
        products = Products()
        async for page in self._pages({"orderby": "id", "order": "asc", "status": "any"}, products):
            yield page
        self._products = products

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """Products changed by hand at or after a moment; sales are missing."""
        # "after" leaves out what changed in the very second that is named.
        since = datetime.fromtimestamp(int(since_s) - 1, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        query = {"modified_after": since, "dates_are_gmt": "true", "orderby": "id", "order": "asc", "status": "any"}
        async for page in self._pages(query, self._products):
            yield page

    async def read(self, keys: Sequence[Key]) -> Page:
        """These products with all their variations; what they had and have no more is none left."""
        asked = list(dict.fromkeys(key.item for key in keys))
        levels: list[StockLevel] = []
        items: list[StockItem] = []
        seen: list[str] = []
        for start in range(0, len(asked), PAGE - 1):
            some = ",".join(asked[start : start + PAGE - 1])
            rows = await self._rows(API, {"include": some, "status": "any", "orderby": "id", "order": "asc"}, 0)
            for page, theirs in [await self._product(row, self._products) for row in rows]:
                levels += page.levels
                items += page.items
                seen += theirs
        lost = [StockLevel(sku, self._settings.only, 0) for sku in self._products.lost(asked, seen)]
        return Page((*levels, *lost), tuple(items))

    def pushed(self, delivery: Delivery) -> Pushed:
        """The product to read again; raises BadDelivery. The unsigned ping says nothing and is taken for that."""
        if "x-wc-webhook-signature" not in delivery.headers and PING.fullmatch(delivery.body):
            return Pushed(id="ping")
        given = delivery.headers.get("x-wc-webhook-signature", "")
        signing.signed(given, delivery.body, _path(self._where, self._settings.secret_file), signing.base64_)
        topic = delivery.headers.get("x-wc-webhook-topic", "")
        if not topic.startswith("product."):
            raise BadDelivery("a webhook of another topic than product; only product.updated is of use")
        told = answers.told(_Told, delivery.body)
        id = delivery.headers.get("x-wc-webhook-delivery-id", "")
        known = id.isprintable() and 0 < len(id) <= 100
        return Pushed(id=id if known else "", keys=(Key(str(told.parent_id or told.id)),))

    def key(self, sku: str, location: str) -> Key | None:
        """The product of a SKU, once it was read."""
        product = self._products.product(sku) if location == self._settings.only else None
        return None if product is None else Key(product)

    async def _pages(self, query: Mapping[str, str], products: Products) -> AsyncIterator[Page]:
        async def fetch(offset: int) -> list[_Row]:
            return await self._rows(API, query, offset)

        async for rows in walk(fetch, PAGE, lambda row: str(row.id)):
            plain = [row for row in rows if not row.variable]
            yield self._told([(row, str(row.id), row, "") for row in plain], products)
            for row in rows:
                if row.variable:
                    yield (await self._product(row, products))[0]

    async def _product(self, row: _Row, products: Products) -> tuple[Page, list[str]]:
        """A product's levels and items, and the ids of what of it can be bought."""
        if not row.variable:
            return self._told([(row, str(row.id), row, "")], products), [str(row.id)]
        told: list[tuple[_Row, str, _Row, str]] = []

        async def fetch(offset: int) -> list[_Row]:
            return await self._rows(f"{API}/{row.id}/variations", {"orderby": "id", "order": "asc"}, offset)

        async for rows in walk(fetch, PAGE, lambda one: str(one.id)):
            told += [(row, str(one.id), one, row.sku or str(row.id)) for one in rows]
        return self._told(told, products), [id for _, id, *_ in told]

    async def _rows(self, path: str, query: Mapping[str, str], offset: int) -> list[_Row]:
        name, secret = await bearer.client(self._where / self._settings.token_file)
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")
        asked = {"per_page": str(PAGE), "offset": str(offset), "_fields": FIELDS} | dict(query)
        # A product that was deleted since it was listed has no variations; the list of all products is always there.
        accept = (200,) if path == API else (200, 404)
        answer = await self._call(Call(path, query=asked, headers={"Authorization": f"Basic {basic}"}, accept=accept))
        if answer.status == 404:
            return []
        return answers.read(_Rows, {"rows": answer.json}, WHO).rows

    def _told(self, rows: Sequence[tuple[_Row, str, _Row, str]], products: Products) -> Page:
        """Levels and items of (product, id, what is bought, style); of a SKU that two bear only that it is there."""
        for product, id, row, _ in rows:
            products.learn(str(product.id), id, row.sku or id)
        ours = [one for one in rows if products.names(one[2].sku or one[1])]
        twice = [
            StockLevel(row.sku, self._settings.only) for _, id, row, _ in rows if not products.names(row.sku or id)
        ]
        levels = [self._level(product, row, id) for product, id, row, _ in ours]
        return Page((*levels, *twice), tuple(_item(product, row, id, style) for product, id, row, style in ours))

    def _level(self, product: _Row, row: _Row, id: str) -> StockLevel:
        code, place = row.sku or id, self._settings.only
        if product.status != "publish" or row.status != "publish":
            return StockLevel(code, place, 0)
        if row.stock_status == "onbackorder":
            return StockLevel(code, place, status="order")
        if not row.manage_stock or row.stock_quantity is None:
            return StockLevel(code, place, status=STATUSES[row.stock_status])
        return StockLevel(code, place, row.stock_quantity if row.stock_status == "instock" else 0)


def _item(product: _Row, row: _Row, id: str, style: str) -> StockItem:
    number = answers.number14(row.global_unique_id) or answers.number14(row.sku)
    color, size = answers.axes({one.name: one.option for one in row.attributes}) if style else ("", "")
    few = row.low_stock_amount if row.low_stock_amount is not None else product.low_stock_amount
    return StockItem(row.sku or id, number, style, color, size, product.name, few)


def _path(where: Path, file: Path | None) -> Path | None:
    return None if file is None else where / file


def system(settings: Settings, where: Path, call: Caller) -> Woo:
    """The shop."""
    return Woo(settings, where, call)
