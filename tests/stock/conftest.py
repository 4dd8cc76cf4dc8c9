"""What the tests of stock share: a clock set by hand, a cache on a real file, a source that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.config import Location
from edge.db import database
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
