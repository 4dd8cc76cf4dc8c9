"""Every scene can be read, heard, reached and touched, in both languages and both orientations."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from edge.model import Level, Show

Member = Callable[..., Show]
Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-5")]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text
RUN = """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    .then(({violations}) => violations.map(({id, nodes}) => [id, nodes.map((node) => node.html.slice(0, 160))]))"""
SCREENS = [(1280, 720), (768, 1024), (1920, 1080), (2160, 3840)]
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
BOXES = """buttons => buttons.map((button) => button.getBoundingClientRect()).map(
    ({top, bottom, left, right, width, height}) => ({top, bottom, left, right, width, height}))"""


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = SIZES[request.param]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, bypass_csp=True, reduced_motion="reduce"
    )
    yield await context.new_page()
    await context.close()


def scenes(member: Member, language: str) -> dict[str, Show]:
    """One of each kind of scene."""
    tiles = member("kiosk", language).values["tiles"]
    opened = {"favourites": tiles[3:], "coupons": ("10% off", "送料無料"), "may_open": False}
    return {
        "member": member("kiosk", language),
        "opened": replace(member("kiosk", language, **opened), level=Level.PERSONAL),
        "product": member("kiosk", language, product=tiles[1]),
        "warning": member("kiosk", language, warning=True),
        "missing": member("kiosk", language, missing=True),
        "goods": Show("kiosk", "product", "s", language=language, values={"product": tiles[1]}),
        "goods far": Show("kiosk", "product", "s", language=language, values={"product": tiles[2], "touch": False}),
        "far": member("kiosk", language, touch=False, may_open=False, picture=""),
        "members": replace(member("kiosk", language), scene="members", level=Level.MEMBERS),
        "notice": Show("kiosk", "notice", language=language, values={"hint": "ask"}),
        "loop": Show("kiosk", "loop", language=language),
    }


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_axe_finds_nothing_on_any_scene(page: Page, store: Store, member: Member, language: str) -> None:
    await page.goto(f"{store.url}/screens/kiosk")
    await page.locator(".layer.front").wait_for()
    await page.evaluate(AXE())
    found = {}
    for name, show in scenes(member, language).items():
        await store.painted(await store.screens.show(show))
        if violations := await page.evaluate(RUN):
            found[name] = violations
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


async def test_a_finger_reaches_every_button(page: Page, store: Store, member: Member) -> None:
    await page.goto(f"{store.url}/screens/kiosk")
    view = page.viewport_size
    assert view is not None
    for show in scenes(member, "en").values():
        await store.painted(await store.screens.show(show))
        for box in await page.locator("button:not([inert] *)").evaluate_all(BOXES):
            assert min(box["width"], box["height"]) >= 60
            assert 0 <= box["left"] < box["right"] <= view["width"]
            assert box["bottom"] <= view["height"]
            if view["height"] > view["width"]:
                assert box["top"] >= 0.6 * view["height"], "in portrait the lower 40 % is within reach"


async def test_nothing_is_cut_off_from_a_tablet_to_4k(browser: Browser, store: Store, member: Member) -> None:
    context = await browser.new_context(reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{store.url}/screens/kiosk")
    for show, (width, height) in itertools.product(scenes(member, "en").values(), SCREENS):
        await page.set_viewport_size({"width": width, "height": height})
        await store.painted(await store.screens.show(show))
        cut = """() => [...document.querySelectorAll("#stage .words, #stage .line, #stage .controls, #stage .card")]
            .filter((node) => {
                const {top, left, right, bottom} = node.getBoundingClientRect();
                return top < -1 || left < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
            }).map((node) => node.outerHTML.slice(0, 100))"""
        assert await page.evaluate(cut) == []
    await context.close()


OVERLAP = """() => [...document.querySelectorAll("#stage .tile, #stage .sheet")].flatMap((card) => {
    const room = card.getBoundingClientRect();
    const seen = [...card.querySelectorAll(".name, .price, .line > *, h2, button")].filter((node) => node.offsetWidth);
    const out = seen.filter((node) => {
        const {left, right, bottom} = node.getBoundingClientRect();
        return left < room.left || right > room.right + 1 || bottom > room.bottom + 1;
    });
    const over = seen.filter((node) => node.matches(".fresh") &&
        node.getBoundingClientRect().left < node.previousElementSibling.getBoundingClientRect().right);
    return [...out, ...over].map((node) => node.outerHTML);
})"""
LONG = {
    "ja": ("オーガニックコットン二重ガーゼの長袖パジャマ上下セット レディース 生成り色", "残りわずか", "12分前"),
    "en": ("Organic double-gauze long-sleeved pyjamas for women, ecru", "Out of stock", "12 min ago"),
}


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_long_names_and_old_stock_stay_inside_their_tile(
    page: Page, store: Store, member: Member, language: str
) -> None:
    name, much, fresh = LONG[language]
    tiles = tuple(
        replace(tile, name=name, stock=tuple(replace(line, text=much, fresh=fresh) for line in tile.stock))
        for tile in member("kiosk", language).values["tiles"]
    )
    opened = {"product": tiles[0]}
    shown = [("window", {}), ("kiosk", {}), ("kiosk", {"favourites": tiles[3:]}), ("kiosk", opened), ("window", opened)]
    for screen, values in shown:
        await page.goto(f"{store.url}/screens/{screen}")
        await store.painted(await store.screens.show(member(screen, language, tiles=tiles, **values)))
        assert await page.evaluate(OVERLAP) == [], (screen, *values)
        alone = Show(screen, "product", "s", language=language, values={"product": tiles[0]})
        await store.painted(await store.screens.show(alone))
        assert await page.evaluate(OVERLAP) == [], (screen, "product")


async def test_no_page_breaks_its_own_content_policy(browser: Browser, store: Store, member: Member) -> None:
    context = await browser.new_context(viewport={"width": 1080, "height": 1920})
    await context.add_init_script(
        "window.broken = []; document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI}) =>"
        " window.broken.push(violatedDirective + ' ' + blockedURI))"
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{store.url}/screens/kiosk")
    await page.locator(".layer.front").wait_for()
    for show in scenes(member, "ja").values():
        await store.painted(await store.screens.show(show))
    assert await page.evaluate("window.broken") == []
    assert complaints == []
    await context.close()
