"""The hub tells every page of a screen its present state, and believes what pages report once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from content.model import LoopItem
from edge.model import Loop, Painted, Played, Report, Show, Touched, Watching
from edge.screens.hub import Screens, UnknownScreen

Member = Callable[..., Show]
Served = Callable[[Screens], Any]
ITEM = {"url": "/media/a.jpg", "kind": "image", "seconds": 8, "content": "autumn"}


class Watch:
    """A page's end of the stream, without a page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def next(self, key: str) -> dict[str, Any]:
        """The next message with this key; heartbeats are answered on the way."""
        async with asyncio.timeout(60):
            while True:
                message = json.loads(await self._socket.receive_str())
                if key in message:
                    assert isinstance(message, dict)
                    return message
                if "hb" in message:
                    await self.say({"hb": message["hb"]})

    async def say(self, value: dict[str, Any]) -> None:
        await self._socket.send_str(json.dumps(value))


@pytest.fixture
def screens(two_screens: Screens) -> Screens:
    return two_screens


@pytest.fixture
async def url(screens: Screens, served: Served) -> AsyncIterator[str]:
    async with served(screens) as store:
        yield store.url


@asynccontextmanager
async def watching(url: str, screen: str = "window") -> AsyncIterator[Watch]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/screens/{screen}/stream?page=p1") as socket,
    ):
        yield Watch(socket)


async def reported(screens: Screens, kind: type[Report]) -> Any:
    async with asyncio.timeout(60):
        while not isinstance(report := await screens.reports.get(), kind):
            pass
    return report


async def test_a_page_that_connects_is_told_the_present_state(screens: Screens, url: str, member: Member) -> None:
    event = await screens.show(member("window"))
    async with watching(url) as watch:
        assert (await watch.next("hello"))["hello"]["version"] == screens.assets.version
        assert (await watch.next("loop"))["loop"]["items"]
        told = await watch.next("event")
    assert (told["event"], told["scene"]) == (event, "member")
    assert "会員さま" in told["html"]


async def test_all_pages_of_a_screen_and_of_no_other_are_told(screens: Screens, url: str, member: Member) -> None:
    async with watching(url) as one, watching(url) as two, watching(url, "kiosk") as other:
        for watch in (one, two, other):
            await watch.next("event")
        assert (screens.watchers("window"), screens.watchers("kiosk")) == (2, 1)
        event = await screens.show(member("window"))
        assert (await one.next("event"))["event"] == (await two.next("event"))["event"] == event
        beat = await other.next("hb")
    assert beat["version"] == screens.assets.version


async def test_watchers_come_and_go(screens: Screens, url: str) -> None:
    async with watching(url):
        assert await reported(screens, Watching) == Watching("window", True)
    assert await reported(screens, Watching) == Watching("window", False)
    assert screens.watchers("window") == 0


async def test_a_page_that_says_nothing_is_gone(screens: Screens, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.screens.pages.SILENT_S", 0.05)
    async with watching(url):
        await reported(screens, Watching)
        assert await reported(screens, Watching) == Watching("window", False)


async def test_a_paint_and_a_touch_are_reported(screens: Screens, url: str, member: Member) -> None:
    event = await screens.show(member("kiosk"))
    async with watching(url, "kiosk") as watch:
        await watch.say({"ack": event, "painted_ms": 1790000000123.4})
        await watch.say({"touch": {"session": "session-1", "action": "product", "value": "sku-2"}})
        assert await reported(screens, Painted) == Painted("kiosk", event, 1790000000123.4)
        assert await reported(screens, Touched) == Touched("kiosk", "session-1", "product", "sku-2")


async def test_a_touch_that_comes_late_does_not_act_on_the_next_shoppers_session(
    screens: Screens, url: str, member: Member
) -> None:
    event = await screens.show(member("kiosk"))
    async with watching(url, "kiosk") as watch:
        await watch.say({"touch": {"session": "the one before", "action": "personal"}})
        await watch.say({"ack": event, "painted_ms": 1.0})
        await reported(screens, Painted)
        assert screens.reports.empty()


async def test_a_play_sent_twice_counts_once(screens: Screens, url: str) -> None:
    play = {"n": 1, "ago_ms": 8000, "seconds": 8, "complete": True, "item": ITEM}
    async with watching(url) as watch:
        await watch.say({"played": play})
        assert (await watch.next("got"))["got"] == 1
        await watch.say({"played": play})
        await watch.say({"played": play | {"n": 2, "complete": False}})
        first, second = await reported(screens, Played), await reported(screens, Played)
    assert (first.complete, second.complete) == (True, False)
    assert first.item == LoopItem("/media/a.jpg", "image", 8, "autumn", "")


async def test_nonsense_from_a_page_is_passed_over(screens: Screens, url: str) -> None:
    async with watching(url) as watch:
        await watch.say({"nonsense": 1})
        await watch.say({"playing": {"loop": "v1", "content": "autumn"}})
        await watch.say({"ack": 0, "painted_ms": 1.0})
        await reported(screens, Painted)
    assert screens.playing("window") == "autumn"


@pytest.mark.promise("S-4")
async def test_a_loop_of_nothing_becomes_the_default(screens: Screens, url: str) -> None:
    async with watching(url) as watch:
        await watch.next("loop")
        await screens.loop("window", Loop("v2", ()))
        told = (await watch.next("loop"))["loop"]
    assert [item["content"] for item in told["items"]] == ["default-welcome", "default-member", "default-stock"]


async def test_another_sites_page_may_not_watch(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{url}/screens/window/stream", origin="https://elsewhere.example")
    assert refused.value.status == 403


async def test_close_ends_every_stream_and_takes_no_new_one(screens: Screens, url: str) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{url}/screens/window/stream")
        await socket.receive()
        closing = asyncio.create_task(screens.close())
        async with asyncio.timeout(60):
            while not socket.closed:
                await socket.receive()
        await closing
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{url}/screens/window/stream")
    assert refused.value.status == 503


async def test_a_screen_that_is_not_configured_is_named(screens: Screens) -> None:
    with pytest.raises(UnknownScreen, match="no screen 'roof'; known: window, kiosk"):
        await screens.show(Show("roof", "loop"))
