"""Stock of an EC-CUBE 4 shop by its Web API plug-in: GraphQL for what there is, webhooks for which product to read.

Fields are those of the plug-in's own list (EC-CUBE/eccube-api4, Resource/config/services.yaml); they are held against
the shop's schema before the first question. A product's webhook is the same bytes each time, so no two are taken for
one. The list of products is the one of the shop's own back office, newest change first, so whatever is changed while it
is read jumps to its front: that is looked at again at the end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from edge.asking import CannotAsk, strict
from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, bearer, shop, signing
from edge.stock.shops.answers import Figure, Name, Sku, TheirId
from edge.stock.shops.graphs import Graph
from edge.stock.shops.products import Products
from edge.stock.shops.walk import walk
from edge.stock.system import BadDelivery, Call, Caller, Can, Delivery, Key, Page, Push, Pushed

WHO = "EC-CUBE"
PAGE = 100
READ = 50
SHOWN = "1"
"""The id of the status under which EC-CUBE sells a product (公開); 2 is hidden (非公開), 3 given up (廃止)."""

_CATEGORY = "{name ClassName{name}}"
_PRODUCT = (
    "{id name update_date Status{id} ProductClasses{id code stock stock_unlimited visible "
    f"ClassCategory1{_CATEGORY} ClassCategory2{_CATEGORY}}}}}"
)
ALL = (
    "query($page:Int,$limit:Int,$next:Int){"
    f"rows:products(page:$page,limit:$limit){{totalCount nodes{_PRODUCT}}} "
    f"seam:products(page:$next,limit:1){{nodes{_PRODUCT}}}}}"
)
SCHEMA = '{Product:__type(name:"Product"){fields{name}} ProductClass:__type(name:"ProductClass"){fields{name}}}'
NEEDED = {
    "Product": {"id", "name", "update_date", "Status", "ProductClasses"},
    "ProductClass": {"id", "code", "stock", "stock_unlimited", "visible", "ClassCategory1", "ClassCategory2"},
}

CAN = Can(push=Push.IDS)


class Settings(shop.OnePlace):
    """``url`` is the shop's own, without a path; ``token_file`` holds the API client's ``client id:client secret``,
    ``refresh_file`` a refresh token (scope read), written anew at each renewal; ``secret_file`` the webhook's secret.
    """

    token_file: Path
    refresh_file: Path


class _Class(BaseModel):
    name: Name = ""


class _Category(BaseModel):
    name: Name = ""
    ClassName: _Class | None = None


class _Variant(BaseModel):
    id: TheirId
    code: Sku = ""
    stock: Figure | None = None
    stock_unlimited: bool
    visible: bool = True
    ClassCategory1: _Category | None = None
    ClassCategory2: _Category | None = None


class _Status(BaseModel):
    id: TheirId


class _Product(BaseModel):
    id: TheirId
    name: Name = ""
    update_date: str = Field("", max_length=40)
    Status: _Status | None = None
    ProductClasses: list[_Variant] = Field(max_length=10_000)


class _Rows(BaseModel):
    totalCount: Figure
    nodes: list[_Product] = Field(max_length=PAGE)


class _Seam(BaseModel):
    nodes: list[_Product] = Field(max_length=1)


class _All(BaseModel):
    rows: _Rows
    seam: _Seam


class _Some(BaseModel):
    products: list[_Product | None]


class _Event(BaseModel):
    entity: str = Field(max_length=100)
    id: int = Field(gt=0, lt=2**63)
    action: str = Field("", max_length=100)


class _Events(BaseModel):
    events: list[_Event] = Field(max_length=10_000)


class EcCube(shop.ReadOnly):
    """A StockSystem; what is not shown in the shop counts as none left, what has no limit as there without a number."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        token = bearer.Bearer(WHO, call, self._renewal, self._keep)
        self._graph = Graph(WHO, "/api", bearer.Authorized(call, token))
        self._products = Products()
        self._checked = False

    async def everything(self) -> AsyncIterator[Page]:
        """Every product, and once more those that were changed meanwhile; raises StockAway if some are missing."""
        await self._check()
        found: dict[str, str] = {}
        totals: list[int] = []
        products = Products()

        async def fetch(offset: int) -> list[_Product]:
            return await self._list(offset, totals)

        async for rows in walk(fetch, PAGE + 1, lambda row: row.id):
            found |= {row.id: row.update_date for row in rows}
            yield self._page(rows, products)
        async for rows in self._front(found, totals):
            yield self._page(rows, products)
        if len(found) < totals[0]:
            raise StockAway(f"{WHO} moved products between its pages while they were read; they are read again")
        self._products = products

    async def read(self, keys: Sequence[Key]) -> Page:
        """These products; what they had and have no more is none left."""
        await self._check()
        asked = [key for key in dict.fromkeys(key.item for key in keys) if key.isdecimal()]
        rows: list[_Product] = []
        for start in range(0, len(asked), READ):
            some = asked[start : start + READ]
            question = " ".join(f'p{id}:product(id:"{id}"){_PRODUCT}' for id in some)
            data = await self._ask(f"{{{question}}}", {})
            found = answers.read(_Some, {"products": [data.get(f"p{id}") for id in some]}, WHO).products
            rows += [row for row in found if row is not None]
        page = self._page(rows, self._products)
        lost = self._products.lost(asked, [one.id for row in rows for one in row.ProductClasses if one.visible])
        return Page((*page.levels, *(StockLevel(sku, self._settings.only, 0) for sku in lost)), page.items)

    def pushed(self, delivery: Delivery) -> Pushed:
        """The products to read again; raises BadDelivery. Of orders and customers nothing is taken."""
        secret = self._settings.secret_file
        given = delivery.headers.get("x-eccube-signature", "")
        signing.signed(given, delivery.body, None if secret is None else self._where / secret, signing.hex_)
        events = _events(delivery.body)
        ids = dict.fromkeys(str(event.id) for event in events if event.entity == "product")
        return Pushed(keys=tuple(Key(id) for id in ids))

    def key(self, sku: str, location: str) -> Key | None:
        """The product of a SKU, once it was read."""
        product = self._products.product(sku) if location == self._settings.only else None
        return None if product is None else Key(product)

    async def _list(self, offset: int, totals: list[int]) -> list[_Product]:
        """A page, and in the same question the first product of the next one, at which the two must meet."""
        data = await self._ask(ALL, {"page": offset // PAGE + 1, "limit": PAGE, "next": offset + PAGE + 1})
        answer = answers.read(_All, data, WHO)
        totals.append(answer.rows.totalCount)
        return answer.rows.nodes + (answer.seam.nodes if len(answer.rows.nodes) == PAGE else [])

    async def _front(self, found: dict[str, str], totals: list[int]) -> AsyncIterator[list[_Product]]:
        """What stands before the first product that is as it was found: it was changed since."""
        offset = 0
        while True:
            rows = (await self._list(offset, totals))[:PAGE]
            fresh = [row for row in rows if found.get(row.id) != row.update_date]
            found |= {row.id: row.update_date for row in fresh}
            yield fresh
            if len(fresh) < PAGE:
                return
            offset += PAGE

    async def _check(self) -> None:
        """Raise StockAway that names a field which the shop's schema lacks; one that does not show it is believed."""
        if self._checked:
            return
        try:
            data = await self._ask(SCHEMA, {})
        except StockAway:
            return
        for name, needed in NEEDED.items():
            kind = data.get(name)
            fields = kind.get("fields") if isinstance(kind, dict) else None
            told = {one.get("name") for one in fields if isinstance(one, dict)} if isinstance(fields, list) else needed
            if missing := sorted(needed - told):
                raise StockAway(
                    f"{WHO}'s schema has no {name}.{missing[0]}; look at the plug-in's version and its list"
                )
        self._checked = True

    async def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        return await self._graph.ask(query, variables, {})

    def _page(self, rows: Sequence[_Product], products: Products) -> Page:
        """What products say; of a code that two classes bear it is known that it is there, and nothing else."""
        sold = [
            (row, one, one.code or answers.sku(f"{row.id}/{one.id}"))
            for row in rows
            for one in row.ProductClasses
            if one.visible
        ]
        for row, one, code in sold:
            products.learn(row.id, one.id, code)
        ours = [each for each in sold if products.names(each[2])]
        twice = [StockLevel(code, self._settings.only) for *_, code in sold if code and not products.names(code)]
        return Page((*(self._level(*each) for each in ours), *twice), tuple(_item(*each) for each in ours))

    def _level(self, row: _Product, one: _Variant, code: str) -> StockLevel:
        if row.Status is None or row.Status.id != SHOWN:
            return StockLevel(code, self._settings.only, 0)
        if one.stock_unlimited:
            return StockLevel(code, self._settings.only, status="in")
        return StockLevel(code, self._settings.only, one.stock or 0)

    async def _renewal(self) -> Call:
        name, secret = await bearer.client(self._where / self._settings.token_file)
        refresh = await answers.token(self._where / self._settings.refresh_file)
        fields = {"grant_type": "refresh_token", "client_id": name, "client_secret": secret, "refresh_token": refresh}
        return bearer.form("/token", fields)

    async def _keep(self, token: str) -> None:
        await bearer.keep(self._where / self._settings.refresh_file, token)


def _events(body: bytes) -> list[_Event]:
    """A list, one object, or objects with commas and no brackets, as the documentation shows; raises BadDelivery."""
    text = body.strip()
    try:
        events = strict(b"[" + text + b"]" if text.startswith(b"{") else text)
        return _Events.model_validate({"events": events}).events
    except (CannotAsk, ValidationError):
        raise BadDelivery("the body is no list of what changed") from None


def _item(row: _Product, one: _Variant, code: str) -> StockItem:
    categories = [each for each in (one.ClassCategory1, one.ClassCategory2) if each is not None]
    color, size = answers.axes({each.ClassName.name: each.name for each in categories if each.ClassName})
    return StockItem(code, answers.number14(code), row.id if categories else "", color, size, row.name)


def system(settings: Settings, where: Path, call: Caller) -> EcCube:
    """The shop."""
    return EcCube(settings, where, call)
