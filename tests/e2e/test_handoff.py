"""A shopper goes on on the phone: the QR that a real screen draws, read from its picture, opens the EC's page once."""

from __future__ import annotations

import os
import re
import signal

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser, Page, expect

from edge.demo.seed import Good, goods
from edge.model import Code
from edge.sessions.goods import Wares
from edge.vision.cascade import Cascade
from edge.vision.forms import joined, sieve
from tests.e2e.running import Running, eventually, opened, picture

GOODS = {good.sku: good for good in goods()}
DRESS = GOODS["linen-dress-sky"]
WISHES = """() => { window.wishes = []; const stage = document.querySelector("#stage");
    new MutationObserver(() => {
        const said = stage.querySelector(".wish")?.className;
        if (said && said !== window.wishes.at(-1)) window.wishes.push(said);
    }).observe(stage, {childList: true, subtree: true, attributes: true}); }"""
"""Keeps each state of a wish that the page shows, as some last but seconds."""


@pytest.mark.timeout(480)
@pytest.mark.promise("K-3")
@pytest.mark.promise("M-4")
async def test_the_qr_of_a_sheet_opens_the_products_page_and_its_use_comes_back(
    demo: Running, browser: Browser
) -> None:
    kiosk = await opened(browser, demo.url("edge", "/screens/kiosk-1"), 1920, 1080)
    await demo.post("/app/hold", camera="cam-kiosk", member="1001", variant="jan")
    await expect(kiosk.locator(".handoff .qr")).to_be_visible()
    product = await read_from(kiosk, "h1-product")
    assert re.fullmatch(
        rf"{re.escape(demo.url('hub', '/h/'))}[A-Za-z0-9_-]{{16}}\?p={DRESS.sku}&s=s001", product.text
    ), "a product, a store, and nobody"
    assert not sieve(joined(Wares(("ean13", "qrcode")).forms, {"qrcode": ("MC1:.*",)}))(product)

    await kiosk.locator("button[data-value='basket']").click()
    await expect(kiosk.locator("button[data-value='basket']")).to_have_attribute("aria-pressed", "true")
    basket = await read_from(kiosk, "h2-basket")
    assert basket.text.endswith("&k=basket")
    assert basket.text[: len(product.text)] != product.text, "another kind has an id of its own"

    phone = await opened(browser, basket.text, 430, 860)
    await expect(phone).to_have_url(re.compile(rf".*/ec/p/{DRESS.sku}\?do=basket"))
    await expect(phone.locator("h1")).to_have_text(DRESS.name["ja"])
    await picture(phone, "h3-phone")
    await phone.goto(basket.text)
    await it_came_back_once(demo, basket.text)
    await a_purchase_on_the_phone_is_one(phone)
    await what_was_taken_came_back(demo, basket.text)
    await the_start_page_reads_it_too(demo, browser, DRESS)
    await one_is_kept_in_another_size(demo, kiosk)
    await nobody_can_say_while_the_shop_is_away(demo, kiosk)


async def read_from(screen: Page, name: str) -> Code:
    """The one code that our own cascade finds in a picture of the screen."""
    await screen.locator(".handoff img.qr").evaluate("(img) => img.decode()")
    await screen.wait_for_timeout(500)
    await picture(screen, name)
    encoded = np.frombuffer(await screen.screenshot(), np.uint8)
    gray = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    (code,) = Cascade(("qrcode",), "zxing").decode(gray)
    return code


async def it_came_back_once(demo: Running, link: str) -> None:
    await eventually(lambda: demo.contacts("kind = 'handoff_used'"))
    (used,) = demo.contacts("kind = 'handoff_used'")
    offers = {event["data"]["handoff"]: event for event in demo.contacts("kind = 'handoff_offered'")}
    offer = offers[used["data"]["handoff"]]
    assert used["data"]["handoff"] in link
    assert (used["data"]["kind"], offer["data"]["kind"], offer["data"]["sku"]) == ("basket", "basket", DRESS.sku)
    assert used["data"]["session"] == offer["data"]["session"]
    assert len(offers) == 2


async def a_purchase_on_the_phone_is_one(phone: Page) -> None:
    await phone.locator("[data-deed='buy']").click()
    await expect(phone.locator("output")).to_contain_text("ありがとうございました")


async def what_was_taken_came_back(demo: Running, link: str) -> None:
    await eventually(lambda: demo.contacts("kind = 'offer_taken'"))
    (taken,) = demo.contacts("kind = 'offer_taken'")
    (used,) = demo.contacts("kind = 'handoff_used'")
    assert taken["data"]["handoff"] in link
    assert (taken["data"]["taken"], taken["data"]["state"]) == ("purchase", "confirmed")
    assert taken["data"]["session"] == used["data"]["session"]


async def the_start_page_reads_it_too(demo: Running, browser: Browser, good: Good) -> None:
    """Who has no phone at hand clicks, and the online store's frame shows what the phone would."""
    start = await opened(browser, demo.url("world"), 1600, 1000)
    await start.locator("#read").click()
    frame = start.frame_locator(".online iframe")
    await expect(frame.locator("h1")).to_have_text(good.name["ja"])
    await expect(start.locator("#kinds")).to_contain_text("スマホへの案内")
    await picture(start, "h4-start")


async def one_is_kept_in_another_size(demo: Running, kiosk: Page) -> None:
    """Held up in one size, turned to another, and kept: the slip on the glass is the one that the till has."""
    await demo.post("/app/hold", camera="cam-kiosk", sku="tee-indigo-l")
    await expect(kiosk.locator(".sheet h2")).to_have_text(GOODS["tee-indigo-l"].name["ja"])
    await kiosk.locator(".matrix button[data-value='tee-indigo']").click()
    await expect(kiosk.locator(".matrix [aria-current='true']")).to_have_attribute("data-value", "tee-indigo")
    await picture(kiosk, "h5-sizes")
    await kiosk.locator("button[data-action='keep']").click()
    slip = kiosk.locator(".wish.confirmed .slip b")
    await expect(slip).to_have_text(re.compile(r"K-[0-9]{4}"))
    await picture(kiosk, "h6-kept")
    kept = await (await kiosk.request.get(demo.url("world", "/pos/kept"))).json()
    assert kept == {"tee-indigo": [await slip.inner_text()]}
    await eventually(
        lambda: [each for each in demo.contacts("kind = 'offer_taken'") if each["data"].get("location") == "s001"]
    )


async def nobody_can_say_while_the_shop_is_away(demo: Running, kiosk: Page) -> None:
    levels = await (await kiosk.request.get(demo.url("world", "/pos/levels"))).json()
    sku = next(sku for sku, count in levels.items() if count >= 4)
    await demo.post("/app/hold", camera="cam-kiosk", sku=sku)
    await expect(kiosk.locator(".sheet h2")).to_have_text(GOODS[sku].name["ja"])
    world = demo.pid("world")
    os.kill(world, signal.SIGSTOP)
    try:
        await kiosk.evaluate(WISHES)
        await kiosk.locator("button[data-action='keep']").click()
        await expect(kiosk.locator(".wish")).to_have_class("wish unknown")
        assert await kiosk.evaluate("window.wishes") == ["wish pending", "wish unknown"]
        await picture(kiosk, "h7-nobody-knows")
    finally:
        os.kill(world, signal.SIGCONT)
