"""What the tests of real shops share: a plain way to ask one, and an address that takes its webhooks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from edge import asking
from edge.bench.ports import free_port
from edge.ports import StockAway
from edge.stock.system import Answer, Call, Delivery


class Asked:
    """A Caller without budgets; ``calls`` are the paths that were asked."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self.calls: list[str] = []

    async def __call__(self, call: Call) -> Answer:
        url = URL(call.url if "://" in call.url else f"{self._url}/{call.url}")
        self.calls.append(url.path)
        headers, asked_s = dict(call.headers), time.time()
        body, query = call.body or None, dict(call.query)
        async with self._session.request(call.method, url, params=query, headers=headers, data=body) as response:
            if response.status not in call.accept:
                raise StockAway(f"answered {response.status}")
            raw = await response.read()
            small = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, small, raw, asking.strict(raw) if raw else None, asked_s)

    def hold(self, seconds: float) -> None:
        """Nothing here is limited."""

    def spent(self, cost: float) -> None:
        """Nothing here is counted."""


class Door:
    """Takes webhooks at ``url`` (one of its own if none is given) while it is open; ``came`` are those that were taken.
    ``says`` is its answer."""

    def __init__(self, url: str = "") -> None:
        self.url = url or f"http://127.0.0.1:{free_port()}/hooks/shop"
        self.came: list[Delivery] = []
        self.says = 204

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Door]:
        """Listen."""
        self.came.clear()
        app = web.Application()
        app.router.add_post("/hooks/shop", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", urlsplit(self.url).port, reuse_address=True).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        if self.says < 300:
            self.came.append(Delivery(str(request.url), headers, body))
        return web.Response(status=self.says)


async def eventually(true: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait until it is so, on a busy machine for long."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
