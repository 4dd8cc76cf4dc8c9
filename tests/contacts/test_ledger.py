"""The ledger never makes a shopper wait, whatever the disk does, and says afterwards what it could not keep."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import Caps
from edge.health import Health, State
from edge.model import Contact


async def kinds(box: Outbox) -> list[str]:
    return [row.kind for row in await box.page(0, 10_000)]


async def test_what_is_noted_is_recorded_in_order(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        ledger = Ledger(box, Health())
        async with background(ledger.run()):
            for contact in contacts(250):
                ledger.note(contact)
            await eventually(lambda: box.last == 250)
        rows = await box.page(0, 1_000)
        assert [json.loads(row.body)["data"]["n"] for row in rows] == list(range(250))


@pytest.mark.promise("L-5")
@pytest.mark.promise("L-4")
async def test_a_disk_that_does_not_answer_stops_nobody_and_one_gap_tells_what_was_lost(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        ledger, held, free = Ledger(box, Health(), queue=50), threading.Event(), threading.Event()

        def block(_: sqlite3.Connection) -> None:
            held.set()
            free.wait(30)

        async with background(ledger.run(), box._db.write(block)):
            await eventually(held.is_set)
            for contact in contacts(200):
                ledger.note(contact)  # returns although no commit can happen
            assert box.last == 0
            assert ledger.lost == {"scan": 75, "play": 75}
            free.set()
            await eventually(lambda: box.last == 51)
        told = json.loads((await box.page(50, 10))[0].body)["data"]
        assert await kinds(box) == ["scan", "play"] * 25 + ["gap"]
        assert (told["counts"], told["ranges"]) == ({"scan": 75, "play": 75}, [])


@pytest.mark.promise("L-5")
async def test_a_failing_disk_is_named_and_what_waits_is_kept_when_it_is_back(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any
) -> None:
    health = Health()
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        ledger = Ledger(box, health)
        await box._db.read(lambda connection: connection.execute("PRAGMA query_only=ON"))
        async with background(ledger.run()):
            for contact in contacts(10):
                ledger.note(contact)
            await eventually(lambda: [part.state for part in health.parts()] == [State.DOWN])
            assert health.parts()[0].detail == "the disk is read-only"
            await box._db.read(lambda connection: connection.execute("PRAGMA query_only=OFF"))
            await eventually(lambda: box.last == 10)
            await eventually(lambda: [part.state for part in health.parts()] == [State.UP])
        assert await kinds(box) == ["scan", "play"] * 5


async def test_a_contact_that_cannot_be_an_event_is_counted_and_blocks_nothing(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        ledger = Ledger(box, Health())
        async with background(ledger.run()):
            ledger.note(Contact("scan", "entrance", 1.0, {"x": object()}))
            ledger.note(contacts(1)[0])
            await eventually(lambda: box.last == 2)
        assert await kinds(box) == ["scan", "gap"]


async def test_a_stop_keeps_what_is_in_the_queue(
    tmp_path: Path, device: Device, contacts: Any, background: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        ledger = Ledger(box, Health())
        async with background(ledger.run()):
            await asyncio.sleep(0)
            for contact in contacts(250):
                ledger.note(contact)
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        assert box.waiting() == 250


async def test_a_full_outbox_does_not_hold_up_the_end_however_late_a_contact_is_noted(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    caps = Caps(rows=10, overflow="refuse_new")
    async with outbox(tmp_path / "outbox.sqlite", device, caps) as box:
        *first, late, later = (each for each in contacts(24) if each.kind == "scan")
        await box.record_all(first)
        ledger, account, left = Ledger(box, Health()), box.account, [later, late]

        async def told(reason: str, counts: Counter[str]) -> int:
            if left:
                ledger.note(left.pop())  # while the gap is written, at the end
            return await account(reason, counts)

        monkeypatch.setattr(box, "account", told)
        running = asyncio.ensure_future(ledger.run())
        await asyncio.sleep(0)
        ledger.note(left.pop())
        running.cancel()
        await asyncio.wait([running])
        assert (await kinds(box)).count("gap") == 2
        assert ledger.lost.total() == 2
