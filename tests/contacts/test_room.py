"""Room runs out step by step: what counts less goes first, into one gap, and the disk gets back what it lent."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.config import Outbox as Settings
from edge.contacts.event import read_event
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.spool import schema
from edge.contacts.spool.ballast import Ballast
from edge.contacts.spool.draft import Moment, Place, draft, written
from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import MIB, Caps, Refused, Space, Step, caps_of, rungs
from edge.health import Health, State
from edge.model import Contact
from edge.ports import Message
from tests.contacts.conftest import Scripted

PLENTY = Space(rows=10, used=MIB, spare=0, free=10**12, whole=10**12)
CAPS = Caps(rows=100, size=8 * MIB)
DROPS = (Step.DIAGNOSIS, Step.IMPRESSIONS, Step.STATE, Step.CONTACTS)

VERSION_1 = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
CREATE TABLE boots(n INTEGER PRIMARY KEY, bootid TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, boot INTEGER NOT NULL, mono INTEGER NOT NULL,
    wall INTEGER NOT NULL, sync INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE dead(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, wall INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE TABLE gaps(seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, counts TEXT NOT NULL, ranges TEXT NOT NULL) STRICT;
PRAGMA user_version=1;
INSERT INTO meta VALUES ('stream', '0123456789abcdef0123456789abcdef'), ('acked', 0);
"""
STREAM = "0123456789abcdef0123456789abcdef"
OLD_ROW = "INSERT INTO outbox VALUES (?, ?, 1, 1, 1, 1, ?, ?)"


def old_row(seq: int, kind: str) -> tuple[int, str, int, bytes]:
    place = Place("/chains/tentou/stores/shibuya/devices/edge-1", STREAM, "boot")
    body = written(draft(contact(kind, seq), "Asia/Tokyo"), place, Moment("id", seq, 1, 1, True))
    return seq, kind, zlib.crc32(body), body


def contact(kind: str, n: int, size: int = 10) -> Contact:
    return Contact(kind, "entrance", 1.0 + n, {"n": n, "pad": "x" * size})


async def gaps(box: Outbox) -> list[dict[str, Any]]:
    return [json.loads(row.body)["data"] for row in await box.page(0, 100_000) if row.kind == "gap"]


@pytest.mark.parametrize(
    ("space", "full", "steps"),
    [
        (PLENTY, False, ()),
        (Space(101, MIB, 0, 10**12, 10**12), False, DROPS),
        (Space(10, 9 * MIB, 0, 10**12, 10**12), False, DROPS),
        (Space(10, MIB, 0, 63 * MIB, 10**12), False, (Step.DIAGNOSIS,)),
        (Space(10, MIB, 0, 47 * MIB, 10**12), False, (Step.DIAGNOSIS, Step.IMPRESSIONS)),
        (Space(10, MIB, 0, 31 * MIB, 10**12), False, (Step.DIAGNOSIS, Step.IMPRESSIONS, Step.STATE)),
        (Space(10, MIB, 0, 15 * MIB, 10**12), False, (Step.DIAGNOSIS, Step.IMPRESSIONS, Step.STATE, Step.BALLAST)),
        (Space(10, MIB, MIB, 15 * MIB, 10**12), False, ()),  # the file itself has room
        (Space(10, MIB, 0, MIB, 10 * MIB), False, ()),  # on a small disk a twentieth is the floor
        (PLENTY, True, tuple(Step)),
    ],
)
def test_the_ladder_is_climbed_as_far_as_the_room_demands(space: Space, full: bool, steps: tuple[Step, ...]) -> None:
    assert rungs(space, CAPS, full) == steps


def test_the_caps_are_those_of_the_settings() -> None:
    caps = caps_of(Settings(rows=5_000, megabytes=7, ballast_mb=3, overflow="refuse_new"))
    assert caps == Caps(5_000, 7 * MIB, 3 * MIB, "refuse_new")


@pytest.mark.promise("L-4")
async def test_impressions_go_before_the_contacts_of_shoppers(tmp_path: Path, device: Device) -> None:
    kinds = ["scan", "play", "fault", "play", "clock_anchor"] * 80
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(rows=200)) as box:
        for n, kind in enumerate(kinds):
            await box.record(contact(kind, n))
        kept = Counter(row.kind for row in await box.page(0, 10_000))
        lost = sum((Counter(gap["counts"]) for gap in await gaps(box)), Counter[str]())
    assert kept["scan"] == 80
    assert lost["play"] > lost["fault"]
    assert all(kept[kind] + lost[kind] == kinds.count(kind) for kind in set(kinds))


