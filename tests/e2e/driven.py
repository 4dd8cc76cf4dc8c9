"""A store's screens, stages and member desk in this process, with a clock that a test drives.

Everything is the product's own but three things: time passes when ``pass_on`` says so, for the service and for the
pages alike; sights come from a test instead of an eye; and the hub says its heartbeats as that time passes.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page

from content.model import Product
from edge import app, config, site
from edge.demo.people import STATIC_PREFIX
from edge.demo.seed import with_check
from edge.demo.settings import find_ports, issuing, prepare
from edge.members import desk
from edge.members.issue import issue
from edge.model import Code, Coupon, Held, Painted, Profile, Scan, Show, Sight, Touched
from edge.parts import open_parts
from edge.screens import pages as screen_pages
from edge.screens import watcher as watchers
from edge.screens.hub import Board
from edge.screens.wire import FromPage
from edge.sessions.stage import Stage

STEP_S = 2.0
"""The longest step of the clock: a page may hear nothing for 2.25 s of it."""
FLAGS = {"P": 1, "N": 2, "C": 4}
NEVER_S = 3600.0


@dataclass
class Store:
    """A store whose time is driven. ``url`` is where its pages are; ``shown`` is all that its screens were to show."""

    parts: app.Parts
    key: Any
    now: float = field(default_factory=lambda: float(int(time.monotonic())))
    url: str = ""
    shown: list[Show] = field(default_factory=list)
    touches: list[Touched] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)
    silent: bool = False
    _beats: int = 0
    _answers: set[watchers.Watcher] = field(default_factory=set)
    _painted: set[int] = field(default_factory=set)

    def code(self, flags: str = "P", who: str = "", minutes: int = 0) -> Code:
        """A fresh token of a member, who is a new one unless named."""
        at = int(time.time())
        bits = sum(FLAGS[flag] for flag in flags)
        text = issue(self.key, who or secrets.token_urlsafe(9), at, at + 60 * (minutes + 1), bits, 2, (1, 4))
        return Code(text, "qrcode", "zxing")

    def card(self, number: int = 1) -> Code:
        """A plastic card's fixed number."""
        return Code(with_check(f"{STATIC_PREFIX}{number:010d}"), "qrcode", "zxing")

    def product(self, number: int = 0) -> Product:
        """One of the shop's products."""
        return sorted(self.parts.library.products().values(), key=lambda each: each.sku)[number]

    async def scan(self, screen: str, code: Code) -> Show:
        """Hold a code up; what the screen then shows."""
        return await self.see(screen, Scan("eye", code, self.now))

    async def hold(self, screen: str, gtin: str) -> Show:
        """Hold a product up."""
        return await self.see(screen, Held("eye", gtin, self.now))

    async def see(self, screen: str, sight: Sight) -> Show:
        """Tell a stage what an eye saw, and let everything come of it that comes at once."""
        await self.parts.stages[screen].take(sight)
        await self.quiet()
        return self.parts.screens.shown(screen)

    async def quiet(self) -> None:
        """Wait until what is on its way between the parts has arrived."""
        for _ in range(10):
            await asyncio.sleep(0)
        for stage in self.parts.stages.values():
            while not stage._inbox.empty():
                await asyncio.sleep(0)

    async def pass_on(self, seconds: float, *pages: Page, ticking: bool = True) -> None:
        """Let time pass for the service and the pages; without ``ticking`` the sessions stand still."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            step = self.step(until, ticking)
            self.now += step
            if not self.silent:
                await self.beat()
            for page in pages:
                await advance(page, step)
            for stage in self.parts.stages.values():
                if ticking:
                    await stage.tick()
            await self.quiet()
        if not self.silent:
            await self.beat()

    def step(self, until: float, ticking: bool = True) -> float:
        """How far the clock may go at once: never beyond a deadline of a session."""
        dues = [stage._session.due for stage in self.parts.stages.values()] if ticking else []
        return min([STEP_S, until - self.now, *(due - self.now for due in dues if due is not None and due > self.now)])

    async def beat(self) -> None:
        """A heartbeat, and every page's answer to it: by then it has seen all that was sent before."""
        self._beats += 1
        self._answers.clear()
        told = [each for board in self.parts.screens._boards.values() for each in board.watchers]
        for watcher in told:
            watcher.offer("hb", watcher._beat(self._beats))
        await until(partial(self.answered, told), "every page answered a heartbeat")

    def answered(self, told: Iterable[watchers.Watcher]) -> bool:
        """Whether each of these pages answered the newest heartbeat; one that was closed meanwhile never does."""
        boards = self.parts.screens._boards.values()
        here = {each for board in boards for each in board.watchers}
        return here.intersection(told) <= self._answers

    async def painted(self, screen: str, page: Page) -> None:
        """Wait until the page has painted what it was last told to show, also what it is told while it paints."""
        board = self.parts.screens._boards[screen]
        event = -1
        while event != board.event:
            event = board.event
            await self.beat()
            await advance(page, 0.05)
            await until(partial(self._moved_on, board, event), "the page painted its newest scene")
        await self.quiet()

    def _moved_on(self, board: Board, event: int) -> bool:
        """Whether the page painted this, or is told something newer: a member's profile comes when it comes."""
        return event in self._painted or board.event != event

    async def touched(self, count: int = 1) -> None:
        """Wait until the service has heard of that many touches in all."""
        await until(lambda: len(self.touches) >= count, f"the service heard of touch {count}")
        await self.quiet()

    async def heard(self, was: Callable[..., Awaitable[None]], screen: str, page: str, by: Any, said: FromPage) -> None:
        """What a page said, on its way to the hub."""
        if said.hb == self._beats:
            self._answers.add(by)
        await was(screen, page, by, said)

    async def reports(self) -> None:
        """What pages report, to the stages: for ever."""
        while True:
            match await self.parts.screens.reports.get():
                case Touched(screen=screen) as touch:
                    self.touches.append(touch)
                    self.parts.stages[screen].put(touch)
                case Painted(screen=screen, event=event) as painted:
                    self._painted.add(event)
                    self.parts.stages[screen].put(painted)

    async def profile(self, ref: str) -> AsyncIterator[Profile | None]:
        """A member of these, or an invented one: everybody has favourites and a coupon."""
        skus = tuple(self.product(number).sku for number in range(3))
        yield self.profiles.get(ref) or Profile(
            ref, favourites=skus, coupons=(Coupon("c", {"ja": f"{ref}さま 10%引き"}),)
        )

    async def show(self, show: Show) -> int:
        """What a stage shows, noted on its way to the hub."""
        self.shown.append(show)
        return await self.parts.screens.show(show)


