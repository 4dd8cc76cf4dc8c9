"""Stock of a shop at BASE: items and their variations, asked for within 5,000 calls an hour; nothing is pushed.

As documented (baseinc/api-docs): every error is a 400, also that the limit is used up, which it is until the next full
hour (``hour_api_limit``) or day; access tokens hold for an hour and refresh tokens for 30 days. Whether a sale moves
``modified`` is documented nowhere, so it is taken not to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers, bearer, shop
from edge.stock.shops.answers import Figure, Name, Sku, TheirId
from edge.stock.shops.products import Products
from edge.stock.shops.walk import walk
from edge.stock.system import Answer, Budget, Call, Caller, Can, Key, Page, Since

WHO = "BASE"
PAGE = 100
HOUR_S, DAY_S = 3600, 86_400
TOKYO_S = 9 * HOUR_S
"""A day of the limit is taken for one of Japan's; the documentation names no zone."""

CAN = Can(since=Since.BLIND, budgets=(Budget(5000, HOUR_S), Budget(100_000, DAY_S)))


class Settings(shop.OnePlace):
    """``token_file`` holds the app's ``client id:client secret``, ``refresh_file`` a refresh token (scope read_items);
    that file is written anew with each renewal, and only there the newest token is. ``redirect_url`` is the app's
    registered callback. ``axis`` is what a variation of this shop is.
    """

    url: str = "https://api.thebase.in"
    token_file: Path
    refresh_file: Path
    redirect_url: str = Field(pattern=r"^https?://[\x21-\x7e]{1,500}$")
    axis: Literal["color", "size"] = "size"


class _Variation(BaseModel):
    variation_id: TheirId
    variation: Name = ""
    variation_stock: Figure
    variation_identifier: Sku = ""


class _Item(BaseModel):
    item_id: TheirId
    title: Name = ""
    identifier: Sku = ""
    stock: Figure
    visible: int = 1
    modified: float = Field(0.0, ge=0, le=1e11)
    variations: list[_Variation] = Field([], max_length=1000)


class _Items(BaseModel):
    items: list[_Item] = Field(max_length=PAGE)


class _One(BaseModel):
    item: _Item


class _Error(BaseModel):
    error: str = Field("", max_length=100)


