"""Stock from Square by the Inventory API: what each location has in stock, as webhooks, by stamps, and in full.

As documented (developer.squareup.com, and the models of its own client, version 2026-09-16): a count is a decimal
string for one variation, location and state; a unit is in one state alone, so what is RESERVED_FOR_SALE is off IN_STOCK
already. A count that is absent was never touched and is not 0. To move a unit to RESERVED_FOR_SALE is not for this API
("read-only"), and an adjustment is refused to nobody for want of stock, so nothing can be kept for a shopper here.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from aiohttp import hdrs
from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, shop, signing
from edge.stock.shops.answers import Figure, Gtin, Moment, Name, Sku, TheirId
from edge.stock.shops.skus import Skus
from edge.stock.system import Call, Caller, Can, Delivery, Key, Page, Push, Pushed, Since

WHO = "Square"
IN_STOCK = "IN_STOCK"
COUNTS = "inventory.count.updated"
ROWS, ITEMS = 1000, 100
"""Rows a call: of counts the documented most; of items fewer, as each brings its up to 250 variations."""

CAN = Can(push=Push.ABSOLUTE, per_location=True, since=Since.SURE, revisions=True)
"""Its limits of calls are not published; 429 tells when there were too many."""


class Settings(shop.Settings):
    """``token_file`` holds the access token (INVENTORY_READ, ITEMS_READ), ``version`` is the Square-Version to ask.

    ``secret_file`` holds the webhook subscription's signature key and ``hook_url`` its notification URL, byte for byte:
    both are signed. ``locations`` are by Square's location ids.
    """

    url: str = "https://connect.squareup.com"
    token_file: Path
    version: str = Field("2026-09-16", pattern=r"^\d{4}-\d\d-\d\d$")


class _Count(BaseModel):
    catalog_object_id: TheirId
    location_id: TheirId
    state: str = ""
    quantity: Figure
    calculated_at: Moment
    is_estimated: bool = False


class _Listed(BaseModel):
    """An answer with a list. Square leaves an empty one out, so what has none and holds other things is none of its."""

    model_config = ConfigDict(extra="allow")
    errors: list[Any] = Field([], max_length=0)

    @model_validator(mode="after")
    def _its_own(self) -> Self:
        others = (self.model_extra or {}).keys() - {"latest_time", "cursor"}
        if others and not self.model_fields_set & {"counts", "objects"}:
            raise ValueError("no list")
        return self


class _Counts(_Listed):
    counts: list[_Count] = Field([], max_length=ROWS)


class _Choice(BaseModel):
    item_option_id: str = ""
    item_option_value_id: str = ""


class _Override(BaseModel):
    location_id: str = ""
    track_inventory: bool | None = None


class _VariationData(BaseModel):
    item_id: str = Field("", max_length=answers.LONGEST_NAME)
    sku: Sku = ""
    upc: Gtin = ""
    track_inventory: bool | None = None
    location_overrides: list[_Override] = []
    item_option_values: list[_Choice] = []


class _Variation(BaseModel):
    id: TheirId
    item_variation_data: _VariationData


class _ItemData(BaseModel):
    name: Name = ""
    variations: list[_Variation] = []


class _Item(BaseModel):
    id: TheirId
    item_data: _ItemData


class _ValueData(BaseModel):
    name: Name = ""


class _Value(BaseModel):
    id: str
    item_option_value_data: _ValueData = _ValueData()


class _OptionData(BaseModel):
    name: Name = ""
    values: list[_Value] = []


class _Option(BaseModel):
    id: str
    item_option_data: _OptionData


class _Found(_Listed):
    objects: list[dict[str, Any]] = []


class _Told(BaseModel):
    inventory_counts: list[_Count] = Field([], max_length=ROWS)


class _Data(BaseModel):
    object: _Told = _Told()


class _Event(BaseModel):
    type: str
    event_id: str = Field("", max_length=128)
    data: _Data = _Data()


Words = Mapping[tuple[str, str], tuple[str, str]]
"""What an option and its value are called, by their ids."""


class Square(shop.ReadOnly):
    """A StockSystem that keeps nothing for anybody."""

    def __init__(self, settings: Settings, where: Path, call: Caller, wall: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._wall = wall
        self._where = where
        self._call = call
        self._skus = Skus()
        self._uncounted: set[tuple[str, str]] = set()
        self._places = {ours: their for their, ours in settings.locations.items()}

    async def everything(self) -> AsyncIterator[Page]:
        """The catalogue, which says what the ids are, then every count of the named locations."""
        words = await self._words()
        async for found in self._catalog("ITEM"):
            items = [answers.read(_Item, one, WHO) for one in found]
            self._learn(variation for item in items for variation in item.item_data.variations)
            yield Page(items=tuple(told for item in items for told in _described(item, words)))
        async for page in self._counts({}):
            yield page

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """The counts whose time is later than just before a moment."""
        async for page in self._counts({"updated_after": answers.moment(since_s - 0.001)}):
            yield page

    async def read(self, keys: Sequence[Key]) -> Page:
        """The counts of these variations; one that was never touched has none."""
        wanted = {key for key in keys if self._settings.place(key.place)}
        theirs = sorted({key.item for key in wanted})
        levels: list[StockLevel] = []
        for start in range(0, len(theirs), ROWS):
            async for page in self._counts({"catalog_object_ids": theirs[start : start + ROWS]}, wanted):
                levels += page.levels
        return Page(tuple(levels))

    def pushed(self, delivery: Delivery) -> Pushed:
        """The new counts in stock; what else moved is read."""
        given = delivery.headers.get("x-square-hmacsha256-signature", "")
        secret = self._where / self._settings.secret_file if self._settings.secret_file else None
        signing.signed(given, delivery.url.encode() + delivery.body, secret, signing.base64_)
        event = answers.told(_Event, delivery.body)
        if event.type != COUNTS:
            return Pushed(event.event_id)
        counts = event.data.object.inventory_counts
        levels = tuple(level for count in counts for level in self._level(count) if level.available is not None)
        said = {(level.sku, level.location) for level in levels}
        keys = {Key(one.catalog_object_id, one.location_id): None for one in counts if not self._said(one, said)}
        return Pushed(event.event_id, levels, keys=tuple(keys))

    def key(self, sku: str, location: str) -> Key | None:
        """The variation of a SKU, once the catalogue told of it."""
        their, place = self._skus.their(sku), self._places.get(location)
        return Key(their, place) if their and place else None

    def _said(self, count: _Count, said: set[tuple[str, str]]) -> bool:
        """Whether a count is of no place of ours, or told by a level of the same delivery."""
        location = self._settings.place(count.location_id)
        return location is None or (self._skus.sku(count.catalog_object_id), location) in said

    async def _counts(self, which: dict[str, Any], wanted: set[Key] | None = None) -> AsyncIterator[Page]:
        asked = {"location_ids": list(self._settings.locations), "states": [IN_STOCK], "limit": ROWS} | which
        async for answer in self._pages("/v2/inventory/counts/batch-retrieve", asked):
            found = answers.read(_Counts, answer, WHO).counts
            counts = [one for one in found if wanted is None or Key(one.catalog_object_id, one.location_id) in wanted]
            await self._introduce(counts)
            yield Page(tuple(level for count in counts for level in self._level(count)))

    def _level(self, count: _Count) -> list[StockLevel]:
        """The level of a count in stock; no figure where the shop does not count, or two variations bear one SKU."""
        sku, location = self._skus.sku(count.catalog_object_id), self._settings.place(count.location_id)
        if not sku or location is None or count.state != IN_STOCK or count.is_estimated:
            return []
        if not self._skus.single(sku):
            return [StockLevel(sku, location, revision=int(self._wall() * 1000))]
        counted = (count.catalog_object_id, count.location_id) not in self._uncounted
        return [StockLevel(sku, location, count.quantity if counted else None, revision=count.calculated_at)]

    async def _introduce(self, counts: Sequence[_Count]) -> None:
        """Ask the catalogue for the variations of which it did not tell yet."""
        ids = sorted({one.catalog_object_id for one in counts if not self._skus.knows(one.catalog_object_id)})
        for start in range(0, len(ids), ROWS):
            some = ids[start : start + ROWS]
            answer = await self._ask("/v2/catalog/batch-retrieve", {"object_ids": some})
            found = answers.read(_Found, answer, WHO).objects
            self._learn(answers.read(_Variation, one, WHO) for one in found if "item_variation_data" in one)
            for id in some:
                if not self._skus.knows(id):
                    self._skus.learn(id, "")

    def _learn(self, variations: Iterable[_Variation]) -> None:
        for one in variations:
            data = one.item_variation_data
            self._skus.learn(one.id, data.sku)
            own = {over.location_id: over.track_inventory for over in data.location_overrides}
            for place in self._settings.locations:
                tracked = own.get(place)
                off = (data.track_inventory if tracked is None else tracked) is False
                (self._uncounted.add if off else self._uncounted.discard)((one.id, place))

    async def _words(self) -> Words:
        """What options such as size and colour and their values are called."""
        words: dict[tuple[str, str], tuple[str, str]] = {}
        async for found in self._catalog("ITEM_OPTION"):
            for option in (answers.read(_Option, one, WHO) for one in found):
                for value in option.item_option_data.values:
                    words[option.id, value.id] = option.item_option_data.name, value.item_option_value_data.name
        return words

    async def _catalog(self, kind: str) -> AsyncIterator[list[dict[str, Any]]]:
        async for answer in self._pages("/v2/catalog/search", {"object_types": [kind], "limit": ITEMS}):
            yield answers.read(_Found, answer, WHO).objects

    async def _pages(self, path: str, asked: dict[str, Any]) -> AsyncIterator[Any]:
        """Answer after answer by their cursors."""
        cursor: str | None = None
        while True:
            answer = await self._ask(path, asked | ({"cursor": cursor} if cursor else {}))
            yield answer
            following = answer.get("cursor") if isinstance(answer, dict) else None
            if not following:
                return
            if following == cursor or not isinstance(following, str):
                raise StockAway(f"{WHO} gives the same page again and again")
            cursor = following

    async def _ask(self, path: str, asked: Mapping[str, Any]) -> Any:
        headers = await answers.headers(self._settings, self._where)
        headers |= {"Square-Version": self._settings.version, hdrs.CONTENT_TYPE: "application/json"}
        return (await self._call(Call(path, "POST", headers=headers, body=json.dumps(asked).encode()))).json


def _described(item: _Item, words: Words) -> list[StockItem]:
    found = []
    for one in item.item_data.variations:
        data = one.item_variation_data
        chosen = (words.get((it.item_option_id, it.item_option_value_id)) for it in data.item_option_values)
        color, size = answers.axes(dict(pair for pair in chosen if pair))
        found += [StockItem(data.sku, data.upc, item.id, color, size, item.item_data.name)] if data.sku else []
    return found


def system(settings: Settings, where: Path, call: Caller) -> Square:
    """The seller."""
    return Square(settings, where, call)
