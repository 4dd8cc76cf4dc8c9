"""Some edges of a chain in a process of their own: ``python -m tests.stock.line.stores URL EDGES ROWS SPREAD_S``."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from edge.adapters import stock_hub
from edge.db import MEMORY, database
from edge.health import Health
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.line.ear import Ear
from edge.stock.line.source import Follow, HubStock
from tests.stock.line.office import PLACES


async def follow(url: str, spread_s: float, stack: AsyncExitStack) -> tuple[StockCache, HubStock]:
    """An edge without a broker: everything of it goes over HTTP."""
    db = await stack.enter_async_context(database(MEMORY))
    cache = await stack.enter_async_context(stock_cache(db))
    settings = stock_hub.Settings(url=url, spread_s=spread_s, timeout_s=60)
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


async def main(url: str, edges: int, rows: int, spread_s: float) -> None:
    """Start them, wait until each has all rows, and print what that took."""
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        followed = [await follow(url, spread_s, stack) for _ in range(edges)]
        while not full([cache for cache, _ in followed], rows):
            await asyncio.sleep(0.1)
        told = {
            "took_s": time.monotonic() - began,
            "cpu_s": time.process_time(),
            "wholes": sum(source.counted["wholes"] for _, source in followed),
        }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
