"""Every state in every language, upright and lying: looked at, measured, and kept as pictures among the artefacts."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from edge.config import Notice, Screen
from edge.model import LANGUAGES, DeviceClass, Show
from edge.screens.assets import Assets
from edge.screens.hub import Screens
from tests.noticed import ADDRESS, OPERATOR
from tests.screens.states import CHOICES, opened, states

Member = Callable[..., Show]
Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-5")]

PICTURES = Path(__file__).parent.parent.parent / ".artifacts" / "screens"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """(rules) => axe.run(document, {...rules, resultTypes: ["violations"], selectors: false, preload: false})
    .then(({violations}) => violations.map(({id, nodes}) => [id, nodes.map((node) => node.html.slice(0, 160))]))"""
STILL = """(() => {
    const plain = window.setTimeout;
    window.setTimeout = (call, ms, ...given) => (ms > 2000 ? 0 : plain(call, ms, ...given));
})();"""
"""Nothing ends by itself, however long a busy machine looks: no scene, no word of thanks, no picture of the loop."""
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
COMFORTS = ("panel", "contrast", "large", "reach", "reach large")
COMFORTABLE = (
    "member",
    "opened",
    "sheet with a way on",
    "missing",
    "goods",
    "goods choices",
    "wish confirmed",
)

FAULTS = """async ({reach}) => {
    await Promise.all([...document.querySelectorAll("#stage img")].map((img) => img.decode().catch(() => 0)));
    const name = (node) => node.outerHTML.slice(0, 120);
    const faults = [];
    const outside = (box, room, slack) => box.left < room.left - slack || box.right > room.right + slack
        || box.top < room.top - slack || box.bottom > room.bottom + slack;
    const view = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};
    for (const button of document.querySelectorAll("button:not([inert] *)")) {
        const box = button.getBoundingClientRect();
        if (!box.width) continue;
        if (Math.min(box.width, box.height) < 60) faults.push(["too small", name(button)]);
        if (outside(box, view, 0)) faults.push(["off the screen", name(button)]);
        const wish = button.closest(".sheet")?.querySelector(".wish")?.getBoundingClientRect();
        if (wish && box.right > wish.left && box.left < wish.right && box.bottom > wish.top && box.top < wish.bottom)
            faults.push(["under a wish", name(button)]);
        if (box.top < innerHeight * (1 - reach)) faults.push(["out of reach", name(button)]);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode;
        const parent = node.parentElement;
        const seen = parent.checkVisibility({visibilityProperty: true}) && !parent.closest(".unseen");
        if (!node.data.trim() || !seen) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) {
            if (outside(box, view, 1.5)) faults.push(["off the screen", name(parent)]);
            for (let room = parent; room && room !== document.body; room = room.parentElement) {
                const style = getComputedStyle(room);
                if (style.overflowX === "visible" || style.webkitLineClamp !== "none") continue;
                if (outside(box, room.getBoundingClientRect(), 1.5)) faults.push(["cut off", name(parent)]);
            }
        }
    }
    return faults;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def store(assets: Assets, served: Any) -> AsyncIterator[Store]:
    """A kiosk that reads codes and products with a camera, so that every state stands below the camera's notice."""
    kiosk = Screen(id="kiosk", name="レジ横", device_class=DeviceClass.KIOSK)
    screens = Screens([kiosk], assets, wares=True, notice=Notice(operator=OPERATOR, address=ADDRESS), watched=["kiosk"])
    async with served(screens) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def page(browser: Browser, store: Store, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = SIZES[request.param]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, bypass_csp=True, reduced_motion="reduce"
    )
    await context.add_init_script(STILL)
    made = await context.new_page()
    await made.goto(f"{store.url}/screens/kiosk")
    await made.locator(".layer.front").wait_for()
    await made.evaluate(AXE)
    yield made
    await context.close()


def way(page: Page) -> str:
    """Which way up the screen stands."""
    view = page.viewport_size
    assert view is not None
    return "portrait" if view["height"] > view["width"] else "landscape"


async def keep(page: Page, name: str) -> None:
    """A picture of the state among the run's artefacts."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{way(page)} {name}.jpg", type="jpeg", quality=85)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_state_can_be_read_and_reached(page: Page, store: Store, member: Member, language: str) -> None:
    reach = 0.4 if way(page) == "portrait" else 1.0
    found = {}
    for name, show in states(member, language).items():
        await store.painted(await store.screens.show(show))
        wrong = await page.evaluate(FAULTS, {"reach": reach})
        if language == "ja" or name not in CHOICES:  # what axe finds in a table and its buttons is in no words
            wrong += await page.evaluate(RUN, {"runOnly": TAGS})
        if wrong:
            found[name] = wrong
        await keep(page, f"{language} {name}")
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


async def test_every_comfort_can_be_read_and_reached(page: Page, store: Store, member: Member) -> None:
    found = {}
    shown = states(member, "ja")
    for comfort, name in itertools.product(COMFORTS, COMFORTABLE):
        await store.painted(await store.screens.show(shown[name]))
        await page.evaluate("(comfort) => { document.documentElement.dataset.comfort = comfort; }", comfort)
        reach = 0.4 if way(page) == "portrait" else 0.5 if "reach" in comfort else 1.0
        wrong = await page.evaluate(FAULTS, {"reach": reach})
        if comfort == "contrast":
            wrong += await page.evaluate(RUN, {"runOnly": ["color-contrast-enhanced"]})
        if wrong:
            found[f"{comfort} {name}"] = wrong
        await keep(page, f"{comfort} {name}")
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


async def test_reach_brings_the_words_down_too(page: Page, store: Store, member: Member) -> None:
    await store.painted(await store.screens.show(opened(member, "ja")))
    await page.evaluate("() => { document.documentElement.dataset.comfort = 'reach'; }")
    words = await page.locator(".poster .words").bounding_box()
    view = page.viewport_size
    assert words is not None
    assert view is not None
    assert words["y"] >= (0.6 if way(page) == "portrait" else 0.5) * view["height"] - 40, "the greeting leans over"


async def test_thanks_are_said_in_the_invitations_place(page: Page, store: Store, member: Member) -> None:
    await store.painted(await store.screens.show(member("kiosk", "ko")))
    await page.locator("#stage .end").click()
    await page.locator(".thanks[lang=ko]").wait_for()
    assert await page.evaluate(RUN, {"runOnly": TAGS}) == []
    await keep(page, "ko thanks")


async def test_one_state_is_sharp_in_4k(browser: Browser, store: Store, member: Member) -> None:
    context = await browser.new_context(viewport={"width": 2160, "height": 3840}, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{store.url}/screens/kiosk")
    await store.painted(await store.screens.show(opened(member, "ja")))
    assert await page.evaluate(FAULTS, {"reach": 0.4}) == []
    await keep(page, "ja opened 4k")
    await context.close()
