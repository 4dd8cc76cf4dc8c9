"""The hub's own address of links, served for real: where they lead, what counts, and who may report."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge import hub
from edge.config import Device, read_hub
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.office import redirector
from edge.contacts.spool.opening import outbox
from edge.health import Health
from edge.model import Contact
from tests.contacts.test_handoffs import BROWSER, FIRST, SECOND

SETTINGS = """[web]
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = {port} }}
[handoff]
product = "https://shop.example/p/{{sku}}?at={{store}}"
hold = "https://shop.example/hold/{{sku}}?h={{id}}"
token = "handoff.token"
"""


@asynccontextmanager
async def head_office(folder: Path, settings: str, port: int = 1) -> AsyncIterator[hub.Hub]:
    """A hub that runs; without a broker's port its uplink is down."""
    folder.mkdir()
    (folder / "hub.toml").write_text(settings.format(port=port))
    (folder / "handoff.token").write_text("a-token\n")
    async with hub.running(read_hub(folder), folder) as running:
        yield running


class Phone:
    """What a shopper's browser asks of a hub."""

    def __init__(self, running: hub.Hub) -> None:
        self.url = f"http://127.0.0.1:{running.port}"

    async def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] = BROWSER
    ) -> tuple[int, str, str, Mapping[str, str]]:
        """Status, where it leads, the text and the headers of an answer; no redirect is followed."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, answer.headers.get("Location", ""), await answer.text(), answer.headers

    async def report(self, id: str, token: str = "a-token", what: str = "used", body: bytes = b"") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with aiohttp.ClientSession() as session:
            answer = await session.post(f"{self.url}/h/{id}/{what}", headers=headers, data=body)
            return answer.status, await answer.json() if answer.status == 200 else None


def used(folder: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(folder / "data" / "contacts.sqlite")) as db:
        return db.execute("SELECT kind, store, session FROM contacts WHERE kind = 'handoff_used'").fetchall()


@pytest.mark.promise("M-5")
async def test_with_the_uplink_down_a_link_leads_to_its_product_and_waits_for_its_offer(tmp_path: Path) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        phone = Phone(running)
        status, leads, _, headers = await phone.ask(f"/h/{FIRST}?p=LN-1&s=s001")
        assert (status, leads) == (302, "https://shop.example/p/LN-1?at=s001")
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert (await phone.ask(f"/h/{FIRST}?p=LN-1&k=hold"))[1] == f"https://shop.example/hold/LN-1?h={FIRST}"
        assert (await phone.ask(f"/h/{FIRST}?p=LN-1&k=//evil.example"))[1] == "https://shop.example/p/LN-1?at="
        assert await running.handoffs.waiting() == 1
        assert "まだ受け取っていないリンクの利用: 1 件" in (await phone.ask("/"))[2]


@pytest.mark.promise("L-3")
async def test_an_offer_over_the_broker_and_its_use_are_joined_in_head_offices_database(
    tmp_path: Path, mosquitto: Any, device: Device, dialled: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    port = mosquitto().port
    async with head_office(tmp_path / "hub", SETTINGS, port) as running, outbox(tmp_path / "box", device) as box:
        phone = Phone(running)
        await phone.ask(f"/h/{FIRST}?p=LN-1")
        for id in (FIRST, SECOND):
            data = {"handoff": id, "kind": "hold", "sku": "LN-1", "campaign": ""}
            await box.record(Contact("handoff_offered", "kiosk-1", 1.0, data, "anna", "s1"))
        async with background(uplink.run(box, dialled(port), device, Health(), quick)):
            await eventually(lambda: box.waiting() == 0)
        for _ in range(2):
            await phone.ask(f"/h/{SECOND}?p=LN-1&k=hold")
        await eventually(lambda: len(used(tmp_path / "hub")) == 2)
        assert used(tmp_path / "hub") == [("handoff_used", "shibuya", "s1")] * 2
        assert '<th scope="row">Kept at the store</th><td class="number">2</td>' in (await phone.ask("/?lang=en"))[2]


@pytest.mark.parametrize(
    ("method", "more"),
    [("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("GET", {"User-Agent": "Twitterbot/1.0"})],
)
async def test_who_only_looks_is_led_on_and_not_counted(tmp_path: Path, method: str, more: dict[str, str]) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        headers = {name.title(): value for name, value in BROWSER.items()} | more
        status, leads, _, _ = await Phone(running).ask(f"/h/{FIRST}?p=LN-1", method, headers)
        assert (status, leads) == (302, "https://shop.example/p/LN-1?at=")
        assert await running.handoffs.waiting() == 0


async def test_many_made_up_links_from_one_address_are_led_on_and_not_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redirector, "Rate", partial(redirector.Rate, inside=30))
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        phone = Phone(running)
        made = [(await phone.ask(f"/h/{number:016d}?p=LN-1"))[0] for number in range(40)]
        assert (set(made), await running.handoffs.waiting()) == ({302}, 30)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "path",
    [
        "/h/short?p=LN-1",
        f"/h/{FIRST}",
        f"/h/{FIRST}?p=..%2Fadmin",
        f"/h/{FIRST}?p=LN-1&s=%0d%0aSet-Cookie",
        "/h/%0a?p=L",
    ],
)
async def test_what_is_no_link_of_ours_leads_nowhere_in_four_languages(tmp_path: Path, path: str) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        status, leads, text, _ = await Phone(running).ask(path)
        assert (status, leads) == (404, "")
        assert all(f'lang="{language}"' in text for language in ("ja", "en", "zh-Hans", "ko"))
        assert "admin" not in text


async def test_without_templates_a_page_names_the_product(tmp_path: Path) -> None:
    bare = SETTINGS.partition("[handoff]")[0]
    async with head_office(tmp_path / "hub", bare) as running:
        status, _, text, _ = await Phone(running).ask(f"/h/{FIRST}?p=LN-1")
        assert (status, '<p class="sku">LN-1</p>' in text) == (200, True)
        assert (await Phone(running).ask("/h/page.css"))[0] == 200
        assert (await Phone(running).report(FIRST))[0] == 401, "nobody may report where no token is set"


async def test_an_app_that_bears_the_token_reports_a_use_itself(tmp_path: Path) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        phone = Phone(running)
        assert await phone.report(FIRST) == (200, {"id": FIRST, "counted": True, "offered": False})
        assert await phone.report(FIRST) == (200, {"id": FIRST, "counted": False, "offered": False})
        assert [(await phone.report(FIRST, token))[0] for token in ("", "b-token")] == [401, 401]
        assert (await phone.report("short"))[0] == 404


TAKEN = b'{"kind": "hold", "state": "confirmed"}'


async def test_an_app_that_bears_the_token_reports_what_was_taken(tmp_path: Path) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        phone = Phone(running)
        answer = {"id": FIRST, "counted": True, "offered": False}
        assert await phone.report(FIRST, what="taken", body=TAKEN) == (200, answer)
        assert await phone.report(FIRST, what="taken", body=TAKEN) == (200, answer | {"counted": False})
        assert [(await phone.report(FIRST, token, "taken", TAKEN))[0] for token in ("", "b-token")] == [401, 401]
        assert (await phone.report("short", what="taken", body=TAKEN))[0] == 404


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 5000,
        b'{"kind": "hold"}',
        b'{"kind": "hold", "state": "done"}',
        b'{"kind": "steal", "state": "pending"}',
        b'{"kind": "hold", "state": "pending", "member": "4711"}',
        b'"hold"',
    ],
)
async def test_a_report_that_is_none_is_refused_and_says_what_would_be_one(tmp_path: Path, body: bytes) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:
        phone = Phone(running)
        assert (await phone.report(FIRST, what="taken", body=body))[0] == 400
        assert await phone.report(FIRST, what="taken", body=TAKEN) == (
            200,
            {"id": FIRST, "counted": True, "offered": False},
        )


async def test_a_disk_that_fails_keeps_no_phone_from_its_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with head_office(tmp_path / "hub", SETTINGS) as running:

        async def broken(*_: object) -> bool:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(type(running.handoffs), "knows", broken)
        for _ in range(3):
            assert (await Phone(running).ask(f"/h/{FIRST}?p=LN-1"))[0] == 302
        assert caplog.text.count("uses of links cannot be noted") == 1
        assert FIRST not in caplog.text
