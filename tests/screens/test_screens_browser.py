"""A screen's page in real Chromium: it shows, acknowledges, reports, and forgets."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page

from content.model import LoopItem
from edge.model import Loop, Played, Show, Touched
from tests.chromium import becomes

Member = Callable[..., Show]
Store = Any
pytestmark = pytest.mark.asyncio(loop_scope="session")

LEFT_BEHIND = """async () => {
    const kept = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            kept.push(request.url, await (await cache.match(request)).text());
        }
    }
    const databases = (await indexedDB.databases()).map((each) => each.name);
    return [document.documentElement.outerHTML, document.title, document.cookie, location.href, ...kept, ...databases,
        JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), JSON.stringify(history.state)];
}"""
PRESSED = """() => {
    document.querySelector("#stage .end").click();
    return {scene: document.body.dataset.scene, page: document.documentElement.outerHTML,
        attract: document.querySelector("#attract").innerText,
        invited: document.querySelector(".invitation").checkVisibility({visibilityProperty: true})};
}"""


BELOW = """() => new Promise((resolve) => {
    const [a, b] = document.querySelectorAll(".layer");
    const front = a.classList.contains("front") ? a : b;
    const opacity = (layer) => Number(getComputedStyle(layer).opacity);
    new MutationObserver(() => {
        const seen = [];
        const look = () => seen.push(Math.max(opacity(a), opacity(b))) < 20
            ? requestAnimationFrame(look) : resolve(seen);
        look();
    }).observe(front, {attributes: true});
})"""


async def watch(page: Page, store: Store, screen: str) -> None:
    """Open a screen's page and wait until it shows the loop that the service gave it."""
    await page.goto(f"{store.url}/screens/{screen}")
    await page.locator(".layer.front").wait_for()


async def colours(page: Page) -> int:
    """How many colours the screen shows now: a blank one has one."""
    picture = Image.open(io.BytesIO(await page.screenshot()))
    return len(picture.convert("RGB").resize((108, 192)).getcolors(108 * 192) or ())


def item(url: str, content: str, kind: str = "image") -> LoopItem:
    return LoopItem(url, kind, 1.0, content, "")


@pytest.mark.promise("S-4")
async def test_the_loop_plays_at_once_under_the_invitation(page: Page, store: Store) -> None:
    await watch(page, store, "window")
    assert await page.locator("#attract").inner_text() != ""
    assert await page.locator("#stage").inner_text() == ""
    assert await colours(page) > 50


async def test_what_is_drawn_below_never_shines_through_a_crossfade(page: Page, store: Store) -> None:
    first = dataclasses.replace(item("/static/art/default-welcome.svg", "first"), seconds=2.0)
    await store.screens.loop("window", Loop("1", (first,)))
    await watch(page, store, "window")
    await becomes(page, "getComputedStyle(document.querySelector('.layer.front')).opacity === '1'")
    drawn = item("/static/art/default-stock.svg", "stock")
    await store.screens.loop("window", Loop("2", (drawn, dataclasses.replace(drawn, content="again"))))
    seen = await page.evaluate(BELOW)
    assert seen
    assert min(seen) == 1


@pytest.mark.parametrize("rule", ["interrupt", "emergency"])
async def test_what_cuts_in_comes_at_once_and_goes_at_once(page: Page, store: Store, rule: str) -> None:
    usual, now = (
        dataclasses.replace(item(f"/static/art/default-{name}.svg", name), seconds=600.0, rule=why)
        for name, why in (("stock", "default"), ("member", rule))
    )
    await store.screens.loop("window", Loop("2", (usual,)))
    await watch(page, store, "window")
    await page.locator(".layer.front img[src*='default-stock']").wait_for(timeout=60_000)
    await store.screens.loop("window", Loop("3", (now,)))
    await page.locator(".layer.front img[src*='default-member']").wait_for(timeout=60_000)
    await store.screens.loop("window", Loop("4", (usual,)))
    await page.locator(".layer.front img[src*='default-stock']").wait_for(timeout=60_000)
    assert await colours(page) > 50


async def test_a_members_scene_is_shown_and_its_paint_acknowledged(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    event = await store.screens.show(member("kiosk"))
    painted = await store.painted(event)
    assert "会員さま" in await page.locator("#stage").inner_text()
    now = await page.evaluate("performance.timeOrigin + performance.now()")
    assert 0 < now - painted.wall_ms < 60_000
    assert await page.locator("html").get_attribute("lang") == "ja"


async def test_the_same_scene_told_again_leaves_every_button_under_its_finger(
    page: Page, store: Store, member: Member
) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await page.evaluate("window.tile = document.querySelector('.tile')")
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), seconds=9.0)))
    assert await page.evaluate("window.tile.isConnected")
    await becomes(page, "Number(document.querySelector('[data-ring] b').textContent) <= 9")


