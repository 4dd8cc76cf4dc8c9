"""Wherever a camera looks, the screen says whose it is; it covers nothing, and goes when no camera looks any more."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, Page, expect

from edge.config import Notice, Screen
from edge.model import LANGUAGES, DeviceClass, Show
from edge.screens import printed
from edge.screens.assets import Assets
from edge.screens.hub import Screens
from edge.screens.render import Renderer
from edge.screens.tongues import TONGUES
from tests.chromium import becomes
from tests.noticed import ADDRESS, OPERATOR
from tests.screens.states import states
from tests.screens.test_screens_look import AXE, RUN, TAGS

Member = Callable[..., Show]
Served = Callable[[Screens], Any]
NOTICE = Notice(operator=OPERATOR, address=ADDRESS)
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
STATES = ("opened", "sheet", "warning", "goods", "ask", "loop")
"""The fullest ones: what has room there has room everywhere."""
ON = {"ja": "カメラ作動中", "en": "Camera on", "zh": "摄像头工作中", "ko": "카메라 작동 중"}
COVERED = """() => {
    const strip = document.getElementById("notice").getBoundingClientRect();
    return [...document.querySelectorAll("main h1, main p, main button, main .tile, main .layer")]
        .filter((node) => node.offsetWidth && node.getBoundingClientRect().top < strip.bottom - 1)
        .map((node) => node.outerHTML.slice(0, 90));
}"""


def watched(assets: Assets, notice: Notice = NOTICE) -> Screens:
    """A kiosk that a camera looks from, and a window without one."""
    screens = [Screen(id="kiosk", device_class=DeviceClass.KIOSK), Screen(id="window")]
    return Screens(screens, assets, notice=notice, watched=["kiosk"])


def test_a_page_names_operator_and_address_only_where_a_camera_looks(assets: Assets) -> None:
    screens = watched(assets)
    html = screens.page("kiosk")
    assert all(words in html for words in (OPERATOR, ADDRESS, *ON.values()))
    assert OPERATOR not in screens.page("window")


def test_a_purpose_of_the_settings_stands_in_the_place_of_ours(assets: Assets) -> None:
    told = Notice(operator="<b>", address="a", purpose={"ja": "人数を数えます。", "ko": "인원을 셉니다."})
    renderer = Renderer(assets)
    for html in (renderer.page(Screen(id="a"), True, notice=told), renderer.printed(told)):
        assert html.count("人数を数えます。") == 3, "Chinese and English have no words of their own"
        assert "인원을 셉니다." in html
        assert "映像は保存も送信もしません" not in html
        assert "&lt;b&gt;" in html


async def test_pages_are_told_whether_a_camera_looks_and_told_once(assets: Assets, served: Served) -> None:
    screens = watched(assets)
    heard: list[bool] = []
    async with (
        served(screens) as store,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{store.url}/screens/kiosk/stream") as page,
        asyncio.timeout(90),
    ):
        for now in (True, False, False, True):
            screens.eyes("kiosk", now)
            screens.eyes("window", now)
            while not heard or heard[-1] is not now:
                said = json.loads(await page.receive_str())
                heard += [said["eyes"]] if "eyes" in said else []
    assert heard == [True, False, True]


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = SIZES[request.param]
    viewport = {"width": width, "height": height}
    context = await browser.new_context(viewport=viewport, bypass_csp=True, reduced_motion="reduce")  # type: ignore[arg-type]
    yield await context.new_page()
    await context.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_the_strip_is_seen_on_every_scene_in_two_languages_and_covers_nothing(
    page: Page, assets: Assets, served: Served, member: Member
) -> None:
    screens = watched(assets)
    async with served(screens) as store:
        await page.goto(f"{store.url}/screens/kiosk")
        await page.locator(".layer.front").wait_for()
        for language, name in itertools.product(LANGUAGES, STATES):
            await store.painted(await screens.show(states(member, language)[name]))
            spoken = {"ja", "ja" if name == "loop" else language}
            seen = await page.locator("#notice .say:visible").all_inner_texts()
            assert [ON[each] in " ".join(seen) for each in LANGUAGES] == [
                each in (spoken | {"en"} if spoken == {"ja"} else spoken) for each in LANGUAGES
            ]
            await expect(page.locator("#notice .whose")).to_be_in_viewport(ratio=1)
            assert await page.evaluate(COVERED) == [], (language, name)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_strip_goes_with_the_cameras_eye_and_comes_back(page: Page, assets: Assets, served: Served) -> None:
    screens = watched(assets)
    async with served(screens) as store:
        await page.goto(f"{store.url}/screens/kiosk")
        strip = page.locator("#notice")
        for now in (True, False, True):
            screens.eyes("kiosk", now)
            await expect(strip).to_be_visible(visible=now)
        await page.evaluate(AXE)
        assert await page.evaluate(RUN, {"runOnly": TAGS}) == []
    await becomes(page, "!document.querySelector('#stage').firstChild")
    await expect(strip).to_be_visible()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("size", ["A4", "A5"])
async def test_the_printed_notice_is_one_page(browser: Browser, assets: Assets, served: Served, size: str) -> None:
    screens = watched(assets)
    told = Notice(operator="株" * 80, address="東" * 120)
    context = await browser.new_context()
    sheet = await context.new_page()
    async with served(screens) as store:
        html = screens.renderer.printed(told).replace('href="/', f'href="{store.url}/')
        await sheet.set_content(html.replace('src="/', f'src="{store.url}/'), wait_until="load")
        paper = await sheet.pdf(format=size, print_background=True)
    await context.close()
    assert paper.count(b"/Type /Page\n") == 1


@pytest.mark.asyncio(loop_scope="session")
async def test_letters_are_drawn_as_each_language_draws_them(page: Page, assets: Assets, served: Served) -> None:
    screens = watched(assets)
    async with served(screens) as store:
        await page.goto(f"{store.url}/screens/kiosk")
        await store.painted(await screens.show(Show("kiosk", "notice", values={"hint": "one"})))
        tool = await page.context.new_cdp_session(page)
        await tool.send("DOM.enable")
        await tool.send("CSS.enable")
        root = (await tool.send("DOM.getDocument"))["root"]["nodeId"]
        for language, face in {"ja": "JP", "zh": "SC", "ko": "KR"}.items():
            wanted = {"nodeId": root, "selector": f'.hint[lang="{TONGUES[language].tag}"] h1'}
            node = await tool.send("DOM.querySelector", wanted)
            fonts = (await tool.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]}))["fonts"]
            assert {font["familyName"] for font in fonts} == {f"Noto Sans CJK {face}"}


class Doorman:
    """A guard who knows IT alone."""

    def __init__(self, known: bool) -> None:
        self._known = known

    def require(self, *_: object) -> None:
        if not self._known:
            raise web.HTTPForbidden


@pytest.mark.parametrize(
    ("known", "notice", "status"), [(True, NOTICE, 200), (False, NOTICE, 403), (True, Notice(), 404)]
)
async def test_the_notice_is_printed_for_it_once_somebody_is_named(
    assets: Assets, known: bool, notice: Notice, status: int
) -> None:
    app = web.Application()
    app.add_routes(printed.routes(Renderer(assets), notice, Doorman(known)))  # type: ignore[arg-type]
    async with TestClient(TestServer(app)) as client, client.get("/it/notice") as answer:
        assert answer.status == status
        assert (OPERATOR in await answer.text()) is (status == 200)
