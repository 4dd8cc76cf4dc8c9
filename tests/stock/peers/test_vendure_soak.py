"""A real Vendure (`./run soak vendure`): it sells one unit to all who ask at once, and its pushes are lost."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.adapters import stock_vendure
from edge.bench.shops.vendure import Clerk, Vendure, there
from edge.config import checked
from edge.db import database
from edge.health import Health
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.desk import Intake
from edge.stock.intake.opening import source
from edge.stock.intake.running import Running
from edge.stock.keeping.keeper import Own
from edge.stock.level import sellable
from edge.stock.system import Keeping, Pushed
from tests.stock.intake.rig import CHANNEL, intake_at
from tests.stock.keeping.till import desk
from tests.stock.peers.asked import Asked, Door, eventually
from tests.stock.peers.faults import Faults
from tests.stock.peers.test_last_unit import KIOSKS, last

pytestmark = [
    pytest.mark.skipif("TENTOU_SOAK_VENDURE" not in os.environ, reason="./run soak vendure starts a real Vendure"),
    pytest.mark.skipif(not there(), reason="Vendure is not here; ./run soak vendure installs it"),
    pytest.mark.timeout(900),
]
PRODUCTS, CHANGES = 64, int(os.environ.get("TENTOU_SOAK_VENDURE", "200"))
PLACES = {"1": "ginza", "2": "web"}
LAST, BUYERS, MANY, SET = 60, 10, range(10, 55), (61, 62, 63, 64)
"""The product of the last unit is in no other test, nor are those that are set otherwise."""


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults(dropped=0.1, doubled=0.1, reordered=0.2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[Vendure]:
    one = Vendure(tmp_path_factory.mktemp("vendure"), PRODUCTS, len(PLACES), push=faults.url, beat_s=0.5, most=20)
    with one.running():
        yield one


def settings(shop: Vendure, folder: Path, **more: Any) -> stock_vendure.Settings:
    return checked(stock_vendure.Settings, shop.settings(folder, PLACES) | {"hook_url": ""} | more, "stock.shop")


@asynccontextmanager
async def fed(
    shop: Vendure, faults: Faults, folder: Path, intake: Intake, compare_s: float = 1.0
) -> AsyncIterator[tuple[Running, StockCache]]:
    """The shop's stock flows into a cache, by pushes through the faults and by comparisons, each second at most."""
    health = Health()
    async with (
        database(folder / "stock.sqlite") as db,
        stock_cache(db) as cache,
        source(stock_vendure, settings(shop, folder, compare_s=compare_s), folder, CHANNEL, intake) as opened,
    ):
        assert isinstance(opened, Running)
        app = web.Application()
        app.add_routes(intake.hooks.routes())
        feeding = asyncio.create_task(feed(CHANNEL, opened, cache, health))
        async with TestServer(app) as server, faults.open(str(server.make_url(f"/hooks/{CHANNEL}"))):
            yield opened, cache
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


def told(door: Door, system: stock_vendure.Vendure) -> list[Pushed]:
    """What came, in its order."""
    return [system.pushed(delivery) for delivery in door.came]


def skus(pushes: Iterable[Pushed]) -> set[str]:
    """All that they name."""
    return {level.sku for push in pushes for level in push.levels}


async def changed(hands: Clerk, chance: random.Random) -> None:
    """Edits at both places, sales in between, four at once."""
    for turn in range(0, CHANGES, 4):
        picks = chance.sample(range(1, LAST), 4)
        edits = [hands.edit(number, chance.randint(1, 2), chance.randrange(2, 40)) for number in picks[:3]]
        await asyncio.gather(*edits, hands.edit(picks[3], 1, 20 + turn))
        await hands.sell(picks[3], 1)


