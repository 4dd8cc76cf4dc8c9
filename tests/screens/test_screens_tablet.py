"""A tablet on a counter: less tall than a pillar, read from nearer, and all of it within reach."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from edge.model import Show
from tests.screens.states import states
from tests.screens.test_screens_look import FAULTS, STILL

Member = Callable[..., Show]
Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-5")]

SMALLEST = """() => Math.min(...[...document.querySelectorAll(".tile .name, .tile .place, .tile .much")]
    .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""
SIZE = "(node) => parseFloat(getComputedStyle(node).fontSize)"


@pytest_asyncio.fixture(loop_scope="session")
async def tablet(browser: Browser, store: Store) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 768, "height": 1024}, reduced_motion="reduce")
    await context.add_init_script(STILL)
    page = await context.new_page()
    await page.goto(f"{store.url}/screens/kiosk")
    yield page
    await context.close()


async def show(page: Page, store: Store, scene: Show) -> None:
    await page.bring_to_front()
    await store.painted(await store.screens.show(scene))


@pytest.mark.parametrize("language", ["ja", "ko"])
async def test_every_state_is_whole_on_a_tablet(tablet: Page, store: Store, member: Member, language: str) -> None:
    found = {}
    for name, scene in states(member, language).items():
        await show(tablet, store, scene)
        if wrong := await tablet.evaluate(FAULTS, {"reach": 1.0}):
            found[name] = wrong
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


async def test_the_words_of_a_tablets_tiles_have_twelve_pixels_or_more(
    tablet: Page, store: Store, member: Member
) -> None:
    for name in ("member", "opened", "members"):
        await show(tablet, store, states(member, "ja")[name])
        assert await tablet.evaluate(SMALLEST) >= 12, name


async def test_a_product_stands_whole_beside_its_words_on_a_tablet(tablet: Page, store: Store, member: Member) -> None:
    for name in ("sheet with a way on", "goods with a way on"):
        await show(tablet, store, states(member, "ja")[name])
        box = await tablet.locator(".sheet > .picture").bounding_box()
        assert box is not None
        assert box["width"] == pytest.approx(box["height"], rel=0.02), name
        assert box["width"] > 200, name


@pytest.mark.parametrize("name", ["sheet with a way on", "goods with a way on"])
async def test_larger_words_enlarge_the_stock_on_a_products_sheet(
    tablet: Page, store: Store, member: Member, name: str
) -> None:
    for width, height in ((768, 1024), (1080, 1920), (1920, 1080)):
        await tablet.set_viewport_size({"width": width, "height": height})
        await show(tablet, store, states(member, "ja")[name])
        plain = await tablet.locator(".sheet .stock").evaluate(SIZE)
        await tablet.evaluate("() => { document.documentElement.dataset.comfort = 'large'; }")
        assert await tablet.locator(".sheet .stock").evaluate(SIZE) == pytest.approx(1.2 * plain, rel=0.01)
        assert await tablet.evaluate(FAULTS, {"reach": 1.0}) == []
        await tablet.evaluate("() => { document.documentElement.dataset.comfort = ''; }")
