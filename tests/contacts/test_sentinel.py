"""The sentinel: no number is given that it does not know of, and it is never in the way of the contacts themselves."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.spool import place, sentinel
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.sentinel import AHEAD, Mark, Sentinel, read_mark, sentinel_of, write_mark
from edge.contacts.spool.soundness import EMPTY, FOREIGN, NO_JOURNAL, OLDER, TORN, Facts, fault

STREAM = "0123456789abcdef0123456789abcdef"
MARK = Mark(stream=STREAM, reserved=2_000, last=1_500, acked=900)
CLEAN = MARK.model_copy(update={"clean": True, "last": 2_000})


@pytest.mark.parametrize(
    ("mark", "facts", "wrong"),
    [
        (None, Facts(STREAM, 7, journal=False, whole=True), ""),
        (None, Facts(STREAM, 7, journal=False, whole=False), TORN),
        (MARK, Facts(STREAM, 1_500, journal=True, whole=True), ""),
        (MARK, Facts(STREAM, 2_000, journal=False, whole=True), ""),
        (MARK, Facts(STREAM, 1_999, journal=False, whole=True), NO_JOURNAL),
        (MARK, Facts(STREAM, 1_499, journal=True, whole=True), OLDER),
        (MARK, Facts("", 0, journal=False, whole=True), EMPTY),
        (MARK, Facts("f" * 32, 3_000, journal=True, whole=True), FOREIGN),
        (CLEAN, Facts(STREAM, 2_000, journal=False, whole=True), ""),
        (CLEAN, Facts(STREAM, 1_999, journal=False, whole=True), OLDER),
        (CLEAN, Facts(STREAM, 2_000, journal=False, whole=False), TORN),
        (CLEAN, Facts("", 0, journal=False, whole=True), EMPTY),
        (Mark(stream=STREAM, reserved=0), Facts("", 0, journal=False, whole=True), ""),
    ],
)
def test_what_is_wrong_with_a_file_follows_from_its_sentinel(mark: Mark | None, facts: Facts, wrong: str) -> None:
    assert fault(mark, facts) == wrong


@pytest.mark.promise("L-4")
async def test_no_number_is_given_above_what_the_sentinel_has_on_disk(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, marks = tmp_path / "outbox.sqlite", list[Mark]()

    def written(path: Path, mark: Mark) -> None:
        marks.append(mark)
        write_mark(path, mark)

    monkeypatch.setattr(sentinel, "write_mark", written)
    async with outbox(file, device) as box:
        for _ in range(25):
            await box.record_all(contacts(100))
            on_disk = read_mark(sentinel_of(file))
            assert on_disk is not None
            assert box.last <= on_disk.reserved < box.last + AHEAD
            assert (on_disk.stream, on_disk.clean) == (box.stream, False)
        assert len(marks) == 3
    assert [mark.clean for mark in marks] == [False, False, False, False, True]
    assert (marks[-1].clean, marks[-1].reserved, marks[-1].last) == (True, 2_500, 2_500)


@pytest.mark.promise("L-1")
async def test_a_contact_whose_number_cannot_be_reserved_is_not_accepted(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(AHEAD))
        monkeypatch.setattr(sentinel, "replace", refuse)
        with pytest.raises(sqlite3.OperationalError, match="Read-only"):
            await box.record(contacts(1)[0])
        monkeypatch.undo()
        assert await box.record(contacts(1)[0]) == AHEAD + 1


def test_a_sentinel_is_written_over_where_there_is_no_room_for_a_second_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.json"
    write_mark(path, MARK)
    size = path.stat().st_size

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sentinel, "replace", full)
    write_mark(path, CLEAN)
    assert (read_mark(path), path.stat().st_size) == (CLEAN, size)
    with pytest.raises(FileNotFoundError):
        write_mark(tmp_path / "none.json", CLEAN)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 512, b'{"stream": "x"}', b"[1]", b"null", b"1" * 100_000])
async def test_a_broken_sentinel_beside_a_good_file_is_made_anew_and_loses_nothing(
    tmp_path: Path, device: Device, contacts: Any, content: bytes
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(9))
        stream = box.stream
    sentinel_of(file).write_bytes(content)
    async with outbox(file, device) as box:
        assert (box.stream, box.waiting(), box.last) == (stream, 9, 9)
        remade = read_mark(sentinel_of(file))
        assert remade is not None
        assert (remade.stream, remade.reserved) == (stream, 9)
    assert not (tmp_path / "quarantine").exists()


async def test_a_start_that_records_nothing_leaves_the_sentinel_alone(
    tmp_path: Path, device: Device, contacts: Any
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(3))
    before = sentinel_of(file).stat().st_mtime_ns
    async with outbox(file, device):
        pass
    assert sentinel_of(file).stat().st_mtime_ns == before


def test_a_sentinel_that_reserved_enough_is_not_written_again(tmp_path: Path) -> None:
    kept = Sentinel(tmp_path / "outbox.json", MARK.model_copy(update={"clean": True, "reserved": 7}))
    for seq in range(8, 8 + 3 * AHEAD):
        kept.reserve(seq)
        assert kept.mark.reserved == 7 + AHEAD * ((seq - 8) // AHEAD + 1)
        assert not kept.mark.clean


async def test_a_sentinel_that_the_disk_refuses_stops_no_start(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(place, "write_mark", full)
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        assert not sentinel_of(tmp_path / "outbox.sqlite").exists()
        assert await box.record(contacts(1)[0]) == 1
        assert sentinel_of(tmp_path / "outbox.sqlite").exists()
