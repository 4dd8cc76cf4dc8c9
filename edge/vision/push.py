"""The page that makes a browser's camera one of the edge's, and the WebSocket by which its pictures come."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web

from edge.vision.eyes import Eye
from edge.vision.wire import LONGEST_PICTURE
from provisioning.i18n import environments

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
LANGUAGES = ("ja", "en")
NUMBER_BYTES = 8
JPEG = b"\xff\xd8"
HEARTBEAT_S = 10.0
REPLACED = 4001
"""The close code for a page whose place another one took: it must not come back by itself."""


def routes(eyes: Mapping[str, Eye]) -> Iterable[web.AbstractRouteDef]:
    """``/cameras/{id}/`` and ``/cameras/{id}/push`` for every eye whose adapter is push; any other id is not found."""
    pages = environments(WEB / "templates", WEB / "locales", LANGUAGES)
    senders: dict[str, web.WebSocketResponse] = {}

    async def page(request: web.Request) -> web.Response:
        eye = _pushed(eyes, request)
        template = pages[_language(request)].get_template("camera.html")
        return web.Response(text=template.render(camera=eye.id), content_type="text/html")

    async def push(request: web.Request) -> web.WebSocketResponse:
        eye = _pushed(eyes, request)
        _same_origin(request)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LONGEST_PICTURE, compress=False)
        await socket.prepare(request)
        earlier, senders[eye.id] = senders.get(eye.id), socket
        if earlier is not None:
            await earlier.close(code=REPLACED)
        try:
            await _receive(socket, eye)
        finally:
            if senders.get(eye.id) is socket:
                del senders[eye.id]
        return socket

    return [
        web.static("/cameras/static", WEB / "static"),
        web.get("/cameras/{id}/", page),
        web.get("/cameras/{id}/push", push),
    ]


async def _receive(socket: web.WebSocketResponse, eye: Eye) -> None:
    """Hand each picture to the eye; a message that is none ends the connection."""
    async for message in socket:
        if message.type is not WSMsgType.BINARY or message.data[NUMBER_BYTES : NUMBER_BYTES + 2] != JPEG:
            log.warning("camera %s: a page sent what is no picture and was cut off", eye.id)
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
            return
        eye.push(message.data[NUMBER_BYTES:], int.from_bytes(message.data[:NUMBER_BYTES], "big"))


def _pushed(eyes: Mapping[str, Eye], request: web.Request) -> Eye:
    eye = eyes.get(request.match_info["id"])
    if eye is None or eye.adapter != "push":
        raise web.HTTPNotFound(text="there is no camera of this name that takes pictures from a page")
    return eye


def _same_origin(request: web.Request) -> None:
    """Pages of other sites may not push: a browser says where a page is from, a program of ours says nothing."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise web.HTTPForbidden(text="pictures are taken from this service's own pages alone")


def _language(request: web.Request) -> str:
    """``?language=``, else the browser's first choice of ours, else Japanese."""
    wished = request.headers.get("Accept-Language", "").split(",")
    wishes = [request.query.get("language", ""), *(wish.split(";")[0].strip()[:2] for wish in wished)]
    return next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])
