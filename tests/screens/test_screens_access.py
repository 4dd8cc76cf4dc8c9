"""Scenes stay whole on small screens and with long words, and need nothing that their policy forbids."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from edge.model import Show
from tests.screens.states import states

Member = Callable[..., Show]
Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-5")]

SCREENS = [(1280, 720), (768, 1024)]
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = SIZES[request.param]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, bypass_csp=True, reduced_motion="reduce"
    )
    yield await context.new_page()
    await context.close()


async def test_nothing_is_cut_off_on_a_tablet(browser: Browser, store: Store, member: Member) -> None:
    context = await browser.new_context(reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{store.url}/screens/kiosk")
    for show, (width, height) in itertools.product(states(member, "en").values(), SCREENS):
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
    "zh": ("有机棉双层纱布长袖家居睡衣套装 女款 米白色 均码 两件套", "库存紧张", "12分钟前"),
    "ko": ("오가닉 코튼 이중 거즈 긴소매 파자마 상하의 세트 여성용 아이보리", "얼마 안 남음", "12분 전"),
}


@pytest.mark.parametrize("screen", ["window", "kiosk"])
async def test_long_names_and_old_stock_stay_inside_their_tile(
    page: Page, store: Store, member: Member, screen: str
) -> None:
    await page.goto(f"{store.url}/screens/{screen}")
    for language, (name, much, fresh) in LONG.items():
        tiles = tuple(
            replace(tile, name=name, stock=tuple(replace(line, text=much, fresh=fresh) for line in tile.stock))
            for tile in member(screen, language).values["tiles"]
        )
        shows = [member(screen, language, tiles=tiles, **more) for more in ({}, {"product": tiles[0]})]
        shows += [member(screen, language, tiles=tiles, favourites=tiles[3:])] if screen == "kiosk" else []
        shows += [Show(screen, "product", "s", language=language, values={"product": tiles[0]})]
        for number, show in enumerate(shows):
            await store.painted(await store.screens.show(show))
            assert await page.evaluate(OVERLAP) == [], (language, number)


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
    for show in states(member, "ja").values():
        await store.painted(await store.screens.show(show))
    assert await page.evaluate("window.broken") == []
    assert complaints == []
    await context.close()
