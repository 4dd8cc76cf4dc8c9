"""Stock of near stores from Shopify's Storefront API: which of them have a variant, for shops without the Admin API.

As documented (shopify.dev, API version 2026-07): only locations where local pick-up is on are told of, with a number
and whether it is available. Since that version it is available with a number of 0 where another place can send it, or
where it is sold beyond the stock: that is ordered in (取り寄せ) and not there. There are no webhooks, no stamps and no
"changed since", so everything is read again and again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, shop
from edge.stock.shops.answers import Figure, Gtin, Name, Sku, TheirId
from edge.stock.shops.graphs import Graph
from edge.stock.shops.shopify import LOCATION, WHO, Option, PageInfo, axes, numbers
from edge.stock.shops.skus import Skus
from edge.stock.system import Caller, Can, Key, Page

PRODUCTS, VARIANTS = 5, 50
READ = 100
CAN = Can(per_location=True)
HEADERS = {"private": "Shopify-Storefront-Private-Token", "public": "X-Shopify-Storefront-Access-Token"}
_VARIANT = (
    "id sku barcode selectedOptions{name value} storeAvailability(first:$stores){"
    "nodes{available quantityAvailable location{id}} pageInfo{hasNextPage endCursor}}"
)
_PAGE = "pageInfo{hasNextPage endCursor}"
PRODUCTS_QUERY = (
    "query($first:Int!,$after:String,$variants:Int!,$stores:Int!){products(first:$first,after:$after){nodes{"
    f"id title variants(first:$variants){{nodes{{{_VARIANT}}} {_PAGE}}}}} {_PAGE}}}}}"
)
MORE_QUERY = (
    "query($id:ID!,$after:String,$variants:Int!,$stores:Int!){product(id:$id){"
    f"id title variants(first:$variants,after:$after){{nodes{{{_VARIANT}}} {_PAGE}}}}}}}"
)
READ_QUERY = f"query($ids:[ID!]!,$stores:Int!){{nodes(ids:$ids){{... on ProductVariant{{{_VARIANT}}}}}}}"


class Settings(shop.Settings):
    """``url`` is the shop's ``https://SHOP.myshopify.com/api/2026-07/graphql.json``; ``token_file`` holds a Storefront
    token (unauthenticated_read_product_listings, ..._product_inventory, ..._product_pickup_locations), ``kind``
    says which kind. ``locations`` are by Shopify's location ids; ``stores`` is up to how many stores are told of for
    each variant, at least as many as have pick-up on.
    """

    token_file: Path
    kind: Literal["private", "public"] = "private"
    stores: int = Field(50, ge=1, le=250)
    compare_s: float = Field(60.0, ge=0.05, le=86_400)

    @field_validator("locations")
    @classmethod
    def _numbers(cls, locations: dict[str, str]) -> dict[str, str]:
        return numbers(locations)


class _Location(BaseModel):
    id: TheirId


class _Store(BaseModel):
    available: bool
    quantityAvailable: Figure | None = None
    location: _Location


class _Stores(BaseModel):
    nodes: list[_Store]
    pageInfo: PageInfo


class _Variant(BaseModel):
    id: TheirId
    sku: Sku = ""
    barcode: Gtin = ""
    selectedOptions: list[Option] = []
    storeAvailability: _Stores


class _Variants(BaseModel):
    nodes: list[_Variant]
    pageInfo: PageInfo


class _Product(BaseModel):
    id: TheirId
    title: Name = ""
    variants: _Variants


class _Products(BaseModel):
    nodes: list[_Product]
    pageInfo: PageInfo


class _Found(BaseModel):
    products: _Products


class _One(BaseModel):
    product: _Product | None = None


class _Nodes(BaseModel):
    nodes: list[_Variant | None]


class Storefront(shop.ReadOnly):
    """A StockSystem."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._graph = Graph(WHO, settings.url, call)
        self._skus = Skus()
        self._places = {ours: their for their, ours in settings.locations.items()}

    async def everything(self) -> AsyncIterator[Page]:
        """All products by cursors, and of each all variants."""
        after: str | None = None
        more = True
        while more:
            asked = {"first": PRODUCTS, "after": after, "variants": VARIANTS}
            found = answers.read(_Found, await self._ask(PRODUCTS_QUERY, asked), WHO).products
            for product in found.nodes:
                async for page in self._variants(product):
                    yield page
            after = found.pageInfo.following(after)
            more = after is not None

    async def read(self, keys: Sequence[Key]) -> Page:
        """Variants by their ids, of each the stores asked for."""
        wanted = set(keys)
        theirs = sorted({key.item for key in wanted})
        levels: list[StockLevel] = []
        for start in range(0, len(theirs), READ):
            data = await self._ask(READ_QUERY, {"ids": theirs[start : start + READ]})
            for variant in answers.read(_Nodes, data, WHO).nodes:
                found = self._levels(variant) if variant else []
                levels += [one for one in found if variant and Key(variant.id, self._places[one.location]) in wanted]
        return Page(tuple(levels))

    def key(self, sku: str, location: str) -> Key | None:
        """The variant of a SKU, once it was told of."""
        their, place = self._skus.their(sku), self._places.get(location)
        return Key(their, place) if their and place else None

    async def _variants(self, product: _Product) -> AsyncIterator[Page]:
        yield self._page(product)
        after = product.variants.pageInfo.following(None)
        while after is not None:
            asked = {"id": product.id, "after": after, "variants": VARIANTS}
            further = answers.read(_One, await self._ask(MORE_QUERY, asked), WHO).product
            if further is None:
                return  # it went meanwhile
            yield self._page(further)
            after = further.variants.pageInfo.following(after)

    def _page(self, product: _Product) -> Page:
        levels = [level for variant in product.variants.nodes for level in self._levels(variant)]
        return Page(tuple(levels), tuple(item for one in product.variants.nodes for item in _described(product, one)))

    def _levels(self, variant: _Variant) -> list[StockLevel]:
        self._skus.learn(variant.id, variant.sku)
        if variant.storeAvailability.pageInfo.hasNextPage:
            raise StockAway(f"{WHO} has more pick-up stores than are asked for; raise stores")
        if not variant.sku:
            return []
        single = self._skus.single(variant.sku)
        found = []
        for store in variant.storeAvailability.nodes:
            location = self._settings.place(store.location.id.removeprefix(LOCATION))
            if location is not None:
                plain = StockLevel(variant.sku, location)
                found.append(_level(store, variant.sku, location) if single else plain)
        return found

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        token = await answers.token(self._where / self._settings.token_file)
        headers = {HEADERS[self._settings.kind]: token}
        return await self._graph.ask(query, {**variables, "stores": self._settings.stores}, headers)


def _level(store: _Store, sku: str, location: str) -> StockLevel:
    """What a store has; available without any there is ordered in, and without a number nobody can tell the two."""
    if not store.available:
        return StockLevel(sku, location, 0)
    if store.quantityAvailable is None:
        return StockLevel(sku, location)
    if store.quantityAvailable == 0:
        return StockLevel(sku, location, status="order")
    return StockLevel(sku, location, store.quantityAvailable)


def _described(product: _Product, variant: _Variant) -> list[StockItem]:
    if not variant.sku:
        return []
    color, size = axes(variant.selectedOptions)
    return [StockItem(variant.sku, variant.barcode, product.id, color, size, product.title)]


def system(settings: Settings, where: Path, call: Caller) -> Storefront:
    """The shop's storefront."""
    return Storefront(settings, where, call)
