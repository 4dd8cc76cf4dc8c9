"""Every deadline of a session, seen in Chromium with a driven clock: nothing here waits for time, nor measures it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, TimeoutError

from edge.members.classify import Reason
from edge.model import Code, Crowd, Gone, PutDown
from tests import chromium
from tests.e2e.driven import Store, advance, driven, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.promise("S-2")]
KIOSK, SIGN = "kiosk-1", "sign-1"
SIZES = {KIOSK: (1080, 1920), SIGN: (1920, 1080)}

LEFT = """() => ({scene: document.body.dataset.scene, stage: document.querySelector("#stage").innerHTML,
    longest: Math.max(0, ...document.getAnimations().filter((each) => each.effect.target?.closest?.("#stage"))
        .map((each) => each.effect.getComputedTiming().endTime))})"""
REACHED = """(selector) => { const box = document.querySelector(selector).getBoundingClientRect();
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).closest(selector) !== null; }"""
EVERY_CHANGE = """() => { window.seen = []; const stage = document.querySelector("#stage");
    new MutationObserver(() => window.seen.push(stage.textContent)).observe(stage,
        {childList: true, subtree: true, characterData: true, attributes: true}); }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium.launched() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    with pytest.MonkeyPatch.context() as patch:
        async with driven(tmp_path_factory.mktemp("driven"), patch) as made:
            yield made


@pytest.fixture
def store(shop: Store) -> Store:
    shop.touches.clear()
    return shop


@pytest_asyncio.fixture(loop_scope="module")
async def kiosk(browser: Browser, store: Store) -> AsyncIterator[Page]:
    page = await watched(browser, store, KIOSK)
    yield page
    await page.context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sign(browser: Browser, store: Store) -> AsyncIterator[Page]:
    page = await watched(browser, store, SIGN)
    yield page
    await page.context.close()


async def watched(browser: Browser, store: Store, screen: str) -> Page:
    """A screen's page with its loop on, and its time standing still."""
    width, height = SIZES[screen]
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{store.url}/screens/{screen}")
    await page.locator(".layer.front").wait_for()
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))
    await store.beat()
    return page


async def scene(page: Page) -> str:
    return str(await page.evaluate("document.body.dataset.scene"))


async def ring(page: Page, within: str = ".controls") -> str:
    return await page.locator(f"{within} [data-ring] b").inner_text()


async def nothing_is_shown(page: Page) -> None:
    left = await page.evaluate(LEFT)
    assert (left["scene"], left["stage"]) == ("loop", "")


async def test_a_kiosk_counts_down_gives_more_time_and_ends(store: Store, kiosk: Page) -> None:
    await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    await store.pass_on(5, kiosk)
    assert (await scene(kiosk), await ring(kiosk)) == ("member", "10")
    await store.pass_on(10, kiosk)
    assert await ring(kiosk, ".warning") == "5"
    await store.pass_on(3, kiosk)
    assert await ring(kiosk, ".warning") == "2"
    await kiosk.locator(".warning [data-action=more]").click()
    await store.touched()
    await store.pass_on(14, kiosk)
    assert (await kiosk.locator(".warning").count(), await ring(kiosk)) == (0, "1")
    await store.pass_on(5, kiosk)
    assert await kiosk.locator(".warning").count() == 1
    await store.pass_on(1, kiosk)
    await nothing_is_shown(kiosk)


async def test_a_kiosk_ends_after_three_minutes_whatever_is_touched(store: Store, kiosk: Page) -> None:
    await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    for touches in range(1, 13):
        await store.pass_on(14, kiosk)
        await kiosk.locator("#stage h1").click()
        await store.touched(touches)
    await store.pass_on(11, kiosk)
    assert (await scene(kiosk), await ring(kiosk)) == ("member", "1")
    await store.pass_on(1, kiosk)
    await nothing_is_shown(kiosk)


