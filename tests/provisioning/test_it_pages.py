"""The sign-in page and the IT's pages in Chromium: live without a reload, under the real content security policy."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from edge.health import Health
from tests import chromium

PASSWORD = "correct horse battery"
SHOTS = Path(os.environ["TENTOU_SHOTS"]) if "TENTOU_SHOTS" in os.environ else None
"""Where pictures of the pages go, for a person who wants to look at them."""


@pytest.fixture
async def page(site: TestServer) -> AsyncIterator[Page]:
    """A page in Japanese at a desk's size; a script that fails or a policy that is broken fails the test."""
    async with chromium.launched() as browser:
        base = str(site.make_url("")).rstrip("/")
        desk = await browser.new_context(base_url=base, locale="ja-JP", viewport={"width": 1440, "height": 900})
        page = await desk.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
        yield page
    assert wrong == []


async def sign_in(page: Page, path: str = "/it/") -> None:
    await page.goto(path)
    await page.get_by_label("アカウント名").fill("taro")
    await page.get_by_label("パスワード").fill(PASSWORD)
    await page.get_by_role("button", name="サインイン").click()
    await page.wait_for_url(f"**{path}")


async def shot(page: Page, name: str) -> None:
    """Pictures at a desk's, a tablet's and a phone's size."""
    if SHOTS is None:
        return
    for size, width, height in (("desk", 1440, 900), ("tablet", 820, 1180), ("phone", 390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.screenshot(path=SHOTS / f"{name}-{size}.png", full_page=size != "desk")
    await page.set_viewport_size({"width": 1440, "height": 900})


async def accessible(page: Page) -> None:
    """axe finds nothing at WCAG 2.2 AA."""
    found = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def fill(health: Health) -> None:
    """A store on an ordinary day."""
    health.up("screen", "window", figures={"pages": 1})
    health.up("screen", "counter", figures={"pages": 1})
    health.up("camera", "door", figures={"fps": 9.8, "restarts": 0})
    health.up("ledger", "outbox", figures={"waiting": 3, "acknowledged": 12_408})
    health.up("upstream", "mqtt")
    health.up("inbox", "mqtt")
    health.up("stock", "stores", figures={"age_s": 4, "levels": 180})
    health.up("members", "csv")
    health.up("clock", "time", "synced")


async def test_a_part_that_goes_down_shows_without_a_reload(page: Page, health: Health) -> None:
    fill(health)
    await sign_in(page)
    summary = page.locator("#summary")
    await expect(summary).to_have_text("すべて正常です")
    await shot(page, "board-up")
    await page.evaluate("window.loadedOnce = true")
    health.down("camera", "door", "/dev/video0 is gone", "Plug the camera in again.")
    await expect(summary).to_have_text("1 件の確認が必要です")
    card = page.locator("[id='camera/door']")
    await expect(card).to_contain_text("停止")
    await expect(card).to_contain_text("カメラのケーブルと電源を確かめ")
    await expect(card).to_contain_text("Plug the camera in again.")
    await shot(page, "board-down")
    await accessible(page)
    health.up("camera", "door")
    health.forget("members", "csv")
    await expect(summary).to_have_text("すべて正常です")
    await expect(page.get_by_role("heading", name="会員")).to_have_count(0)
    assert await page.evaluate("window.loadedOnce")


async def test_the_page_says_when_it_gets_no_answer_and_recovers(page: Page, health: Health) -> None:
    fill(health)
    await sign_in(page)
    await expect(page.locator("#summary")).to_have_text("すべて正常です")
    await page.route("**/it/state.json*", lambda route: route.abort())
    await expect(page.locator("#lost")).to_contain_text("応答がありません")
    await page.unroute("**/it/state.json*")
    await expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.promise("X-4")
async def test_signing_out_leads_away_from_a_dashboard_open_elsewhere(page: Page, health: Health) -> None:
    fill(health)
    await sign_in(page)
    other = await page.context.new_page()
    await other.goto("/it/config")
    await other.get_by_text("taro").click()
    await other.get_by_role("button", name="サインアウト", exact=True).click()
    await page.wait_for_url("**/signin?role=it&next=/it/")
    assert await page.get_by_label("アカウント名").is_visible()


@pytest.mark.promise("P-4")
async def test_settings_tell_layer_file_and_line_and_hide_secrets(page: Page, site: TestServer) -> None:
    await sign_in(page, "/it/config")
    row = page.get_by_role("row").filter(has_text="upstream.settings.password")
    await expect(row).to_contain_text("••••••")
    await expect(row).to_contain_text("store.toml:14")
    await accessible(page)
    await shot(page, "config")
    await page.get_by_label("検索").fill("timezone")
    await expect(page.locator("tbody tr:visible")).to_have_count(1)
    assert "hunter2" not in await page.content()


async def test_sign_in_is_readable_and_tells_what_is_wrong(page: Page) -> None:
    await page.goto("/signin?role=it&next=/it/")
    await accessible(page)
    await shot(page, "signin")
    await page.get_by_label("アカウント名").fill("taro")
    for _ in range(6):
        await page.get_by_label("パスワード").fill("wrong password")
        await page.get_by_role("button", name="サインイン").click()
    await expect(page.get_by_role("alert")).to_contain_text("試行回数が多すぎます")
    await accessible(page)
    await shot(page, "signin-wait")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading")).to_have_text("Sign in")
