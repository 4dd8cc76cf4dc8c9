"""Stock of a django-oscar shop: by the app that this repository has for it, else by django-oscar-api as documented.

``edge/stock/app/tentou_stock.py`` is that app; it gives each stock record a version, which Oscar has not: a sale moves
no timestamp of Oscar's (read in django-oscar 4.2.1 and django-oscar-api 3.3.0). A place is a partner, by its number.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import hdrs
from pydantic import BaseModel, Field

from edge import asking
from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import push, shop
from edge.stock.shops.answers import Figure, Gtin, Name, Sku, TheirId, read
from edge.stock.system import Call, Caller, Can, Delivery, Kept, Key, Page, Push, Pushed, Since, Wish

CAN = Can(push=Push.ABSOLUTE, beats=True, per_location=True, since=Since.SURE, revisions=True, step_ms=0)
"""With the app."""
BARE = Can(per_location=True)
"""Without it nothing is pushed, and everything is read each ``compare_s``, a call for each product."""

AT_ONCE = 100
"""SKUs a call."""
LONG_S = 15.0
"""How long a transaction of the shop may take from its change to its commit, so that asking for changes sees it."""
_WHO = "the shop"


class Settings(shop.Settings):
    """``url`` is the shop's, with a slash or without. ``locations`` are partners by number (``"1"``).

    ``app`` false asks django-oscar-api alone. ``feed`` and ``api`` are the paths of the app's page and of that API.
    ``token_file`` holds what is borne as ``scheme`` says; for ``Basic`` it holds ``user:password``.
    """

    app: bool = True
    feed: str = Field("tentou/stock", max_length=200)
    api: str = Field("api", max_length=200)
    scheme: Literal["Bearer", "Token", "Basic"] = "Bearer"


class _Feed(BaseModel):
    format: Literal["tentou-stock-push/1"]
    levels: list[push.Level] = Field([], max_length=push.MOST)
    items: list[push.Item] = Field([], max_length=push.MOST)
    next: str = Field("", max_length=64)


class _Product(BaseModel):
    id: int = Field(ge=1)
    upc: Gtin = ""
    title: Name = ""


class _Products(BaseModel):
    results: list[_Product] = Field(max_length=1_000_000)
    next: str | None = None


class _Record(BaseModel):
    partner: TheirId
    partner_sku: Sku
    num_in_stock: Figure | None = None
    num_allocated: Figure | None = None


class _Records(BaseModel):
    records: list[_Record] = Field(max_length=5000)


class Oscar:
    """A StockSystem."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._theirs = {ours: theirs for theirs, ours in settings.locations.items()}
        self._products: dict[str, _Product] = {}

    def everything(self) -> AsyncIterator[Page]:
        """All stock records, in order of their ids; without the app, product by product."""
        return self._walk({}) if self._settings.app else self._api_walk()

    def changed(self, since_s: float) -> AsyncIterator[Page]:
        """The records whose version is of then or later, and those of a transaction that was open then."""
        return self._walk({"since": str(max(0, int((since_s - LONG_S) * 1000)))}) if self._settings.app else _nothing()

    async def read(self, keys: Sequence[Key]) -> Page:
        """These SKUs, at all places that are read; without the app, the products that have them."""
        skus = sorted({key.item for key in keys})
        if not self._settings.app:
            return _joined([await self._records(self._products[sku]) for sku in skus if sku in self._products])
        parts = [skus[start : start + AT_ONCE] for start in range(0, len(skus), AT_ONCE)]
        return _joined([self._page(await self._feed({"sku": part})) for part in parts])

    def pushed(self, delivery: Delivery) -> Pushed:
        """What the app pushed: figures, what is gone, or that nothing changed."""
        secret = self._settings.secret_file
        return push.pushed(delivery, self._where / secret if secret else None, self._settings.place)

    def key(self, sku: str, location: str) -> Key | None:
        """The SKU is the shop's own key with the app; without it, that of a product that was read."""
        theirs = self._theirs.get(location)
        known = self._settings.app or sku in self._products
        return Key(sku, theirs) if theirs is not None and known else None

    async def reserve(self, wish: Wish) -> Kept:
        """Never called: Oscar's ``allocate`` keeps a unit for as many as ask."""
        raise StockAway("django-oscar keeps nothing for a shopper")

    async def reserved(self, key: str) -> Kept:
        """Never called."""
        raise StockAway("django-oscar keeps nothing for a shopper")

    async def _walk(self, query: dict[str, str]) -> AsyncIterator[Page]:
        after = ""
        while True:
            page = await self._feed(query | ({"after": after} if after else {}))
            yield self._page(page)
            if not page.next:
                return
            if page.next == after:
                raise StockAway(f"{_WHO} gives the same page again and again")
            after = page.next

    async def _feed(self, query: dict[str, Any]) -> _Feed:
        return read(_Feed, await self._json(f"{self._settings.feed}?{urlencode(query, doseq=True)}"), _WHO)

    async def _json(self, path: str) -> Any:
        try:
            headers = await asking.headers(self._settings, self._where, "no-cache")
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error
        if borne := headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer "):
            token = base64.b64encode(borne.encode()).decode() if self._settings.scheme == "Basic" else borne
            headers[hdrs.AUTHORIZATION] = f"{self._settings.scheme} {token}"
        return (await self._call(Call(path, headers=headers))).json

    def _page(self, feed: _Feed) -> Page:
        return Page(tuple(push.levels(feed.levels, self._settings.place)), tuple(push.items(feed.items)))

    async def _api_walk(self) -> AsyncIterator[Page]:
        """The documented list of all products, then the stock records of each."""
        path: str | None = f"{self._settings.api.strip('/')}/products/"
        while path:
            answer = await self._json(path)
            page = read(_Products, {"results": answer} if isinstance(answer, list) else answer, _WHO)
            for product in page.results:
                yield await self._records(product)
            path = page.next

    async def _records(self, product: _Product) -> Page:
        answer = await self._json(f"{self._settings.api.strip('/')}/products/{product.id}/stockrecords/")
        records = read(_Records, {"records": answer}, _WHO).records
        mine = [one for one in records if one.partner_sku and self._settings.place(one.partner) is not None]
        self._products |= {one.partner_sku: product for one in mine}
        levels = (
            StockLevel(
                one.partner_sku,
                self._settings.locations[one.partner],
                on_hand=one.num_in_stock or 0,
                reserved=one.num_allocated or 0,
            )
            for one in mine
        )
        items = {one.partner_sku: StockItem(one.partner_sku, gtin=product.upc, name=product.title) for one in mine}
        return Page(tuple(levels), tuple(items.values()))


async def _nothing() -> AsyncIterator[Page]:
    """Without the app no question finds what was sold; comparisons do."""
    none: tuple[Page, ...] = ()
    for page in none:
        yield page


def _joined(pages: Sequence[Page]) -> Page:
    levels = tuple(level for page in pages for level in page.levels)
    return Page(levels, tuple(item for page in pages for item in page.items))


def can(settings: Settings) -> Can:
    """What the shop can, with the app or without."""
    return CAN if settings.app else BARE


def system(settings: Settings, where: Path, call: Caller) -> Oscar:
    """The system behind these settings."""
    return Oscar(settings, where, call)
