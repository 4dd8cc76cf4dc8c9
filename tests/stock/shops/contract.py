"""What every fake shop of these tests is: a server with the documented shapes, quirks and limits, and the truth of it.

A fake's module ``tests/stock/shops/<name>.py`` has ``FAKE``, its class; ``<name>`` is the adapter's. SKUs and places
are in our own terms everywhere here: the fake keeps its own ids behind them and ``settings`` maps them.
"""

from __future__ import annotations

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web
from aiohttp.typedefs import Handler

from edge.bench.ports import free_port
from edge.stock.system import Budget, Delivery

Say = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


class FakeShop(ABC):
    """A shop on loopback.

    ``places`` are our locations that it has (one for a system without locations). ``deliveries`` are webhooks that it
    would send, oldest first: a test takes, drops, doubles or reorders them. ``calls`` counts what reached it,
    ``breaches`` names what its documented limits were exceeded by. ``say``, when set, answers instead of the shop.
    ``clock`` is the shop's own, UNIX seconds.
    """

    name: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ("online",)
    limits: ClassVar[tuple[Budget, ...]] = ()

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.deliveries: deque[Delivery] = deque()
        self.calls = 0
        self.breaches: list[str] = []
        self.say: Say | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._spent: list[deque[tuple[float, float]]] = [deque() for _ in self.limits]

    @abstractmethod
    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The documented routes."""

    @abstractmethod
    def stock(self, sku: str, place: str, n: int) -> None:
        """Somebody of the shop sets what there is; the SKU is made if it is new. Stamps move, a webhook is made."""

    @abstractmethod
    def sell(self, sku: str, place: str) -> None:
        """A customer buys one: stamps and webhooks only as the real system does."""

    @abstractmethod
    def levels(self) -> dict[tuple[str, str], int]:
        """The truth: how many of (our SKU, our place) can be sold; a SKU without a row is not in it."""

    @abstractmethod
    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        """The adapter's settings for this shop; files that they name (tokens, secrets) are written into ``folder``."""

    @abstractmethod
    def bare(self, sku: str) -> None:
        """A product that the shop lists and never had stock of: where the real system has no row, neither has this."""

    def sell_silently(self, sku: str, place: str) -> None:
        """A sale that no webhook, and no stamp that a poll could see, tells of."""
        before = len(self.deliveries)
        self.sell(sku, place)
        while len(self.deliveries) > before:
            self.deliveries.pop()

    def cost(self, request: web.Request) -> float:
        """What a call takes of the limits, before it is answered."""
        return 1.0

    def refusal(self, request: web.Request) -> web.StreamResponse:
        """What it answers above its limits."""
        return web.Response(status=429, headers={"Retry-After": "1"})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> str:
        """Listen, at the same port as before; its address."""
        app = web.Application(middlewares=[self._counted], client_max_size=64 * 1024**2)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.port = self.port or free_port()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        return self.url

    async def stop(self) -> None:
        """Go away."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    def take(self) -> list[Delivery]:
        """All webhooks that it would have sent by now, oldest first; they are sent by whoever takes them."""
        taken = list(self.deliveries)
        self.deliveries.clear()
        return taken

    @web.middleware
    async def _counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls += 1
        response = await self._answer(request, handler)
        if not response.prepared:
            response.headers.setdefault("Date", formatdate(self.clock(), usegmt=True))
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._over(request):
            return self.refusal(request)
        if self.say is not None:
            said = self.say(request)
            return said if isinstance(said, web.StreamResponse) else await said
        return await handler(request)

    def _over(self, request: web.Request) -> bool:
        """Count a call against every limit; above one it is a breach (each is told once a call)."""
        now, over = self.clock(), False
        for limit, spent in zip(self.limits, self._spent, strict=True):
            while spent and spent[0][0] <= now - limit.per_s:
                spent.popleft()
            spent.append((now, self.cost(request)))
            if math.fsum(cost for _, cost in spent) > limit.calls + 1e-6:
                over = True
                self.breaches.append(f"more than {limit.calls:g} in {limit.per_s:g} s")
        return over


async def silence(_: web.Request) -> web.StreamResponse:
    """A shop that takes a call and never answers it."""
    await asyncio.sleep(3600)
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    """A shop whose connection breaks in the middle of an answer."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"data": [')
    if request.transport is not None:
        request.transport.close()
    return response
