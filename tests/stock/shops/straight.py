"""An adapter before its fake shop, and its levels by SKU, location and count."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from edge.ports import StockLevel
from edge.stock.system import Page
from tests.stock.shops import direct
from tests.stock.shops.contract import FakeShop


@asynccontextmanager
async def opened(
    module: ModuleType, shop: FakeShop, folder: Path, **more: Any
) -> AsyncIterator[tuple[Any, direct.Direct]]:
    """The adapter's system over its fake, and what it calls with; ``more`` goes over the fake's own settings."""
    async with direct.opened(shop, module, folder, **more) as found:
        yield found.system, found.call


async def whole(system: Any) -> dict[tuple[str, str], StockLevel]:
    """Everything that a system has, by SKU and location; what it says last counts."""
    return {(level.sku, level.location): level async for page in system.everything() for level in page.levels}


def counts(levels: Iterable[StockLevel]) -> dict[str, int | None]:
    """How many of each SKU, on hand or available."""
    return {one.sku: one.available if one.available is not None else one.on_hand for one in levels}


async def pages(found: AsyncIterator[Page]) -> list[StockLevel]:
    """The levels of all pages, in their order."""
    return [level async for page in found for level in page.levels]
