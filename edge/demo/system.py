"""The chain's own system as a hub sees it: all stock as one document of rows, and stores that keep a unit for a key.

It speaks the schema of the adapter ``generic``, as an EC-ORANGE or a core system of a chain would.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.demo.counter import Sales
from edge.demo.seed import ARRIVING, goods
from edge.demo.shopping import LOCATION, SoldOut, Unit

KEPT_S = 3 * 3600.0
"""For how long a store keeps a unit."""


class Wish(BaseModel):
    """``POST /ec/reserve``: keep one at a store."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["tentou-stock-reserve/1"]
    key: Annotated[str, Field(min_length=8, max_length=128)]
    sku: Annotated[str, Field(max_length=128)]
    location: Annotated[str, Field(max_length=64)]


def routes(sales: Sales, stores: tuple[str, ...]) -> list[web.RouteDef]:
    """The system's API; ``stores`` are those that keep units."""

    async def stock(_: web.Request) -> web.Response:
        """All that the chain has, by place, with each product's style, colour and size."""
        online = await sales.ec.levels()
        here = [(store, await asyncio.to_thread(sales.till.levels, store)) for store in stores]
        return web.json_response({"levels": rows([*here, (LOCATION, online)], datetime.now(UTC))})

    async def reserve(request: web.Request) -> web.Response:
        """Keep one; a key that was granted is granted again, with the same slip."""
        try:
            wish = Wish.model_validate_json(await request.read())
        except ValidationError as error:
            raise web.HTTPBadRequest(text=str(error.errors(include_url=False, include_input=False))) from error
        if wish.location not in stores:
            return web.json_response({"state": "declined"}, status=409)
        try:
            unit = await sales.ec.keep(wish.key, wish.sku, sales.till, wish.location, time.time() + KEPT_S)
        except (SoldOut, KeyError):
            return web.json_response({"state": "declined"}, status=409)
        return web.json_response(_confirmed(unit))

    async def reserved(request: web.Request) -> web.Response:
        """How a wish stands."""
        unit = await sales.ec.kept(request.match_info["key"])
        if unit is None:
            raise web.HTTPNotFound(text="no such wish")
        return web.json_response(_confirmed(unit))

    return [
        web.get("/ec/stock.json", stock),
        web.post("/ec/reserve", reserve),
        web.get("/ec/reserve/{key}", reserved),
    ]


def rows(places: list[tuple[str, dict[str, int]]], now: datetime) -> list[dict[str, Any]]:
    """A row for each product at each place that lists it."""
    known = {good.sku: good for good in goods()}
    return [
        {
            "sku": sku,
            "location": place,
            "available": count,
            "gtin": known[sku].gtin,
            "name": known[sku].name["ja"],
            "style": known[sku].style,
            "color": known[sku].color,
            "size": known[sku].size,
            **_arriving(sku, now),
        }
        for place, counts in places
        for sku, count in counts.items()
        if sku in known
    ]


def _arriving(sku: str, now: datetime) -> dict[str, Any]:
    if sku not in ARRIVING:
        return {}
    many, days = ARRIVING[sku]
    return {"incoming": many, "incoming_on": (now + timedelta(days=days)).date().isoformat()}


def _confirmed(unit: Unit) -> dict[str, Any]:
    until = datetime.fromtimestamp(unit.until_s, UTC).isoformat(timespec="seconds")
    return {"state": "confirmed", "slip": unit.slip, "until": until}
