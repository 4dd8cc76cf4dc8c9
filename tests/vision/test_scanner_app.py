"""A hand scanner as a part of a whole edge."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from edge.db import database
from edge.health import State
from tests.house.test_app import down, plays, store
from tests.vision.test_scanner_devices import Line
from tests.vision.waiting import until

SCANNER = """
[[scanner]]
id = "hand"
screen = "kiosk-1"
adapter = "serial"
symbology = "qrcode"
settings = { device = "scanner" }
[member_code]
ref_key = "ref.key"
[[member_code.static]]
name = "card"
symbologies = ["qrcode"]
pattern = '29(?P<member>\\d{10})\\d'
check = "ean13"
"""
CARD = "2900000000018"


async def test_a_scanned_card_greets_on_the_screen_beside_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "ref.key").write_text(secrets.token_urlsafe(32))
    line = Line(tmp_path / "scanner")
    async with store(tmp_path, SCANNER) as (parts, _):
        await until(lambda: ("scanner", State.UP) in {(part.kind, part.state) for part in parts.health.parts()})
        line.send(CARD)
        await until(lambda: parts.outbox.waiting() >= 4)
    line.unplug()
    async with database(tmp_path / "data" / "outbox.sqlite") as db:
        kinds = await db.read(lambda c: [kind for (kind,) in c.execute("SELECT kind FROM outbox ORDER BY seq")])
    assert [kind for kind in kinds if kind != "clock_anchor"][:3] == ["scan", "session_start", "identify"]


@pytest.mark.promise("X-1")
async def test_a_scanner_that_is_away_darkens_no_screen(tmp_path: Path) -> None:
    (tmp_path / "ref.key").write_text(secrets.token_urlsafe(32))
    async with store(tmp_path, SCANNER) as (parts, url):
        assert await plays(parts, url)
        assert ("scanner", "hand") in down(parts)
