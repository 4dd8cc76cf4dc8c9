"""Stock of a shop at Color Me Shop (カラーミーショップ), which neither pushes nor tells what changed: read by pages.

As its official client documents it (pepabo/colormeshop-ruby, docs/StockApi.md): 50 rows a page by offset, no filter by
time. What is asked for often is therefore, besides what screens show, which the intake has read by its product, what
runs low (``stocks``: at most so many) and what sold out of late (``recent_zero_stocks``). That finds most sales that
matter and misses the others; a comparison finds those.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import shop
from edge.stock.shops.answers import Figure, Name, Sku, TheirId, headers, number14, read, sku
from edge.stock.shops.products import Products
from edge.stock.shops.walk import walk
from edge.stock.system import Call, Caller, Can, Key, Page, Since

PAGE = 50
"""Rows of one answer; the documented most, where 10 is what comes unasked."""
FIELDS = "product_id,name,option1_value,option2_value,stocks,few_num,model_number,variant_model_number,display_state"
TRIES = 3
"""How often the whole is read when products changed places meanwhile, before it is given up until next time."""

WHO = "Color Me Shop"
CAN = Can(since=Since.BLIND)


class Settings(shop.OnePlace):
    """``token_file`` holds the shop's OAuth token (scope read_products).

    ``few`` is up to how many left a product is asked for at every poll; a shop's own few-left figures raise it.
    ``options`` says what the shop's option 1 and option 2 are. ``sold`` are the display states that are for sale;
    all else counts as none left.
    """

    url: str = "https://api.shop-pro.jp"
    token_file: Path
    few: int = Field(5, ge=0, le=1000)
    options: tuple[Literal["color", "size", ""], Literal["color", "size", ""]] = ("color", "size")
    sold: frozenset[str] = frozenset({"showing", "sale_for_members"})


class _Row(BaseModel):
    product_id: TheirId
    name: Name = ""
    option1_value: Name = ""
    option2_value: Name = ""
    stocks: Figure | None = None
    few_num: Figure | None = None
    model_number: Sku = ""
    variant_model_number: Sku = ""
    display_state: Name = "showing"

    @property
    def their(self) -> str:
        """What tells this row from every other: the API gives it no id of its own."""
        return "/".join((self.product_id, self.option1_value, self.option2_value))

    @property
    def code(self) -> str:
        """The variant's own number; a product's number only where the product has no variants."""
        plain = not (self.option1_value or self.option2_value)
        return self.variant_model_number or (self.model_number if plain else "") or sku(self.their.rstrip("/"))


class _Meta(BaseModel):
    total: Figure


class _Answer(BaseModel):
    stocks: list[_Row] = Field(max_length=PAGE)
    meta: _Meta


class ColorMe(shop.ReadOnly):
    """A StockSystem. A product whose stock is not kept counts as there; one that is not for sale as none left."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._place = settings.only
        self._products = Products()
        self._few = settings.few

    async def everything(self) -> AsyncIterator[Page]:
        """Every row; read again when fewer came than there are: one jumped to a page already read."""
        for _ in range(TRIES):
            totals: list[int] = []
            found, products = 0, Products()
            async for rows in self._walk({}, totals):
                found += len(rows)
                yield self._page(rows, products)
            if found >= totals[0]:
                self._products = products
                return
        raise StockAway(f"{WHO} moved products between its pages {TRIES} times while they were read")

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """What runs low and what sold out in the last week: the API cannot be asked for more."""
        for query in ({"stocks": str(self._few)}, {"recent_zero_stocks": "true"}):
            async for rows in self._walk(query, []):
                yield self._page(rows, self._products)

    async def read(self, keys: Sequence[Key]) -> Page:
        """All variants of these products; what they had and have no more is none left."""
        items = list(dict.fromkeys(key.item for key in keys))
        rows: list[_Row] = []
        for start in range(0, len(items), PAGE):
            async for some in self._walk({"ids": ",".join(items[start : start + PAGE])}, []):
                rows += some
        page = self._page(rows, self._products)
        lost = self._products.lost(items, [row.their for row in rows])
        return Page((*page.levels, *(StockLevel(code, self._place, 0) for code in lost)), page.items)

    def key(self, sku: str, location: str) -> Key | None:
        """The product of a SKU, once it was read."""
        product = self._products.product(sku) if location == self._place else None
        return None if product is None else Key(product)

    async def _walk(self, query: dict[str, str], totals: list[int]) -> AsyncIterator[list[_Row]]:
        async def fetch(offset: int) -> list[_Row]:
            asked = {"fields": FIELDS, "limit": str(PAGE), "offset": str(offset)} | query
            answer = await self._call(
                Call("/v1/stocks", query=asked, headers=await headers(self._settings, self._where))
            )
            page = read(_Answer, answer.json, WHO)
            totals.append(page.meta.total)
            return page.stocks

        async for rows in walk(fetch, PAGE, lambda row: row.their):
            yield rows

    def _page(self, rows: Sequence[_Row], products: Products) -> Page:
        """What rows say; of a number that two variants bear it is known that it is there, and nothing else."""
        for row in rows:
            products.learn(row.product_id, row.their, row.code)
            self._few = max(self._few, min(row.few_num or 0, 1000))
        ours = [row for row in rows if products.names(row.code)]
        twice = [StockLevel(row.code, self._place) for row in rows if row.code and not products.names(row.code)]
        return Page((*map(self._level, ours), *twice), tuple(self._item(row) for row in ours))

    def _level(self, row: _Row) -> StockLevel:
        if row.display_state not in self._settings.sold:
            return StockLevel(row.code, self._place, 0)
        if row.stocks is None:
            return StockLevel(row.code, self._place, status="in")
        return StockLevel(row.code, self._place, row.stocks)

    def _item(self, row: _Row) -> StockItem:
        axes = dict(zip(self._settings.options, (row.option1_value, row.option2_value), strict=True))
        style = (row.model_number or row.product_id) if any(axes.values()) else ""
        number = number14(row.variant_model_number) or number14(row.model_number)
        return StockItem(row.code, number, style, axes.get("color", ""), axes.get("size", ""), row.name, row.few_num)


def system(settings: Settings, where: Path, call: Caller) -> ColorMe:
    """The shop."""
    return ColorMe(settings, where, call)