async def test_a_product_held_up_goes_by_itself(store: Store, kiosk: Page) -> None:
    await store.hold(KIOSK, store.product().gtin)
    await store.painted(KIOSK, kiosk)
    await store.pass_on(14, kiosk)
    assert (await scene(kiosk), await kiosk.locator(".warning").count()) == ("product", 0)
    await store.pass_on(5, kiosk)
    assert await kiosk.locator(".warning").count() == 1
    await store.pass_on(1, kiosk)
    await nothing_is_shown(kiosk)


async def test_a_sign_lets_go_of_codes_and_products_and_after_ninety_seconds(store: Store, sign: Page) -> None:
    await store.scan(SIGN, store.code())
    await store.painted(SIGN, sign)
    await store.pass_on(40, sign)
    assert (await scene(sign), await sign.locator("[data-ring]").count()) == ("member", 0)
    await store.see(SIGN, Gone("eye", store.now))
    await store.pass_on(11, sign)
    assert await ring(sign) == "1"
    await store.pass_on(1, sign)
    await nothing_is_shown(sign)
    await store.hold(SIGN, store.product().gtin)
    await store.see(SIGN, PutDown("eye", store.now))
    await store.painted(SIGN, sign)
    assert await scene(sign) == "product"
    await store.pass_on(12, sign)
    await nothing_is_shown(sign)
    await store.scan(SIGN, store.code())
    await store.pass_on(89, sign)
    assert await scene(sign) == "member"
    await store.pass_on(1, sign)
    await nothing_is_shown(sign)


async def test_a_hint_goes_after_five_seconds(store: Store, kiosk: Page) -> None:
    await store.see(KIOSK, Crowd("eye", store.now))
    await store.pass_on(4, kiosk)
    assert await scene(kiosk) == "notice"
    await store.pass_on(1, kiosk)
    await nothing_is_shown(kiosk)


async def test_a_token_shown_again_after_its_session_shows_a_hint_alone(store: Store, kiosk: Page) -> None:
    code = store.code("PNC")
    await store.scan(KIOSK, code)
    await store.painted(KIOSK, kiosk)
    await kiosk.locator(".controls [data-action=end]").click()
    await store.touched()
    await store.see(KIOSK, Gone("eye", store.now))
    show = await store.scan(KIOSK, code)
    await store.painted(KIOSK, kiosk)
    assert (show.scene, show.session, await scene(kiosk)) == ("notice", "", "notice")
    assert await kiosk.locator("[data-action]").count() == 0


async def test_a_page_ends_a_scene_that_its_service_forgot(store: Store, kiosk: Page) -> None:
    await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    await store.pass_on(16, kiosk, ticking=False)
    assert await scene(kiosk) == "member"
    await store.pass_on(1, kiosk, ticking=False)
    await nothing_is_shown(kiosk)


async def test_a_page_that_hears_nothing_shows_the_loop_within_three_seconds(store: Store, kiosk: Page) -> None:
    await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    store.silent = store.parts.screens.closed = True
    await store.pass_on(2, kiosk, ticking=False)
    assert await scene(kiosk) == "member"
    await store.pass_on(0.75, kiosk, ticking=False)
    await nothing_is_shown(kiosk)
    store.silent = store.parts.screens.closed = False
    for _ in range(60):  # the pause after a refused attempt begins only when a busy browser has heard of the refusal
        await advance(kiosk, 1)
        with suppress(TimeoutError):
            await kiosk.locator("body[data-scene=member]").wait_for(timeout=1000)
            return
    raise AssertionError("the page did not come back")


OPENED = {
    "the member's scene": "",
    "a product's sheet": "button.tile",
    "what is their own": "[data-action=personal]",
}


@pytest.mark.parametrize("opened", list(OPENED))
async def test_the_end_button_clears_the_scene_in_the_frame_after_the_touch(
    store: Store, kiosk: Page, opened: str
) -> None:
    show = await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    if OPENED[opened]:
        await kiosk.locator(OPENED[opened]).first.click()
        await store.touched()
        await store.painted(KIOSK, kiosk)
    await the_end_is_at_once(store, kiosk, ".controls [data-action=end]", show.session)


