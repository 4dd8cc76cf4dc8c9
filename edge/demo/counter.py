"""The shop's two counters as pages: the online store and the store's till, which shows what is kept for whom."""

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
        return _page(request, "ec", await sales.ec.levels())

    async def till_page(request: web.Request) -> web.Response:
        """The store's till."""
        return _page(request, "pos", await asyncio.to_thread(sales.till.levels))

    async def levels(request: web.Request) -> web.Response:
        """What each SKU has left at one counter, for its page."""
        if request.match_info["counter"] == "ec":
            return web.json_response(await sales.ec.levels())
        return web.json_response(await asyncio.to_thread(sales.till.levels))

    async def kept(_: web.Request) -> web.Response:
        """The slips of what this store keeps, by SKU."""
        slips: dict[str, list[str]] = {}
        for unit in await sales.ec.waiting(sales.till.location):
            slips.setdefault(unit.sku, []).append(unit.slip)
        return web.json_response(slips)

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
        web.get("/{counter:ec|pos}/levels", levels),
        web.get("/pos/kept", kept),
        web.post("/pos/sell/{sku}", sell),
    ]


def _page(request: web.Request, counter: str, levels: Mapping[str, int]) -> web.Response:
    language = words.language(request)
    shelf: list[dict[str, Any]] = [
        {
            "sku": good.sku,
            "picture": good.picture,
            "name": good.name[language],
            "price": f"{good.price:,}",
            "tags": " ".join(good.tags),
            "left": levels.get(good.sku, 0),
        }
        for good in goods()
    ]
    return words.page(request, "shop.html", counter=counter, shelf=shelf, chips=CHIPS)