@pytest.mark.promise("L-4")
async def test_a_file_at_its_size_drops_the_oldest_into_gaps_that_name_each_once(
    tmp_path: Path, device: Device
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(size=MIB)) as box:
        accepted = [seq for n in range(30) for seq in await box.record_all([contact("scan", n, 4_000)] * 20)]
        rows = await box.page(0, 10_000)
        lost = Counter(n for row in rows for first, last in read_event(row.body).ranges for n in range(first, last + 1))
        assert set(lost.values()) == {1}
        assert {row.seq for row in rows} | set(lost) == set(range(1, box.last + 1)) >= set(accepted)
        assert box.waiting() == len(rows)
        assert (tmp_path / "outbox.sqlite").stat().st_size < 2 * MIB


@pytest.mark.promise("L-4")
async def test_where_new_contacts_give_way_each_is_refused_and_told_of_in_one_gap(
    tmp_path: Path, device: Device, background: Any, eventually: Any
) -> None:
    health = Health()
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(rows=100, overflow="refuse_new")) as box:
        await box.record_all([contact("scan", n) for n in range(100)])
        with pytest.raises(Refused):
            await box.record(contact("scan", 100))
        ledger = Ledger(box, health)
        async with background(ledger.run()):
            for n in range(30):
                ledger.note(contact("scan", n))
            await eventually(lambda: box.last == 101)
            await eventually(lambda: [part.state for part in health.parts()] == [State.DOWN])
        assert await gaps(box) == [
            {"reason": "refused", "counts": {"scan": 30}, "ranges": [], "touchpoint": "", "timezone": "Asia/Tokyo"}
        ]
        assert (ledger.lost, box.waiting(), box.spool) == ({"scan": 30}, 101, "degraded")


async def test_what_is_recorded_at_the_cap_finds_room_once_head_office_confirms(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(rows=100, overflow="refuse_new")) as box:
        await box.record_all([contact("scan", n) for n in range(100)])
        with pytest.raises(Refused):
            await box.record(contact("scan", 100))
        await box.acknowledge(50)
        assert await box.record(contact("scan", 100)) == 101
        await box._db.write(box._writer.tidy)
        assert box.spool == "ok"


def test_the_ballast_is_room_that_the_disk_has_really_set_aside(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "outbox.ballast", MIB)
    assert ballast.make()
    assert (tmp_path / "outbox.ballast").stat().st_blocks * 512 >= MIB
    assert ballast.give_up()
    assert not ballast.there()
    assert not ballast.give_up()
    assert not Ballast(tmp_path / "none", 0).make()
    assert not Ballast(tmp_path / "more", 10**17).make()
    assert list(tmp_path.iterdir()) == []


async def test_a_file_whose_backlog_was_confirmed_is_small_again(
    tmp_path: Path, device: Device, background: Any, eventually: Any
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device, Caps(ballast=0)) as box:
        await box.record_all([contact("scan", n, 4_000) for n in range(1_000)])
        await box.acknowledge(1_000)
        async with background(box.tend(0.01)):
            await eventually(lambda: file.stat().st_size < 2 * MIB)
        assert await box.record(contact("scan", 1)) == 1_001


