"""IT sees through a real eye in Chromium, draws a zone by mouse and keys, saves it, and the eye reads nothing else."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from edge import app, config
from edge.bench.ports import free_port
from edge.ports import Gray
from tests import chromium
from tests.noticed import NOTICE
from tests.vision.calibrating import PAGE, PASSWORD, accounts

Draw = Callable[..., Gray]
SHOTS = Path(os.environ["TENTOU_SHOTS"]) if "TENTOU_SHOTS" in os.environ else None
"""Where pictures of the page go, for a person who wants to look at them."""
SHOP = ("shop.internal", "--host-resolver-rules=MAP shop.internal 127.0.0.1")
"""A name of no loopback address: to it browsers send no Sec-Fetch-Site over plain http, only an Origin."""
SETTINGS = f"""
{NOTICE}[device]
chain = "acme"
store = "ginza"
id = "front"
clock = "trusted"
[[screen]]
id = "window"
[[camera]]
id = "door"
screen = "window"
adapter = "folder"
settings = {{ path = "pictures", fps = 10 }}
[[camera]]
id = "till"
screen = "window"
adapter = "push"
"""


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[tuple[app.Parts, str]]:
    """A real edge with its eyes, and its port."""
    port = free_port()
    (folder / "device.toml").write_text(f"{SETTINGS}[web]\nport = {port}\n")
    (folder / "accounts.json").write_bytes(accounts())
    async with app.running(config.read_store(folder), folder) as parts:
        yield parts, f"http://127.0.0.1:{port}"


@asynccontextmanager
async def desk(url: str) -> AsyncIterator[Page]:
    """The page of the camera as IT opens it in Japanese; a script that fails or a broken policy fails the test."""
    async with chromium.launched(SHOP[1]) as browser:
        context = await browser.new_context(base_url=url, locale="ja-JP", viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
        await page.goto(PAGE)
        await page.get_by_label("アカウント名").fill("taro")
        await page.get_by_label("パスワード").fill(PASSWORD)
        await page.get_by_role("button", name="サインイン").click()
        await page.wait_for_url(f"**{PAGE}")
        yield page
    assert wrong == []


async def state(page: Page, name: str) -> None:
    await expect(page.locator("#aim")).to_have_attribute("data-state", name)


async def shot(page: Page, name: str) -> None:
    """The page in a picture at a desk's and a phone's size; at neither it must be scrolled aside."""
    for size, width, height in (("desk", 1280, 800), ("phone", 390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if SHOTS:
            await page.screenshot(path=SHOTS / f"{name}-{size}.png", full_page=True)
    await page.set_viewport_size({"width": 1280, "height": 800})


async def accessible(page: Page) -> None:
    """axe finds nothing at WCAG 2.2 AA."""
    found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


async def drag(page: Page, corner: str, left: float, top: float) -> None:
    """Drag a corner of the zone to a place in the picture, in shares of it."""
    box = await page.locator("#picture").bounding_box()
    assert box is not None
    await page.locator(f"[data-corner={corner}]").hover()
    await page.mouse.down()
    await page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"], steps=4)
    await page.mouse.up()


@pytest.fixture
def etc(tmp_path: Path, pictures: Callable[..., Path], symbol: Draw, scene: Draw) -> Path:
    """A store whose camera sees a code in the upper left of its picture."""
    pictures(scene(symbol("MC1:SEEN BY IT")))
    return tmp_path


async def test_a_zone_drawn_by_mouse_is_tried_saved_and_undone(etc: Path) -> None:
    async with store(etc) as (parts, url), desk(url) as page:
        code = page.locator("#code")
        await state(page, "live")
        await expect(code).to_contain_text("読めています")
        await expect(page.locator("#meters")).to_contain_text("明るさ")
        await shot(page, "aim-live")
        await accessible(page)
        await drag(page, "nw", 0.6, 0.6)
        await expect(code).to_contain_text("見えていません")
        await shot(page, "aim-tried")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("#saved")).to_contain_text("保存しました", use_inner_text=True)
        saved = config.read_store(etc).zone["door"]
        assert saved[:2] == pytest.approx((0.6, 0.6), abs=0.06)
        await page.get_by_role("button", name="元に戻す").click()
        await expect(code).to_contain_text("読めています")
        assert config.read_store(etc).zone["door"] == config.WHOLE
        assert {part.name for part in parts.health.parts() if part.kind == "zone"} == set()


async def test_keys_and_numbers_do_what_the_mouse_does(etc: Path) -> None:
    async with store(etc) as (_, url), desk(url) as page:
        left, width = (page.get_by_role("spinbutton", name=name) for name in ("左", "幅"))
        await state(page, "live")
        await page.get_by_role("button", name="右下の角").press("Shift+ArrowLeft")
        await expect(width).to_have_value("90")
        await page.locator("#zone").press("ArrowRight")
        await expect(left).to_have_value("1")
        await width.fill("30")
        await width.press("Enter")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("#saved")).to_contain_text("保存しました", use_inner_text=True)
        assert config.read_store(etc).zone["door"] == (0.01, 0.0, 0.3, 1.0)
        await page.get_by_role("button", name="全体を読む").click()
        await expect(page.locator("#saved")).to_contain_text("未保存", use_inner_text=True)
        await page.get_by_role("button", name="元に戻す").click()
        await expect(width).to_have_value("30")


@pytest.mark.promise("X-4")
async def test_a_browser_on_another_machine_signs_in_and_out_over_plain_http(etc: Path) -> None:
    async with store(etc) as (_, url), desk(url.replace("127.0.0.1", SHOP[0])) as page:
        await expect(page.get_by_role("heading", level=2)).to_have_text("別の機械から開いています")
        await page.get_by_text("taro", exact=True).click()
        await page.get_by_role("button", name="サインアウト", exact=True).click()
        await expect(page.get_by_role("button", name="サインイン")).to_be_visible()


async def test_each_way_in_which_there_is_no_picture_is_said(etc: Path) -> None:
    async with store(etc) as (_, url), desk(url) as page:
        await state(page, "live")
        other = await page.context.new_page()
        await other.goto(f"{url}{PAGE}")
        await state(other, "busy")
        await expect(other.locator("#who")).to_have_text("taro")
        await shot(other, "aim-busy")
        await other.get_by_role("button", name="このページで見る").click()
        await state(other, "live")
        await state(page, "replaced")
        await other.goto(f"{url}/it/cameras/till/")
        await state(other, "away")
        await expect(other.locator("#detail")).to_contain_text("映像を送るページが開かれていません")
        await shot(other, "aim-away")
        await accessible(other)
        await other.goto(f"{url}/it/")
        await other.locator("[id='camera/door']").get_by_role("link", name="映像と調整").click()
        await state(other, "live")
        await page.set_extra_http_headers({"X-Forwarded-For": "192.168.1.9"})
        await page.reload()
        await expect(page.get_by_role("heading", level=2)).to_have_text("別の機械から開いています")
        await shot(page, "aim-elsewhere")
        await accessible(page)
