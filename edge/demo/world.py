"""The world around the store, as one process: members' phones, the EC, the till, simulated cameras, a start page."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from aiohttp import web

from edge.demo import counter, handset, onward, settings, start, system
from edge.demo.lens import Lens
from edge.demo.people import people
from edge.demo.phone import Phones
from edge.demo.seed import goods, opening_online
from edge.demo.settings import CAMERAS, HERE, NEAR, Demo
from edge.demo.shopping import Till, shop
from edge.supervise import kept

CSP = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self' {world}; frame-src 'self' {world} {edge} {hub}"
)
NAMES = (settings.HOST, "localhost")
FRAMED = ("world", "edge", "hub")
"""The parts whose pages the start page frames: a link of the hub's leads on to the world's."""
WEB = Path(__file__).parent / "web"


@asynccontextmanager
async def running(demo: Demo) -> AsyncIterator[None]:
    """The world, serving at its port; its cameras look for their eyes for ever."""
    skus = [good.sku for good in goods()]
    async with AsyncExitStack() as stack:
        ec = await stack.enter_async_context(
            shop(demo.folder / "world" / "ec.sqlite", opening_online(skus)),
        )
        key, secret = settings.issuing(demo.folder)
        phones = Phones(key, secret, people())
        lenses = {name: Lens(seed) for seed, name in enumerate(CAMERAS, start=1)}
        app = create_app(
            demo, handset.Desk(phones, lenses), counter.Sales(ec, Till(demo.folder / "edge" / "pos.csv", HERE))
        )
        await stack.enter_async_context(_site(app, demo.ports.world))
        await stack.enter_async_context(kept(_loops(demo, lenses)))
        yield


def create_app(demo: Demo, desk: handset.Desk, sales: counter.Sales) -> web.Application:
    """All pages of the world."""
    app = web.Application(middlewares=[own_pages_only])
    policy = CSP.format(
        **{part: " ".join(f"http://{name}:{getattr(demo.ports, part)}" for name in NAMES) for part in FRAMED}
    )

    async def headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")

    app.on_response_prepare.append(headers)
    app.add_routes(
        [web.static("/web", WEB / "static"), web.static("/goods", demo.folder / "edge" / "seed" / "products")]
    )
    app.add_routes(start.routes(demo))
    app.add_routes(handset.routes(desk))
    app.add_routes(counter.routes(sales))
    app.add_routes(system.routes(sales, (HERE, NEAR)))
    app.add_routes(onward.routes(demo, sales))
    return app


@web.middleware
async def own_pages_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page of another site cannot buy here or hold a phone up: browsers say where a request comes from."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise web.HTTPForbidden(text="only from this demo's own pages")
    return await handler(request)


def _loops(demo: Demo, lenses: dict[str, Lens]) -> dict[str, Callable[[], Awaitable[None]]]:
    loops: dict[str, Callable[[], Awaitable[None]]] = {}
    for name, lens in lenses.items():
        url = f"ws://{settings.HOST}:{demo.ports.edge}/cameras/{name}/push"
        loops[f"film {name}"] = lens.film
        loops[f"push {name}"] = partial(lens.push, url)
    return loops


@asynccontextmanager
async def _site(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.HOST, port).start()
        yield
    finally:
        await runner.cleanup()


async def serve(folder: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    async with running(settings.read(folder)):
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(parser.parse_args().folder))
