"""A shopper rings at a kiosk and staff read of it on their page: a real edge, and a real browser for both."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from content.catalogue import dump_catalogue
from edge import app
from edge.model import Held
from provisioning.accounts import Accounts, Role
from tests import chromium
from tests.house.test_app import store

GTIN = "04901234567894"
SHIRT = {"sku": "LN-1", "gtin": "4901234567894", "name": {"ja": "麻のシャツ"}, "price": 9900}
PASSWORD = "correct horse battery staple"


def furnished(folder: Path) -> None:
    """A catalogue of one shirt, 花子's account, and a time zone in which it is about noon.

    What is asked today is yesterday's after midnight, and no test must meet that.
    """
    ahead = 12 - datetime.now(UTC).hour
    (folder / "store.toml").write_text(f'[device]\ntimezone = "Etc/GMT{-ahead:+d}"\n')  # POSIX counts westward
    (folder / "data" / "content").mkdir(parents=True)
    (folder / "data" / "content" / "catalogue.json").write_text(dump_catalogue([SHIRT]))
    Accounts(folder / "accounts.json").add("hanako", Role.STAFF, PASSWORD)


async def signed_in(browser: Browser, url: str, path: str) -> Page:
    """A page of the studio on a phone."""
    page = await (await browser.new_context(viewport={"width": 390, "height": 844}, locale="ja")).new_page()
    await page.goto(f"{url}{path}")
    await page.fill("[name=name]", "hanako")
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    await page.wait_for_url(f"{url}{path}")
    return page


async def held_up(browser: Browser, parts: app.Parts, url: str) -> Page:
    """The kiosk with a shirt before its reader."""
    page = await (await browser.new_context(viewport={"width": 1080, "height": 1920}, locale="ja")).new_page()
    await page.goto(f"{url}/screens/kiosk-1")
    parts.stages["kiosk-1"].put(Held("cam", GTIN, time.monotonic()))
    await expect(page.locator(".sheet h2")).to_have_text("麻のシャツ")
    return page


async def test_a_touch_at_the_kiosk_is_a_row_in_the_studio_until_staff_say_that_they_go(tmp_path: Path) -> None:
    furnished(tmp_path)
    async with store(tmp_path) as (parts, url), chromium.launched() as browser:
        staff = await signed_in(browser, url, "/staff/calls")
        await expect(staff.get_by_text("きょうはまだ")).to_be_visible()
        broken: list[str] = []
        staff.on("pageerror", lambda error: broken.append(str(error)))
        await staff.get_by_role("button", name="音で知らせる").click()
        await expect(staff.locator("[data-chime]")).to_have_attribute("aria-pressed", "true")
        badge = staff.locator(".count")
        kiosk = await held_up(browser, parts, url)
        await kiosk.locator("[data-action=call]").click()
        await expect(kiosk.locator(".called")).to_contain_text("スタッフを呼んでいます")
        await expect(staff.locator(".call.waits")).to_contain_text("麻のシャツ")
        await expect(badge).to_contain_text("1")
        await expect(staff).to_have_title("(1) お呼び出し・取り置き · Tentou 店頭")
        await staff.get_by_role("button", name="対応しました").click()
        await expect(kiosk.locator(".called")).to_contain_text("スタッフがまいります")
        await expect(badge).to_be_hidden()
        await expect(staff.get_by_role("button", name="戻す")).to_be_visible()
        assert broken == []
        await staff.context.clear_cookies()
        await staff.get_by_role("button", name="戻す").click()
        await staff.wait_for_url(f"{url}/signin?**")  # whoever is signed out meanwhile is told, not left pressing


COUNTED = """
  globalThis.notes = 0;
  const start = AudioScheduledSourceNode.prototype.start;
  AudioScheduledSourceNode.prototype.start = function (at) { notes += 1; return start.call(this, at); };
"""
"""Counts the notes that a page plays; a call has two."""
HELD = """() => {
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () {
    AudioContext.prototype.resume = resume;
    globalThis.refused = true;
    return Promise.reject(new DOMException("", "InvalidStateError"));
  };
}"""
"""The browser refuses to sound once, as a tablet's does while it is rung up."""


async def test_a_page_asks_for_a_touch_before_it_sounds_and_then_sounds_once_for_each_call(tmp_path: Path) -> None:
    furnished(tmp_path)
    async with store(tmp_path) as (parts, url), chromium.launched() as browser:
        staff = await signed_in(browser, url, "/staff/calls")
        said: list[str] = []
        staff.on("console", lambda message: said.append(message.text))
        await staff.add_init_script(COUNTED)
        await staff.locator("[data-chime]").click()
        first = parts.bell.ring("kiosk-1", "LN-1")
        await staff.reload()
        await expect(staff.get_by_text("音を出すには画面に触れてください")).to_be_visible()
        await staff.locator("h1").click()
        await expect(staff.locator("[data-hush]")).to_be_hidden()
        parts.bell.ring("kiosk-1", "LN-2")
        await expect(staff.locator(".call.waits")).to_have_count(2)
        await chromium.becomes(staff, "() => notes === 2")
        await staff.locator(f"#done-{first}").click()
        await expect(staff.locator(f"#back-{first}")).to_be_focused()
        parts.bell.ring("kiosk-1", "LN-3")
        await chromium.becomes(staff, "() => notes >= 4")
        assert (await staff.evaluate("() => notes"), staff.url, said) == (4, f"{url}/staff/calls", [])


async def test_a_sound_that_the_browser_refused_once_silences_no_later_call(tmp_path: Path) -> None:
    furnished(tmp_path)
    async with store(tmp_path) as (parts, url), chromium.launched() as browser:
        staff = await signed_in(browser, url, "/staff/calls")
        await staff.locator("[data-chime]").click()
        await staff.evaluate(f"() => {{{COUNTED}}}")
        await staff.evaluate(HELD)
        parts.bell.ring("kiosk-1", "LN-1")
        await chromium.becomes(staff, "() => globalThis.refused")
        await expect(staff.locator(".call.waits")).to_have_count(1)
        parts.bell.ring("kiosk-1", "LN-2")
        await chromium.becomes(staff, "() => notes === 2")
