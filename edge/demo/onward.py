"""What a phone opens from a screen's QR: the EC's page of one product; and that link, for who has no phone at hand.

What the shopper does there with what the screen offered the EC tells head office, as an app or an EC of a chain would.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from edge.contacts.office.handoffs import Deed, Outcome
from edge.demo import words
from edge.demo.counter import Sales
from edge.demo.seed import goods
from edge.demo.settings import BEARER, Demo
from edge.demo.shopping import SoldOut
from edge.handoff import KINDS, Link, is_id, read, written

log = logging.getLogger(__name__)

Take = Callable[[str], Awaitable[int]]
Tell = Callable[[str, Deed, Outcome], Awaitable[None]]
LASTS = timedelta(minutes=3)
"""For how long a screen can show the same QR: a kiosk's longest session."""


def routes(demo: Demo, sales: Sales) -> list[web.RouteDef]:
    """The product's page, 取り置き, 取り寄せ and buying there, and the newest link that a screen drew."""
    deeds: dict[str, tuple[Deed, Take]] = {
        "hold": ("hold", lambda sku: asyncio.to_thread(sales.till.sell, sku)),
        "order": ("order", sales.ec.buy),
        "buy": ("purchase", sales.ec.buy),
    }
    tell = teller(demo)

    async def page(request: web.Request) -> web.Response:
        """One product of the online store, with what the shopper came for."""
        sku = request.match_info["sku"]
        good = next((each for each in goods() if each.sku == sku), None)
        if good is None:
            raise web.HTTPNotFound(text="no such product")
        online, here = await sales.ec.levels(), await asyncio.to_thread(sales.till.levels)
        wanted = request.query.get("do", "")
        return words.page(
            request,
            "product.html",
            sku=sku,
            picture=good.picture,
            title=good.name[words.language(request)],
            price=f"{good.price:,}",
            wanted=wanted if wanted in KINDS else KINDS[0],
            handoff=_offered(request),
            online=online.get(sku, 0),
            here=here.get(sku, 0),
        )

    async def take(request: web.Request) -> web.Response:
        """Have one kept at the store, have one sent there, or buy one: till or EC has one less once this says so."""
        deed, taken = deeds[request.match_info["deed"]]
        answer, state = await _taken(taken, request.match_info["sku"])
        if id := _offered(request):
            await tell(id, deed, state)
        return answer

    async def newest(_: web.Request) -> web.Response:
        """The link that a screen drew last, as a phone would read it; empty when none is drawn."""
        found = await asyncio.to_thread(newest_offer, demo.folder / "hub", datetime.now(UTC) - LASTS)
        return web.json_response({"url": written(demo.url("hub", "/h/"), found) if found else ""})

    return [
        web.get("/ec/p/{sku}", page),
        web.post("/ec/{deed:hold|order|buy}/{sku}", take),
        web.get("/drawn", newest),
    ]


def _offered(request: web.Request) -> str:
    """The id of the link that led here; empty for who came by another way."""
    id = request.query.get("h", "")
    return id if is_id(id) else ""


async def _taken(take: Take, sku: str) -> tuple[web.Response, Outcome]:
    try:
        return web.json_response({"sku": sku, "available": await take(sku)}), "confirmed"
    except SoldOut:
        return web.Response(status=409, text="sold out"), "declined"
    except KeyError as error:
        raise web.HTTPNotFound(text="no such product") from error


def teller(demo: Demo) -> Tell:
    """What tells head office what came of a link; a hub that is away hears nothing, and nobody waits for it long."""

    async def tell(id: str, deed: Deed, state: Outcome) -> None:
        token = (demo.folder / "hub" / BEARER).read_text().strip()
        borne = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                ClientSession(demo.url("hub"), headers=borne, timeout=ClientTimeout(2.0)) as session,
                session.post(f"/h/{id}/taken", json={"kind": deed, "state": state}) as answer,
            ):
                answer.raise_for_status()
        except (ClientError, TimeoutError) as error:
            log.warning("head office did not hear what was taken: %s", type(error).__name__)

    return tell


def newest_offer(hub: Path, since: datetime) -> Link | None:
    """The newest offer in head office's database that is not older; None while it has none."""
    found = next(hub.rglob("contacts.sqlite"), None)
    if found is None:
        return None
    asked = (
        "SELECT body, store FROM contacts WHERE kind = 'handoff_offered' AND time >= ? ORDER BY received DESC LIMIT 1"
    )
    try:
        with closing(sqlite3.connect(f"{found.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            row = connection.execute(asked, [since.strftime("%Y-%m-%dT%H:%M:%S")]).fetchone()
    except sqlite3.OperationalError:
        return None
    data = json.loads(row[0])["data"] if row else {}
    return read(data["handoff"], {"p": data["sku"], "k": data["kind"], "s": row[1]}) if row else None
