"""The demo's start page: the way in three steps, seen at once; its picture is the README's."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.running import ARTIFACTS, Running, opened, picture

README_PICTURE = Path(__file__).parent / "pictures" / "demo.jpg"


@pytest.mark.timeout(480)
async def test_the_start_page_shows_the_whole_way(demo: Running, browser: Browser) -> None:
    page = await opened(browser, demo.url("world"), 1600, 1000)
    phone, screen, shop = (page.frame_locator(f"iframe >> nth={number}") for number in range(3))
    await phone.locator("#hold").click()
    await expect(screen.locator("body")).to_have_attribute("data-scene", "member")
    await expect(screen.locator(".tile").first).to_be_visible()
    await shop.locator("article [data-do=sell]").first.click()
    await expect(screen.locator(".tile").first).to_contain_text("在庫なし")
    await page.wait_for_timeout(1500)
    await picture(page, "demo")
    if os.environ.get("TENTOU_PICTURES"):
        await page.screenshot(path=README_PICTURE, type="jpeg", quality=82)
    for name in ("staff", "it", "cam-kiosk"):
        await expect(page.locator(f"a[href*='{name}']").first).to_be_visible()
    await page.context.set_offline(True)
    await expect(phone.locator("#state")).to_have_text("つながりません")
    await expect(phone.locator("#left")).to_have_text("")  # a code that nothing renews counts down to nothing
    assert (ARTIFACTS / "demo.png").stat().st_size > 50_000


async def test_the_readmes_picture_is_there() -> None:
    assert README_PICTURE.read_bytes().startswith(b"\xff\xd8")
