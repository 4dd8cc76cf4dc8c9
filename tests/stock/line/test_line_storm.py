"""A chain that starts at once: each edge has its rows, the hub makes them once, and no source hears of it.

``TENTOU_SOAK_STORM`` says how many edges; ``./run soak storm`` asks for 300, spread over 60 s. The hub has a thread of
its own, so that its share of the processor can be told from the edges'.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from aiohttp import web

from edge.adapters import stock_hub
from edge.db import MEMORY, database
from edge.health import Health
from edge.ports import StockLevel, StockReport
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.line.counter import KEEPS_S, Counter
from edge.stock.line.ear import Ear
from edge.stock.line.source import Follow, HubStock
from edge.stock.line.speaker import Speaker

EDGES = int(os.environ.get("TENTOU_SOAK_STORM", "0"))
PLACES = ("ginza", "ueno", "web")


@dataclass
class Till:
    """A source that counts how often it is asked, and has one sale every second."""

    rows: int
    asked: int = 0
    sold: int = 0

    async def reports(self) -> AsyncIterator[StockReport]:
        self.asked += 1
        yield StockReport(
            frozenset(PLACES), [StockLevel(f"S{n:06d}", place, n % 9) for place in PLACES for n in range(self.rows)]
        )
        while True:
            await asyncio.sleep(1)
            self.sold += 1
            yield StockReport(frozenset(PLACES), [StockLevel("S000000", "ginza", self.sold)], whole=False)


@dataclass
class Office:
    """A hub in a thread of its own; ``cpu_s`` is what its loop took of the processor from when it was ready."""

    till: Till
    url: str = ""
    made: int = 0
    answers: int = 0
    cpu_s: float = 0.0
    ready: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def __enter__(self) -> Office:
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="office", daemon=True)
        self._thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._thread.join()

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:
            db = await stack.enter_async_context(database(MEMORY))
            cache = await stack.enter_async_context(stock_cache(db))
            feeding = asyncio.create_task(feed("pos", self.till, cache, Health()))
            while cache.standing("pos", "web").rows < self.till.rows:
                await asyncio.sleep(0.01)
            counter = Counter(Speaker(cache, {"pos": False}))
            app = web.Application()
            app.add_routes(counter.routes())
            app.on_response_prepare.append(self._count)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            began = time.thread_time()
            self.ready.set()
            while not self.ended.is_set():
                await asyncio.sleep(0.05)
            self.cpu_s, self.made = time.thread_time() - began, counter.made
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await runner.cleanup()

    async def _count(self, *_: object) -> None:
        self.answers += 1


async def follow(office: Office, spread_s: float, stack: AsyncExitStack) -> tuple[StockCache, HubStock]:
    """An edge without a broker: everything of it goes over HTTP."""
    db = await stack.enter_async_context(database(MEMORY))
    cache = await stack.enter_async_context(stock_cache(db))
    settings = stock_hub.Settings(url=office.url, spread_s=spread_s, timeout_s=60)
    source = await stack.enter_async_context(stock_hub.open(settings, Path(), Follow("hub", Ear(PLACES), cache)))
    assert isinstance(source, HubStock)
    feeding = asyncio.create_task(feed("hub", source, cache, Health()))
    stack.push_async_callback(ended, feeding)
    return cache, source


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def full(caches: Sequence[StockCache], rows: int) -> bool:
    return all(cache.standing("hub/pos", place).rows == rows for cache in caches for place in PLACES)


async def test_a_chain_that_starts_at_once_has_its_rows_and_no_source_hears_of_it() -> None:
    edges, rows, spread_s = (EDGES, 3_000, 60.0) if EDGES else (12, 60, 0.2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Office(Till(rows)) as office:
        async with AsyncExitStack() as stack:
            began = time.monotonic()
            followed = [await follow(office, spread_s, stack) for _ in range(edges)]
            caches = [cache for cache, _ in followed]
            while not full(caches, rows):
                await asyncio.sleep(0.05)
            took = time.monotonic() - began
            wholes = sum(source.counted["wholes"] for _, source in followed)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sys.stdout.write(
        f"{edges} edges, {rows} rows at {len(PLACES)} places: all had them after {took:.1f} s; the hub made "
        f"{office.made} shelves, gave {office.answers} answers, took {office.cpu_s:.2f} s of the processor; "
        f"hub and edges together grew by {grown:.0f} MB\n"
    )
    assert (office.till.asked, wholes) == (1, edges * len(PLACES))
    assert len(PLACES) <= office.made <= len(PLACES) + 1 + took // KEEPS_S
