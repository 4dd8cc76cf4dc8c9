"""A way for webhooks that loses, doubles and reorders them, and answers as if all were well."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from edge.bench.ports import free_port


@dataclass
class Faults:
    """Shares of what comes that is dropped, doubled, or sent on later than what came after it."""

    dropped: float = 0.1
    doubled: float = 0.1
    reordered: float = 0.2
    seed: int = 1
    url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}/hooks/shop")
    counts: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def open(self, to: str) -> AsyncIterator[None]:
        """Send on to an address meanwhile."""
        chance, late = random.Random(self.seed), set[asyncio.Task[None]]()

        async def take(request: web.Request) -> web.Response:
            headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-")}
            body, lot = await request.read(), chance.random()
            names = ("dropped", "doubled", "reordered")
            bounds = (self.dropped, self.dropped + self.doubled, self.dropped + self.doubled + self.reordered)
            fault = next((name for name, bound in zip(names, bounds, strict=True) if lot < bound), "sent")
            self.counts[fault] += 1
            if fault == "reordered":
                late.add(task := asyncio.create_task(later(body, headers, chance.uniform(0.05, 0.5))))
                task.add_done_callback(late.discard)
            for _ in range({"dropped": 0, "doubled": 2, "reordered": 0, "sent": 1}[fault]):
                await send(body, headers)
            return web.Response(status=204)

        async def send(body: bytes, headers: dict[str, str]) -> None:
            async with http.post(to, data=body, headers=headers) as answer:
                self.counts[f"answered {answer.status}"] += 1

        async def later(body: bytes, headers: dict[str, str], pause: float) -> None:
            await asyncio.sleep(pause)
            await send(body, headers)

        app = web.Application()
        app.router.add_post("/hooks/shop", take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        async with aiohttp.ClientSession() as http:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", urlsplit(self.url).port, reuse_address=True).start()
            try:
                yield
                await asyncio.gather(*late)
            finally:
                await runner.cleanup()
