"""Stock from Shopify by the GraphQL Admin API: what each location has available, as webhooks, by stamps, and in full.

As documented (shopify.dev, API version 2026-10): ``available`` has committed, reserved and safety stock off it already;
a level has its own ``updatedAt`` in whole seconds, by which a location's levels can be asked for; a webhook carries the
level's new number and stamp but no SKU, and is sent again for hours with its first body. Everything is read by cursor
pages and not by a bulk operation: that gives one file for all at a host of a name that no setting holds, and no word of
when each row in it was true.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, field_validator
from yarl import URL

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, shop, signing
from edge.stock.shops.answers import Figure, Gtin, Moment, Name, Sku
from edge.stock.shops.graphs import Graph
from edge.stock.shops.shopify import LOCATION, WHO, Option, PageInfo, axes, numbers
from edge.stock.shops.skus import Skus
from edge.stock.system import BadDelivery, Budget, Caller, Can, Delivery, Key, Page, Push, Pushed, Since

ITEM = "gid://shopify/InventoryItem/"
POINTS_PER_S = 100
BURST_S = 10
"""A bucket holds what flows into it in 20 s; half of it at once leaves room for the shop's other calls by this app."""

FULL_PAGE, CHANGES_PAGE = 100, 50
FULL_COST, CHANGES_COST = 6, 3
"""Points for each level of a page: one for every object in it."""

READ_COST = 900
"""Points for one reading at most; a question of more than 1,000 is refused."""

CAN = Can(
    push=Push.ABSOLUTE,
    per_location=True,
    since=Since.SURE,
    revisions=True,
    step_ms=1000,
    budgets=(Budget(POINTS_PER_S * BURST_S, BURST_S),),
)
_FIGURES = 'updatedAt quantities(names:["available"]){name quantity}'
_ITEM = "id sku tracked"
_VARIANT = "variant{barcode title selectedOptions{name value} product{id title}}"


def _levels(item: str) -> str:
    return (
        "query($id:ID!,$first:Int!,$after:String,$query:String){location(id:$id){"
        "inventoryLevels(first:$first,after:$after,query:$query){"
        f"nodes{{{_FIGURES} item{{{item}}}}} pageInfo{{hasNextPage endCursor}}}}}}}}"
    )


FULL, CHANGES = _levels(f"{_ITEM} {_VARIANT}"), _levels(_ITEM)


class Settings(shop.Settings):
    """``url`` is the shop's ``https://SHOP.myshopify.com/admin/api/2026-10/graphql.json``, ``token_file`` has the app's
    token (read_inventory, read_locations, read_products), ``secret_file`` the app's client secret and perhaps, on a
    second line, the one before it. ``locations`` are by Shopify's location ids (the number, or the whole gid).

    ``points_per_s`` is what the shop's plan gives.
    """

    token_file: Path
    points_per_s: int = Field(POINTS_PER_S, ge=100, le=2000)

    @field_validator("locations")
    @classmethod
    def _numbers(cls, locations: dict[str, str]) -> dict[str, str]:
        return numbers(locations)


def can(settings: Settings) -> Can:
    """What this shop can: its plan's points."""
    budget = Budget(settings.points_per_s * BURST_S, BURST_S)
    return replace(CAN, budgets=(budget,))


class _Quantity(BaseModel):
    name: str
    quantity: Figure


class _Product(BaseModel):
    id: str
    title: Name = ""


class _Variant(BaseModel):
    barcode: Gtin = ""
    selectedOptions: list[Option] = []
    product: _Product | None = None


class _Item(BaseModel):
    id: str = Field(pattern=r"^gid://shopify/InventoryItem/[0-9]{1,20}$")
    sku: Sku = ""
    tracked: bool = True
    variant: _Variant | None = None


class _Level(BaseModel):
    updatedAt: Moment
    quantities: list[_Quantity]

    @property
    def available(self) -> int | None:
        return next((one.quantity for one in self.quantities if one.name == "available"), None)


class _Stocked(_Level):
    item: _Item


class _Levels(BaseModel):
    nodes: list[_Stocked]
    pageInfo: PageInfo


class _Location(BaseModel):
    inventoryLevels: _Levels


class _Found(BaseModel):
    location: _Location | None = None


class _Nodes(BaseModel):
    nodes: list[dict[str, Any] | None]


class _Update(BaseModel):
    inventory_item_id: int = Field(ge=0)
    location_id: int = Field(ge=0)
    available: Figure | None = None
    updated_at: Moment | None = None


