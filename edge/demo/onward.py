"""What a phone opens from a screen's QR: the EC's page of one product; and that link, for who has no phone at hand."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from edge.demo import words
from edge.demo.counter import Sales
from edge.demo.seed import goods
from edge.demo.settings import HERE, Demo
from edge.demo.shopping import SoldOut
from edge.handoff import KINDS, Link, read, written

LASTS = timedelta(minutes=3)
"""For how long a screen can show the same QR: a kiosk's longest session."""


def routes(demo: Demo, sales: Sales) -> list[web.RouteDef]:
    """The product's page, 取り置き and 取り寄せ there, and the newest link that a screen drew."""

    async def page(request: web.Request) -> web.Response:
        """One product of the online store, with what the shopper came for."""
        sku = request.match_info["sku"]
        good = next((each for each in goods() if each.sku == sku), None)
        if good is None:
            raise web.HTTPNotFound(text="no such product")
        online, here = (await sales.ec.levels())[0], await asyncio.to_thread(sales.till.levels)
        wanted = request.query.get("do", "")
        return words.page(
            request,
            "product.html",
            sku=sku,
            title=good.name[words.language(request)],
            price=f"{good.price:,}",
            wanted=wanted if wanted in KINDS else KINDS[0],
            online=online.get(sku, 0),
            here=here.get(sku, 0),
        )

    async def hold(request: web.Request) -> web.Response:
        """Have one kept at the store: the till has one less to sell once this says so."""
        return await _taken(lambda sku: asyncio.to_thread(sales.till.sell, sku), request)

    async def order(request: web.Request) -> web.Response:
        """Have one sent to the store: the online store has one less to sell once this says so."""
        return await _taken(sales.ec.buy, request)

    async def newest(_: web.Request) -> web.Response:
        """The link that a screen drew last, as a phone would read it; empty when none is drawn."""
        found = await asyncio.to_thread(newest_offer, demo.folder / "hub", datetime.now(UTC) - LASTS)
        return web.json_response({"url": written(demo.url("hub", "/h/"), found) if found else ""})

    return [
        web.get("/ec/p/{sku}", page),
        web.post("/ec/hold/{sku}", hold),
        web.post("/ec/order/{sku}", order),
        web.get("/drawn", newest),
    ]


async def _taken(take: Callable[[str], Awaitable[int]], request: web.Request) -> web.Response:
    sku = request.match_info["sku"]
    try:
        return web.json_response({"sku": sku, "available": await take(sku), "store": HERE})
    except SoldOut as error:
        raise web.HTTPConflict(text="sold out") from error
    except KeyError as error:
        raise web.HTTPNotFound(text="no such product") from error


def newest_offer(hub: Path, since: datetime) -> Link | None:
    """The newest offer in head office's database that is not older; None while it has none."""
    found = next(hub.rglob("contacts.sqlite"), None)
    if found is None:
        return None
    asked = "SELECT body, store FROM contacts WHERE kind = 'handoff_offered' AND time >= ? ORDER BY time DESC LIMIT 1"
    try:
        with closing(sqlite3.connect(f"{found.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            row = connection.execute(asked, [since.strftime("%Y-%m-%dT%H:%M:%S")]).fetchone()
    except sqlite3.OperationalError:
        return None
    data = json.loads(row[0])["data"] if row else {}
    return read(data["handoff"], {"p": data["sku"], "k": data["kind"], "s": row[1]}) if row else None
