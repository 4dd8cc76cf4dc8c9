"""Stock of a Vendure shop (3.x): its levels by the Admin API, and pushes by the plug-in that lies here for it.

``edge/stock/app/tentou-stock.js`` is that plug-in. A level's stamp has whole seconds on some databases, so two of one
second are read again; a movement's figure is a change and never used. Read in @vendure/core 3.7.3.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from aiohttp import hdrs
from pydantic import BaseModel, Field

from edge import asking
from edge.asking import graphql
from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import push, shop
from edge.stock.shops.answers import Figure, Moment, Name, Sku, TheirId, axes, read
from edge.stock.shops.walk import walk
from edge.stock.system import Call, Caller, Can, Delivery, Kept, Key, Page, Push, Pushed, Wish

CAN = Can(push=Push.ABSOLUTE, beats=True, per_location=True, revisions=True, step_ms=1000)
"""With the plug-in. ``variant.updatedAt`` is not moved by sales, so asking for changes finds nothing."""
BARE = Can(per_location=True, revisions=True, step_ms=1000)

AT_ONCE = 100
"""Variants a call; Vendure gives at most 1,000 of a list."""
TOKEN = "vendure-auth-token"  # noqa: S105 - the header's name
_WHO = "the shop"
_VARIANT = """id sku name trackInventory outOfStockThreshold useGlobalOutOfStockThreshold product { id }
options { name group { name } } stockLevels { stockLocationId stockOnHand stockAllocated updatedAt }"""
_ALL = f"""query($skip: Int!, $take: Int!) {{
  globalSettings {{ trackInventory outOfStockThreshold }}
  productVariants(options: {{ skip: $skip, take: $take, sort: {{ id: ASC }} }}) {{ items {{ {_VARIANT} }} }} }}"""
_SOME = f"""query($skus: [String!]!) {{
  globalSettings {{ trackInventory outOfStockThreshold }}
  productVariants(options: {{ take: 1000, filter: {{ sku: {{ in: $skus }} }} }}) {{ items {{ {_VARIANT} }} }} }}"""
_LOGIN = """mutation($user: String!, $password: String!) {
  login(username: $user, password: $password) { __typename } }"""


class Settings(shop.Settings):
    """``url`` is the shop's server; ``path`` where its Admin API is. ``locations`` are stock locations by id.

    ``user`` is an administrator who may read the catalogue, stock locations and settings, ``token_file`` holds the
    password. ``app`` false says that the plug-in is not there, so that everything is read each ``compare_s``.
    """

    user: str = Field(min_length=1, max_length=200)
    token_file: Path
    path: str = Field("admin-api", max_length=200)
    app: bool = True


class _Level(BaseModel):
    stockLocationId: TheirId
    stockOnHand: Figure
    stockAllocated: Figure
    updatedAt: Moment


class _Group(BaseModel):
    name: Name = ""


class _Option(BaseModel):
    name: Name = ""
    group: _Group = _Group()


class _Product(BaseModel):
    id: TheirId


class _Variant(BaseModel):
    id: TheirId
    sku: Sku
    name: Name = ""
    trackInventory: Literal["TRUE", "FALSE", "INHERIT"]
    outOfStockThreshold: Figure = 0
    useGlobalOutOfStockThreshold: bool = True
    product: _Product
    options: list[_Option] = Field([], max_length=100)
    stockLevels: list[_Level] = Field([], max_length=10_000)


class _Variants(BaseModel):
    items: list[_Variant] = Field(max_length=1000)


class _House(BaseModel):
    trackInventory: bool
    outOfStockThreshold: Figure


class _Data(BaseModel):
    globalSettings: _House
    productVariants: _Variants


class _Login(BaseModel):
    login: dict[str, Any]


class Vendure:
    """A StockSystem."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._theirs = {ours: theirs for theirs, ours in settings.locations.items()}
        self._token = ""

    async def everything(self) -> AsyncIterator[Page]:
        """All variants, in order of their ids."""
        houses: list[_House] = []

        async def fetch(skip: int) -> Sequence[_Variant]:
            data = read(_Data, await self._ask(_ALL, {"skip": skip, "take": AT_ONCE}), _WHO)
            houses[:] = [data.globalSettings]
            return data.productVariants.items

        async for variants in walk(fetch, AT_ONCE, lambda variant: variant.id):
            yield self._page(houses[0], variants)

    def changed(self, since_s: float) -> AsyncIterator[Page]:
        """Never called: no stamp that can be asked for moves when stock is sold."""
        raise StockAway("Vendure cannot be asked for changes of stock")

    async def read(self, keys: Sequence[Key]) -> Page:
        """These SKUs, at all places that are read."""
        skus = sorted({key.item for key in keys})
        pages = []
        for start in range(0, len(skus), AT_ONCE):
            data = read(_Data, await self._ask(_SOME, {"skus": skus[start : start + AT_ONCE]}), _WHO)
            pages.append(self._page(data.globalSettings, data.productVariants.items))
        return Page(
            tuple(one for page in pages for one in page.levels), tuple(one for page in pages for one in page.items)
        )

    def pushed(self, delivery: Delivery) -> Pushed:
        """What the plug-in pushed: levels, or that nothing moved."""
        secret = self._settings.secret_file
        return push.pushed(delivery, self._where / secret if secret else None, self._settings.place)

    def key(self, sku: str, location: str) -> Key | None:
        """The SKU is the shop's own key."""
        theirs = self._theirs.get(location)
        return Key(sku, theirs) if theirs is not None else None

    async def reserve(self, wish: Wish) -> Kept:
        """Never called: of ten that pay for the last one, Vendure lets ten have it."""
        raise StockAway("Vendure keeps nothing for a shopper")

    async def reserved(self, key: str) -> Kept:
        """Never called."""
        raise StockAway("Vendure keeps nothing for a shopper")

    def _page(self, house: _House, variants: Iterable[_Variant]) -> Page:
        known = [variant for variant in variants if variant.sku]
        return Page(tuple(self._levels(house, known)), tuple(map(_item, known)))

    def _levels(self, house: _House, variants: Iterable[_Variant]) -> Iterator[StockLevel]:
        for variant in variants:
            tracked = {"TRUE": True, "FALSE": False, "INHERIT": house.trackInventory}[variant.trackInventory]
            own = variant.useGlobalOutOfStockThreshold
            kept = house.outOfStockThreshold if own else variant.outOfStockThreshold
            for level in variant.stockLevels:
                place = self._settings.place(level.stockLocationId)
                if place is None:
                    continue
                if not tracked:
                    yield StockLevel(variant.sku, place, status="in", revision=level.updatedAt)
                    continue
                here, sold = level.stockOnHand, level.stockAllocated
                yield StockLevel(variant.sku, place, on_hand=here, reserved=sold, safety=kept, revision=level.updatedAt)

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an answer, signed in first, and once more where the session is over."""
        for fresh in (not self._token, True):
            if fresh:
                await self._sign_in()
            answer = await self._post(query, variables, {hdrs.AUTHORIZATION: f"Bearer {self._token}"})
            if "FORBIDDEN" not in answer.codes:
                break
        if answer.errors or answer.data is None:
            raise StockAway(f"{_WHO} refused the question; look at what the user may read")
        return answer.data

    async def _sign_in(self) -> None:
        try:
            password = await asking.secret(self._where / self._settings.token_file)
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error
        call = self._question(_LOGIN, {"user": self._settings.user, "password": password}, {})
        answer = await self._call(call)
        whole = read(_Login, read(graphql.Answer, answer.json, _WHO).data, _WHO)
        self._token = answer.headers.get(TOKEN, "")
        if whole.login.get("__typename") != "CurrentUser" or not self._token:
            raise StockAway(f"{_WHO} does not let the user in; look at user and token_file")

    async def _post(self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> graphql.Answer:
        return read(graphql.Answer, (await self._call(self._question(query, variables, headers))).json, _WHO)

    def _question(self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> Call:
        body = json.dumps({"query": query, "variables": variables}).encode()
        return Call(self._settings.path, "POST", headers={hdrs.CONTENT_TYPE: "application/json", **headers}, body=body)


def _item(variant: _Variant) -> StockItem:
    color, size = axes({option.group.name: option.name for option in variant.options})
    return StockItem(variant.sku, style=variant.product.id, color=color, size=size, name=variant.name)


def can(settings: Settings) -> Can:
    """What the shop can, with the plug-in or without."""
    return CAN if settings.app else BARE


def system(settings: Settings, where: Path, call: Caller) -> Vendure:
    """The system behind these settings."""
    return Vendure(settings, where, call)