@pytest.mark.parametrize(
    ("button", "action", "value"),
    [
        (".end", "end", ""),
        (".strong", "personal", ""),
        (".quiet >> nth=0", "language", "en"),
        (".tile >> nth=2", "product", "sku-2"),
        ("h1", "more", ""),
    ],
)
async def test_a_touch_is_reported(
    page: Page, store: Store, member: Member, button: str, action: str, value: str
) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await page.locator(f"#stage {button}").click()
    touched = await store.report(lambda report: isinstance(report, Touched))
    assert touched == Touched("kiosk", "session-1", action, value)


@pytest.mark.promise("S-2")
async def test_after_the_end_nothing_of_the_member_is_left(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    secret = dataclasses.replace(member("kiosk", nickname="かさん", headline="かつおぶし"), session="session-77")
    await store.painted(await store.screens.show(secret))
    assert "かつおぶし" in str(await page.evaluate(LEFT_BEHIND))
    await store.painted(await store.screens.show(Show("kiosk", "loop")))
    left = str(await page.evaluate(LEFT_BEHIND))
    for trace in ("かつおぶし", "かさん", "session-77", "sku-", "会員さま", "/media/products/"):
        assert trace not in left


@pytest.mark.promise("S-2")
async def test_a_scene_ends_by_itself_when_nobody_ends_it(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), seconds=0.2)))
    await page.locator("body[data-scene=loop]").wait_for()
    assert await page.locator("#stage").inner_html() == ""


async def test_stock_that_changes_keeps_the_pictures(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "window")
    await store.painted(await store.screens.show(member("window")))
    await page.evaluate("document.querySelector('.tile img').decode()")
    await page.evaluate("window.kept = document.querySelector('.tile img')")
    await store.painted(await store.screens.show(member("window", headline="あと1点")))
    assert await page.evaluate("window.kept === document.querySelector('.tile img')")


async def test_a_tap_that_began_before_a_stock_line_changed_counts(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    box = await page.locator(".tile >> nth=2").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await store.painted(await store.screens.show(member("kiosk", headline="あと1点")))
    await page.mouse.up()
    touched = await store.report(lambda report: isinstance(report, Touched))
    assert touched == Touched("kiosk", "session-1", "product", "sku-2")


async def test_the_countdown_runs(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await becomes(page, "Number(document.querySelector('[data-ring] b').textContent) < 20")
    left = await page.locator("[data-ring]").evaluate("ring => Number(ring.style.getPropertyValue('--left'))")
    assert 0 < left < 1


@pytest.mark.promise("C-5")
async def test_each_play_is_reported_with_what_it_was(page: Page, store: Store) -> None:
    await store.screens.loop("window", Loop("v2", (item("/media/products/1.svg", "mug"),)))
    await watch(page, store, "window")
    played = await store.report(lambda report: isinstance(report, Played))
    assert (played.screen, played.item.content, played.complete) == ("window", "mug", True)
    assert store.screens.playing("window") == "mug"


async def test_a_scene_interrupts_the_loop_and_says_so(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "window")
    await store.painted(await store.screens.show(member("window")))
    played = await store.report(lambda report: isinstance(report, Played))
    assert (played.item.content, played.complete) == ("default-welcome", False)


@pytest.mark.promise("S-4")
async def test_items_that_cannot_be_shown_are_passed_over(page: Page, store: Store) -> None:
    broken = (item("/media/gone.jpg", "gone"), item("/media/products/1.svg", "no film", "video"))
    await store.screens.loop("window", Loop("v2", (*broken, item("/media/products/2.svg", "towel"))))
    await watch(page, store, "window")
    played = await store.report(lambda report: isinstance(report, Played))
    assert played.item.content == "towel"
    assert await colours(page) > 10


@pytest.mark.promise("S-4")
async def test_a_loop_of_which_nothing_can_be_shown_leaves_our_own_picture(page: Page, store: Store) -> None:
    await store.screens.loop("window", Loop("v2", (item("/media/gone.jpg", "gone"),)))
    async with page.expect_response("**/media/gone.jpg"):
        await page.goto(f"{store.url}/screens/window")
    await page.locator(".drawn").wait_for()
    assert await page.locator(".layer.front").count() == 0
    assert await colours(page) > 50


@pytest.mark.promise("C-1")
async def test_a_file_that_is_not_what_was_promised_never_replaces_the_good_loop(page: Page, store: Store) -> None:
    first = item("/media/products/0.svg", "first")
    await store.screens.loop("window", Loop("v1", (first,)))
    await watch(page, store, "window")
    forged = dataclasses.replace(item("/media/products/1.svg", "forged"), sha256="0" * 64)
    good = item("/media/products/2.svg", "good")
    await store.screens.loop("window", Loop("v2", (forged,)))
    await store.screens.loop("window", Loop("v3", (forged, good)))
    played = await store.report(lambda report: isinstance(report, Played))
    assert (played.item.content, played.complete) == ("first", True)
    await store.report(lambda report: isinstance(report, Played) and report.item.content == "good")
    assert "forged" not in [report.item.content for report in store.reports if isinstance(report, Played)]


async def test_two_pages_may_show_one_screen(page: Page, store: Store, member: Member) -> None:
    second = await page.context.new_page()
    for each in (page, second):
        await watch(each, store, "kiosk")
    await store.screens.show(member("kiosk"))
    for each in (page, second):
        await each.locator("#stage .member").wait_for()
    assert store.screens.watchers("kiosk") == 2


async def test_a_page_renews_itself_when_another_version_is_served(page: Page, store: Store) -> None:
    await page.clock.install()
    await watch(page, store, "window")
    page_before = store.screens.assets
    object.__setattr__(store.screens, "assets", dataclasses.replace(page_before, version="0123456789ab"))
    async with page.expect_navigation():
        await page.clock.run_for(11_000)
    store.screens.assets = page_before


@pytest.mark.promise("S-2")
async def test_the_end_button_clears_the_scene_at_the_touch_itself(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk", "en", headline="かつおぶし")))
    await page.evaluate("() => { WebSocket.prototype.send = () => {}; }")  # nobody can be told
    pressed = await page.evaluate(PRESSED)  # in one go, as the thanks are over soon
    assert pressed["scene"] == "loop"
    assert "かつおぶし" not in pressed["page"]
    assert "Thank you" in pressed["attract"]
    assert not pressed["invited"]
    await page.locator(".invitation").wait_for()
    assert await page.locator(".thanks:visible").count() == 0


async def test_the_page_speaks_the_language_of_its_scene_and_its_own_after_it(
    page: Page, store: Store, member: Member
) -> None:
    await watch(page, store, "kiosk")
    for show, tag in ((member("kiosk", "zh"), "zh-Hans"), (Show("kiosk", "loop"), "ja")):
        await store.painted(await store.screens.show(show))
        assert await page.locator("html").get_attribute("lang") == tag


async def test_thanks_make_room_for_who_comes_next(page: Page, store: Store, member: Member) -> None:
    await page.clock.install()
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk", "en")))
    assert "Thank you" in (await page.evaluate(PRESSED))["attract"]
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), session="session-2")))
    assert await page.locator("#attract.thanking, .thanks:not([hidden])").count() == 0


