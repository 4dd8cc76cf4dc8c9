"""Stock from Smaregi (スマレジ), the till of each store: webhooks that name what moved, rows by time, and in full.

The platform API as documented (developers.smaregi.dev, read 2026-11): every number is a string, a product has no row
until its stock first moves, a search by time needs both ends, at most 31 days apart, and no page has a cursor. The
limit of calls is one contract's over all its stores, so one hub may ask and no store by itself. Webhooks are not
signed; the app may have a header of its own sent with them, which is the secret here.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

from aiohttp import hdrs
from pydantic import BaseModel, Field, field_validator

from edge import asking
from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, bearer, shop, signing
from edge.stock.shops.answers import Figure, Moment, Name, Sku, TheirId
from edge.stock.shops.skus import Skus
from edge.stock.system import (
    BadDelivery,
    Budget,
    Call,
    Caller,
    Can,
    Delivery,
    Key,
    Page,
    Push,
    Pushed,
    Since,
)

WHO = "Smaregi"
EVENT = "pos:stock"
SCOPE = "pos.stock:read pos.products:read"
ROWS = 1000
WINDOW_S = 30 * 86_400.0
"""A day less than the longest stretch of time that may be asked for."""

SKEW_S = 600.0
"""How much the clocks may differ where rows are sought by time."""

SINGLY = 3
"""Up to so many products are read one by one; more are sought among what changed of late."""

FIELDS = "storeId,productId,stockAmount,layawayStockAmount,updDateTime"
PRODUCT_FIELDS = "productId,productCode,productName,size,color,groupCode,stockControlDivision"
UNCOUNTED = "1"
CALLS_PER_S = 1.0
"""The documented limit has no figure; so much a small contract has in any case."""

JST = timezone(timedelta(hours=9))
CAN = Can(
    push=Push.IDS,
    per_location=True,
    since=Since.SURE,
    revisions=True,
    step_ms=1000,
    budgets=(Budget(1, 1 / CALLS_PER_S),),
)


class Settings(shop.Settings):
    """``contract`` is the contract's id, ``token_file`` holds the app's ``client id:client secret`` on one line.

    ``url`` and ``auth_url`` are the production's; a sandbox's end in smaregi.dev. ``locations`` are by store id.
    ``calls_per_second`` is the contract's limit over all its stores and apps. ``hook_header`` names the header that
    brings the secret of ``secret_file`` with each webhook. ``sku`` says what our SKU is, the product's code or its id.
    ``layaway`` "included" means that the amount in stock counts what is kept for customers (取り置き), so that it is
    taken off; "excluded" that it does not.
    """

    url: str = "https://api.smaregi.jp"
    auth_url: str = "https://id.smaregi.jp"
    contract: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    token_file: Path
    calls_per_second: float = Field(CALLS_PER_S, gt=0, le=100)
    hook_header: str = Field("X-Tentou-Secret", pattern=r"^[A-Za-z0-9-]{1,64}$")
    sku: Literal["code", "id"] = "code"
    layaway: Literal["included", "excluded"] = "included"

    @field_validator("auth_url")
    @classmethod
    def _safe_too(cls, text: str) -> str:
        return asking.safe(text.rstrip("/"))


def can(settings: Settings) -> Can:
    """What this contract can: its limit of calls."""
    limit = settings.calls_per_second
    budget = Budget(limit, 1.0) if limit >= 1 else Budget(1, 1 / limit)
    return replace(CAN, budgets=(budget,))


class _Row(BaseModel):
    storeId: TheirId
    productId: TheirId
    stockAmount: Figure
    layawayStockAmount: Figure | None = None
    updDateTime: Moment


class _Product(BaseModel):
    productId: TheirId
    productCode: Sku = ""
    productName: Name = ""
    size: Name = ""
    color: Name = ""
    groupCode: Name = ""
    stockControlDivision: str | None = None


class _Moved(BaseModel):
    productId: TheirId
    storeId: TheirId


class _Event(BaseModel):
    contractId: str
    event: str
    action: str = ""
    ids: list[_Moved] | None = Field(None, max_length=100_000)


class _Rows(BaseModel):
    rows: list[_Row]


class _Products(BaseModel):
    rows: list[_Product]


class Smaregi(shop.ReadOnly):
    """A StockSystem that keeps nothing for anybody."""

    def __init__(self, settings: Settings, where: Path, call: Caller, wall: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._wall = wall
        self._bearer = bearer.Bearer(WHO, call, self._renewal)
        self._skus = Skus()
        self._uncounted: set[str] = set()
        self._places = {ours: their for their, ours in settings.locations.items()}

    async def everything(self) -> AsyncIterator[Page]:
        """The products, which say what the ids are, then every row of each named store."""
        async for found in self._paged("products", {"fields": PRODUCT_FIELDS, "sort": "productId"}):
            products = answers.read(_Products, {"rows": found}, WHO).rows
            yield Page(items=tuple(item for one in products for item in self._learn(one)))
        for store in self._settings.locations:
            async for page in self._stock({"store_id": store}):
                yield page

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """The rows whose time is not older, in stretches as long as one may ask for, the oldest first."""
        start, end = since_s, self._wall() + SKEW_S
        while start < end:
            async for page in self._stock(_stretch(start, min(start + WINDOW_S, end))):
                yield page
            start += WINDOW_S

    async def read(self, keys: Sequence[Key]) -> Page:
        """A few products by their ids in all stores; many among what changed of late, and the rest by their ids."""
        wanted = {key for key in keys if self._settings.place(key.place)}
        found: dict[Key, StockLevel] = {}
        if len({key.item for key in wanted}) > SINGLY:
            now = self._wall()
            await self._find(_stretch(now - SKEW_S, now + SKEW_S), wanted, found)
        for product in sorted({key.item for key in wanted - found.keys()}):
            await self._find({"product_id": product}, wanted, found)
        return Page(tuple(found.values()))

    def pushed(self, delivery: Delivery) -> Pushed:
        """Which rows are to be read; all, where a change of many does not name them."""
        secret = self._where / self._settings.secret_file if self._settings.secret_file else None
        signing.borne(delivery.headers.get(self._settings.hook_header.lower(), ""), secret)
        id = delivery.headers.get("smaregi-event-id", "")
        if delivery.headers.get("smaregi-event", EVENT) != EVENT:
            return Pushed(id)
        event = answers.told(_Event, delivery.body)
        if event.contractId != self._settings.contract:
            raise BadDelivery("the webhook is of another contract; look at contract")
        if event.event != EVENT:
            return Pushed(id)
        if not event.ids:
            return Pushed(id, everything=True)
        keys = {Key(one.productId, one.storeId): None for one in event.ids if self._settings.place(one.storeId)}
        return Pushed(id, keys=tuple(keys))

    def key(self, sku: str, location: str) -> Key | None:
        """The product of a SKU, once it was told of."""
        their, place = self._skus.their(sku), self._places.get(location)
        return Key(their, place) if their and place else None

    async def _find(self, which: Mapping[str, str], wanted: set[Key], found: dict[Key, StockLevel]) -> None:
        async for rows in self._rows(which):
            for row in rows:
                key = Key(row.productId, row.storeId)
                if key in wanted and (levels := self._level(row)):
                    found[key] = levels[0]

    async def _stock(self, which: Mapping[str, str]) -> AsyncIterator[Page]:
        async for rows in self._rows(which):
            yield Page(tuple(level for row in rows for level in self._level(row)))

    async def _rows(self, which: Mapping[str, str]) -> AsyncIterator[list[_Row]]:
        """The rows of named stores, page by page, their products known."""
        async for found in self._paged("stock", {"fields": FIELDS, "sort": "productId,storeId", **which}):
            rows = [row for row in answers.read(_Rows, {"rows": found}, WHO).rows if self._settings.place(row.storeId)]
            for product in sorted({row.productId for row in rows}):
                await self._introduce(product)
            yield rows

    def _level(self, row: _Row) -> list[StockLevel]:
        """No figure where the shop does not count the product, or two products bear one SKU."""
        sku, location = self._skus.sku(row.productId), self._settings.locations[row.storeId]
        if not sku:
            return []
        if not self._skus.single(sku):
            return [StockLevel(sku, location, revision=int(self._wall() * 1000))]
        if row.productId in self._uncounted:
            return [StockLevel(sku, location, revision=row.updDateTime)]
        hold = (row.layawayStockAmount or 0) if self._settings.layaway == "included" else 0
        return [StockLevel(sku, location, on_hand=row.stockAmount, hold=hold, revision=row.updDateTime)]

    def _learn(self, product: _Product) -> list[StockItem]:
        sku = product.productCode if self._settings.sku == "code" else product.productId
        self._skus.learn(product.productId, sku)
        off = product.stockControlDivision == UNCOUNTED
        (self._uncounted.add if off else self._uncounted.discard)(product.productId)
        if not sku:
            return []
        gtin = answers.number14(product.productCode)
        return [StockItem(sku, gtin, product.groupCode, product.color, product.size, product.productName)]

    async def _introduce(self, product: str) -> None:
        """Ask for a product that was not told of yet."""
        if self._skus.knows(product):
            return
        answer = await self._ask(f"products/{product}", {"fields": PRODUCT_FIELDS}, (200, 404))
        if answer is None:
            self._skus.learn(product, "")
            return
        self._learn(answers.read(_Product, answer, WHO))

    async def _paged(self, path: str, which: Mapping[str, str]) -> AsyncIterator[list[Any]]:
        page = 1
        while True:
            answer = await self._ask(path, {**which, "limit": str(ROWS), "page": str(page)})
            if not isinstance(answer, list):
                raise StockAway(f"{WHO} answered in a form that is not documented")
            yield answer
            if len(answer) < ROWS:
                return
            page += 1

    async def _ask(self, path: str, query: Mapping[str, str], accept: tuple[int, ...] = (200,)) -> Any:
        """The JSON of an answer, None for 404; a token that is refused is renewed once, as it may have been taken
        back."""
        url = f"/{self._settings.contract}/pos/{path}"
        for again in (False, True):
            token = await self._bearer.token()
            headers: dict[str, str] = {hdrs.AUTHORIZATION: f"Bearer {token}"}
            last = accept if again else (*accept, 401)
            answer = await self._call(Call(url, query=query, headers=headers, accept=last))
            if answer.status != 401:
                return None if answer.status == 404 else answer.json
            self._bearer.refused(token)
        raise AssertionError("a second 401 is no answer")

    async def _renewal(self) -> Call:
        name, secret = await bearer.client(self._where / self._settings.token_file)
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        url = f"{self._settings.auth_url}/app/{self._settings.contract}/token"
        fields = {"grant_type": "client_credentials", "scope": SCOPE}
        return bearer.form(url, fields, {hdrs.AUTHORIZATION: f"Basic {basic}"})


def _stretch(start_s: float, end_s: float) -> dict[str, str]:
    """A search by time, both ends within it, in whole seconds of Japan's time."""
    return {"upd_date_time-from": _moment(int(start_s)), "upd_date_time-to": _moment(int(end_s) + 1)}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(max(at, 0), JST).isoformat()


def system(settings: Settings, where: Path, call: Caller) -> Smaregi:
    """The contract."""
    return Smaregi(settings, where, call)
