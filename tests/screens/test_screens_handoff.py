"""The QR on a product's sheet: large enough, whole, readable from the screen's own picture, and gone with its scene."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from edge.handoff import KINDS, Kind
from edge.model import Handoff, Offer, OfferKind, Show, Touched
from edge.sessions.handoff import picture
from edge.vision.cascade import Cascade

Member = Callable[..., Show]
Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session")]

SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
LINK = "https://go.acme.example/h/AbCdEfGhIjKl-_09?p=linen-dress-sky&s=s001"
FOUR_CM = 129
"""Pixels of 4 cm where 27 inches have 1920 x 1080 of them."""
TITLES: dict[Kind, str] = {"basket": "オンラインで買う", "hold": "この店で取り置く"}
LONG = "オーガニックコットン二重ガーゼの長袖パジャマ上下セット レディース 生成り色"
GEOMETRY = """() => {
    const box = (node) => node.getBoundingClientRect();
    const sheet = document.querySelector(".sheet"), card = document.querySelector(".handoff");
    const inside = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
        && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
    const apart = (one, other) => one.right <= other.left + 1 || other.right <= one.left + 1
        || one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
    const parts = [...sheet.querySelectorAll(".handoff :is(.qr, h3, p), .deeds button:not(.plain)")];
    const others = [...sheet.querySelectorAll(":scope > .picture, h2, .price, .line, .plain"),
        document.querySelector(".controls button, .controls .ring")].filter(Boolean);
    return {
        qr: [box(card.querySelector(".qr")).width, box(card.querySelector(".qr")).height],
        inSheet: inside(box(card), box(sheet)),
        inScreen: parts.every((each) => inside(box(each), {left: 0, top: 0, right: innerWidth, bottom: innerHeight})),
        inCard: parts.filter((each) => !inside(box(each), box(each.closest(".handoff, .deeds"))))
            .map((each) => each.outerHTML.slice(0, 80)),
        wide: parts.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent),
        over: parts.flatMap((each, n) => parts.slice(n + 1).filter((other) => !apart(box(each), box(other))))
            .map((each) => each.outerHTML.slice(0, 80)),
        on: others.filter((each) => !apart(box(each), box(card))).map((each) => each.outerHTML.slice(0, 80)),
        buttons: parts.filter((each) => each.matches("button")).map((each) => [box(each).width, box(each).height]),
    };
}"""


def sheet(member: Member, screen: str, scene: str, language: str, drawn: int = 0, **values: Any) -> Show:
    """An open sheet of what a store has: the product's own QR, and on a kiosk two offers that lead to the phone."""
    kinds: list[Kind] = [kind for kind in KINDS if kind != "order"] if screen == "kiosk" else ["product"]
    words = {kind: Offer(OfferKind.HOLD, TITLES[kind], handoff=kind) for kind in kinds if kind != "product"}
    handoffs = tuple(Handoff(kind, picture(LINK) if number == drawn else "") for number, kind in enumerate(kinds))
    shown = member(screen, language)
    given = {"product": shown.values["tiles"][0], "handoffs": handoffs, "offers": tuple(words.values())} | values
    show = replace(shown, language=language, values={**shown.values, **given})
    alone = {name: show.values[name] for name in ("product", "handoffs", "offers", "touch")}
    return show if scene == "member" else replace(show, scene="product", values=alone)


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def turned(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    width, height = SIZES[request.param]
    context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("screen", ["kiosk", "window"])
async def test_the_qr_is_read_from_the_screens_own_picture(
    turned: Page, store: Store, member: Member, screen: str
) -> None:
    await turned.goto(f"{store.url}/screens/{screen}")
    for scene in ("product", "member"):
        await store.painted(await store.screens.show(sheet(member, screen, scene, "ja")))
        await turned.locator("img.qr").evaluate("(img) => img.decode()")  # it is loaded after the scene was painted
        encoded = np.frombuffer(await turned.screenshot(), np.uint8)
        gray = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
        assert [code.text for code in Cascade(("qrcode",), "zxing").decode(gray)] == [LINK]


@pytest.mark.promise("S-5")
@pytest.mark.parametrize("screen", ["kiosk", "window"])
async def test_the_way_on_is_large_and_lies_on_nothing_else(
    turned: Page, store: Store, member: Member, screen: str
) -> None:
    await turned.goto(f"{store.url}/screens/{screen}")
    for language in ("ja", "ko"):  # the shortest words and the longest; all states are seen in all languages beside
        for scene in ("product", "member"):
            for name in ("", LONG) if language == "ja" else ("",):
                tile = member(screen).values["tiles"][0]
                shown = sheet(member, screen, scene, language, product=replace(tile, name=name or tile.name))
                await store.painted(await store.screens.show(shown))
                found = await turned.evaluate(GEOMETRY)
                where = (language, scene, name)
                assert min(found["qr"]) >= FOUR_CM, where
                assert (found["inSheet"], found["inScreen"]) == (True, True), where
                assert [found[each] for each in ("inCard", "wide", "over", "on")] == [[]] * 4, where
                assert all(min(size) >= 60 for size in found["buttons"]), where
                assert len(found["buttons"]) == (2 if screen == "kiosk" else 0), where


@pytest.mark.parametrize("comfort", ["large", "reach", "contrast large reach"])
async def test_the_way_on_is_whole_for_who_asked_for_larger_or_lower_words(
    turned: Page, store: Store, member: Member, comfort: str
) -> None:
    await turned.goto(f"{store.url}/screens/kiosk")
    for scene in ("product", "member"):
        await store.painted(await store.screens.show(sheet(member, "kiosk", scene, "ko")))
        await turned.evaluate("(chosen) => { document.documentElement.dataset.comfort = chosen }", comfort)
        found = await turned.evaluate(GEOMETRY)
        assert (min(found["qr"]) >= FOUR_CM, found["inSheet"], found["inScreen"]) == (True, True, True)
        assert [found[each] for each in ("inCard", "wide", "over", "on")] == [[]] * 4, scene


async def test_a_touch_asks_for_another_kind_and_its_qr_takes_the_place(
    turned: Page, store: Store, member: Member
) -> None:
    await turned.goto(f"{store.url}/screens/kiosk")
    await store.painted(await store.screens.show(sheet(member, "kiosk", "member", "ja")))
    await turned.get_by_role("button", name="この店で取り置く").click()
    touched = await store.report(lambda each: isinstance(each, Touched) and each.action == "handoff")
    assert touched == Touched("kiosk", "session-1", "handoff", "hold")
    await store.painted(await store.screens.show(sheet(member, "kiosk", "member", "ja", drawn=2)))
    pressed = turned.locator(".deeds button[aria-pressed='true']")
    assert await pressed.all_inner_texts() == ["この店で取り置く"]
    assert await turned.locator(".handoff p").inner_text() == "この店での取り置きを申し込めます"
    assert await turned.locator("img.qr").count() == 1


@pytest.mark.promise("S-2")
async def test_no_qr_is_left_when_its_scene_is_over(turned: Page, store: Store, member: Member) -> None:
    await turned.goto(f"{store.url}/screens/kiosk")
    await store.painted(await store.screens.show(sheet(member, "kiosk", "product", "ja")))
    assert "data:image" in await turned.content()
    await store.painted(await store.screens.show(Show("kiosk", "loop")))
    assert "data:image" not in await turned.content()
    kept = "async () => JSON.stringify([{...localStorage}, {...sessionStorage}, await caches.keys()])"
    assert "data:image" not in await turned.evaluate(kept)
