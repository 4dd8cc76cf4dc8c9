"""The pages and files of the screens, as a browser gets them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from edge.model import Show
from edge.screens.hub import Screens

Member = Callable[..., Show]


@pytest.fixture
async def session(two_screens: Screens, served: Callable[[Screens], Any]) -> AsyncIterator[aiohttp.ClientSession]:
    async with served(two_screens) as store, aiohttp.ClientSession(store.url) as session:
        yield session


async def test_a_screens_page_holds_nothing_about_a_person(
    session: aiohttp.ClientSession, two_screens: Screens, member: Member
) -> None:
    before = await (await session.get("/screens/kiosk")).text()
    await two_screens.show(member("kiosk", headline="かつおぶし"))
    assert await (await session.get("/screens/kiosk")).text() == before


@pytest.mark.parametrize("rule", ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'self'"])
async def test_a_screens_page_allows_only_our_own_files(session: aiohttp.ClientSession, rule: str) -> None:
    answer = await session.get("/screens/window")
    assert rule in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.promise("S-2")
@pytest.mark.parametrize("path", ["/screens/kiosk", "/screens/roof", "/screens/kiosk/loop.json"])
async def test_no_browser_keeps_a_page_or_what_it_plays(session: aiohttp.ClientSession, path: str) -> None:
    answer = await session.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert not {"Set-Cookie", "ETag", "Last-Modified"} & set(answer.headers)


async def test_an_unknown_screen_gets_a_page_that_says_so(session: aiohttp.ClientSession) -> None:
    answer = await session.get("/screens/roof")
    html = await answer.text()
    assert answer.status == 404
    assert "登録されていません" in html
    assert "roof" not in html


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/screens/roof/loop.json", 404),
        ("/screens/roof/stream", 404),
        ("/static/000000000000/css/tokens.css", 404),
        ("/static/../render.py", 404),
        ("/static/css/tokens.css", 200),
        ("/screens/window/loop.json", 200),
    ],
)
async def test_only_what_is_there_is_served(session: aiohttp.ClientSession, path: str, status: int) -> None:
    assert (await session.get(path)).status == status


async def test_static_files_have_addresses_for_ever(session: aiohttp.ClientSession, two_screens: Screens) -> None:
    answer = await session.get(two_screens.assets.url("js/main.js"))
    assert answer.content_type == "text/javascript"
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await session.get("/static/js/main.js")).headers["Cache-Control"] == "no-cache"


async def test_the_worker_may_rule_over_all_screens(session: aiohttp.ClientSession) -> None:
    answer = await session.get("/screens/sw.js")
    assert (answer.status, answer.content_type) == (200, "text/javascript")


@pytest.mark.promise("S-4")
async def test_the_default_loop_is_there_from_the_start(session: aiohttp.ClientSession) -> None:
    loop = await (await session.get("/screens/window/loop.json")).json()
    for item in loop["items"]:
        picture = await session.get(item["url"])
        assert (picture.status, picture.content_type) == (200, "image/svg+xml")
