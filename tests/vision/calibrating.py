"""A site with IT's page of a camera, browsers in which somebody signed in, and an eye's stand-in to look through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType, web
from aiohttp.test_utils import TestServer

from edge.config import Zone
from edge.health import Health
from edge.vision.aimed import Aimed
from edge.vision.calibrate import routes
from edge.vision.wire import View
from edge.web import headers
from provisioning.accounts import Accounts, Role
from provisioning.signin import COOKIE, Guard
from tests.vision.waiting import WAIT_S

PASSWORD = "correct horse battery"
OURS = {"Sec-Fetch-Site": "same-origin"}
PAGE = "/it/cameras/door/"
PICTURE = b"\xff\xd8 a picture"


class Looked:
    """An eye's stand-in that knows whether it is looked through, and where it was aimed."""

    def __init__(self) -> None:
        self.id, self.adapter = "door", "opencv"
        self.aims: list[Zone] = []
        self.lookers = self.given = 0
        self.away = False

    def aim(self, zone: Zone) -> None:
        self.aims.append(zone)

    async def views(self, picture: bool) -> AsyncGenerator[View, None]:
        self.lookers += 1
        try:
            while True:
                await asyncio.sleep(60 if self.away else 0.01)
                self.given += 1
                figures = {"brightness": 120.0, "sharpness": 300.0, "width": 1230.0}
                yield View(PICTURE if picture else b"", "0", 1, figures, 0.0)
        finally:
            self.lookers -= 1


@cache
def accounts() -> bytes:
    """The file with hanako of the staff, and taro and jiro of IT."""
    with TemporaryDirectory() as folder:
        book = Accounts(Path(folder) / "accounts.json")
        for name, role in (("hanako", Role.STAFF), ("taro", Role.IT), ("jiro", Role.IT)):
            book.add(name, role, PASSWORD)
        return book.path.read_bytes()


def aimed(folder: Path, eye: Any, health: Health | None = None) -> Aimed:
    """One camera, as its page knows it."""
    (folder / "accounts.json").write_bytes(accounts())
    guard = Guard(Accounts(folder / "accounts.json"))
    return Aimed({eye.id: eye}, guard, folder, {}, (health or Health()).parts, lambda: None)


@asynccontextmanager
async def served(aimed: Aimed) -> AsyncIterator[TestServer]:
    """The pages with the headers and the guard of the real service."""
    app = web.Application(middlewares=[aimed.guard.middleware])
    app.on_response_prepare.append(headers(()))
    app.add_routes([*aimed.guard.routes(), *routes(aimed)])
    server = TestServer(app)
    async with server:
        yield server


@asynccontextmanager
async def entered(site: TestServer, room: Aimed, name: str = "taro") -> AsyncIterator[ClientSession]:
    """A browser in which somebody signed in, or nobody if there is no name; no password is hashed for it."""
    account = room.guard.accounts.find(name)
    token = room.guard._sessions.begin(account, room.guard._clock()) if account else ""
    async with ClientSession(site.make_url("/"), cookies={COOKIE: token}, cookie_jar=CookieJar(unsafe=True)) as browser:
        yield browser


async def seen(socket: ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """The next view: its words, and its picture if one follows."""
    words: dict[str, Any] = {}
    while True:
        message = await socket.receive(WAIT_S)
        if message.type is WSMsgType.TEXT:
            words = message.json()
            if "away" in words:
                return words, b""
        elif message.type is WSMsgType.BINARY:
            if words:
                return words, bytes(message.data)
        else:
            raise AssertionError(f"closed with {socket.close_code}")


async def closed(socket: ClientWebSocketResponse) -> int | None:
    """With which code the page's socket is closed from the other side."""
    async with asyncio.timeout(WAIT_S):
        async for _ in socket:
            pass
    return socket.close_code
