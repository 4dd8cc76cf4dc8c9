"""The web side of the screens: their page, its files, its loop for offline, and the WebSocket to each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from edge.screens import wire
from edge.screens.hub import Screens, UnknownScreen
from edge.screens.watcher import Watcher

log = logging.getLogger(__name__)

SILENT_S = 5.0
"""A page answers each heartbeat at once; one that says nothing for this long is gone."""
CLOSE_S = 0.5
"""How long a page may take to agree to the end of its stream."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types tentou; frame-ancestors "
)
"""Stricter than the other pages': nothing but our own files, and no markup from a string (UI.md 6)."""


def routes(screens: Screens, frame_ancestors: Sequence[str] = ()) -> Iterable[web.AbstractRouteDef]:
    """The routes of all screens; ``frame_ancestors`` are the origins that may frame their pages."""
    pages = _Pages(screens, POLICY + (" ".join(("'self'", *frame_ancestors))))
    return [
        web.get("/screens/sw.js", pages.worker),
        web.get("/screens/{screen}", pages.page),
        web.get("/screens/{screen}/loop.json", pages.loop),
        web.get("/screens/{screen}/stream", pages.stream),
        web.get("/static/{path:.+}", pages.static),
    ]


class _Pages:
    def __init__(self, screens: Screens, policy: str) -> None:
        self._screens = screens
        self._policy = policy

    async def page(self, request: web.Request) -> web.Response:
        try:
            status, html = 200, self._screens.page(request.match_info["screen"])
        except UnknownScreen:
            status, html = 404, self._screens.renderer.unknown(self._screens.known())
        # Nothing of a person is in it; no browser keeps it all the same, but the worker, which is asked to.
        headers = {"Content-Security-Policy": self._policy, "Cache-Control": "no-store"}
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    async def loop(self, request: web.Request) -> web.Response:
        try:
            loop = self._screens.present_loop(request.match_info["screen"])
        except UnknownScreen as unknown:
            raise web.HTTPNotFound(text=str(unknown)) from None
        return web.json_response(wire.loop_values(loop), headers={"Cache-Control": "no-store"})

    async def worker(self, request: web.Request) -> web.Response:
        asset = self._screens.assets.files["js/sw.js"]
        headers = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-cache"}
        return web.Response(body=asset.body, content_type=asset.content_type, headers=headers)

    async def static(self, request: web.Request) -> web.Response:
        version, _, rest = request.match_info["path"].partition("/")
        lasting = version == self._screens.assets.version
        asset = self._screens.assets.files.get(rest if lasting else request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound(text="no such file")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            # An SVG opened by its address must not run anything, whatever is in it.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        return web.Response(body=asset.body, content_type=asset.content_type, headers=headers)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        screen = request.match_info["screen"]
        if screen not in {known.id for known in self._screens.known()}:
            raise web.HTTPNotFound(text="no such screen")
        if not same_origin(request):
            raise web.HTTPForbidden(text="a screen's stream is for its own page only")
        if self._screens.closed:
            raise web.HTTPServiceUnavailable(text="stopping")
        socket = web.WebSocketResponse(compress=False, max_msg_size=wire.MESSAGE_BYTES, timeout=CLOSE_S)
        await socket.prepare(request)
        async with self._screens.watching(screen, socket.send_str, lambda: socket.close(code=1001)) as watcher:
            delivery = asyncio.create_task(_deliver(watcher, request), name=f"screen {screen}")
            try:
                await self._listen(screen, request.query.get("page", "")[:32], socket, watcher)
            finally:
                delivery.cancel()
                await asyncio.gather(delivery, return_exceptions=True)
        return socket

    async def _listen(self, screen: str, page: str, socket: web.WebSocketResponse, watcher: Watcher) -> None:
        with suppress(TimeoutError):
            while (message := await socket.receive(timeout=SILENT_S)).type is WSMsgType.TEXT:
                try:
                    said = wire.read(message.data)
                except wire.BadMessage as bad:
                    log.warning("screen %s: %s", screen, bad)
                    continue
                await self._screens.heard(screen, page, watcher, said)


async def _deliver(watcher: Watcher, request: web.Request) -> None:
    """Deliver until the page is gone or stuck; then cut it off, which ends its listening too."""
    try:
        await watcher.deliver()
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()


def same_origin(request: web.Request) -> bool:
    """Whether a WebSocket is asked for by our own page or by no browser: another site's page may not watch a screen."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
