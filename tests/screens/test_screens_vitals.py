"""A page says how it is, in numbers; one that grew too much begins afresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page

from edge.model import Measured, Show
from tests.chromium import becomes

Member = Callable[..., Show]
Store = Any
pytestmark = pytest.mark.asyncio(loop_scope="session")

FIGURES = {"pages", "page_width", "page_height", "page_heap_mb", "page_nodes", "page_dropped_frames", "page_hidden"}
SWOLLEN = """async ([heap, nodes, age]) => {
    const script = document.querySelector("script[type=module]").src;
    const {swollen} = await import(script.replace("main.js", "vitals.js"));
    return swollen({heap, nodes}, age);
}"""


async def test_an_acknowledgement_brings_the_figures_of_the_page(page: Page, store: Store, member: Member) -> None:
    await page.goto(f"{store.url}/screens/kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await store.report(lambda report: report == Measured("kiosk"))
    told = store.screens.figures("kiosk")
    assert set(told) == FIGURES
    assert (told["pages"], told["page_width"], told["page_height"], told["page_hidden"]) == (1, 1080, 1920, 0)
    assert told["page_heap_mb"] > 0.1
    assert told["page_nodes"] == await page.evaluate("document.getElementsByTagName('*').length")


EVERY = """(() => {
    const plain = window.setInterval;
    window.every = [];
    window.setInterval = (call, ms, ...given) => {
        window.every.push([ms, call]);
        return plain(call, ms, ...given);
    };
})()"""


async def test_figures_come_twice_a_minute_and_go_with_their_page(page: Page, store: Store) -> None:
    await page.add_init_script(EVERY)
    await page.goto(f"{store.url}/screens/window")
    await page.locator(".layer.front").wait_for()
    await store.report(lambda report: isinstance(report, Measured))
    await becomes(page, "window.every.some(([ms]) => ms === 30000)")
    store.reports.clear()
    await page.evaluate("window.every.find(([ms]) => ms === 30000)[1]()")
    await store.report(lambda report: isinstance(report, Measured))
    await page.close()
    while store.screens.watchers("window"):
        await store.screens.reports.get()
    assert store.screens.figures("window") == {"pages": 0}


async def test_two_pages_of_a_screen_give_the_worse_figures(page: Page, store: Store) -> None:
    small = await page.context.new_page()
    await small.set_viewport_size({"width": 800, "height": 600})
    for each in (page, small):
        await each.goto(f"{store.url}/screens/window")
    while (told := store.screens.figures("window")).get("page_width") != 800 or told["pages"] < 2:
        await store.screens.reports.get()
    assert told["pages"] == 2


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("heap", "nodes", "age", "afresh"),
    [
        (50e6, 400, 100 * HOUR, False),
        (400e6, 400, HOUR + 1, True),
        (50e6, 6000, HOUR + 1, True),
        (400e6, 6000, HOUR - 1, False),
    ],
)
async def test_a_page_that_grew_is_afresh_after_an_hour_at_the_soonest(
    page: Page, store: Store, heap: float, nodes: int, age: float, afresh: bool
) -> None:
    await page.goto(f"{store.url}/screens/window")
    assert await page.evaluate(SWOLLEN, [heap, nodes, age]) is afresh


async def test_a_swollen_page_begins_afresh_from_the_loop(page: Page, store: Store) -> None:
    await page.clock.install()
    await page.goto(f"{store.url}/screens/window")
    await page.locator(".layer.front").wait_for()
    await page.evaluate("for (let i = 0; i < 6000; i++) document.getElementById('attract').append('', new Image())")
    async with page.expect_navigation():
        await page.clock.fast_forward(HOUR + 1000)
