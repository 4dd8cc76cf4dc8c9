"""An outbox opens whatever the disk does, comes back from memory to the disk, and keeps few of the spoilt files."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import DEFAULT, Mock

import pytest

from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.event import read_event
from edge.contacts.spool import quarantine, salvage, soundness
from edge.contacts.spool.mending import Mender
from edge.contacts.spool.opening import outbox, outbox_anyway
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import Caps
from edge.contacts.spool.sentinel import sentinel_of
from edge.health import Health, Part, State
from edge.supervise import kept


@asynccontextmanager
async def mended(file: Path, device: Device, health: Health) -> AsyncIterator[Outbox]:
    """As outbox_anyway, but a disk that is away is tried again at once."""
    mender = Mender(file, device, "boot", Clock(), health, retry=0.01)
    box = await mender.open(Caps())
    try:
        async with kept({"outbox": mender.run}):
            yield box
    finally:
        await mender.close()


def part(health: Health) -> Part:
    return next(each for each in health.parts() if (each.kind, each.name) == ("disk", "outbox"))


@pytest.mark.promise("L-5")
@pytest.mark.promise("X-2")
async def test_what_memory_held_goes_to_the_disk_when_it_is_back_in_order_and_without_a_restart(
    tmp_path: Path, device: Device, contacts: Any, eventually: Any
) -> None:
    (tmp_path / "data").touch()
    file, health = tmp_path / "data" / "outbox.sqlite", Health()
    async with mended(file, device, health) as box:
        await box.record_all(contacts(500))
        await box.acknowledge(20)
        await box.set_aside(30, "poison")
        memory, part_before = box.stream, part(health)
        ids = [read_event(row.body).id for row in await box.page(0, 1_000)]
        (tmp_path / "data").unlink()
        await eventually(lambda: box.stream != memory)
        await eventually(lambda: part(health).state is State.UP)
        told = [read_event(row.body) for row in await box.page(0, 1_000)]
        assert part_before.state is State.DOWN
    assert [event.id for event in told] == ids
    assert [event.salvaged for event in told] == [(memory, seq) for seq in range(21, 502) if seq != 30]
    assert [(event.gap_stream, event.ranges) for event in told if event.kind == "gap"] == [(memory, ((30, 30),))]
    async with outbox(file, device) as box:
        assert [read_event(row.body).id for row in await box.page(0, 1_000)] == ids


@pytest.mark.promise("L-5")
async def test_contacts_that_come_while_memory_moves_are_kept_once(
    tmp_path: Path, device: Device, contacts: Any, eventually: Any
) -> None:
    (tmp_path / "data").touch()
    async with mended(tmp_path / "data" / "outbox.sqlite", device, Health()) as box:
        memory = box.stream
        await box.record_all(contacts(1_000))
        (tmp_path / "data").unlink()
        more = 0
        while box.stream == memory:
            await box.record(contacts(1)[0])
            more += 1
            await asyncio.sleep(0.005)  # memory holds 20,000: a contact more often than that would fill it
        await eventually(lambda: box.waiting() == 1_000 + more)
        told = [read_event(row.body) for row in await box.page(0, 100_000)]
        assert len({event.id for event in told}) == 1_000 + more
        assert all(event.kind != "gap" for event in told)


async def test_a_disk_that_refuses_at_the_start_is_told_with_what_it_means(tmp_path: Path, device: Device) -> None:
    (tmp_path / "data").touch()
    health = Health()
    async with outbox_anyway(tmp_path / "data" / "outbox.sqlite", device, health):
        assert "a restart forgets" in part(health).detail
        assert "no restart is needed" in part(health).todo


async def test_a_sentinel_that_was_gone_is_told_without_an_alarm(tmp_path: Path, device: Device, contacts: Any) -> None:
    file, health = tmp_path / "outbox.sqlite", Health()
    async with outbox_anyway(file, device, Health()) as box:
        await box.record_all(contacts(3))
    sentinel_of(file).unlink()
    async with outbox_anyway(file, device, health):
        assert (part(health).state, "nothing is lost" in part(health).detail) == (State.UP, True)


async def test_a_large_file_is_looked_through_while_it_is_in_use(
    tmp_path: Path, device: Device, contacts: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(50))
        stream = box.stream
    content = bytearray(file.read_bytes())
    content[content.index(b'"sequence":"000000000025"') + 3] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(soundness, "SMALL", 1)
    async with outbox_anyway(file, device, Health()) as box:
        await eventually(lambda: box.stream != stream)
        await eventually(lambda: box.waiting() == 50)
        gaps = [read_event(row.body) for row in await box.page(0, 100) if row.kind == "gap"]
        assert [(event.gap_stream, event.ranges) for event in gaps] == [(stream, ((25, 25),))]


@pytest.mark.promise("X-2")
@pytest.mark.parametrize(
    ("where", "name", "amiss"),
    [(quarantine, "waiting", OSError(errno.EIO, "Input/output error")), (salvage, "salvage", ArithmeticError("x"))],
    ids=["the disk refuses for a moment", "nobody foresaw it"],
)
async def test_a_salvage_that_fails_is_begun_again_though_the_file_in_use_is_good(
    tmp_path: Path,
    device: Device,
    contacts: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    amiss: Exception,
) -> None:
    file, real = tmp_path / "outbox.sqlite", getattr(where, name)
    async with outbox(file, device) as box:
        await box.record_all(contacts(50))
    file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:])
    monkeypatch.setattr(where, name, Mock(side_effect=[amiss, *[DEFAULT] * 99], wraps=real))
    async with mended(file, device, Health()) as box:
        await eventually(lambda: box.waiting() >= 50)


async def test_a_start_reads_no_row_of_a_large_file_but_its_ends(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(50))
    content = bytearray(file.read_bytes())
    content[content.index(b'"sequence":"000000000025"') + 3] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(soundness, "SMALL", 1)
    async with outbox(file, device) as box:
        assert [row.seq for row in await box.page(0, 100) if not row.whole] == [25]


async def test_a_move_into_quarantine_that_a_cut_interrupts_is_finished(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(50))
        stream = box.stream
    file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:])
    whole, moves = Path.rename, list[str]()

    def cut(self: Path, target: Path) -> Path:
        moves.append(self.name)
        if len(moves) == 2:
            raise OSError("a cut")
        return whole(self, target)

    monkeypatch.setattr(Path, "rename", cut)
    with pytest.raises(OSError, match="a cut"):
        async with outbox(file, device):
            pass
    monkeypatch.undo()
    async with outbox(file, device) as box:
        events = [read_event(row.body) for row in await box.page(0, 100)]
        assert len([event for event in events if event.salvaged and event.salvaged[0] == stream]) == 50
    assert len(list(tmp_path.glob("quarantine/*/outbox.*"))) == 2


async def test_few_spoilt_files_are_kept_and_none_that_is_not_saved_goes(tmp_path: Path) -> None:
    file, order = tmp_path / "outbox.sqlite", quarantine.Order(state="done", why=soundness.TORN)
    folders = []
    for day in range(6):
        file.touch()
        folders.append(quarantine.put_away(file, soundness.TORN, 1e9 + 86_400 * day, "boot"))
        if day != 1:
            quarantine.done(folders[-1], order)
    quarantine.keep_few(file, 90)
    assert [each.exists() for each in folders] == [False, True, False, True, True, True]
    quarantine.keep_few(file, 90, 45 * 86_400)
    assert folders[3].exists()
    quarantine.keep_few(file, 90, 45 * 86_400)
    assert [each.exists() for each in folders] == [False, True, False, False, False, False]


async def test_of_what_is_not_confirmed_the_numbers_stay_when_its_bytes_go(tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite"
    file.touch()
    folder = quarantine.put_away(file, soundness.TORN, 1e9, "boot")
    quarantine.done(folder, quarantine.Order(state="done", why=soundness.TORN), "a" * 32, 7)
    assert not quarantine.settle(file, "a" * 32, 6)
    quarantine.keep_few(file, 90, 90 * 86_400)
    assert [each.name for each in folder.iterdir()] == ["order.json"]
    assert quarantine.settle(file, "a" * 32, 7)
    quarantine.keep_few(file, 90, 1)
    assert not folder.exists()


@pytest.mark.promise("X-2")
async def test_a_file_that_another_process_holds_is_told_and_not_harmed(
    tmp_path: Path, device: Device, contacts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(3))
        stream = box.stream
    holder = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    holder += "c.execute('PRAGMA locking_mode=EXCLUSIVE'); c.execute('BEGIN EXCLUSIVE'); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            async with outbox(file, device):
                pass
        process.communicate(b"\n")
    async with outbox(file, device) as box:
        assert (box.stream, box.waiting()) == (stream, 3)


async def test_a_look_that_is_given_up_ends(tmp_path: Path, device: Device, contacts: Any) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all(contacts(2_000))
    stop = threading.Event()
    stop.set()
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        await asyncio.to_thread(soundness.look, file, True, stop)
