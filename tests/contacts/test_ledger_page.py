"""The IT's page of the ledger: who may see it, what it says in each language, and its button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.contacts.way import page
from edge.contacts.way.page import WEB, Seen, routes
from provisioning import signin
from provisioning.accounts import Accounts, Role
from provisioning.i18n import words
from provisioning.signin import COOKIE, Guard
from tests.contacts.test_why import WELL

NEEDY = replace(
    WELL, line="down", line_said="cannot connect", waiting=1234, oldest_s=7300.0, dead={"poison": 2}, lost=7
)
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


class Ledger:
    """What the page is told, and how often somebody wished the dead back."""

    def __init__(self, seen: Seen) -> None:
        self.seen, self.wishes = seen, 0

    async def see(self) -> Seen:
        return self.seen

    async def retry(self) -> int:
        self.wishes += 1
        return 2


@asynccontextmanager
async def visited(folder: Path, ledger: Ledger, role: Role | None) -> AsyncIterator[ClientSession]:
    book = Accounts(folder / "accounts.json")
    guard = Guard(book)
    token = ""
    if role is not None:
        book.add("taro", role, "correct horse battery")
        account = book.find("taro")
        assert account is not None
        token = guard._sessions.begin(account, guard._clock())
    app = web.Application(middlewares=[guard.middleware])
    app.add_routes([*guard.routes(), *routes(ledger.see, ledger.retry, guard, "acme · ginza · front")])
    async with TestServer(app) as server:
        cookies = {COOKIE: token} if token else {}
        async with ClientSession(server.make_url("/"), cookies=cookies, cookie_jar=CookieJar(unsafe=True)) as browser:
            yield browser


async def test_the_page_says_what_to_do_first_and_shows_every_station(tmp_path: Path) -> None:
    seen = Seen(NEEDY, [("overflow", "play", 7)])
    async with visited(tmp_path, Ledger(seen), Role.IT) as browser:
        text = await (await browser.get("/it/ledger?language=en")).text()
        assert "Contacts wait here and nothing is lost" in text
        assert text.count('class="station"') == 5
        assert all(
            word in text for word in ("1,234", "2 h ago", "cannot connect", "It ended every connection", "Played")
        )
        japanese = await (await browser.get("/it/ledger?language=ja")).text()
        assert all(
            word in japanese for word in ("データが届かないのはなぜ", "2 時間前", "もう一度送る", "上限を超えて")
        )


async def test_the_button_sends_again_what_was_set_aside_and_leads_back(tmp_path: Path) -> None:
    ledger = Ledger(Seen(NEEDY))
    async with visited(tmp_path, ledger, Role.IT) as browser:
        answer = await browser.post("/it/ledger/retry", headers=SAME_SITE, allow_redirects=False)
        assert (answer.status, answer.headers["Location"], ledger.wishes) == (303, "/it/ledger", 1)
        foreign = await browser.post("/it/ledger/retry", headers={"Sec-Fetch-Site": "cross-site"})
        assert (foreign.status, ledger.wishes) == (403, 1)


@pytest.mark.parametrize("role", [None, Role.STAFF])
async def test_nobody_but_it_sees_it_or_presses_its_button(tmp_path: Path, role: Role | None) -> None:
    ledger = Ledger(Seen(NEEDY))
    async with visited(tmp_path, ledger, role) as browser:
        for ask in (browser.get("/it/ledger", allow_redirects=False), retried(browser)):
            answer = await ask
            assert answer.headers["Location"].startswith("/signin")
    assert ledger.wishes == 0


def retried(browser: ClientSession) -> Any:
    return browser.post("/it/ledger/retry", headers=SAME_SITE, allow_redirects=False)


async def test_where_all_is_well_there_is_no_button(tmp_path: Path) -> None:
    async with visited(tmp_path, Ledger(Seen(WELL)), Role.IT) as browser:
        text = await (await browser.get("/it/ledger?language=en")).text()
    assert 'data-mood="well"' in text
    assert "Send again" not in text


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    found = extract_from_dir(
        str(WEB / "templates"), [("why.html", "jinja2")], options_map={"why.html": {"silent": "0"}}
    )
    used = {str(message) for _, _, message, _, _ in found} | page.texts()
    with (WEB / "locales" / "ja.po").open("rb") as file:
        translated = {str(one.id) for one in read_po(file) if one.id and one.string}
    others = words(signin.HERE / "locales", "ja").gettext
    assert translated == {text for text in used if others(text) == text}
