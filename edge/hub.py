"""Head office: takes contacts in, gives stock out, and shows on one page what has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from edge import config, fitting, plug
from edge.contacts import inbox
from edge.contacts.counts import Counting
from edge.db import database
from edge.health import Health
from edge.ports import Sink
from edge.stock.cache import StockCache, migrate, stock_cache
from edge.stock.channel import feed
from edge.stock.relay import routes as stock_routes
from edge.supervise import kept
from edge.web import basics, headers
from provisioning.i18n import environments, words

PAGES = Path(__file__).parent / "hub_pages"
LANGUAGES = ("ja", "en")
_KINDS = {
    "scan": "Code scanned",
    "session_start": "Session began",
    "session_end": "Session ended",
    "content_shown": "Content shown",
    "product_touched": "Product touched",
    "handoff_offered": "Phone link offered",
    "handoff_used": "Phone link used",
    "play": "Played",
    "gap": "Gap accounted for",
}


@dataclass(frozen=True, slots=True)
class Hub:
    """A running head office. ``port`` is where its pages are, whatever the settings left open."""

    settings: config.Hub
    folder: Path
    health: Health
    sink: Sink
    stock: StockCache
    port: int = 0


async def serve(folder: Path) -> None:
    """Run head office until cancelled; raises config.BadConfig, plug.UnknownAdapter."""
    settings = config.read_hub(folder)
    fitting.need(settings, folder)
    async with running(settings, folder):
        await asyncio.Event().wait()


@asynccontextmanager
async def running(settings: config.Hub, folder: Path) -> AsyncIterator[Hub]:
    """A head office that runs: its sink is open before the first contact can come."""
    async with AsyncExitStack() as stack:
        data = folder / settings.hub.data
        module = plug.adapter("sink", settings.sink.adapter)
        chosen = config.checked(module.Settings, settings.sink.settings, "sink.settings")
        sink = await stack.enter_async_context(module.open(chosen, data))
        stock_db = await stack.enter_async_context(database(data / "stock.sqlite", migrate))
        stock = await stack.enter_async_context(stock_cache(stock_db))
        hub = Hub(settings, folder, Health(), sink, stock)
        port = await stack.enter_async_context(_site(create_app(hub), settings.web))
        await stack.enter_async_context(kept(_loops(hub)))
        yield Hub(settings, folder, hub.health, sink, stock, port)


def create_app(hub: Hub) -> web.Application:
    """Head office's pages."""
    app = web.Application()
    app.on_response_prepare.append(headers(hub.settings.web.frame_ancestors))
    app.add_routes(route for route in basics(hub.health, (), "", hub.settings.hub.id) if route.path != "/")
    app.add_routes([web.get("/", _index(hub)), web.get("/hub/static/hub.css", _style)])
    app.add_routes(stock_routes(hub.stock, [channel.id for channel in hub.settings.stock], _token(hub)))
    return app


def _token(hub: Hub) -> str:
    """What stores must send to be told stock; empty where everybody who reaches the hub may ask."""
    return (hub.folder / hub.settings.stock_token).read_text().strip() if hub.settings.stock_token else ""


def _index(hub: Hub) -> Callable[[web.Request], Awaitable[web.Response]]:
    pages = environments(PAGES, PAGES / "locales", LANGUAGES)
    texts = {language: words(PAGES / "locales", language) for language in LANGUAGES}

    async def index(request: web.Request) -> web.Response:
        """What has arrived, and how head office's parts are; ``?lang=en`` for English."""
        language = "en" if request.query.get("lang") == "en" else "ja"
        translate = texts[language].gettext
        text = (
            pages[language]
            .get_template("index.html")
            .render(
                parts=hub.health.parts(),
                utc=_utc,
                counts=await hub.sink.counts() if isinstance(hub.sink, Counting) else (),
                kinds={kind: translate(name) for kind, name in _KINDS.items()},
                start_page=hub.settings.web.start_page,
                other="ja" if language == "en" else "en",
            )
        )
        return web.Response(text=text, content_type="text/html")

    return index


def _utc(since_s: float) -> str:
    return datetime.fromtimestamp(since_s, UTC).strftime("%Y-%m-%d %H:%M")


async def _style(_: web.Request) -> web.FileResponse:
    """The page's style sheet."""
    return web.FileResponse(PAGES / "hub.css")


def _loops(hub: Hub) -> dict[str, Callable[[], Awaitable[None]]]:
    loops: dict[str, Callable[[], Awaitable[None]]] = {"inbox": partial(_inbox, hub)}
    for channel in hub.settings.stock:
        loops[f"stock {channel.id}"] = partial(_feed, hub, channel)
    return loops


async def _inbox(hub: Hub) -> None:
    upstream = hub.settings.upstream
    module = plug.adapter("upstream", upstream.adapter)
    settings = config.checked(module.Settings, upstream.settings, "upstream.settings")
    async with module.open(settings, hub.folder) as dial:
        await inbox.run(hub.sink, dial, hub.health, hub.settings.hub.id)


async def _feed(hub: Hub, channel: config.StockChannel) -> None:
    module = plug.adapter("stock", channel.adapter)
    settings = config.checked(module.Settings, channel.settings, f"stock.{channel.id}")
    async with module.open(settings, hub.folder) as source:
        await feed(channel.id, source, hub.stock, hub.health)


@asynccontextmanager
async def _site(app: web.Application, where: config.Web) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, where.host, where.port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
