"""Contrast, larger words, reach, tones, movement: chosen by who stands there, and gone with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from edge.config import Screen
from edge.model import DeviceClass, Show, Touched
from edge.screens.assets import Assets
from edge.screens.hub import Screens
from tests.chromium import becomes
from tests.screens.states import notice, opened, states

Member = Callable[..., Show]
Store = Any
pytestmark = pytest.mark.asyncio(loop_scope="session")

CHOSEN = "document.documentElement.dataset.comfort"
KEPT = """async () => [document.cookie, JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}),
    (await indexedDB.databases()).length, location.href]"""
TONES = """
window.tones = [];
window.OscillatorNode = class extends OscillatorNode {
    constructor(audio, options) { super(audio, options); window.tones.push(Math.round(options.frequency)); }
};
"""
MOVES = """() => document.getAnimations().filter(({effect}) => document.getElementById("stage").contains(effect.target))
    .map(({animationName, effect}) => [animationName, effect.getComputedTiming().endTime])"""


async def watch(page: Page, store: Store, show: Show) -> None:
    await page.goto(f"{store.url}/screens/kiosk")
    await store.painted(await store.screens.show(show))


async def choose(page: Page, name: str) -> None:
    if "panel" not in str(await page.evaluate(CHOSEN)):
        await page.locator("button[data-comfort=panel]").click()
    await page.locator(f"button[data-comfort={name}]").click()


async def test_a_choice_holds_while_the_session_does_and_is_stored_nowhere(
    page: Page, store: Store, member: Member
) -> None:
    await watch(page, store, member("kiosk"))
    before = await page.evaluate(KEPT)
    await choose(page, "contrast")
    await choose(page, "reach")
    await store.painted(await store.screens.show(member("kiosk", "en")))
    assert await page.evaluate(CHOSEN) == "panel contrast reach"
    assert await page.locator("button[data-comfort=reach]").get_attribute("aria-pressed") == "true"
    assert await page.evaluate(KEPT) == before
    await store.painted(await store.screens.show(Show("kiosk", "loop")))
    assert await page.evaluate(CHOSEN) == ""
    await store.painted(await store.screens.show(dataclasses.replace(member("kiosk"), session="session-2")))
    assert await page.locator("button[data-comfort=reach]").get_attribute("aria-pressed") == "false"


async def test_a_choice_can_be_taken_back_and_another_touch_closes_the_panel(
    page: Page, store: Store, member: Member
) -> None:
    await watch(page, store, member("kiosk"))
    await choose(page, "large")
    assert await page.locator("button[data-comfort=panel]").get_attribute("aria-expanded") == "true"
    await page.wait_for_timeout(400)  # a second tap sooner would be taken for the first
    await choose(page, "large")
    await page.locator(".poster .hero").click()
    assert await page.evaluate(CHOSEN) == ""
    assert not await page.locator("#comfort").is_visible()


async def test_choosing_keeps_the_session_like_any_touch(page: Page, store: Store, member: Member) -> None:
    await watch(page, store, member("kiosk"))
    await page.locator("button[data-comfort=panel]").click()
    assert await store.report(lambda each: isinstance(each, Touched)) == Touched("kiosk", "session-1", "more", "")


async def test_a_browser_that_asks_for_contrast_gets_it_without_a_touch(
    page: Page, store: Store, member: Member
) -> None:
    await page.emulate_media(contrast="more")
    await watch(page, store, member("kiosk"))
    assert await page.evaluate(CHOSEN) == "contrast"
    assert await page.locator("button[data-comfort=contrast]").get_attribute("aria-pressed") == "true"


async def test_under_forced_colours_every_button_has_an_edge_and_every_icon_a_colour(
    page: Page, store: Store, member: Member
) -> None:
    await page.emulate_media(forced_colors="active")
    await watch(page, store, member("kiosk"))
    edges = "buttons => buttons.map((button) => getComputedStyle(button).borderTopStyle)"
    assert set(await page.locator("#stage button:visible").evaluate_all(edges)) == {"solid"}
    forced = "icons => icons.map((icon) => getComputedStyle(icon).forcedColorAdjust)"
    assert set(await page.locator("#stage .icon").evaluate_all(forced)) == {"none"}


@pytest.fixture
def quick() -> Callable[[list[Any]], bool]:
    """Whether something moves, and all of it for 300 ms at most."""
    return lambda moves: bool(moves) and max(ends for _, ends in moves) <= 300


async def test_every_change_of_scene_moves_at_once_and_briefly(
    page: Page, store: Store, member: Member, quick: Callable[[list[Any]], bool]
) -> None:
    await watch(page, store, member("kiosk"))
    engine = await page.context.new_cdp_session(page)
    await engine.send("Animation.enable")
    await engine.send("Animation.setPlaybackRate", {"playbackRate": 0})  # else a busy machine sees it when it is over
    for show, name in ((opened(member, "ja"), "unfold"), (states(member, "ja")["sheet"], "lift")):
        await store.screens.show(show)
        await becomes(page, f"(wanted) => ({MOVES})().some(([name]) => name === wanted)", name)
        assert quick(await page.evaluate(MOVES))


async def test_nothing_moves_for_those_who_asked_for_none(page: Page, store: Store, member: Member) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await watch(page, store, member("kiosk"))
    assert await page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("sound", [True, False])
async def test_a_kiosk_answers_with_tones_only_where_it_was_set(
    browser: Browser, assets: Assets, served: Any, member: Member, sound: bool
) -> None:
    screens = Screens([Screen(id="kiosk", device_class=DeviceClass.KIOSK, sound=sound)], assets)
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(TONES)
    async with served(screens) as store:
        await page.goto(f"{store.url}/screens/kiosk")
        await page.mouse.click(9, 9)  # a browser without the kiosk's policy lets nothing sound before a finger
        await store.painted(await screens.show(member("kiosk")))
        await becomes(page, "(count) => window.tones.length === count", 2 * sound)
        await store.painted(await screens.show(member("kiosk", "en")))  # the same session: no tone
        await store.painted(await screens.show(notice("again", "ja")))
        await becomes(page, "(count) => window.tones.length === count", 4 * sound)
        assert await page.evaluate("window.tones") == ([659, 988, 392, 330] if sound else [])
    await context.close()


SUSPENDED = """
window.AudioContext = class extends AudioContext {
    get state() { return "suspended"; }
    resume() { return new Promise((resolve) => { window.let_go = resolve; }); }
};
"""


async def test_a_tone_that_could_not_sound_in_time_never_does(
    browser: Browser, assets: Assets, served: Any, member: Member
) -> None:
    screens = Screens([Screen(id="kiosk", device_class=DeviceClass.KIOSK, sound=True)], assets)
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(TONES + SUSPENDED)
    async with served(screens) as store:
        await watch(page, store, member("kiosk"))
        await page.evaluate("() => { window.first = window.let_go; }")
        await store.painted(await screens.show(Show("kiosk", "loop")))
        await store.painted(await screens.show(notice("again", "ja")))
        await page.evaluate("async () => { window.first(); await new Promise(requestAnimationFrame); }")
        assert await page.evaluate("window.tones") == []
        await page.evaluate("window.let_go()")
        await becomes(page, "window.tones.length === 2")
        await store.painted(await screens.show(dataclasses.replace(member("kiosk"), session="session-2")))
        await store.painted(await screens.show(Show("kiosk", "loop")))
        await page.evaluate("async () => { window.let_go(); await new Promise(requestAnimationFrame); }")
        assert len(await page.evaluate("window.tones")) == 2, "nobody is there any more"
    await context.close()


async def test_a_kiosk_without_touch_has_no_button_and_hears_of_none(
    browser: Browser, assets: Assets, served: Any, member: Member
) -> None:
    screens = Screens([Screen(id="kiosk", device_class=DeviceClass.KIOSK, touch=False)], assets)
    context = await browser.new_context()
    page = await context.new_page()
    async with served(screens) as store:
        shown = member("kiosk", warning=True)
        quiet = {name: value for name, value in shown.values.items() if name not in ("touch", "may_open")}
        await watch(page, store, dataclasses.replace(shown, values=quiet))
        assert await page.locator("button").count() == 0
        assert "会員証をもう一度かざすと" in await page.locator(".warning").inner_text()
        await page.evaluate(
            """async () => {
                const socket = new WebSocket(location.href.replace("http", "ws") + "/stream?page=forged");
                await new Promise((resolve) => { socket.onopen = resolve; });
                socket.send(JSON.stringify({touch: {session: "session-1", action: "personal", value: ""}}));
                socket.send(JSON.stringify({ack: 1, painted_ms: 1}));
            }"""
        )
        await store.report(lambda each: getattr(each, "wall_ms", 0) == 1)
        assert not [each for each in store.reports if isinstance(each, Touched)]
    await context.close()