async def life(stage: Stage) -> None:
    """A stage takes what it is handed; its deadlines come from whoever drives the clock."""
    while True:
        await stage.take(await stage._inbox.get())


async def until(true: Callable[[], bool], what: str, patience: float = 300.0) -> None:
    """Wait, by the real clock, for what a browser or a socket does in its own time."""
    ends = time.monotonic() + patience
    while not true():
        assert time.monotonic() < ends, f"in {patience:g} s never: {what}"
        await asyncio.sleep(0.002)


async def advance(page: Page, seconds: float) -> None:
    """Let time pass in a page whose clock is driven."""
    await page.clock.run_for(round(seconds * 1000))


@asynccontextmanager
async def driven(folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """The demo's shop with a kiosk and a sign, served on a free port, its time standing still."""
    prepare(folder, find_ports(0))
    patch.setattr(watchers, "BEAT_S", NEVER_S)
    patch.setattr(screen_pages, "SILENT_S", NEVER_S)
    settings = config.read_store(folder / "edge")
    async with AsyncExitStack() as stack:
        parts = await open_parts(stack, settings, folder / "edge")
        store = Store(parts, issuing(folder)[0])
        parts.screens._clock = lambda: store.now
        patch.setattr(desk, "time", SimpleNamespace(monotonic=lambda: store.now, time=time.time))
        parts.screens.heard = partial(store.heard, parts.screens.heard)  # type: ignore[method-assign]
        for screen in settings.screen:
            house = replace(app._house(parts, screen.id), mono=lambda: store.now)
            house = replace(house, profile=store.profile, show=store.show)
            parts.stages[screen.id] = Stage(screen, house)
        runner = web.AppRunner(site.create_app(parts), shutdown_timeout=1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        store.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        loops = [store.reports(), parts.ledger.run(), *(life(stage) for stage in parts.stages.values())]
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        try:
            yield store
        finally:
            failed = [task.exception() for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await parts.screens.close()
            await runner.cleanup()
        assert not failed, failed
