"""A chain that loses its broker at one moment does not ask its hub at one moment, then or later."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import cast

from edge.db import MEMORY, database
from edge.health import Health
from edge.stock.cache import stock_cache
from edge.stock.channel import feed
from edge.stock.line import beat as beats
from edge.stock.line import topics
from edge.stock.line.asker import Asker, Gone
from edge.stock.line.beat import Beat, Word
from edge.stock.line.ear import Ear
from edge.stock.line.source import QUIET_LEAST_S, QUIET_S, Follow, HubStock
from edge.stock.shelves.shelf import Key
from tests.stock.line.conftest import World, ended, told

KEY = ("pos", "ginza")
STORES = 24


@dataclass
class Office:
    """A hub that says how it stands, and notes when it was asked that."""

    world: World
    host: str = "hub"
    asked: list[float] = field(default_factory=list)

    def beat(self) -> Beat:
        return Beat(1, 1, Word("aaaaaaaa", int(self.world.at * 1000), 0))

    async def shelves(self, _: Collection[str]) -> tuple[float, Mapping[Key, Beat], None]:
        self.asked.append(self.world.at)
        return self.world.at, {KEY: self.beat()}, None

    async def digests(self, _: Key) -> None:
        raise Gone

    whole = digests


async def rested(world: World, stores: int) -> None:
    """Every store waits for time to pass."""
    async with asyncio.timeout(90):
        await told()
        while not (world.asleep() and len(world.sleepers) >= stores):
            await asyncio.sleep(0.001)
            await told()


async def test_stores_that_lose_the_broker_together_ask_the_hub_one_after_the_other() -> None:
    world = World(at=1000.0)
    office, ears = Office(world), [Ear(["ginza"]) for _ in range(STORES)]
    async with AsyncExitStack() as stack:
        cache = await stack.enter_async_context(stock_cache(await stack.enter_async_context(database(MEMORY))))
        await cache.loaded()
        for number, ear in enumerate(ears):
            follow, chance = Follow("hub", ear, cache), random.Random(number).random
            source = HubStock(cast(Asker, office), follow, 600.0, 3.0, lambda: world.at, world.sleep, chance)
            feeding = asyncio.create_task(feed("hub", source, cache, Health(), lambda: world.at, world.pause))
            stack.push_async_callback(ended, feeding)
        await rested(world, STORES)
        world.pass_(3.5)
        for ear in ears:
            ear.arrived(topics.beat("ginza", "pos"), beats.write(office.beat()).encode())
        await rested(world, STORES)
        office.asked.clear()
        for _ in range(500):
            world.pass_(0.05)
            await rested(world, STORES)
    first = sorted(office.asked)[:STORES]
    assert 1003.5 + QUIET_LEAST_S <= first[0] <= first[-1] <= 1003.5 + QUIET_S + 0.1
    assert first[-1] - first[0] > (QUIET_S - QUIET_LEAST_S) / 2
    crowds = Counter(int(at * 4) for at in office.asked if at > 1015)
    assert max(crowds.values()) <= STORES / 3