TAPS = """(times) => times.forEach((at) => {
    const tap = new MouseEvent("click", {bubbles: true});
    Object.defineProperty(tap, "timeStamp", {value: at});
    document.querySelector("#stage .strong").dispatchEvent(tap);
})"""


async def test_two_taps_as_of_one_trembling_finger_are_one(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await page.evaluate(TAPS, [10_000, 10_340, 10_360])
    await page.locator("#stage .tile").first.click()
    await store.report(lambda report: isinstance(report, Touched) and report.action == "product")
    assert [report.action for report in store.reports if isinstance(report, Touched)] == [
        "personal", "personal", "product",
    ]  # fmt: skip


@pytest.mark.promise("S-2")
async def test_nothing_more_of_a_session_that_was_ended_is_shown(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk")))
    await page.evaluate("() => { window.send = WebSocket.prototype.send; WebSocket.prototype.send = () => {}; }")
    await page.locator("#stage .end").click()
    await page.evaluate("() => { WebSocket.prototype.send = window.send; }")
    await store.screens.show(member("kiosk", headline="かつおぶし"))  # the service has not heard of the end
    touched = await store.report(lambda report: isinstance(report, Touched))
    assert touched == Touched("kiosk", "session-1", "end", "")
    assert await page.locator("#stage").inner_html() == ""
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), session="session-2")))
    assert await page.locator("#stage .tile").count() == 6


@pytest.mark.promise("S-2")
async def test_a_page_that_a_browser_keeps_for_later_keeps_nobody(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(member("kiosk", headline="かつおぶし")))
    hide = "dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"
    assert await page.evaluate(f"{hide}; document.getElementById('stage').innerHTML") == ""
    async with page.expect_navigation():
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")


async def test_a_page_never_renews_itself_under_a_shoppers_eyes(page: Page, store: Store, member: Member) -> None:
    await page.clock.install()
    await watch(page, store, "kiosk")
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), seconds=120.0)))
    await page.evaluate("window.same = true")
    object.__setattr__(store.screens, "assets", dataclasses.replace(store.screens.assets, version="0123456789ab"))
    await page.clock.run_for(11_000)
    await page.wait_for_timeout(1500)  # a heartbeat that tells of the version
    assert await page.evaluate("window.same") is True
    async with page.expect_navigation():
        await store.screens.show(Show("kiosk", "loop"))
