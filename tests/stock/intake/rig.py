"""A shop's system behind the intake, with a cache that it feeds and a page that takes its webhooks."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.adapters import stock_http
from edge.config import Location, checked
from edge.db import Database, database
from edge.health import Health
from edge.ports import StockLevel
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.intake import desk
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.desk import Intake
from edge.stock.intake.opening import source
from edge.stock.intake.running import Running
from edge.stock.level import sellable
from edge.stock.system import Delivery
from tests.stock.conftest import HandClock
from tests.stock.shops.contract import FakeShop

CHANNEL = "shop"


async def brisk(seconds: float) -> None:
    """A short wait cut shorter, for tests that watch no clock; what is far off stays far off."""
    await asyncio.sleep(min(seconds, 0.01) if seconds <= 1 else seconds)


BRISK = Clocks(sleep=brisk)


class Timeline:
    """Wall and monotonic time that pass only as a test says, for many that wait at once."""

    def __init__(self) -> None:
        self.now = 500.0
        self.start_s = 1_795_000_000.0
        self._waits: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.now, self.sleep)

    @property
    def wall(self) -> float:
        return self.start_s + self.now

    async def sleep(self, seconds: float) -> None:
        until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (self.now + max(0.0, seconds), next(self._numbers), until))
        await until

    async def pass_(self, seconds: float, rest: Callable[[], Awaitable[None]]) -> None:
        """Let time pass, wait by wait; ``rest`` returns once nothing but time is waited for."""
        end = self.now + seconds
        await rest()
        while self._waits and self._waits[0][0] <= end:
            at, _, until = heapq.heappop(self._waits)
            self.now = max(self.now, at)
            if not until.done():
                until.set_result(None)
                await rest()
        self.now = end


def driven(clock: HandClock) -> Clocks:
    """Clocks that a test moves by hand, and that every wait moves."""
    return Clocks(lambda: clock.wall, lambda: clock.monotonic, clock.sleep)


@dataclass(frozen=True)
class Rig:
    """What a test looks at."""

    shop: FakeShop
    source: Running
    cache: StockCache
    intake: Intake
    health: Health
    url: str
    http: aiohttp.ClientSession
    files: tuple[Database, ...]
    feeding: asyncio.Task[None]

    def levels(self) -> dict[tuple[str, str], int]:
        """What the cache has in numbers."""
        now_s, found = self.intake.clocks.wall(), []
        for place in self.shop.places:
            found += [self.cache.known(sku, place, now_s).level for sku in self.cache.levels(CHANNEL, place)]
        return told(level for level in found if level)

    def show(self, sku: str) -> None:
        """A screen shows a SKU at the shop's last place."""
        place = Location(id=self.shop.places[-1], place="online", name={"ja": "店", "en": "Shop"})
        self.cache.lines(sku, [place], "ja", self.intake.clocks.wall())

    async def post(self, delivery: Delivery) -> int:
        """Send a webhook; the status that it was answered."""
        headers = {**delivery.headers}
        async with self.http.post(f"{self.url}/hooks/{CHANNEL}", data=delivery.body, headers=headers) as response:
            return response.status

    async def until(self, true: Callable[[], bool], turns: int = 18_000) -> bool:
        """Whether something comes true, within so many turns of the loop with a breath each."""
        for _ in range(turns):
            if true():
                return True
            await asyncio.sleep(0.005)
        return true()

    async def rest(self) -> None:
        """Until nothing but time is waited for: neither a file's thread nor a task that could run."""
        quiet = 0
        while quiet < 3:
            before = [db.commits for db in self.files]
            for db in self.files:
                await db.read(lambda _: None)
            for _ in range(20):
                await asyncio.sleep(0)
            # The reads above are a commit each.
            moved = any(db.commits > known + 1 for db, known in zip(self.files, before, strict=True))
            quiet = 0 if moved else quiet + 1

    async def agrees(self) -> bool:
        """Whether the cache comes to say what the shop has."""
        return await self.until(lambda: self.levels() == self.shop.levels())


@asynccontextmanager
async def intake_at(folder: Path, health: Health | None = None, clocks: Clocks = BRISK) -> AsyncIterator[Intake]:
    """An intake over its file in a folder; opening it again is a restart."""
    async with (
        database(folder / desk.FILE, desk.migrate) as db,
        desk.intake(db, health or Health(), clocks) as opened,
    ):
        yield opened


@asynccontextmanager
async def endpoint(
    settings: stock_http.Settings, folder: Path, clocks: Clocks | None = None
) -> AsyncIterator[stock_http.HttpStock]:
    """The source of an endpoint, its calls counted in a folder's file."""
    async with (
        intake_at(folder, clocks=clocks or Clocks()) as intake,
        source(stock_http, settings, folder, "ec", intake) as opened,
    ):
        assert isinstance(opened, stock_http.HttpStock)
        yield opened


@asynccontextmanager
async def asked(
    module: ModuleType, shop: FakeShop, folder: Path, clocks: Clocks = BRISK, **more: Any
) -> AsyncIterator[tuple[Any, Intake]]:
    """A shop's system alone, over the real caller; ``more`` goes over the fake's own settings."""
    async with intake_at(folder, clocks=clocks) as intake:
        settings = checked(module.Settings, shop.settings(await shop.start(), folder) | more, "stock.shop")
        try:
            async with source(module, settings, folder, CHANNEL, intake):
                yield intake.open[CHANNEL].system, intake
        finally:
            await shop.stop()


@asynccontextmanager
async def fed(
    module: ModuleType, shop: FakeShop, folder: Path, clocks: Clocks = BRISK, **more: Any
) -> AsyncIterator[Rig]:
    """A shop whose stock flows into a cache."""
    health = Health()
    async with (
        intake_at(folder, health, clocks) as intake,
        database(folder / "stock.sqlite") as db,
        stock_cache(db, clocks.wall, clocks.monotonic) as cache,
        aiohttp.ClientSession() as http,
    ):
        app = web.Application()
        app.add_routes(intake.hooks.routes())
        settings = checked(module.Settings, shop.settings(await shop.start(), folder) | more, "stock.shop")
        shown = cache.shown
        async with source(module, settings, folder, CHANNEL, intake, shown=shown) as opened, TestServer(app) as server:
            assert isinstance(opened, Running)
            sleep = clocks.sleep
            feeding = asyncio.create_task(feed(CHANNEL, opened, cache, health, clocks.wall, sleep))
            try:
                url = str(server.make_url("/")).rstrip("/")
                yield Rig(shop, opened, cache, intake, health, url, http, (db, intake.db), feeding)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
                await shop.stop()


async def all_of(pages: AsyncIterator[Any]) -> list[Any]:
    """The levels of all pages."""
    return [level async for page in pages for level in page.levels]


def told(levels: Iterable[StockLevel]) -> dict[tuple[str, str], int]:
    """How many can be sold by each level that tells a number."""
    counted = ((level, sellable(level)) for level in levels)
    return {(level.sku, level.location): n for level, n in counted if n is not None}
