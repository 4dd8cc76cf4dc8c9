"""Both ends of the wire in one process: two caches, clocks that disagree, a broker and a network that can be cut."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.adapters.stock_hub import Settings
from edge.asking import session
from edge.db import MEMORY, database
from edge.health import Health
from edge.ports import LinkLost, Message, StockAway, StockLevel, StockReport
from edge.stock.cache import StockCache, stock_cache
from edge.stock.channel import feed
from edge.stock.line.asker import Asker
from edge.stock.line.counter import Counter
from edge.stock.line.ear import Ear
from edge.stock.line.flight import Flight
from edge.stock.line.press import Press
from edge.stock.line.source import Follow, HubStock
from edge.stock.line.speaker import Speaker

HUBS_S = 77_000.0
"""By how much the hub's clocks are apart from the edge's."""


@dataclass
class World:
    """Time that passes when a test says so; who sleeps is woken by it."""

    at: float = 0.0
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)
    paused: bool = False

    def clock(self, base: float) -> Callable[[], float]:
        return lambda: base + self.at

    async def sleep(self, seconds: float) -> None:
        waits = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.at + seconds, waits))
        await waits

    async def pause(self, seconds: float) -> None:
        """The pause of a channel whose source is away: meanwhile nobody reads what comes."""
        self.paused = True
        try:
            await self.sleep(seconds)
        finally:
            self.paused = False

    def asleep(self) -> bool:
        self.sleepers = [each for each in self.sleepers if not each[1].done()]
        return bool(self.sleepers)

    def pass_(self, seconds: float) -> None:
        self.at += seconds
        for at, waits in self.sleepers:
            if at <= self.at and not waits.done():
                waits.set_result(None)


@dataclass
class Broker:
    """A Link whose messages come to an ear as ``fate`` says: for each, those that are delivered now, in order."""

    ear: Ear
    window: int = 20
    max_bytes: int = 1 << 20
    up: bool = True
    code: int = 0
    retained: dict[str, bytes] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)
    fate: Callable[[Message], Sequence[Message]] = lambda message: (message,)

    async def publish(self, message: Message) -> int:
        if not self.up:
            raise LinkLost("cut")
        self.sent.append(message)
        if message.retain:
            self.retained[message.topic] = message.payload
        for each in self.fate(message):
            self.ear.arrived(each.topic, each.payload)
        return self.code

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        return ()

    async def messages(self) -> AsyncIterator[Message]:
        nothing: tuple[Message, ...] = ()
        for message in nothing:
            yield message


class CutAsker(Asker):
    """A way to the hub that can be cut."""

    up = True
    calls = 0

    async def _get(self, *args: Any) -> Any:
        self.calls += 1
        if not self.up:
            raise StockAway("cut")
        return await super()._get(*args)


@dataclass
class Wire:
    """The two ends. ``step`` lets time pass for all, with what each does in it; ``looks`` are the hub's channels that
    are asked for what screens show."""

    world: World
    hub: StockCache
    edge: StockCache
    press: Press
    flight: Flight
    broker: Broker
    asker: CutAsker
    source: HubStock
    ear: Ear
    counter: Counter
    feeding: asyncio.Task[None]
    looks: list[str]

    async def says(self, channel: str = "pos", location: str = "ginza", age: float = 0.0, **counts: int) -> None:
        """The source says all that it has at a place."""
        levels = [StockLevel(sku, location, count) for sku, count in counts.items()]
        await self.hub.apply(channel, StockReport(frozenset({location}), levels, age), HUBS_S + self.world.at)

    async def sells(self, sku: str, count: int, channel: str = "pos", location: str = "ginza") -> None:
        """The source says what it has of one SKU, and that this is as fresh as can be."""
        report = StockReport(frozenset({location}), [StockLevel(sku, location, count)], whole=False)
        await self.hub.apply(channel, report, HUBS_S + self.world.at)

    async def publish(self) -> None:
        """The hub's end has a turn, and the edge what comes of it."""
        await told()
        if self.broker.up:
            await self.press.turn(self.flight)
            await told()
        await self.settle()

    async def settle(self) -> None:
        """Until the edge waits for time to pass, and has read all that came."""
        while not (self.world.asleep() and (self.ear.empty() or self.world.paused)):
            if self.feeding.done():
                self.feeding.result()
            await asyncio.sleep(0.0005)

    async def step(self, seconds: float = 1.0) -> None:
        self.world.pass_(seconds)
        await self.publish()

    def has(self, sku: str, location: str = "ginza") -> int | None:
        level = self.edge.known(sku, location, self.world.at).level
        return level.available if level else None

    def age(self, channel: str = "pos", location: str = "ginza") -> float:
        age = self.edge.age(f"hub/{channel}", location, self.world.at)
        return math.inf if age is None else age


Wired = Callable[..., Any]


@pytest.fixture
def wired(tmp_path: Path) -> Wired:
    """Opens a wire; ``edge`` is the edge's file, in memory without one."""

    @asynccontextmanager
    async def opened(
        edge: Path = MEMORY, spread_s: float = 0.0, later_s: float = 0.0, up: bool = True
    ) -> AsyncIterator[Wire]:
        async with AsyncExitStack() as stack:
            world = World(at=1_795_000_000.0 + later_s)
            hubs = world.clock(HUBS_S)
            far = await stack.enter_async_context(database(MEMORY))
            hub = await stack.enter_async_context(stock_cache(far, hubs, hubs))
            near = await stack.enter_async_context(database(edge))
            mine = await stack.enter_async_context(stock_cache(near, world.clock(0), world.clock(-1000)))
            await hub.loaded()
            await mine.loaded()
            report = StockReport(frozenset({"ginza"}), [StockLevel("A", "ginza", 3), StockLevel("B", "ginza", 1)])
            await hub.apply("pos", report, hubs())
            looks: list[str] = []
            speaker = Speaker(hub, {"pos": False, "ec": True}, hubs, hubs, looks=lambda: looks)
            counter, press = Counter(speaker, "t0ken"), Press(speaker)
            app = web.Application()
            app.add_routes(counter.routes())
            server = TestServer(app)
            await server.start_server()
            stack.push_async_callback(server.close)
            (tmp_path / "token").write_text("t0ken")
            settings = Settings(url=str(server.make_url("/")), token_file=Path("token"))
            http = await stack.enter_async_context(session(settings, tmp_path, 10, 2, keep=True))
            asker, ear = CutAsker(settings, tmp_path, http, world.clock(-1000)), Ear(["ginza", "web"])
            asker.up = up
            draw = random.Random(1).random
            source = HubStock(asker, Follow("hub", ear, mine), spread_s, 3.0, world.clock(-1000), world.sleep, draw)
            broker = Broker(ear)
            feeding = asyncio.create_task(feed("hub", source, mine, Health(), world.clock(0), world.pause))
            stack.push_async_callback(ended, feeding)
            wire = Wire(world, hub, mine, press, Flight(broker), broker, asker, source, ear, counter, feeding, looks)
            running = asyncio.create_task(press.run())
            stack.push_async_callback(ended, running)
            await wire.settle()
            yield wire

    return opened


async def told() -> None:
    """Whoever was to hear of something has heard it."""
    for _ in range(10):
        await asyncio.sleep(0)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