async def test_what_was_freed_beside_the_writes_of_others_is_given_back_all_the_same(
    tmp_path: Path, device: Device, background: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, refused = tmp_path / "outbox.sqlite", list[str]()
    checkpoint = schema.checkpoint

    def beside_a_write(connection: sqlite3.Connection) -> None:
        if refused:
            return checkpoint(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            checkpoint(connection)
        except sqlite3.Error as error:
            refused.append(str(error))
            raise
        finally:
            connection.execute("ROLLBACK")

    monkeypatch.setattr(schema, "checkpoint", beside_a_write)
    async with outbox(file, device, Caps(ballast=0)) as box:
        await box.record_all([contact("scan", n, 4_000) for n in range(300)])
        await box._db.read(checkpoint)
        large = file.stat().st_size
        await box.acknowledge(300)
        async with background(box.tend(0.01)):
            await eventually(lambda: file.stat().st_size < large)
    assert refused == ["database table is locked"]


async def test_a_file_of_version_1_is_taken_over_and_version_1_can_still_write_to_it(
    tmp_path: Path, device: Device
) -> None:
    file = tmp_path / "outbox.sqlite"
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1)
        old.execute(OLD_ROW, old_row(1, "scan"))
        old.execute(OLD_ROW, old_row(2, "play"))
        old.commit()
    async with outbox(file, device) as box:
        assert await box.record(contact("fault", 1)) == 3
        assert await box.act(lambda c: c.execute("SELECT class FROM outbox").fetchall()) == [(0,), (2,), (1,)]
    with closing(sqlite3.connect(file)) as old:
        old.execute(OLD_ROW, old_row(4, "scan"))
        old.execute("INSERT OR IGNORE INTO boots(bootid) VALUES ('another')")


@pytest.mark.promise("L-1")
async def test_what_was_accepted_and_is_gone_after_a_failed_flush_is_in_a_gap(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all([contact("scan", n) for n in range(5)])
        await box.record(contact("scan", 5))
        await box._db.write(lambda c: c.execute("DELETE FROM outbox WHERE seq > 4").rowcount)
        await box._db.write(lambda c: c.execute("UPDATE sqlite_sequence SET seq = 4").rowcount)
        box._db._suspect = True
        assert await box.record(contact("scan", 6)) == 8
        assert [(gap["reason"], gap["ranges"]) for gap in await gaps(box)] == [("corruption", [[5, 6]])]
        assert box.waiting() == 6


async def test_callers_who_go_away_undo_nothing_and_hold_up_nobody(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        callers = [asyncio.create_task(box.record(contact("scan", n))) for n in range(20)]
        await asyncio.sleep(0)
        for caller in callers[::2]:
            caller.cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert [seq for seq in answers if isinstance(seq, int)] == list(range(2, 21, 2))
        assert [row.seq for row in await box.page(0, 100)] == list(range(1, 21))


async def test_a_thread_that_is_quicker_than_its_caller_leaves_nobody_waiting(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        post = box._db.post

        def taken_at_once(act: Any, done: Any) -> None:
            post(act, done)
            while box._pending:
                time.sleep(0.001)

        monkeypatch.setattr(box._db, "post", taken_at_once)
        async with asyncio.timeout(60):
            assert [await box.record(contact("scan", n)) for n in range(3)] == [1, 2, 3]


@dataclass
class Told(Scripted):
    """A far side that keeps what each state says of the spool."""

    spools: list[str] = field(default_factory=list)

    async def publish(self, message: Message) -> int:
        if message.retain and b'"online"' in message.payload:
            self.spools.append(json.loads(message.payload)["spool"])
        return await super().publish(message)


async def test_head_office_hears_that_room_is_short_and_that_it_is_there_again(
    tmp_path: Path, device: Device, background: Any, eventually: Any, quick: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.contacts.line.call.TEND", 0.02)
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(rows=100, overflow="refuse_new")) as box:
        far = Told()
        await box.record_all([contact("scan", n) for n in range(100)])
        async with background(uplink.run(box, far, device, Health(), quick)):
            await eventually(lambda: far.spools == ["ok"])
            with pytest.raises(Refused):
                await box.record(contact("scan", 100))
            await eventually(lambda: far.spools == ["ok", "degraded"])
            await box.acknowledge(50)
            await box.record(contact("scan", 100))
            await box._db.write(box._writer.tidy)
            await eventually(lambda: far.spools == ["ok", "degraded", "ok"])


async def test_room_that_becomes_short_between_the_birth_and_the_first_event_is_told(
    tmp_path: Path, device: Device, background: Any, eventually: Any, quick: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.contacts.line.call.TEND", 0.02)
    async with outbox(tmp_path / "outbox.sqlite", device, Caps(rows=100, overflow="refuse_new")) as box:
        far, post = Told(), Post()
        await box.record_all([contact("scan", n) for n in range(100)])

        async def handled() -> None:
            with pytest.raises(Refused):
                await box.record(contact("scan", 100))

        monkeypatch.setattr(post, "handled", handled)
        async with background(uplink.run(box, far, device, Health(), quick, post)):
            await eventually(lambda: far.spools == ["ok", "degraded"])