class Base(shop.ReadOnly):
    """A StockSystem; what is hidden in the shop counts as none left."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._products = Products()
        self._bearer = bearer.Bearer(WHO, call, self._renewal, self._keep)

    async def everything(self) -> AsyncIterator[Page]:
        """Every item in the order in which they were made, which no change and no sale moves."""

        async def fetch(offset: int) -> list[_Item]:
            return await self._list(offset, "created", "asc")

        products = Products()
        async for items in walk(fetch, PAGE, lambda item: item.item_id):
            yield self._page(items, products)
        self._products = products

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """The items whose ``modified`` is not before a moment; sales may be missing."""
        found: dict[str, _Item] = {}
        offset = 0
        while True:
            items = await self._list(offset, "modified", "desc")
            late = [item for item in items if item.modified >= int(since_s)]
            found |= {item.item_id: item for item in late if item.item_id not in found}
            if len(late) < PAGE:
                break
            offset += PAGE
        if found:
            yield self._page(sorted(found.values(), key=lambda item: item.modified), self._products)

    async def read(self, keys: Sequence[Key]) -> Page:
        """These items, a call each; one that is no more is none left."""
        asked = list(dict.fromkeys(key.item for key in keys))
        items: list[_Item] = []
        for id in asked:
            answer = await self._ask(f"/1/items/detail/{quote(id, safe='')}", {}, absent="no_item")
            items += [] if answer is None else [answers.read(_One, answer.json, WHO).item]
        page = self._page(items, self._products)
        lost = self._products.lost(asked, [their for item in items for their, *_ in _rows(item)])
        return Page((*page.levels, *(StockLevel(sku, self._settings.only, 0) for sku in lost)), page.items)

    def key(self, sku: str, location: str) -> Key | None:
        """The item of a SKU, once it was read."""
        item = self._products.product(sku) if location == self._settings.only else None
        return None if item is None else Key(item)

    def _page(self, items: Sequence[_Item], products: Products) -> Page:
        """What items say; of a code that two variations bear it is known that it is there, and nothing else."""
        rows = [(item, *row) for item in items for row in _rows(item)]
        for item, their, code, *_ in rows:
            products.learn(item.item_id, their, code)
        levels: list[StockLevel] = []
        told: list[StockItem] = []
        for item, _, code, stock, word in rows:
            if products.names(code):
                levels.append(StockLevel(code, self._settings.only, stock if item.visible else 0))
                told.append(self._item(item, code, word))
            elif code:
                levels.append(StockLevel(code, self._settings.only))
        return Page(tuple(levels), tuple(told))

    def _item(self, item: _Item, code: str, word: str) -> StockItem:
        color, size = (word, "") if self._settings.axis == "color" else ("", word)
        style = (item.identifier or item.item_id) if item.variations else ""
        return StockItem(code, answers.number14(code), style, color, size, item.title)

    async def _list(self, offset: int, order: str, sort: str) -> list[_Item]:
        query = {"order": order, "sort": sort, "limit": str(PAGE), "offset": str(offset), "max_image_no": "1"}
        answer = await self._ask("/1/items", query)
        return [] if answer is None else answers.read(_Items, answer.json, WHO).items

    async def _ask(self, path: str, query: dict[str, str], absent: str = "") -> Answer | None:
        """An answer, None for one that the thing asked for is not there; a token that is refused is renewed once."""
        token = await self._bearer.token()
        answer = await self._once(path, query, token)
        error = _error(answer)
        if error in ("invalid_request", "invalid_token", "access_denied"):
            self._bearer.refused(token)
            answer = await self._once(path, query, await self._bearer.token())
            error = _error(answer)
        if absent and error == absent:
            return None
        if not error:
            return answer
        self._rest(error, answer.asked_s)
        raise StockAway(f"{WHO} refused the question{_advice(error)}")

    async def _once(self, path: str, query: dict[str, str], token: str) -> Answer:
        return await self._call(
            Call(path, query=query, headers={"Authorization": f"Bearer {token}"}, accept=(200, 400))
        )

    def _rest(self, error: str, now_s: float) -> None:
        """A limit that is used up is one until the hour, or the day, is over."""
        if error == "hour_api_limit":
            self._call.hold(HOUR_S - now_s % HOUR_S)
        if error == "day_api_limit":
            self._call.hold(DAY_S - (now_s + TOKYO_S) % DAY_S)

    async def _renewal(self) -> Call:
        name, secret = await bearer.client(self._where / self._settings.token_file)
        refresh = await answers.token(self._where / self._settings.refresh_file)
        fields = {"grant_type": "refresh_token", "client_id": name, "client_secret": secret}
        fields |= {"refresh_token": refresh, "redirect_uri": self._settings.redirect_url}
        return bearer.form("/1/oauth/token", fields)

    async def _keep(self, token: str) -> None:
        await bearer.keep(self._where / self._settings.refresh_file, token)


def _rows(item: _Item) -> list[tuple[str, str, int, str]]:
    """(their id, code, stock, the variation's word) of each thing of an item that can be bought."""
    if not item.variations:
        return [(item.item_id, item.identifier or answers.sku(item.item_id), item.stock, "")]
    theirs = [(f"{item.item_id}/{one.variation_id}", one) for one in item.variations]
    return [
        (their, one.variation_identifier or answers.sku(their), one.variation_stock, one.variation)
        for their, one in theirs
    ]


def _error(answer: Answer) -> str:
    """What an answer says is wrong, "" for nothing; a 400 without a word of its own is "unknown"."""
    found: Any = answer.json
    told = answers.read(_Error, found, WHO).error if isinstance(found, dict) else ""
    return told or ("" if answer.status == 200 else "unknown")


def _advice(error: str) -> str:
    """What to do about it; an error of theirs is never quoted."""
    if error in ("hour_api_limit", "day_api_limit"):
        return ": its calls are used up, by this program or by another of the same user; set calls_per_hour lower"
    if error in ("invalid_request", "invalid_token", "access_denied", "invalid_scope"):
        return "; look at token_file, refresh_file and the scope read_items"
    return ""


def system(settings: Settings, where: Path, call: Caller) -> Base:
    """The shop."""
    return Base(settings, where, call)
