"""Stock of Adobe Commerce or Magento with MSI: source items for each store, salable quantities for what is sold online.

A source item has neither a stamp nor a version, so everything is read and nothing is asked for changes; Open Source
sends no webhooks. Orders are kept as reservations against a stock (a sales channel) and not against a source until they
are shipped: what a source has may be sold online already, so ``safety`` keeps some back, while a stock's salable
quantity has the reservations off it (magento/inventory wiki, MSI features and processes).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from edge.ports import StockAway, StockLevel
from edge.stock.shops import answers, shop
from edge.stock.shops.answers import Figure
from edge.stock.system import Answer, Call, Caller, Can, Key, Page

WHO = "Magento"
API = "/rest/V1/inventory"
PAGE = 300
SKUS = 50
STOCK = "stock:"
"""What a place of ``locations`` begins with that is a stock (a sales channel) and not a source."""

CAN = Can(per_location=True)


class Settings(shop.Settings):
    """``url`` is the shop's own, ``token_file`` holds an integration's access token (resource: Inventory).

    ``locations`` are by source code (``"store_1"``), and by ``"stock:1"`` for what stock 1 can sell. ``safety`` is kept
    back of what a source has, as its units may be sold online and not be shipped yet.
    """

    token_file: Path
    safety: int = Field(0, ge=0, le=1000)

    @field_validator("locations")
    @classmethod
    def _stocks(cls, locations: dict[str, str]) -> dict[str, str]:
        for name in locations:
            if name.startswith(STOCK) and not name.removeprefix(STOCK).isdecimal():
                raise ValueError(f'{name!r} must be the code of a source, or "stock:" with the number of a stock')
        return locations


class _Item(BaseModel):
    sku: str = Field(min_length=1, max_length=200)
    source_code: str = Field(max_length=200)
    quantity: Figure
    status: int = Field(1, ge=0, le=1)


class _Items(BaseModel):
    items: list[_Item] | None = Field(max_length=PAGE)
    total_count: Figure

    @property
    def rows(self) -> list[_Item]:
        """The items; null where there are none."""
        return self.items or []


_FIGURE: TypeAdapter[int] = TypeAdapter(Figure)


class Magento(shop.ReadOnly):
    """A StockSystem. Lists are read by the last SKU and never by pages: a page beyond the last gives the last again."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._sources = {their for their in settings.locations if not their.startswith(STOCK)}
        self._stocks = {their for their in settings.locations if their.startswith(STOCK)}
        self._theirs = {ours: their for their, ours in settings.locations.items()}
        self._known: set[tuple[str, str]] = set()

    async def everything(self) -> AsyncIterator[Page]:
        """The items of each source by SKU, then what each stock can sell, a call a SKU."""
        for source in sorted(self._sources):
            async for items in self._listed("source_code", source):
                yield self._page(items)
        if self._stocks:
            async for skus in self._skus():
                for sku in skus:
                    for stock in sorted(self._stocks):
                        yield await self._salable(sku, stock)

    async def read(self, keys: Sequence[Key]) -> Page:
        """These SKUs at these places; one that is no more is none left."""
        wanted = dict.fromkeys((key.item, key.place) for key in keys if key.place in self._settings.locations)
        levels: list[StockLevel] = []
        for source in sorted(self._sources):
            skus = [sku for sku, place in wanted if place == source]
            for start in range(0, len(skus), SKUS):
                levels += (await self._some(source, skus[start : start + SKUS])).levels
        for sku, place in wanted:
            if place in self._stocks:
                levels += (await self._salable(sku, place)).levels
        found = {(level.sku, level.location) for level in levels}
        asked = {(sku, self._settings.locations[place]) for sku, place in wanted}
        lost = sorted((asked - found) & self._known)
        self._known -= set(lost)
        return Page((*levels, *(StockLevel(sku, place, 0) for sku, place in lost)))

    def key(self, sku: str, location: str) -> Key | None:
        """A SKU goes by its own name here."""
        place = self._theirs.get(location)
        return None if place is None else Key(sku, place)

    async def _listed(self, field: str, value: str) -> AsyncIterator[list[_Item]]:
        """Source items with a field of this value, in the order of their SKUs (within a source each SKU is once)."""
        last = ""
        while True:
            items = await self._items([(field, "eq", value), ("sku", "gt", last)], PAGE)
            yield items
            if len(items) < PAGE or items[-1].sku == last:
                return
            last = items[-1].sku

    async def _skus(self) -> AsyncIterator[list[str]]:
        """Every SKU that any source has an item of, in their order."""
        last = ""
        while True:
            items = await self._items([("sku", "gt", last)], PAGE)
            skus = list(dict.fromkeys(item.sku for item in items))
            yield skus
            if len(items) < PAGE or not skus or skus[-1] == last:
                return
            last = skus[-1]

    async def _some(self, source: str, skus: Sequence[str]) -> Page:
        if any("," in sku for sku in skus):
            pages = [
                self._page(await self._items([("source_code", "eq", source), ("sku", "eq", sku)], 1)) for sku in skus
            ]
            return Page(tuple(level for page in pages for level in page.levels))
        return self._page(await self._items([("source_code", "eq", source), ("sku", "in", ",".join(skus))], PAGE))

    async def _items(self, conditions: Sequence[tuple[str, str, str]], size: int) -> list[_Item]:
        query = {"searchCriteria[sortOrders][0][field]": "sku", "searchCriteria[sortOrders][0][direction]": "ASC"}
        query |= {"searchCriteria[pageSize]": str(size), "searchCriteria[currentPage]": "1"}
        for number, (field, condition, value) in enumerate(conditions):
            group = f"searchCriteria[filter_groups][{number}][filters][0]"
            query |= {f"{group}[field]": field, f"{group}[condition_type]": condition, f"{group}[value]": value}
        answer = await self._ask(Call(f"{API}/source-items", query=query))
        found = answers.read(_Items, answer.json, WHO)
        if found.total_count and not found.items:
            raise StockAway(f"{WHO} counted source items and gave none")
        return found.rows

    async def _salable(self, sku: str, place: str) -> Page:
        """What a stock can sell of a SKU; nothing of one that is not assigned to it."""
        number = place.removeprefix(STOCK)
        path = f"{API}/get-product-salable-quantity/{quote(sku, safe='')}/{number}"
        answer = await self._ask(Call(path, accept=(200, 400, 404)))
        if answer.status != 200:
            return Page()
        try:
            quantity = _FIGURE.validate_python(answer.json)
        except ValidationError:
            raise StockAway(f"{WHO} answered a salable quantity that is none") from None
        return self._told([StockLevel(answers.sku(sku), self._settings.locations[place], quantity)])

    async def _ask(self, call: Call) -> Answer:
        found = await answers.headers(self._settings, self._where)
        return await self._call(Call(call.url, query=call.query, headers=found, accept=call.accept))

    def _page(self, items: Sequence[_Item]) -> Page:
        levels: list[StockLevel] = []
        for item in items:
            place = self._settings.place(item.source_code)
            if place is not None:
                count = item.quantity if item.status else 0
                levels.append(StockLevel(answers.sku(item.sku), place, on_hand=count, safety=self._settings.safety))
        return self._told(levels)

    def _told(self, levels: Sequence[StockLevel]) -> Page:
        """Those whose SKU can be one here."""
        usable = tuple(level for level in levels if level.sku)
        self._known |= {(level.sku, level.location) for level in usable}
        return Page(usable)


def system(settings: Settings, where: Path, call: Caller) -> Magento:
    """The shop."""
    return Magento(settings, where, call)
