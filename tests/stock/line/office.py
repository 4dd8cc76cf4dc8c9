"""A hub with one source, as a process of its own: ``python -m tests.stock.line.office ROWS`` writes its address and
port on a line, and, once its input ends, what it took as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from edge.db import MEMORY, database
from edge.health import Health
from edge.ports import StockLevel, StockReport
from edge.stock.cache import stock_cache
from edge.stock.channel import feed
from edge.stock.line.counter import Counter
from edge.stock.line.speaker import Speaker

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
class Told:
    """What a hub gave: answers, and their bytes before the connection's own."""

    answers: int = 0
    bytes: int = 0

    async def count(self, _: web.Request, response: web.StreamResponse) -> None:
        self.answers += 1
        body = response.body if isinstance(response, web.Response) else None
        self.bytes += len(body) if isinstance(body, bytes | bytearray) else 0


async def serve(till: Till) -> None:
    """Answer until the input ends."""
    told, slow = Told(), Slowest()
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database(MEMORY))
        cache = await stack.enter_async_context(stock_cache(db))
        feeding = asyncio.create_task(feed("pos", till, cache, Health()))
        while cache.standing("pos", "web").rows < till.rows:
            await asyncio.sleep(0.01)
        counter = Counter(Speaker(cache, {"pos": False}))
        runner = await _listening(counter, told)
        cpu_s, asked = time.process_time(), asyncio.create_task(slow.look())
        sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        figures = {
            "cpu_s": time.process_time() - cpu_s,
            "made": counter.made,
            "answers": told.answers,
            "bytes": told.bytes,
            "asked": till.asked,
            "stood_ms": slow.most * 1000,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        for task in (feeding, asked):
            task.cancel()
        await asyncio.gather(feeding, asked, return_exceptions=True)
        await runner.cleanup()
    sys.stdout.write(json.dumps(figures) + "\n")


@dataclass
class Slowest:
    """For how long the loop stood still at most: so late is a beat that is due meanwhile."""

    most: float = 0.0

    async def look(self) -> None:
        while True:
            due = time.monotonic() + 0.05
            await asyncio.sleep(0.05)
            self.most = max(self.most, time.monotonic() - due)


async def _listening(counter: Counter, told: Told) -> web.AppRunner:
    app = web.Application()
    app.add_routes(counter.routes())
    app.on_response_prepare.append(told.count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    return runner


if __name__ == "__main__":
    asyncio.run(serve(Till(int(sys.argv[1]))))
