"""A Caller for an adapter's own tests: it asks at once, without budgets, and remembers what it was told of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
from yarl import URL

from edge import asking
from edge.ports import StockAway, StockLevel
from edge.stock.system import Answer, Call, Page
from tests.stock.shops.contract import FakeShop


class Straight:
    """Calls as they were made, and for how long it was asked to hold."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.made: list[Call] = []
        self.held: list[float] = []
        self._base = base
        self._session = session

    async def __call__(self, call: Call) -> Answer:
        self.made.append(call)
        url = URL(call.url if "://" in call.url else f"{self._base}/{call.url.lstrip('/')}").update_query(call.query)
        asked_s = time.time()
        async with self._session.request(call.method, url, headers=call.headers, data=call.body or None) as response:
            body = await response.read()
            if response.status not in call.accept:
                raise StockAway(f"answered {response.status}")
            small = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, small, body, asking.strict(body) if body else None, asked_s)

    def hold(self, seconds: float) -> None:
        self.held.append(seconds)

    def spent(self, cost: float) -> None:
        """Nothing is counted here."""


@asynccontextmanager
async def opened(module: ModuleType, shop: FakeShop, folder: Path, **more: Any) -> AsyncIterator[tuple[Any, Straight]]:
    """The adapter's system over its fake, and what it calls with; ``more`` goes over the fake's own settings."""
    url = await shop.start()
    settings = module.Settings.model_validate(shop.settings(url, folder) | more)
    async with aiohttp.ClientSession() as session:
        straight = Straight(settings.url.rstrip("/"), session)
        yield module.system(settings, folder, straight), straight
    await shop.stop()


async def whole(system: Any) -> dict[tuple[str, str], StockLevel]:
    """Everything that a system has, by SKU and location; what it says last counts."""
    return {(level.sku, level.location): level async for page in system.everything() for level in page.levels}


def counts(levels: Iterable[StockLevel]) -> dict[str, int | None]:
    """How many of each SKU, on hand or available."""
    return {one.sku: one.available if one.available is not None else one.on_hand for one in levels}


async def pages(found: AsyncIterator[Page]) -> list[StockLevel]:
    """The levels of all pages, in their order."""
    return [level async for page in found for level in page.levels]