async def test_the_end_button_of_the_countdown_clears_the_scene_at_once(store: Store, kiosk: Page) -> None:
    show = await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    await store.pass_on(16, kiosk)
    await the_end_is_at_once(store, kiosk, ".warning [data-action=end]", show.session)


async def the_end_is_at_once(store: Store, page: Page, button: str, session: str) -> None:
    """Neither a word of the service nor a millisecond of the page's clock is needed; what moves moves for 300 ms."""
    assert await page.evaluate(REACHED, button), "nothing lies over the button"
    stage = store.parts.stages[KIOSK]
    await page.evaluate(f"document.querySelector('{button}').click()")
    left = await page.evaluate(LEFT)
    assert (left["scene"], left["stage"]) == ("loop", "")
    assert 0 < left["longest"] <= 300
    await store.parts.screens.show(store.shown[-1])  # what was on its way when the finger came down
    await store.beat()
    await nothing_is_shown(page)
    await until(lambda: stage._session.id != session, "the service heard of the end")
    assert store.parts.screens.shown(KIOSK).scene == "loop"
    await store.beat()
    await nothing_is_shown(page)


async def test_two_people_are_never_on_the_screen_together(store: Store, kiosk: Page) -> None:
    anna, ben = "annaannaanna", "benbenbenben"
    await store.scan(KIOSK, store.code("P", anna))
    await store.painted(KIOSK, kiosk)
    await kiosk.locator("[data-action=personal]").click()
    await store.touched()
    await store.painted(KIOSK, kiosk)
    assert anna in await kiosk.locator("#stage").inner_text()
    await kiosk.evaluate(EVERY_CHANGE)
    await store.see(KIOSK, Gone("eye", store.now))
    await store.scan(KIOSK, store.code("P", ben))
    await store.painted(KIOSK, kiosk)
    seen = await kiosk.evaluate("window.seen")
    assert seen, "the page changed"
    assert [text for text in seen if anna in text] == []
    await kiosk.locator("[data-action=personal]").click()
    await store.touched(2)
    await store.painted(KIOSK, kiosk)
    assert ben in await kiosk.locator("#stage").inner_text()
    assert anna not in await kiosk.content()


async def test_a_page_that_was_left_remembers_nobody(store: Store, kiosk: Page) -> None:
    anna = "annakanariya"
    await store.scan(KIOSK, store.code("P", anna))
    await store.painted(KIOSK, kiosk)
    await kiosk.locator("[data-action=personal]").click()
    await store.touched()
    await store.painted(KIOSK, kiosk)
    assert anna in await memory(kiosk)
    await kiosk.locator("[data-action=end]").click()
    await store.touched(2)
    await store.pass_on(3, kiosk)
    await store.see(KIOSK, Gone("eye", store.now))
    assert anna not in await memory(kiosk)


async def memory(page: Page) -> str:
    """All that the page's scripts could still reach, and the pieces of documents that they took out and kept."""
    engine = await page.context.new_cdp_session(page)
    parts: list[str] = []
    engine.on("HeapProfiler.addHeapSnapshotChunk", lambda event: parts.append(event["chunk"]))
    for _ in range(2):
        await engine.send("HeapProfiler.collectGarbage")
    await engine.send("HeapProfiler.takeHeapSnapshot")
    await engine.send("DOM.enable")
    kept = await engine.send("DOM.getDetachedDomNodes")
    await engine.detach()
    return "".join(parts) + json.dumps(kept, ensure_ascii=False)


async def test_a_refused_code_blanks_who_stands_there(store: Store, kiosk: Page) -> None:
    await store.scan(KIOSK, store.code())
    await store.painted(KIOSK, kiosk)
    await store.scan(KIOSK, Code(store.code().text[:-3] + "000", "qrcode", "zxing"))
    await store.painted(KIOSK, kiosk)
    assert await scene(kiosk) == "notice"
    assert str(Reason.SIGNATURE) not in await kiosk.content()
