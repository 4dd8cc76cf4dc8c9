"""A chain that starts at once: each edge has its rows, the hub makes them once, and no source hears of it.

``TENTOU_SOAK_STORM`` says how many edges; ``./run soak storm`` asks for 300, spread over 60 s. The hub is a process of
its own, so that what it takes can be told from what the edges take.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from edge.adapters import stock_hub
from edge.db import MEMORY, database
from edge.health import Health
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.line.counter import KEEPS_S
from edge.stock.line.ear import Ear
from edge.stock.line.source import Follow, HubStock
from tests.stock.line.office import PLACES

EDGES = int(os.environ.get("TENTOU_SOAK_STORM", "0"))
ROOT = Path(__file__).parents[3]


@contextmanager
def office(rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A hub's address, and, once it is over, what it took."""
    figures: dict[str, Any] = {}
    command = [sys.executable, "-m", "tests.stock.line.office", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        yield hub.stdout.readline().strip(), figures
        said, _ = hub.communicate("")
        figures |= json.loads(said)


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


async def test_a_chain_that_starts_at_once_has_its_rows_and_no_source_hears_of_it() -> None:
    edges, rows, spread_s = (EDGES, 3_000, 60.0) if EDGES else (12, 60, 0.2)
    with office(rows) as (url, figures):
        async with AsyncExitStack() as stack:
            began, cpu_s = time.monotonic(), time.process_time()
            followed = [await follow(url, spread_s, stack) for _ in range(edges)]
            caches = [cache for cache, _ in followed]
            while not full(caches, rows):
                await asyncio.sleep(0.05)
            took, cpu_s = time.monotonic() - began, time.process_time() - cpu_s
            wholes = sum(source.counted["wholes"] for _, source in followed)
    sys.stdout.write(
        f"{edges} edges, {rows} rows at {len(PLACES)} places: all had them after {took:.1f} s. The hub took "
        f"{figures['cpu_s']:.2f} s of the processor ({figures['cpu_s'] / edges * 1000:.1f} ms an edge; the edges "
        f"{cpu_s:.1f} s), made {figures['made']} shelves, gave {figures['answers']} answers of "
        f"{figures['bytes'] / 1e6:.1f} MB, stood still for {figures['stood_ms']:.0f} ms at most, and had "
        f"{figures['peak_mb']:.0f} MB at most\n"
    )
    assert (figures["asked"], wholes) == (1, edges * len(PLACES))
    assert len(PLACES) <= figures["made"] <= len(PLACES) * (1 + took // KEEPS_S)
