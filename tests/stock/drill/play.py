"""A shop, a hub, a broker and two stores in one program whose time runs fast, and everything that befalls them.

``python -m tests.stock.drill.play SEED SECONDS [PACE] [hard]``: what a screen says is held against the shop each
second; ends with 0 and a line of JSON, or with 1 and what was said wrongly.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.stock.drill import clockwork

LOOP = clockwork.install(float(sys.argv[3]) if len(sys.argv) > 3 else 8.0)

import time  # noqa: E402 - all that follows finds the fast time

import aiohttp  # noqa: E402
from aiohttp import web  # noqa: E402

from edge import app, config, hub  # noqa: E402
from edge.contacts.line.dial import Pace  # noqa: E402
from edge.stock.level import sellable  # noqa: E402
from edge.stock.shelves.guard import OUTLIVED_S  # noqa: E402
from edge.stock.system import Delivery  # noqa: E402
from tests.contacts.conftest import Broker, free_port  # noqa: E402
from tests.stock.drill.truth import Row, Truth, wrong  # noqa: E402
from tests.stock.intake.test_intake_wired import inline  # noqa: E402
from tests.stock.shops.generic import Generic  # noqa: E402

TICK_S, BEAT_S, POLL_S, COMPARE_S = 1.0, 5.0, 5.0, 30.0
SKUS = [f"LN-{number:02}-M" for number in range(12)]
PACE = replace(Pace(), redial=0.5, redial_longest=2.0, healthy=5.0)
HUB = 'stock_token = "token"\n[web]\nport = {port}\n[upstream]\nadapter = "mqtt"\nsettings = {{ port = {broker} }}\n'
CHANNEL = '[[stock]]\nid = "{id}"\nadapter = "generic"\nsettings = {settings}\n'
EDGE = """[device]
chain = "acme"
store = "{here}"
id = "front"
clock = "trusted"
[web]
port = {own}
[[screen]]
id = "kiosk-1"
device_class = "kiosk"
[[location]]
id = "{here}"
place = "here"
name = {{ ja = "この店" }}
[[location]]
id = "{near}"
place = "near"
name = {{ ja = "隣" }}
pickup = true
minutes = 5
hours = "00:00-23:59"
[[stock]]
id = "hub"
adapter = "hub"
settings = {{ url = "http://127.0.0.1:{port}", token_file = "token", spread_s = 5 }}
[upstream]
adapter = "mqtt"
settings = {{ port = {broker} }}
"""


class Core(Generic):
    """The shop; ``rounds`` are full readings that began."""

    rounds = 0

    async def _stocks(self, request: web.Request) -> web.Response:
        self.rounds += "since" not in request.query and not request.query["cursor"]
        return await super()._stocks(request)


@dataclass
class Actor:
    """A part that is started and ended, with a wall clock of its own."""

    name: str
    opens: Callable[[], Any]
    running: Any = None
    _task: asyncio.Task[None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        ready = asyncio.Event()
        self._stop = asyncio.Event()

        async def live() -> None:
            clockwork.WHO.set(self.name)
            async with self.opens() as self.running:
                ready.set()
                await self._stop.wait()
            self.running = None

        self._task = asyncio.create_task(live())
        waits = asyncio.create_task(ready.wait())
        await asyncio.wait({self._task, waits}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        if self._task.done():
            self._task.result()

    async def end(self) -> None:
        if self._task is not None:
            self._stop.set()
            await self._task
        self._task = None


class Play:
    """One seed's play."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.truth, self.did, self.bad = Truth(), Counter[str](), list[str]()
        self.skew_s = self.chance.uniform(-90, 90)
        self.shop = Core(lambda: clockwork.START_S + clockwork.passed() + self.skew_s)
        self.id, self.shown, self.hidden_at = "core", True, 0.0
        self.port, self.broker = free_port(), Broker(folder, free_port())
        self.post: list[tuple[float, Delivery]] = []
        self.hub = Actor("hub", self._hub)
        self.edges = [Actor(here, partial(self._edge, here, near)) for here, near in _PAIRS]
        self.backup: Any = None
        self.lossy = True
        self.beat_at = 0.0

    @asynccontextmanager
    async def _hub(self) -> AsyncIterator[hub.Hub]:
        where = self.folder / "hub"
        where.mkdir(exist_ok=True)
        more = {"poll_s": POLL_S, "compare_s": COMPARE_S, "display_allowed": self.shown}
        settings = self.shop.settings(self.shop.url, where) | more
        (where / "token").write_text("core-token")
        channel = CHANNEL.format(id=self.id, settings=inline(settings))
        (where / "hub.toml").write_text(HUB.format(port=self.port, broker=self.broker.port) + channel)
        async with hub.running(config.read_hub(where), where, PACE) as running:
            yield running

    @asynccontextmanager
    async def _edge(self, here: str, near: str) -> AsyncIterator[app.Parts]:
        where = self.folder / here
        where.mkdir(exist_ok=True)
        (where / "token").write_text("core-token")
        own = EDGE.format(here=here, near=near, port=self.port, broker=self.broker.port, own=free_port())
        (where / "device.toml").write_text(own)
        async with app.running(config.read_store(where), where, PACE) as running:
            yield running

    # What befalls them

    def note(self, grace_s: float = 0.0, restored: bool = False) -> None:
        self.truth.note(self.shop.levels(), clockwork.passed(), grace_s, restored)

    async def sale(self) -> None:
        row = self.chance.choice(sorted(self.shop.levels()))
        if self.shop.levels()[row] > 0:
            self.shop.sell(*row)
            self.note()

    async def receipt(self) -> None:
        self.shop.stock(self.chance.choice(SKUS), self.chance.choice(self.shop.places), self.chance.randrange(12))
        self.note()

    async def broker_cut(self) -> None:
        (self.broker.kill if self.broker.process else self.broker.start)()

    async def hub_restart(self) -> None:
        await self.hub.end()
        await asyncio.sleep(self.chance.uniform(0, 20))
        await self.hub.start()

    async def hub_file_lost(self) -> None:
        await self.hub.end()
        for file in (self.folder / "hub" / "data").glob(
            self.chance.choice(["stock.sqlite*", "intake.sqlite*", "*.sqlite*"])
        ):
            file.unlink()
        await self.hub.start()

    async def hub_renamed(self) -> None:
        await self.hub.end()
        self.id = "till" if self.id == "core" else "core"
        await self.hub.start()

    async def hub_hides(self) -> None:
        await self.hub.end()
        self.shown = not self.shown
        await self.hub.start()
        self.hidden_at = clockwork.passed()

    async def edge_restart(self) -> None:
        edge = self.chance.choice(self.edges)
        await edge.end()
        if self.chance.random() < 0.3:
            for file in (self.folder / edge.name / "data").glob("stock.sqlite*"):
                file.unlink()
        await edge.start()

    async def clock_set(self) -> None:
        who = self.chance.choice([self.hub, *self.edges]).name
        clockwork.STEPS[who] = self.chance.choice([0.0, 45.0, -45.0, 4000.0, -4000.0])

    async def shop_away(self) -> None:
        await self.shop.stop()
        await asyncio.sleep(self.chance.uniform(1, 25))
        await self.shop.start()

    async def shop_slow(self) -> None:
        async def slow(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(self.chance.uniform(0.5, 6))
            if (runner := self.shop._runner) is None:
                raise web.HTTPServiceUnavailable  # it went meanwhile
            return await (await runner.app.router.resolve(request)).handler(request)

        self.shop.say = None if self.shop.say else slow

    async def silent_sale(self) -> None:
        row = self.chance.choice(sorted(self.shop.levels()))
        if self.shop.levels()[row] > 0:
            self.shop.sell_silently(*row)
            self.note(2 * COMPARE_S + 30)

    async def shop_restored(self) -> None:
        if self.backup is None:
            self.backup = {key: replace(row) for key, row in self.shop.rows.items()}, self.shop._version
            return
        (rows, self.shop._version), self.backup = self.backup, None
        self.shop.rows = rows
        self.note(OUTLIVED_S + 2 * COMPARE_S + 60, restored=True)

    EASY: tuple[tuple[str, float], ...] = (
        ("sale", 0.5), ("receipt", 0.2), ("broker_cut", 0.03), ("hub_restart", 0.015), ("edge_restart", 0.02),
        ("clock_set", 0.03), ("shop_away", 0.015), ("shop_slow", 0.03), ("hub_file_lost", 0.008),
    )  # fmt: skip
    HARD = (*EASY, ("hub_renamed", 0.006), ("hub_hides", 0.006), ("silent_sale", 0.02), ("shop_restored", 0.006))

    # Webhooks

    def send(self, now: float) -> None:
        """Webhooks on their way: lost, doubled, late."""
        if now >= self.beat_at:
            self.beat_at = now + BEAT_S
            self.shop.deliveries.append(self.shop.push([]))
        for delivery in self.shop.take():
            lot = self.chance.random() if self.lossy else 1.0
            if lot < 0.03:
                continue
            late = self.chance.uniform(1, 40) if lot < 0.1 else 0.0
            self.post.append((now + late, delivery))
            if 0.1 <= lot < 0.15:
                self.post.append((now + self.chance.uniform(0, 30), delivery))

    async def deliver(self, now: float, http: aiohttp.ClientSession) -> None:
        due = [each for each in self.post if each[0] <= now]
        self.post = [each for each in self.post if each[0] > now]
        for _, delivery in due:
            url = f"http://127.0.0.1:{self.port}/hooks/{self.id}"
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.post(url, data=delivery.body, headers=dict(delivery.headers)) as answer:
                    self.did[f"hook {answer.status}"] += 1

    # What screens say

    def look(self) -> None:
        for edge in self.edges:
            if edge.running is not None:
                self._look_at(edge.name, edge.running)

    def _look_at(self, name: str, parts: app.Parts) -> None:
        token = clockwork.WHO.set(name)
        now = clockwork.passed()
        for sku in SKUS:
            lines = parts.stock.lines(sku, parts.store.location, "ja", time.time())
            for line, place in zip(lines, parts.store.location, strict=True):
                self.did["live" if line.as_of and not line.fresh else "labelled" if line.fresh else "asking"] += 1
                if found := wrong(line, (sku, place.id), self.truth, now, TICK_S):
                    self.bad.append(f"{now:.1f} at {name}: {found}")
        gone = not self.shown and self.hidden_at and now - self.hidden_at > 30 and self.hub.running
        if gone and (shelves := set(parts.stock.shelves())):
            self.bad.append(f"{now:.1f} at {name}: {shelves} beyond its contract")
        clockwork.WHO.reset(token)

    def agrees(self) -> bool:
        """Whether both stores show all the shop's figures, live."""
        want = {row: n for row, n in self.shop.levels().items() if row[0] in SKUS}
        return all(edge.running is not None and self._has(edge) == want for edge in self.edges)

    def _has(self, edge: Actor) -> dict[Row, int]:
        token = clockwork.WHO.set(edge.name)
        found: dict[Row, int] = {}
        for row in ((sku, place) for sku in SKUS for place in self.shop.places):
            known = edge.running.stock.known(*row, time.time())
            if known.level is not None and known.age is not None and known.age <= 10:
                found[row] = sellable(known.level) or 0
        clockwork.WHO.reset(token)
        return found

    # The play

    async def run(self, seconds: float, hard: bool) -> dict[str, Any]:
        for sku in SKUS[:10]:
            for place in self.shop.places:
                self.shop.stock(sku, place, self.chance.randrange(9))
        self.note()
        await self.shop.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as http:
            sends = asyncio.create_task(self._sending(http))
            try:
                self.broker.start()
                await asyncio.gather(self.hub.start(), *(edge.start() for edge in self.edges))
                await self._storm(seconds, self.HARD if hard else self.EASY)
                return await self._calm(hard)
            finally:
                sends.cancel()
                self.broker.kill()
                await asyncio.gather(sends, return_exceptions=True)
                await asyncio.gather(*(actor.end() for actor in (self.hub, *self.edges)))
                await self.shop.stop()

    async def _sending(self, http: aiohttp.ClientSession) -> None:
        while True:
            now = clockwork.passed()
            self.send(now)
            await self.deliver(now, http)
            await asyncio.sleep(0.25)

    async def _storm(self, seconds: float, faults: tuple[tuple[str, float], ...]) -> None:
        end, busy = clockwork.passed() + seconds, set[asyncio.Task[None]]()
        while clockwork.passed() < end and not self.bad:
            busy = {task for task in busy if not task.done() or task.result()}
            for name, likely in faults:
                slow = name.startswith(("hub", "edge", "shop_away"))
                if self.chance.random() < likely and not (slow and busy):
                    self.did[name] += 1
                    act: Callable[[], Awaitable[None]] = getattr(self, name)
                    task = asyncio.ensure_future(act())
                    if slow:
                        busy.add(task)
                    else:
                        await task
            self.look()
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*busy)

    async def _calm(self, hard: bool) -> dict[str, Any]:
        """All is well again: after two comparisons no row differs."""
        self.lossy, self.shop.say = False, None
        clockwork.STEPS.clear()
        if self.broker.process is None:
            self.broker.start()
        if not self.shown:
            await self.hub_hides()
        if hard and not self.bad:
            await self._watch(lambda: False, OUTLIVED_S)
        rounds, began = self.shop.rounds, clockwork.passed()
        await self._watch(lambda: self.shop.rounds >= rounds + 3, 10 * COMPARE_S)
        await self._watch(self.agrees, 120.0)
        if not self.agrees() and not self.bad:
            want = self.shop.levels()
            for edge in self.edges:
                has = self._has(edge)
                apart = {row: (n, has.get(row)) for row, n in want.items() if has.get(row) != n}
                self.bad.append(f"{edge.name} differs after {self.shop.rounds - rounds} rounds: {apart}")
        return {"calm_s": round(clockwork.passed() - began), **self.did}

    async def _watch(self, true: Callable[[], bool], seconds: float) -> None:
        end = clockwork.passed() + seconds
        while not true() and clockwork.passed() < end and not self.bad:
            self.look()
            await asyncio.sleep(TICK_S)


_PAIRS = (("ginza", "shinjuku"), ("shinjuku", "ginza"))


async def main(seed: int, seconds: float, hard: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        play = Play(Path(folder), seed)
        told = await play.run(seconds, hard)
    sys.stdout.write(json.dumps({"seed": seed, "wrong": play.bad[:5]} | told, ensure_ascii=False) + "\n")
    return 1 if play.bad else 0


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.set_event_loop(LOOP)
    sys.exit(LOOP.run_until_complete(main(int(sys.argv[1]), float(sys.argv[2]), "hard" in sys.argv)))
