"""The outbox: durable before it says so, exact about what is lost, and the same size in memory however full it is."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import sqlite_utils
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.event import BadContact, Range, read_event
from edge.contacts.spool import schema
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import Caps
from edge.model import Contact

CHILD = """
import asyncio, sys, time
from pathlib import Path
from edge.config import Device
from edge.contacts.spool.opening import outbox
from edge.model import Contact

async def main():
    async with outbox(Path(sys.argv[1]), Device(chain="c", store="s", id="d")) as box:
        print(box.stream, flush=True)
        async def one(n):
            while True:
                print(await box.record(Contact("scan", "e", time.monotonic(), {"n": n})), flush=True)
        await asyncio.gather(*(one(n) for n in range(8)))

asyncio.run(main())
"""


async def everything(box: Outbox) -> list[int]:
    return [row.seq for row in await box.page(0, 100_000)]


async def gaps(box: Outbox) -> list[dict[str, Any]]:
    return [json.loads(row.body)["data"] for row in await box.page(0, 100_000) if row.kind == "gap"]


@pytest.mark.promise("L-1")
@pytest.mark.parametrize("lines", [1, 40, 333])
async def test_what_was_accepted_is_there_after_kill_9(tmp_path: Path, device: Device, lines: int) -> None:
    file = tmp_path / "outbox.sqlite"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        stream = child.stdout.readline().decode().strip()
        accepted = [int(child.stdout.readline()) for _ in range(lines)]
        child.kill()
        accepted += [int(line) for line in child.stdout.read().split(b"\n")[:-1]]
    async with outbox(file, device) as box:
        assert box.stream == stream
        assert set(accepted) <= set(await everything(box))
        assert [row.whole for row in await box.page(0, 10**6)] == [True] * box.waiting()


@pytest.mark.promise("L-1")
async def test_a_contact_that_the_disk_refuses_is_not_accepted(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        await box._db.read(lambda connection: connection.execute("PRAGMA query_only=ON"))
        with pytest.raises(sqlite3.OperationalError):
            await box.record(contacts(1)[0])
        await box._db.read(lambda connection: connection.execute("PRAGMA query_only=OFF"))
        assert await box.record(contacts(1)[0]) == 4
        assert box.waiting() == 4


async def test_a_contact_that_is_taken_in_the_moment_of_the_close_is_kept(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        post = box._db.post

        def closed(*job: Any) -> None:
            post(*job)
            while box._pending:
                time.sleep(0.001)
            raise sqlite3.ProgrammingError

        monkeypatch.setattr(box._db, "post", closed)
        assert await box.record(contacts(1)[0]) == 1
        monkeypatch.setattr(box._db, "post", Mock(side_effect=sqlite3.ProgrammingError))
        with pytest.raises(sqlite3.ProgrammingError):
            await box.record(contacts(1)[0])
        assert not box._pending


async def test_numbers_are_never_used_twice(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(10))
        assert await box.acknowledge(10) == 10
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        assert await box.record(contacts(1)[0]) == 11
        assert (box.waiting(), box.acked) == (1, 10)


@pytest.mark.parametrize("upto", [0, -1, 4, 10**15])
@pytest.mark.promise("L-2")
async def test_an_acknowledgement_of_what_was_never_made_deletes_nothing(
    tmp_path: Path, device: Device, contacts: Any, upto: int
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        assert await box.acknowledge(upto) == 0
        assert await everything(box) == [1, 2, 3]


async def test_what_was_confirmed_and_could_not_be_deleted_goes_when_it_is_confirmed_again(
    tmp_path: Path, device: Device, contacts: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(1_200))
        await box._db.read(lambda connection: connection.execute("PRAGMA query_only=ON"))
        with pytest.raises(sqlite3.OperationalError):
            await box.acknowledge(1_200)
        assert (box.acked, box.waiting(), box.spool) == (1_200, 1_200, "degraded")
        await box._db.read(lambda connection: connection.execute("PRAGMA query_only=OFF"))
        assert await box.acknowledge(1_200) == 1_200
        assert (box.waiting(), box.spool) == (0, "ok")


async def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(1_200))
        prune = box._prune

        async def cut_short(upto: int, writer: Any) -> int:
            gone = await prune(upto, writer)
            deleting.cancel()
            return gone

        monkeypatch.setattr(box, "_prune", cut_short)
        deleting = asyncio.ensure_future(box.acknowledge(1_200))
        with pytest.raises(asyncio.CancelledError):
            await deleting
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        assert await box.look(rows) == 200  # what was asked of the disk is done all the same
        assert (await box.acknowledge(7), box.acked) == (200, 1_200)  # an older word takes nothing back
        assert await box.look(rows) == 0


def rows(connection: sqlite3.Connection) -> int:
    """How many lie in the file, confirmed or not."""
    return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


async def test_a_page_that_could_not_be_read_once_leaves_nothing_degraded(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        with monkeypatch.context() as torn:
            torn.setattr(schema, "page", refused)
            with pytest.raises(sqlite3.OperationalError):
                await box.page(0, 10)
        assert box.spool == "degraded"
        assert (len(await box.page(0, 10)), box.spool) == (3, "ok")


async def test_a_contact_that_is_kept_shows_that_the_disk_takes_what_it_refused(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        with pytest.raises(sqlite3.OperationalError):
            await box.act(refused)
        spools: list[str] = [box.spool]
        await box.record_all(contacts(1))
        spools.append(box.spool)
        box.unnamed = Mock(side_effect=BadContact("it is too large"))
        with pytest.raises(BadContact):
            await box.record_all(contacts(1))
        assert [*spools, box.spool] == ["degraded", "ok", "ok"]


def refused(*_: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


async def test_a_large_backlog_is_deleted_in_chunks(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(12_345))
        assert await box.acknowledge(12_000) == 12_000
        assert (box.waiting(), (await everything(box))[0]) == (345, 12_001)


@pytest.mark.promise("L-4")
async def test_beyond_the_cap_the_oldest_go_into_gaps_that_name_each_once(
    tmp_path: Path, device: Device, contacts: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device, caps=Caps(rows=1_000)) as box:
        for _ in range(80):
            await box.record_all(contacts(37))
        kept, told = await everything(box), await gaps(box)
        assert len(kept) <= 1_001
        lost = Counter(n for gap in told for first, last in gap["ranges"] for n in range(first, last + 1))
        assert set(lost.values()) == {1}
        assert sorted([*kept, *lost]) == list(range(1, box.last + 1))
        assert sum(sum(gap["counts"].values()) for gap in told) == len(lost)
        assert box.waiting() == len(kept)


@pytest.mark.promise("L-8")
async def test_an_event_that_is_set_aside_keeps_its_bytes_and_its_reason(
    tmp_path: Path, device: Device, contacts: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        body = (await box.page(1, 1))[0].body
        assert await box.set_aside(2, "poison")
        assert not await box.set_aside(2, "poison")
        dead = await box._db.read(lambda c: c.execute("SELECT seq, reason, body FROM dead").fetchall())
        assert dead == [(2, "poison", body)]
        assert await gaps(box) == [
            {"reason": "poison", "counts": {"play": 1}, "ranges": [[2, 2]], "touchpoint": "", "timezone": "Asia/Tokyo"}
        ]
        assert box.waiting() == 3


async def test_a_caller_who_goes_away_leaves_the_gap_to_be_sent(
    tmp_path: Path, device: Device, contacts: Any, eventually: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        box.news.clear()
        caller = asyncio.create_task(box.set_aside(2, "poison"))
        await asyncio.sleep(0)
        caller.cancel()
        await eventually(box.news.is_set)
        assert box.last == 4


@pytest.mark.promise("L-4")
async def test_a_gap_that_cannot_be_delivered_hands_on_what_it_accounts_for(
    tmp_path: Path, device: Device, contacts: Any
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(2))
        await box.set_aside(1, "poison")
        await box.set_aside(3, "too large")
        assert [gap["ranges"] for gap in await gaps(box)] == [[[1, 1], [3, 3]]]
        assert [gap["counts"] for gap in await gaps(box)] == [{"gap": 1, "scan": 1}]
        assert box.waiting() == 2


async def test_a_flipped_bit_is_seen(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(2))
        await box._db.write(lambda c: c.execute("UPDATE outbox SET body = x'7b7d' WHERE seq=1"))
        assert [row.whole for row in await box.page(0, 10)] == [False, True]


@pytest.mark.promise("L-7")
async def test_steps_of_the_wall_clock_change_no_order_and_delete_nothing(tmp_path: Path, device: Device) -> None:
    walls = iter([1.8e9, 0.0, 4e9, 1.0, 1.8e9] * 3)
    clock = Clock(mono=lambda: 100.0, wall=lambda: next(walls), synced=lambda: False)
    async with outbox(tmp_path / "outbox.sqlite", device, clock=clock) as box:
        for _ in range(5):
            await box.record(Contact("scan", "entrance", 100.0))
        rows = await box.page(0, 10)
        assert [read_event(row.body).seq for row in rows] == [1, 2, 3, 4, 5]
        assert {json.loads(row.body)["clocksync"] for row in rows} == {False}


@pytest.mark.promise("L-6")
async def test_a_start_with_a_million_waiting_events_reads_almost_none_of_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        schema.migrate(sqlite_utils.Database(connection))
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
            "INSERT INTO outbox SELECT i, 'scan', 1, 1, 1, 1, 1, x'00' FROM n"
        )
        steps = Counter[str]()
        connection.set_progress_handler(lambda: steps.update(hundreds=1), 100)
        assert schema.load(connection, "boot").waiting == 1_000_000
        assert len(schema.page(connection, 0, 100)) == 100
        assert steps["hundreds"] < 100


@pytest.mark.promise("L-6")
async def test_memory_does_not_grow_with_the_backlog(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        for _ in range(10):
            await box.record_all(contacts(1_000))
        tracemalloc.start()
        cursor = 0
        while rows := await box.page(cursor, 100):
            cursor = rows[-1].seq
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert cursor == 10_000
        assert peak < 1_000_000  # all of them would be over 4 MB


@pytest.mark.parametrize("damage", ["zeros", "text", "page"])
async def test_a_file_that_is_no_database_any_more_is_put_away_and_told_of(
    tmp_path: Path, device: Device, contacts: Any, damage: str
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(50))
        before = box.stream
    content = file.read_bytes()
    file.write_bytes(
        {"zeros": b"\0" * 8192, "text": b"hello " * 2000, "page": content[:4096] + b"\x7f" * 90_000}[damage]
    )
    async with outbox(file, device) as box:
        assert box.stream != before
        assert [gap["reason"] for gap in await gaps(box)] == ["corruption"]
        assert await box.record(contacts(1)[0]) == 2
    assert [each.name for each in tmp_path.glob("quarantine/*/outbox.sqlite")] == ["outbox.sqlite"]


async def test_a_contact_that_is_no_event_fails_alone(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        good, bad = contacts(1)[0], Contact("scan", "entrance", 1.0, {"x": object()})
        results = await asyncio.gather(box.record(good), box.record(bad), box.record(good), return_exceptions=True)
        assert (results[0], results[2]) == (1, 2)
        assert isinstance(results[1], BadContact)


async def test_rows_put_in_by_hand_are_counted_and_sent(tmp_path: Path, device: Device, contacts: Any) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        box.news.clear()
        gone = await box.act(lambda c: c.execute("DELETE FROM outbox WHERE seq = 3 RETURNING seq").fetchone()[0])
        await box.act(lambda c: schema.insert(c, schema.Row(4, "scan", b"{}"), box.boot, 1, 1, True))
        await box.act(lambda c: schema.note_gap(c, 4, "test", Counter(), [(3, 3)]))
        assert (gone, box.last, box.waiting()) == (3, 4, 3)
        assert box.news.is_set()


@given(st.sets(st.integers(1, 60)))
def test_numbers_and_their_ranges_say_the_same(numbers: set[int]) -> None:
    found: list[Range] = schema.runs(sorted(numbers))
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(numbers)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))