@pytest.mark.promise("K-2")
async def test_after_two_rounds_no_row_of_a_vendure_differs(shop: Vendure, faults: Faults, tmp_path: Path) -> None:
    async with (
        intake_at(tmp_path, clocks=Clocks()) as intake,
        fed(shop, faults, tmp_path, intake) as (running, cache),
        shop.clerk() as hands,
    ):
        await eventually(lambda: running.comparison.ended >= 1)
        await changed(hands, random.Random(7))
        begun = running.comparison.begun
        await eventually(lambda: running.comparison.ended >= begun + 2)  # both began after the last change
        known = {row: cache.known(row[0], PLACES[row[1]], 0.0).level for row in await shop.truth()}
        has = {row: sellable(level) if level else None for row, level in known.items()}
        assert has == await shop.truth()
    assert min(faults.counts[fault] for fault in ("dropped", "doubled", "reordered")) > 0


@pytest.mark.promise("K-3")
async def test_a_vendure_that_sells_one_unit_to_many_promises_it_to_no_kiosk(shop: Vendure, tmp_path: Path) -> None:
    async with intake_at(tmp_path, clocks=Clocks()) as intake, shop.clerk() as hands:
        await hands.edit(LAST, 1, 1)
        await hands.edit(LAST, 2, 0)
        async with source(stock_vendure, settings(shop, tmp_path), tmp_path, CHANNEL, intake):
            keeper, kiosks = Own(intake, [CHANNEL]), desk()
            with kiosks.through("own", keeper):
                offered = kiosks.reserving()
                sales = asyncio.gather(*(hands.sell(LAST, 1) for _ in range(BUYERS)), return_exceptions=True)
                heard = await asyncio.gather(*(last(kiosks, shop.sku(LAST)) for _ in range(KIOSKS)))
                sold = [each for each in await sales if isinstance(each, float)]
    assert len(sold) > 0
    assert offered == frozenset()
    assert heard == [Keeping.DECLINED] * KIOSKS


async def test_what_a_vendure_keeps_back_or_no_longer_counts_is_known_though_nothing_moved(
    shop: Vendure, faults: Faults, tmp_path: Path
) -> None:
    """By pushes alone, without a fault: the next comparison is an hour away."""
    async with (
        intake_at(tmp_path, clocks=Clocks()) as intake,
        fed(shop, Faults(0.0, 0.0, 0.0, url=faults.url), tmp_path, intake, compare_s=3600.0) as (running, cache),
        shop.clerk() as hands,
    ):

        def has(number: int) -> int | str | None:
            level = cache.known(shop.sku(number), "ginza", 0.0).level
            return None if level is None else level.status or sellable(level)

        await hands.restock(SET, 20)
        await eventually(lambda: [has(number) for number in SET] == [20] * 4 and running.pushes.stream.sound)
        compared = running.comparison.ended
        await hands.keep_back(SET[0], 5)
        await hands.track(SET[1], "FALSE")
        await hands.remove(SET[2])
        await eventually(lambda: [has(number) for number in SET] == [15, "in", None, 20])
        assert running.comparison.ended == compared
        stream = running.pushes.stream.name
        await hands.keep_back_all(2)
        await eventually(lambda: has(SET[3]) == 18)
        await hands.keep_back_all(0)
        await eventually(lambda: has(SET[3]) == 20 and running.pushes.stream.vouches)
        assert running.pushes.stream.name != stream


@pytest.mark.promise("K-1")
async def test_a_change_of_many_in_a_vendure_is_vouched_for_when_all_of_it_is_pushed(
    shop: Vendure, faults: Faults, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as session, shop.clerk() as hands, Door(faults.url).open() as door:
        system = stock_vendure.system(settings(shop, tmp_path), tmp_path, Asked(shop.url, session))
        await eventually(lambda: [bool(push.levels) for push in told(door, system)[-2:]] == [False, False])
        door.came.clear()
        door.says = 503
        answered_s = await hands.restock(MANY, 31)
        await asyncio.sleep(3.0)  # longer than the plug-in takes off each moment
        door.says = 204
        await eventually(lambda: skus(told(door, system)) == {shop.sku(number) for number in MANY})
        named = [push for push in told(door, system) if push.levels]
    assert len(named) >= 3
    assert max(push.sent_s for push in named[:-1]) < answered_s < named[-1].sent_s
