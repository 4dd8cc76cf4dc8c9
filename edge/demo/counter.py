"""The shop's two counters as pages: the online store, whose stock a hub asks for, and the store's till."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from edge.demo import words
from edge.demo.seed import goods
from edge.demo.shopping import Shop, SoldOut, Till

CHIPS = ("linen", "outdoor", "kitchen", "coffee", "home", "everyday")
"""The tags that the pages offer as filters."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Where things are sold."""

    ec: Shop
    till: Till


def routes(sales: Sales) -> list[web.RouteDef]:
    """Both pages, what they show, and the till; ``onward`` has what is done online."""

    async def ec_page(request: web.Request) -> web.Response:
        """The online store."""
        return _page(request, "ec", (await sales.ec.levels())[0])

    async def till_page(request: web.Request) -> web.Response:
        """The store's till."""
        return _page(request, "pos", await asyncio.to_thread(sales.till.levels))

    async def stock(request: web.Request) -> web.Response:
        """The EC's stock as "tentou-stock/1", with an ETag."""
        body, etag = await sales.ec.answer()
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def levels(request: web.Request) -> web.Response:
        """What each SKU has left at one counter, for its page."""
        if request.match_info["counter"] == "ec":
            return web.json_response((await sales.ec.levels())[0])
        return web.json_response(await asyncio.to_thread(sales.till.levels))

    async def sell(request: web.Request) -> web.Response:
        """Sell one over the counter."""
        sku = request.match_info["sku"]
        try:
            return web.json_response({"sku": sku, "available": await asyncio.to_thread(sales.till.sell, sku)})
        except SoldOut as error:
            raise web.HTTPConflict(text="sold out") from error
        except KeyError as error:
            raise web.HTTPNotFound(text="no such product") from error

    return [
        web.get("/ec/", ec_page),
        web.get("/pos/", till_page),
        web.get("/ec/stock.json", stock),
        web.get("/{counter:ec|pos}/levels", levels),
        web.post("/pos/sell/{sku}", sell),
    ]


def _page(request: web.Request, counter: str, levels: Mapping[str, int]) -> web.Response:
    language = words.language(request)
    shelf: list[dict[str, Any]] = [
        {
            "sku": good.sku,
            "name": good.name[language],
            "price": f"{good.price:,}",
            "tags": " ".join(good.tags),
            "left": levels.get(good.sku, 0),
        }
        for good in goods()
    ]
    return words.page(request, "shop.html", counter=counter, shelf=shelf, chips=CHIPS)
