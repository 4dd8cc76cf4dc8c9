"""Webhooks of a real django-oscar are lost, doubled, reordered, sales move no timestamp: no row differs after it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.adapters import stock_oscar
from edge.bench.shops import oscar
from edge.config import checked
from edge.db import database
from edge.health import Health
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.opening import source
from edge.stock.level import sellable
from edge.stock.shops.shop import Settings
from edge.stock.system import Caller, Page
from tests.stock.intake.rig import CHANNEL, intake_at
from tests.stock.peers.asked import eventually
from tests.stock.peers.faults import Faults

pytestmark = pytest.mark.skipif(not oscar.there(), reason="django-oscar is not here; ./run test installs it")
PRODUCTS = int(os.environ.get("TENTOU_SOAK_OSCAR_PRODUCTS", "150"))
CHANGES = int(os.environ.get("TENTOU_SOAK_OSCAR_CHANGES", "300"))
FAULTS = (0.01, 0.01, 0.05) if "TENTOU_SOAK_OSCAR_CHANGES" in os.environ else (0.1, 0.1, 0.2)
PLACES = {"1": "ginza", "2": "web"}
ROUND_S = 90.0 + PRODUCTS / 200
"""How long a comparison may take, so that a failure ends."""


@dataclass
class Rounds:
    """The adapter, which counts the comparisons that were begun, and which of them ended."""

    begun: int = 0
    ended: int = 0
    CAN = stock_oscar.CAN
    __name__ = stock_oscar.__name__

    def system(self, settings: Settings, where: Path, call: Caller) -> stock_oscar.Oscar:
        assert isinstance(settings, stock_oscar.Settings)
        made = stock_oscar.system(settings, where, call)
        everything = made.everything

        async def counted() -> AsyncIterator[Page]:
            self.begun += 1
            number = self.begun
            async for page in everything():
                yield page
            self.ended = number

        made.everything = counted  # type: ignore[method-assign]
        return made


@pytest.fixture
def faults() -> Faults:
    return Faults(*FAULTS)


@pytest.fixture
def shop(tmp_path: Path, faults: Faults) -> Iterator[oscar.Oscar]:
    one = oscar.Oscar(tmp_path, PRODUCTS, len(PLACES), push=faults.url, beat_s=0.5)
    with one.running():
        yield one


@asynccontextmanager
async def fed(shop: oscar.Oscar, faults: Faults, rounds: Rounds) -> AsyncIterator[StockCache]:
    """The shop's stock flows into a cache, by webhooks through the faults and by comparisons each second alone."""
    folder, health, clocks = shop.folder, Health(), Clocks()
    raw = shop.settings(folder, PLACES) | {"hook_url": "", "compare_s": 1.0, "poll_s": 3600.0}
    settings = checked(stock_oscar.Settings, raw, "stock.shop")
    async with (
        intake_at(folder, health, clocks) as intake,
        database(folder / "stock.sqlite") as db,
        stock_cache(db) as cache,
        source(cast(ModuleType, rounds), settings, folder, CHANNEL, intake) as opened,
    ):
        app = web.Application()
        app.add_routes(intake.hooks.routes())
        feeding = asyncio.create_task(feed(CHANNEL, opened, cache, health))
        async with TestServer(app) as server, faults.open(str(server.make_url(f"/hooks/{CHANNEL}"))):
            yield cache
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


def cached(cache: StockCache, shop: oscar.Oscar) -> dict[tuple[str, str], int | None]:
    """What the cache has of what the shop has."""
    found = {}
    for sku, place in shop.book_truth():
        level = cache.known(sku, PLACES[place], 0.0).level
        found[sku, PLACES[place]] = sellable(level) if level else None
    return found


async def changed(shop: oscar.Oscar, chance: random.Random) -> None:
    """Edits, sales by ``allocate`` and what a script slips in, some at once."""
    async with shop.clerk() as hands:
        for _ in range(0, CHANGES, 4):
            picks = [(chance.randint(1, PRODUCTS), chance.randint(1, len(PLACES))) for _ in range(4)]
            await asyncio.gather(
                hands.sell(*picks[0]),
                hands.sell(*picks[1]),
                hands.edit(*picks[2], chance.randrange(40)),
                hands.slip(*picks[3], chance.randrange(40)) if chance.random() < 0.1 else hands.sell(*picks[3]),
            )


@pytest.mark.timeout(1200)
@pytest.mark.promise("K-2")
async def test_after_two_rounds_no_row_of_a_real_shop_differs(shop: oscar.Oscar, faults: Faults) -> None:
    rounds = Rounds()
    async with fed(shop, faults, rounds) as cache:
        await eventually(lambda: rounds.ended >= 1, ROUND_S)
        await changed(shop, random.Random(7))
        begun = rounds.begun
        # The two that began after the last change are in the cache.
        await eventually(lambda: rounds.begun >= begun + 3, 3 * ROUND_S)
        assert cached(cache, shop) == truth(shop)
    assert min(faults.counts[fault] for fault in ("dropped", "doubled", "reordered")) > 0


def truth(shop: oscar.Oscar) -> dict[tuple[str, str], int | None]:
    return {(sku, PLACES[place]): left for (sku, place), left in shop.book_truth().items()}
