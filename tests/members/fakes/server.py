"""A vendor's server on loopback: it says what it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fake:
    """``instead``, when set, answers in place of the vendor; ``busy`` never answers, ``broken`` hangs
    up; ``calls`` are method and path."""

    instead: Callable[[], web.StreamResponse] | None = None
    busy: bool = False
    broken: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None

    def routes(self) -> list[web.RouteDef]:
        """What the vendor serves; nothing of its own."""
        return []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listening, until it goes ``away`` or the end."""
        app = web.Application(middlewares=[self._between])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        try:
            yield
        finally:
            await self.away()

    async def away(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        if self.busy:
            await asyncio.sleep(3600)
        if self.broken and request.transport is not None:
            request.transport.abort()
        if self.instead is not None:
            return self.instead()
        return await handler(request)
