"""IT's page of stock in Chromium and out of it: who may see it, what it explains, its button, its picture."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from axe_playwright_python.async_playwright import Axe
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from playwright.async_api import expect

from edge import app, config, hub
from edge.bench.ports import free_port
from edge.stock.inquiry import page
from edge.stock.inquiry.page import WEB
from provisioning import signin
from provisioning.accounts import Accounts, Role
from provisioning.i18n import words
from provisioning.signin import COOKIE
from tests import chromium
from tests.stock.inquiry.conftest import service

PASSWORD = "correct horse battery"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
SHOTS = Path(os.environ["TENTOU_SHOTS"]) if "TENTOU_SHOTS" in os.environ else None
"""Where pictures of the page go, for a person who wants to look at them."""


@asynccontextmanager
async def visited(folder: Path, role: Role | None = Role.IT) -> AsyncIterator[tuple[app.Parts, ClientSession]]:
    """The store's service, and a session of somebody with a role."""
    text = (folder / "device.toml").read_text()
    (folder / "device.toml").write_text(text.replace("port = 0", f"port = {free_port()}"))
    if role is not None:
        Accounts(folder / "accounts.json").add("taro", role, PASSWORD)
    async with service(folder) as parts:
        base = f"http://127.0.0.1:{parts.store.web.port}"
        async with ClientSession(base, cookie_jar=CookieJar(unsafe=True)) as browser:
            if role is not None:
                form = {"name": "taro", "password": PASSWORD, "next": "/it/stock"}
                await browser.post("/signin", data=form, headers=SAME_SITE, allow_redirects=False)
            yield parts, browser


async def test_the_page_tells_channels_and_explains_a_sku_in_both_languages(folder: Path) -> None:
    async with visited(folder) as (_, browser):
        english = await (await browser.get("/it/stock?language=en&sku=LN-09-M")).text()
        japanese = await (await browser.get("/it/stock?language=ja&sku=4901234567894")).text()
        unknown = await (await browser.get("/it/stock?language=en&sku=LN09L")).text()
    for text in ("Where does a number come from?", "the file", "Vouched for by", "Pick up at a store nearby"):
        assert text in english
    for text in ("この在庫数はどこから来たか", "ファイル", "在庫なし", "近くの店で受け取る", "どの画面にも出ません"):
        assert text in japanese
    assert re.search(r'href="/it/stock\?sku=LN-09-L"', unknown)


async def test_what_is_searched_for_is_never_taken_for_markup(folder: Path) -> None:
    async with visited(folder) as (_, browser):
        text = await (await browser.get("/it/stock", params={"sku": '"><script>alert(1)</script>%s{0}'})).text()
    assert "<script>alert" not in text
    assert "%s{0}" in text


@pytest.mark.parametrize("role", [None, Role.STAFF])
async def test_nobody_but_it_sees_it_or_lets_it_compare(folder: Path, role: Role | None) -> None:
    async with visited(folder, role) as (parts, browser):
        before = parts.inquiry.desk.comparison("pos")
        seen = await browser.get("/it/stock", allow_redirects=False)
        pressed = await browser.post("/it/stock/compare", headers=SAME_SITE, allow_redirects=False)
        assert [each.headers["Location"][:7] for each in (seen, pressed)] == ["/signin", "/signin"]
        assert parts.inquiry.desk.comparison("pos") == before


async def test_the_button_compares_and_another_sites_does_not(folder: Path) -> None:
    async with visited(folder) as (parts, browser):
        before = ended(parts)
        foreign = await browser.post("/it/stock/compare", headers={"Sec-Fetch-Site": "cross-site"})
        answer = await browser.post("/it/stock/compare", headers=SAME_SITE, allow_redirects=False)
        assert (foreign.status, answer.status, answer.headers["Location"]) == (403, 303, "/it/stock")
        await until(lambda: ended(parts) == before + 1)


