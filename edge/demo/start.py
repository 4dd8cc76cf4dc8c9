"""The start page: the way in three steps, with the phone, the screen and the online store side by side."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
from aiohttp import web

from edge.demo import words
from edge.demo.seed import TO_TRY
from edge.demo.settings import IT, STAFF, Demo

ASK = aiohttp.ClientTimeout(total=1)


def routes(demo: Demo) -> list[web.RouteDef]:
    """The page, head office's counts for it, and whether the screens are up."""

    async def start(request: web.Request) -> web.Response:
        """Everything at once."""
        host = request.url.host or "127.0.0.1"
        return words.page(
            request,
            "start.html",
            edge=f"http://{host}:{demo.ports.edge}",
            hub=f"http://{host}:{demo.ports.hub}",
            tries=TO_TRY,
            staff=STAFF,
            it=IT,
            password=demo.password,
        )

    async def counts(_: web.Request) -> web.Response:
        """How many contacts lie in head office's database, by kind."""
        return web.json_response(await asyncio.to_thread(contacts, demo.folder / "hub"))

    async def screens(_: web.Request) -> web.Response:
        """Whether the store's edge answers."""
        return web.json_response({"up": await answers(demo.url("edge", "/healthz"))})

    return [web.get("/", start), web.get("/counts", counts), web.get("/screens-up", screens)]


async def answers(url: str) -> bool:
    """Whether an address answers with a success within a second."""
    try:
        async with aiohttp.ClientSession(timeout=ASK) as session, session.get(url) as response:
            return response.ok
    except (aiohttp.ClientError, TimeoutError):
        return False


def contacts(hub: Path) -> dict[str, int]:
    """The counts by kind; empty while head office has no database yet."""
    found = next(hub.rglob("contacts.sqlite"), None)
    if found is None:
        return {}
    try:
        with closing(sqlite3.connect(f"{found.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            return dict(connection.execute("SELECT kind, sum(contacts) FROM tallies GROUP BY kind"))
    except sqlite3.OperationalError:
        return {}
