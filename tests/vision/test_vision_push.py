"""The page with the browser's camera and its WebSocket, up to an eye that reads what the camera sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import pytest
from aiohttp import WSCloseCode, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from edge.health import Health
from edge.ports import Gray
from edge.vision.push import REPLACED, routes
from tests import chromium
from tests.vision.conftest import Draw, Open

Client = TestClient[web.Request, web.Application]
CSP = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:"


class Taken:
    """An eye's stand-in that keeps what is pushed."""

    def __init__(self, adapter: str = "push") -> None:
        self.id, self.adapter = "door", adapter
        self.pictures: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()

    def push(self, jpeg: bytes, number: int) -> None:
        self.pictures.put_nowait((jpeg, number))


def application(**eyes: object) -> web.Application:
    async def secure(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = CSP

    app = web.Application()
    app.add_routes(routes(eyes))  # type: ignore[arg-type]
    app.on_response_prepare.append(secure)
    return app


@pytest.fixture
def eye() -> Taken:
    return Taken()


@pytest.fixture
async def client(eye: Taken) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(door=eye, usb=Taken("opencv")))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "header", "words"),
    [
        ("", "", "映像は保存しません"),
        ("", "en-GB,en;q=0.9", "No picture is kept."),
        ("", "fr,en;q=0.5", "No picture is kept."),
        ("?language=ja", "en", "映像は保存しません"),
    ],
)
async def test_the_page_says_in_the_readers_language_that_no_picture_is_kept(
    client: Client, query: str, header: str, words: str
) -> None:
    page = await client.get(f"/cameras/door/{query}", headers={"Accept-Language": header})
    assert page.status == 200
    assert words in await page.text()


@pytest.mark.parametrize("path", ["/cameras/usb/", "/cameras/none/", "/cameras/usb/push"])
async def test_only_a_pushed_camera_has_a_page(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_picture_arrives_with_its_number(client: Client, eye: Taken) -> None:
    async with client.ws_connect("/cameras/door/push") as socket:
        await socket.send_bytes((2**63).to_bytes(8, "big") + b"\xff\xd8picture")
        assert await eye.pictures.get() == (b"\xff\xd8picture", 2**63)


@pytest.mark.promise("X-3")
async def test_a_page_of_another_site_may_not_push(client: Client) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/cameras/door/push", origin="https://elsewhere.example")
    assert refused.value.status == 403


async def test_a_page_of_our_own_may_push(client: Client) -> None:
    async with client.ws_connect("/cameras/door/push", origin=str(client.make_url("/")).rstrip("/")) as socket:
        assert not socket.closed


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", WSCloseCode.UNSUPPORTED_DATA),
        (bytes(8) + b"GIF89a", WSCloseCode.UNSUPPORTED_DATA),
        ("text", WSCloseCode.UNSUPPORTED_DATA),
        (bytes(8) + b"\xff\xd8" + bytes(3 << 20), WSCloseCode.MESSAGE_TOO_BIG),
    ],
    ids=["nothing", "another kind", "text", "too big"],
)
async def test_what_is_no_picture_ends_the_connection(
    client: Client, eye: Taken, message: bytes | str, code: int
) -> None:
    async with client.ws_connect("/cameras/door/push") as socket:
        await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_str(message))
        assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert socket.close_code == code
    assert eye.pictures.empty()


async def test_a_second_page_takes_over_and_the_first_is_told(client: Client, eye: Taken) -> None:
    async with client.ws_connect("/cameras/door/push") as first, client.ws_connect("/cameras/door/push") as second:
        await first.receive()
        assert first.close_code == REPLACED
        await second.send_bytes(bytes(7) + b"\x05\xff\xd8")
        assert (await eye.pictures.get())[1] == 5


def film_for_chromium(path: Path, picture: Gray) -> Path:
    """What Chromium's pretended camera shows: a film of JPEGs, one after the other."""
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))[1].tobytes()
    path.write_bytes(jpeg * 10)
    return path


async def test_a_code_before_a_browsers_camera_is_read_by_the_eye(
    opened: Open, tmp_path: Path, symbol: Draw, scene: Draw
) -> None:
    film = film_for_chromium(tmp_path / "camera.mjpeg", scene(symbol("MC1:BY BROWSER")))
    pretended = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    health = Health()
    async with (
        opened("push", health) as eye,
        TestServer(application(door=eye)) as server,
        chromium.launched(*pretended, f"--use-file-for-fake-video-capture={film}") as browser,
    ):
        page = await browser.new_page(locale="ja-JP", viewport={"width": 1280, "height": 800})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.goto(str(server.make_url("/cameras/door/")))
        await page.wait_for_selector("body[data-state=live]")
        async with asyncio.timeout(30):
            look = await eye.looks.get()
    assert look.codes[0].text == "MC1:BY BROWSER"
    assert look.frame > 0
    assert errors == []
