"""A caller without budgets for the tests of one adapter: it asks at once, and remembers what it was told of costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
from yarl import URL

from edge import asking
from edge.config import checked
from edge.ports import StockAway, StockItem
from edge.stock.system import Answer, Call, Page, StockSystem
from tests.stock.shops.contract import FakeShop


class Direct:
    """A Caller."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self.asked: list[Call] = []
        self.held: list[float] = []
        self.costs: list[float] = []

    async def __call__(self, call: Call) -> Answer:
        self.asked.append(call)
        url = URL(call.url if call.url.startswith("http") else self._base.rstrip("/") + call.url, encoded=True)
        async with self._session.request(
            call.method, url.update_query(call.query), headers=call.headers, data=call.body, allow_redirects=False
        ) as response:
            body = await asking.bounded(response.content, call.most)
            if response.status not in call.accept:
                raise StockAway(f"answered {response.status}")
            try:
                value = asking.strict(body) if body else None
            except asking.BadJson as error:
                raise StockAway(str(error)) from None
            headers = {name.lower(): text for name, text in response.headers.items()}
            return Answer(response.status, headers, body, value, 0.0)

    def hold(self, seconds: float) -> None:
        self.held.append(seconds)

    def spent(self, cost: float) -> None:
        self.costs.append(cost)


class Opened:
    """An adapter before its fake shop."""

    def __init__(self, system: StockSystem, call: Direct, settings: Any) -> None:
        self.system = system
        self.call = call
        self.settings = settings

    async def everything(self) -> dict[tuple[str, str], int | None]:
        """All that it reads: the figure that can be sold, by (SKU, place)."""
        return figures([page async for page in self.system.everything()])

    async def changed(self, since_s: float) -> dict[tuple[str, str], int | None]:
        """What changed since a moment."""
        return figures([page async for page in self.system.changed(since_s)])

    async def items(self) -> dict[str, StockItem]:
        """What everything says of the SKUs themselves."""
        return {item.sku: item for page in [page async for page in self.system.everything()] for item in page.items}


def figures(pages: list[Page]) -> dict[tuple[str, str], int | None]:
    """What can be sold by each level of some pages; a later one of the same counts."""
    from edge.stock.level import sellable

    return {(level.sku, level.location): sellable(level) for page in pages for level in page.levels}


@asynccontextmanager
async def opened(fake: FakeShop, module: ModuleType, folder: Path, **more: Any) -> AsyncIterator[Opened]:
    """An adapter that asks its fake, which listens until the end."""
    url = await fake.start()
    try:
        settings = checked(module.Settings, fake.settings(url, folder) | more, "stock")
        async with aiohttp.ClientSession() as session:
            call = Direct(session, settings.url)
            yield Opened(module.system(settings, folder, call), call, settings)
    finally:
        await fake.stop()
