"""Rows written anew where they wait: whole rows change, spoilt ones stay, and number, id and order are the same."""

from __future__ import annotations

import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.event import BadContact, read_event
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.rewriting import NAMING, Rows, cut_log, rewrite, taken_out, unnamed
from edge.model import Contact

ANN, BEN = "AAECAwQFBgcI", "s1.AAAAAAAAAAAAAAAA"


async def bodies(box: Outbox) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in await box.page(0, 100)]


def scans(*members: str) -> list[Contact]:
    return [Contact("scan", "entrance", 1.0, {"eye": "e"}, member, "s" if member else "") for member in members]


async def test_who_is_taken_out_leaves_number_id_time_and_what_was_shown(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN, "", BEN))
        before = await bodies(box)
        part = await box.act(lambda connection: rewrite(connection, NAMING, taken_out({ANN})))
        after = await bodies(box)
    assert (part.upto, part.changed) == (3, 1)
    assert after[1:] == before[1:]
    assert after[0].pop("data") == {"eye": "e", "touchpoint": "entrance", "timezone": "Asia/Tokyo"} | {
        "redaction": "erased"
    }
    assert after[0] == {name: value for name, value in before[0].items() if name != "data"}


async def test_a_chunk_goes_on_where_the_one_before_ended(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN, ANN, ANN, "", ANN))
        found, after = [], 0
        while True:
            part = await box.act(lambda db, after=after: rewrite(db, NAMING, taken_out({ANN}), after, 2))  # type: ignore[misc]
            if part.upto is None:
                break
            found.append((part.upto, part.changed))
            after = part.upto
        assert found == [(2, 2), (5, 2)]
        assert all(row.whole and not read_event(row.body).member for row in await box.page(0, 10))


async def test_a_spoilt_row_is_left_as_it_is(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN, ANN))
        await box.act(lambda db: db.execute("UPDATE outbox SET crc = crc + 1 WHERE seq = 1").rowcount)
        part = await box.act(lambda db: rewrite(db, Rows("outbox"), taken_out({ANN})))
        kept = await box.look(lambda db: db.execute("SELECT body FROM outbox ORDER BY seq").fetchall())
    assert part.changed == 1
    assert [ANN.encode() in body for (body,) in kept] == [True, False]


async def test_dead_letters_change_too_and_bytes_that_are_no_event_stay(tmp_path: Path, device: Device) -> None:
    torn = b'{"data":{"member":"' + ANN.encode() + b'"'
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN))
        await box.set_aside(1, "too large")
        await box.act(lambda db: db.execute("INSERT INTO dead VALUES (9, 'scan', 'torn', 0, ?)", [torn]).rowcount)
        await box.act(lambda db: rewrite(db, Rows("dead"), taken_out({ANN})))
        dead = await box.look(lambda db: db.execute("SELECT seq, body FROM dead ORDER BY seq").fetchall())
    assert json.loads(dead[0][1])["data"]["redaction"] == "erased"
    assert dead[1] == (9, torn)


async def test_a_change_that_fails_changes_nothing(tmp_path: Path, device: Device) -> None:
    def grown(_: bytes) -> bytes:
        raise BadContact("too much")

    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN))
        before = await bodies(box)
        assert (await box.act(lambda db: rewrite(db, Rows("outbox"), grown))).changed == 0
        assert await bodies(box) == before


def test_a_name_that_only_looks_like_a_member_stays() -> None:
    told = json.dumps({"data": {"page": {"member": ANN}, "member": BEN}}, separators=(",", ":")).encode()
    assert taken_out({ANN})(told) is None
    assert taken_out({BEN})(told) == f'{{"data":{{"page":{{"member":"{ANN}"}},"redaction":"erased"}}}}'.encode()


def test_a_contact_to_come_loses_its_member_and_session() -> None:
    contact = Contact("scan", "entrance", 1.0, {"eye": "e"}, ANN, "s1")
    assert unnamed(contact, {BEN}) is contact
    assert unnamed(contact, {ANN}) == Contact("scan", "entrance", 1.0, {"eye": "e", "redaction": "erased"})


def test_the_log_is_cut_only_where_nobody_reads_and_nobody_is_waited_for(tmp_path: Path) -> None:
    ours = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    theirs = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    for pragma in ("journal_mode=WAL", "busy_timeout=600000"):  # a wait would never end
        ours.execute(f"PRAGMA {pragma}")
    ours.execute("CREATE TABLE t(n)")
    theirs.execute("BEGIN")
    theirs.execute("SELECT * FROM t").fetchall()
    ours.execute("INSERT INTO t VALUES (1)")
    assert not cut_log(ours)
    theirs.execute("COMMIT")
    ours.execute("BEGIN")
    assert not cut_log(ours)
    ours.execute("COMMIT")
    assert cut_log(ours)
    assert (tmp_path / "a.sqlite-wal").stat().st_size == 0
    assert ours.execute("PRAGMA busy_timeout").fetchone() == (600_000,)
    ours.close()
    theirs.close()


@pytest.mark.parametrize("table", ["outbox", "dead"])
async def test_a_row_that_is_right_is_not_written(table: Any, tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(BEN, BEN))
        await box.set_aside(1, "too large")
        before = await box.look(lambda db: db.total_changes)
        assert (await box.act(lambda db: rewrite(db, Rows(table), taken_out({ANN})))).changed == 0
        assert await box.look(lambda db: db.total_changes) == before


async def test_the_crc_of_a_changed_row_is_that_of_its_new_bytes(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(scans(ANN))
        await box.act(lambda db: rewrite(db, NAMING, taken_out({ANN})))
        kept = await box.look(lambda db: db.execute("SELECT crc, body FROM outbox").fetchone())
    assert kept[0] == zlib.crc32(kept[1])