class Shopify(shop.ReadOnly):
    """A StockSystem that keeps nothing for anybody."""

    def __init__(self, settings: Settings, where: Path, call: Caller, wall: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._wall = wall
        self._where = where
        self._graph = Graph(WHO, settings.url, call)
        self._skus = Skus()
        self._places = {ours: their for their, ours in settings.locations.items()}

    async def everything(self) -> AsyncIterator[Page]:
        """All levels of the named locations, by cursors."""
        for place in self._settings.locations:
            async for page in self._walk(place, FULL, FULL_PAGE, FULL_COST, None):
                yield page

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """The levels whose own stamp is not older."""
        query = f"updated_at:>='{answers.moment(int(since_s))}'"
        for place in self._settings.locations:
            async for page in self._walk(place, CHANGES, CHANGES_PAGE, CHANGES_COST, query):
                yield page

    async def read(self, keys: Sequence[Key]) -> Page:
        """Items by their ids, each with the levels of the places asked for."""
        wanted = {key for key in keys if self._settings.place(key.place)}
        places = sorted({key.place for key in wanted})
        theirs = sorted({key.item for key in wanted})
        most = max(1, READ_COST // (1 + 3 * len(places)))
        levels: list[StockLevel] = []
        for start in range(0, len(theirs), most):
            levels += await self._of_items(theirs[start : start + most], places, wanted)
        return Page(tuple(levels))

    def pushed(self, delivery: Delivery) -> Pushed:
        """A level's new number; of an item whose SKU is not known yet, what to read."""
        given = delivery.headers.get("x-shopify-hmac-sha256", "")
        signing.signed(given, delivery.body, self._secret, signing.base64_)
        if delivery.headers.get("x-shopify-shop-domain") not in (None, URL(self._settings.url).host):
            raise BadDelivery("the webhook is of another shop; look at url")
        id, topic = delivery.headers.get("x-shopify-webhook-id", ""), delivery.headers.get("x-shopify-topic", "")
        if not topic.startswith("inventory_levels/"):
            return Pushed(id)
        update = answers.told(_Update, delivery.body)
        their, place = f"{ITEM}{update.inventory_item_id}", str(update.location_id)
        location, sku = self._settings.place(place), self._skus.sku(their)
        if location is None:
            return Pushed(id)
        if topic == "inventory_levels/disconnect":
            return Pushed(id, gone=((sku, location),) if self._skus.single(sku) else ())
        if update.available is None or update.updated_at is None or not self._skus.single(sku):
            return Pushed(id, keys=(Key(their, place),))
        return Pushed(id, levels=(StockLevel(sku, location, update.available, revision=update.updated_at),))

    def key(self, sku: str, location: str) -> Key | None:
        """The inventory item of a SKU, once it was told of."""
        their, place = self._skus.their(sku), self._places.get(location)
        return Key(their, place) if their and place else None

    @property
    def _secret(self) -> Path | None:
        return self._where / self._settings.secret_file if self._settings.secret_file else None

    async def _of_items(self, theirs: Sequence[str], places: Sequence[str], wanted: set[Key]) -> list[StockLevel]:
        """One question: an alias for each place, as an item knows its levels by location."""
        names = "".join(f"$l{n}:ID!," for n in range(len(places)))
        aliases = " ".join(f"l{n}:inventoryLevel(locationId:$l{n}){{{_FIGURES}}}" for n in range(len(places)))
        query = f"query({names}$ids:[ID!]!){{nodes(ids:$ids){{... on InventoryItem{{{_ITEM} {aliases}}}}}}}"
        variables: dict[str, Any] = {f"l{n}": LOCATION + place for n, place in enumerate(places)}
        cost = len(theirs) * (1 + 3 * len(places)) + 1
        data = await self._ask(query, variables | {"ids": list(theirs)}, cost)
        found: list[StockLevel] = []
        for node in answers.read(_Nodes, data, WHO).nodes:
            if not node:
                continue  # an item that is no more
            item = self._learn(answers.read(_Item, node, WHO))
            for n, place in enumerate(places):
                if node.get(f"l{n}") and Key(item.id, place) in wanted:
                    level = answers.read(_Level, node[f"l{n}"], WHO)
                    found += self._level(item, self._settings.locations[place], level)
        return found

    async def _walk(self, place: str, query: str, first: int, each: int, which: str | None) -> AsyncIterator[Page]:
        after: str | None = None
        more = True
        while more:
            variables = {"id": LOCATION + place, "first": first, "after": after, "query": which}
            data = await self._ask(query, variables, first * each + each)
            found = answers.read(_Found, data, WHO).location
            if found is None:
                raise StockAway(f"{WHO} has no location {place}; look at locations")
            yield self._page(found.inventoryLevels.nodes, self._settings.locations[place])
            after = found.inventoryLevels.pageInfo.following(after)
            more = after is not None

    def _page(self, nodes: Sequence[_Stocked], location: str) -> Page:
        for node in nodes:
            self._learn(node.item)
        levels = [level for node in nodes for level in self._level(node.item, location, node)]
        return Page(tuple(levels), tuple(item for node in nodes for item in _described(node.item)))

    def _learn(self, item: _Item) -> _Item:
        self._skus.learn(item.id, item.sku)
        return item

    def _level(self, item: _Item, location: str, level: _Level) -> list[StockLevel]:
        """No figure where nobody can tell one: the shop does not count the item, or two items bear one SKU. The stamp
        of one of two is no order of both, so that word is as new as its reading."""
        if not item.sku:
            return []
        if not self._skus.single(item.sku):
            return [StockLevel(item.sku, location, revision=int(self._wall() * 1000))]
        return [StockLevel(item.sku, location, level.available if item.tracked else None, revision=level.updatedAt)]

    async def _ask(self, query: str, variables: Mapping[str, Any], cost: float) -> dict[str, Any]:
        token = await answers.token(self._where / self._settings.token_file)
        return await self._graph.ask(query, variables, {"X-Shopify-Access-Token": token}, cost)


def _described(item: _Item) -> list[StockItem]:
    if not item.sku or item.variant is None:
        return []
    variant, product = item.variant, item.variant.product
    color, size = axes(variant.selectedOptions)
    style, title = (product.id, product.title) if product else ("", "")
    return [StockItem(item.sku, variant.barcode, style, color, size, title)]


def system(settings: Settings, where: Path, call: Caller) -> Shopify:
    """The shop."""
    return Shopify(settings, where, call)
