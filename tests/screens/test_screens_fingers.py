"""What fingers do to a page beside touching its buttons: nothing of it is left to whoever comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession

from edge.model import Show, Touched

Member = Callable[..., Show]
Store = Any
pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOP, TILE = 200, 740
"""Lines of a page at which the loop's picture or a scene's poster lies, and at which a tile does."""


async def spread(engine: CDPSession, y: int) -> None:
    """Two fingers laid on at this line go apart, and a touchpad's do."""
    for kind, apart in (("touchStart", 20), *(("touchMove", apart) for apart in range(40, 260, 20))):
        points = [{"x": 300 + side * apart, "y": y, "id": number} for number, side in enumerate((-1, 1))]
        await engine.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await engine.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await engine.send("Input.synthesizePinchGesture", {"x": 300, "y": y, "scaleFactor": 3.0})


@pytest.mark.promise("S-4")
async def test_two_fingers_magnify_neither_the_loop_nor_a_scene(browser: Browser, store: Store, member: Member) -> None:
    context = await browser.new_context(viewport={"width": 768, "height": 1024}, has_touch=True)
    page = await context.new_page()
    await page.goto(f"{store.url}/screens/kiosk")
    engine = await context.new_cdp_session(page)
    for scene in (Show("kiosk", "loop"), member("kiosk")):
        await store.painted(await store.screens.show(scene))
        for y in (LOOP, TILE):
            await spread(engine, y)
            assert await page.evaluate("visualViewport.scale") == 1
    await page.locator("button.tile").first.tap()
    assert await store.report(lambda each: isinstance(each, Touched) and each.action == "product")
    await context.close()
