"""What a screen's service worker keeps for the time in which the service is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from edge.screens.assets import Assets
from edge.screens.pages import routes
from tests.screens.conftest import PICTURES, two_screens

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = """async ([older, newer]) => {
    const {active: worker} = await navigator.serviceWorker.ready;
    const keep = (loop) => new Promise((answered) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => answered();
        worker.postMessage({keep: "loop", screen: "roof", loop}, [port2]);
    });
    const slow = keep(older);
    await fetch("/asked");
    await keep(newer);
    await fetch("/release");
    await slow;
    const list = await (await caches.match("/screens/roof/loop.json")).json();
    const media = await Promise.all(list.items.map(({url}) => caches.match(url)));
    return [list.version, media.map(Boolean), Boolean(await caches.match(older.items[0].url))];
}"""
"""Which of two loops is kept when the older one's film comes only after the newer one is whole."""


@pytest_asyncio.fixture(loop_scope="session")
async def url(assets: Assets) -> AsyncIterator[str]:
    """A store with a film that comes when it is let."""
    asked, released = asyncio.Event(), asyncio.Event()

    async def film(_: web.Request) -> web.Response:
        asked.set()
        await released.wait()
        return web.Response(body=b"film")

    async def wait(_: web.Request) -> web.Response:
        await asked.wait()
        return web.Response()

    async def release(_: web.Request) -> web.Response:
        released.set()
        return web.Response()

    app = web.Application()
    ways = [web.get("/media/film.mp4", film), web.get("/asked", wait), web.get("/release", release)]
    app.add_routes([*routes(two_screens(assets)), *ways, web.static("/media/products", PICTURES)])
    async with TestServer(app) as server:
        yield str(server.make_url("/screens/window"))


@pytest.mark.promise("S-4")
async def test_a_loop_that_is_whole_late_takes_no_newer_ones_place(page: Page, url: str) -> None:
    loops = [
        {"version": version, "items": [{"url": address, "sha256": ""}]}
        for version, address in (("older", "/media/film.mp4"), ("newer", "/media/products/1.svg"))
    ]
    await page.goto(url)
    assert await page.evaluate(KEPT, loops) == ["newer", [True], False]
    await page.goto("about:blank")
