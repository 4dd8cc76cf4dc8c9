"""What the tests of stock share: a clock set by hand, a cache on a real file, a source that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from edge.bench.ports import free_port
from edge.config import Location
from edge.db import database
from edge.stock import document
from edge.stock.cache import StockCache, stock_cache

Opened = Callable[[], AbstractAsyncContextManager[StockCache]]


@dataclass
class HandClock:
    """Wall and monotonic time in seconds, moved by hand."""

    wall: float = 1_795_000_000.0
    monotonic: float = 500.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        """Time that passes at once, after the other tasks had their turn."""
        self.pass_(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def opened(tmp_path: Path, clock: HandClock) -> Opened:
    """Opens the cache of this test's file; opening it again is a restart."""

    @asynccontextmanager
    async def open_again() -> AsyncIterator[StockCache]:
        async with (
            database(tmp_path / "stock.sqlite") as db,
            stock_cache(db, wall=lambda: clock.wall, monotonic=lambda: clock.monotonic) as cache,
        ):
            await cache.loaded()
            yield cache

    return open_again


@pytest.fixture
async def cache(opened: Opened) -> AsyncIterator[StockCache]:
    async with opened() as cache:
        yield cache


@pytest.fixture
def here() -> Location:
    return Location(id="ginza", place="here", name={"ja": "銀座店", "en": "Ginza"})


@pytest.fixture
def online() -> Location:
    return Location(id="web", place="online", name={"ja": "オンライン", "en": "Online"})


@dataclass
class Ec:
    """An EC server on loopback with a stock document, its ETag, and a log of the calls that reached it.

    ``answer``, when set, is what it says instead of the document.
    """

    counts: dict[str, int] = field(default_factory=lambda: {"A": 3})
    age: str | None = None
    answer: Callable[[], web.StreamResponse | Awaitable[web.StreamResponse]] | None = None
    calls: list[web.Request] = field(default_factory=list)
    port: int = 0
    runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stock.json"

    async def start(self) -> None:
        """Listen, at the same port as before."""
        app = web.Application()
        app.router.add_get("/stock.json", self.say)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.port = self.port or free_port()
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def stop(self) -> None:
        """Go away."""
        if self.runner is not None:
            await self.runner.cleanup()
        self.runner = None

    async def say(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(request)
        if self.answer is not None:
            said = self.answer()
            return said if isinstance(said, web.StreamResponse) else await said
        body = document.write([("ginza", self.counts.items())])
        etag = f'"{hash(body):x}"'
        headers = {"ETag": etag} | ({"Age": self.age} if self.age is not None else {})
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)


@pytest.fixture
async def ec() -> AsyncIterator[Ec]:
    server = Ec()
    await server.start()
    yield server
    await server.stop()
