"""A store's edge starts and shows its loop whatever its disk has done, and stops in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge import app, config
from edge.bench.ports import free_port
from edge.contacts.spool.opening import outbox
from edge.db import database
from edge.health import State
from edge.members.erasure import ERASURE, make_erasure
from edge.members.keyset import to_base64url
from edge.model import Contact, Level
from edge.sessions.machine import Session
from edge.sessions.machine import State as Stand
from tests.members import signing

SETTINGS = """
[device]
chain = "acme"
store = "s1"
id = "e1"
clock = "trusted"
[web]
port = 0
[[screen]]
id = "kiosk-1"
device_class = "kiosk"
"""


@asynccontextmanager
async def store(folder: Path, more: str = "") -> AsyncIterator[tuple[app.Parts, str]]:
    """An edge on a port of its own, and its address."""
    port = free_port()
    (folder / "device.toml").write_text(SETTINGS.replace("port = 0", f"port = {port}") + more)
    async with app.running(config.read_store(folder), folder) as parts:
        yield parts, f"http://127.0.0.1:{port}"


async def plays(parts: app.Parts, url: str) -> bool:
    """Whether the screen's page is served with something to play."""
    screen = f"{url}/screens/kiosk-1"
    async with (
        aiohttp.ClientSession() as session,
        session.get(screen) as page,
        session.get(f"{screen}/loop.json") as loop,
    ):
        return page.status == 200 and bool((await loop.json())["items"])


def down(parts: app.Parts) -> set[tuple[str, str]]:
    """What health says is down, but for the browser that no test here opens."""
    return {(p.kind, p.name) for p in parts.health.parts() if p.state is State.DOWN} - {("screen", "kiosk-1")}


@pytest.mark.promise("X-1")
@pytest.mark.promise("L-5")
@pytest.mark.parametrize("name", ["content/content.sqlite", "stock.sqlite", "members.sqlite", "outbox.sqlite"])
async def test_a_broken_file_darkens_no_screen(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 99)
    async with store(tmp_path) as (parts, url):
        assert await plays(parts, url)
        assert ("disk", path.stem) in down(parts) or name == "outbox.sqlite"
        assert await parts.outbox.record(Contact("scan", "kiosk-1", 0.0)) >= 1
    assert len(list((tmp_path / "data").rglob(f"quarantine/*/{path.name}"))) == 1


@pytest.mark.promise("X-1")
@pytest.mark.promise("L-5")
async def test_a_disk_that_takes_nothing_darkens_no_screen(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    async with store(tmp_path) as (parts, url):
        assert await plays(parts, url)
        assert down(parts) == {("disk", name) for name in ("content", "stock", "intake", "members", "outbox", "calls")}
        assert await parts.outbox.record(Contact("scan", "kiosk-1", 0.0)) >= 1


@pytest.mark.promise("X-1")
async def test_files_of_members_that_are_missing_darken_no_screen(tmp_path: Path) -> None:
    more = """
[member_code]
keyset = "keyset.json"
ref_key = "ref.key"
[[member_code.static]]
name = "card"
symbologies = ["qrcode"]
pattern = '29(?P<member>\\d{10})\\d'
check = "ean13"
[members]
adapter = "http"
settings = {url = "https://members.invalid/{ref}", ca_file = "ca.pem"}
"""
    async with store(tmp_path, more) as (parts, url):
        assert await plays(parts, url)
        assert down(parts) == {("codes", "key set"), ("codes", "reference key"), ("members", "profiles")}


async def test_a_port_that_is_taken_is_a_setting_to_mend(tmp_path: Path) -> None:
    async with store(tmp_path) as (parts, _):
        with pytest.raises(config.BadConfig, match="web: 127.0.0.1"):
            async with app.running(parts.store, tmp_path / "other"):
                pass


@pytest.mark.promise("S-2")
async def test_a_session_that_runs_when_the_service_stops_is_ended_in_the_ledger(tmp_path: Path) -> None:
    async with store(tmp_path) as (parts, _):
        await asyncio.sleep(0.1)
        parts.stages["kiosk-1"]._session = Session(Stand.GREETED, "abc", Level.SEGMENT)
    async with database(tmp_path / "data" / "outbox.sqlite") as db:
        kinds = await db.read(lambda c: [kind for (kind,) in c.execute("SELECT kind FROM outbox ORDER BY seq")])
    assert [kind for kind in kinds if kind != "clock_anchor"] == ["session_end"]


async def test_whom_head_office_erased_is_sent_by_no_store_that_starts_with_a_backlog(tmp_path: Path) -> None:
    (tmp_path / "erase.json").write_text(
        ERASURE.sign(make_erasure("acme", 1, signing.NOW, [signing.SUB]), signing.ROOT)
    )
    root = to_base64url(signing.public(signing.ROOT))
    device = config.Device(chain="acme", store="s1", id="e1")
    async with outbox(tmp_path / "data" / "outbox.sqlite", device) as box:
        await box.record_all([Contact("scan", "kiosk-1", 0.0, {}, signing.SUB, "s1") for _ in range(20)])
    more = f'[member_code]\nroots = ["{root}"]\nerase = "erase.json"\n[outbox]\ndrain = 0\n'
    more += '[upstream]\nadapter = "file"\nsettings = { path = "sent" }\n'
    async with store(tmp_path, more) as (parts, _), asyncio.timeout(60):
        while parts.outbox.acked < 20:
            await asyncio.sleep(0.01)
        parts.ledger.note(Contact("scan", "kiosk-1", 0.0, {}, signing.SUB, "s2"))
        while (tmp_path / "sent").read_bytes().count(b'"redaction":"erased"') < 21:
            await asyncio.sleep(0.01)
    sent = (tmp_path / "sent").read_bytes()
    assert sent.count(b'"redaction":"erased"') == 21
    assert signing.SUB.encode() not in sent