async def test_lag_and_age_stand_in_the_metrics_without_a_sku(folder: Path) -> None:
    async with visited(folder) as (parts, browser):
        parts.inquiry.desk.watch.lags.note("pos", parts.inquiry.desk.wall(), [0.2], told=True)
        await until(lambda: "lag_p99_s" in figures(parts))
        text = await (await browser.get("/metrics")).text()
    for name in ("age_s", "lag_p50_s", "lag_p99_s"):
        assert f'tentou_{name}{{kind="stock",name="pos"}} ' in text
    assert "LN-09" not in text


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so; the time-out is only there so that a failure ends."""
    async with asyncio.timeout(90):
        while not true():
            await asyncio.sleep(0.01)


def ended(parts: app.Parts) -> int:
    found = parts.inquiry.desk.comparison("pos")
    assert found is not None
    return found.ended


def figures(parts: app.Parts) -> list[str]:
    return [name for part in parts.health.parts() if part.name == "pos" for name in part.figures]


async def test_in_a_browser_the_page_is_drawn_under_its_policy_and_reads_well(folder: Path) -> None:
    async with visited(folder) as (parts, browser), chromium.launched() as chrome:
        drawn(parts)
        cookie = next(each for each in browser.cookie_jar if each.key == COOKIE)
        base = f"http://127.0.0.1:{parts.store.web.port}"
        context = await chrome.new_context(base_url=base, locale="ja-JP", viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": base}])
        shown = await context.new_page()
        wrong: list[str] = []
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
        await shown.goto("/it/stock?sku=LN-09-M")
        await expect(shown.locator("svg.lag rect.column")).to_have_count(96)
        await expect(shown.locator("#explained")).to_contain_text("在庫あり")
        if SHOTS:
            await shown.screenshot(path=SHOTS / "stock.png", full_page=True)
        found = await Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
        await shown.get_by_role("button", name="今すぐ照合").click()
        await expect(shown).to_have_url(re.compile("/it/stock$"))
        assert wrong == []


HUB = """
[web]
port = 0
[upstream]
adapter = "file"
settings = { path = "line.jsonl" }
[[stock]]
id = "pos"
adapter = "csv"
settings = { path = "pos.csv", poll_s = 0.05 }
"""


@asynccontextmanager
async def office(folder: Path, more: str = "") -> AsyncIterator[tuple[hub.Hub, ClientSession]]:
    """Head office with the same stock, and somebody who visits it."""
    (folder / "device.toml").unlink()
    (folder / "hub.toml").write_text(HUB.replace("port = 0", f"port = 0{more}"))
    async with hub.running(config.read_hub(folder), folder) as running:
        await until(lambda: running.stock.standing("pos", "ginza").rows == 2)
        async with ClientSession(f"http://127.0.0.1:{running.port}") as browser:
            yield running, browser


async def test_the_hubs_page_explains_to_who_is_on_its_machine_as_each_store_would(folder: Path) -> None:
    async with office(folder) as (running, browser):
        text = await (await browser.get("/stock?language=en&sku=LN-09-L")).text()
        assert "残り3点" in text
        foreign = await browser.post("/stock/compare", headers={"Sec-Fetch-Site": "cross-site"})
        answer = await browser.post("/stock/compare", headers=SAME_SITE, allow_redirects=False)
        assert (foreign.status, answer.status) == (403, 303)
        found = running.inquiry.desk.comparison("pos")
        await until(lambda: (running.inquiry.desk.comparison("pos") or found) != found)


async def test_who_reaches_an_open_hub_sees_channels_and_no_figure_of_a_sku(folder: Path) -> None:
    async with office(folder, '\nhost = "0.0.0.0"') as (_, browser):
        text = await (await browser.get("/stock?language=en&sku=LN-09-L")).text()
        pressed = await browser.post("/stock/compare", headers=SAME_SITE)
    assert "Vouched for by" in text
    assert "残り3点" not in text
    assert pressed.status == 403


def drawn(parts: app.Parts) -> None:
    """A day of lags to be drawn, a third of it without a time of the source's; the first of them is drawn still when
    the next five minutes begin meanwhile."""
    desk = parts.inquiry.desk
    now_s = desk.wall()
    for at in range(96):
        lags = [0.02 * (1 + at % 7), 0.4, 2.0 + at % 5]
        desk.watch.lags.note("pos", now_s - (286 - 3 * at) * 300, lags, told=bool(at % 3))


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    found = extract_from_dir(str(WEB / "templates"), [("*.html", "jinja2")], options_map={"*.html": {"silent": "0"}})
    used = {str(message) for _, _, message, _, _ in found} | page.texts()
    with (WEB / "locales" / "ja.po").open("rb") as file:
        translated = {str(one.id) for one in read_po(file) if one.id and one.string}
    others = words(signin.HERE / "locales", "ja").gettext
    assert translated == {text for text in used if others(text) == text}
