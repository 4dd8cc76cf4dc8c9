"""What a disk does to the outbox, with real file systems and real errors of the kernel.

The oracle is the same for all: what ``record`` accepted is kept or in exactly one gap, and the outbox goes on once the
disk does. File systems need root and the right to mount, injected errors need strace.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.event import read_event
from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.opening import outbox, outbox_anyway
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import MIB, Caps
from edge.db import cause
from edge.health import Health, State
from edge.model import Contact

CHILD = """
import asyncio, sqlite3, sys
from pathlib import Path
from edge.config import Device
from edge.contacts.spool.opening import outbox, outbox_anyway
from edge.model import Contact

async def main():
    async with outbox(Path(sys.argv[1]), Device(chain="tentou", store="shibuya", id="edge-1")) as box:
        print("open", flush=True)
        for n in range(60):
            try:
                print("accepted", await box.record(Contact("scan", "entrance", 1.0 + n, {"n": n})))
            except sqlite3.Error as error:
                print("refused", error.sqlite_errorname)

asyncio.run(main())
"""

CAPS = Caps(ballast=MIB // 2)


def contact(kind: str, n: int) -> Contact:
    return Contact(kind, "entrance", 1.0 + n, {"n": n, "pad": "x" * 400})


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """A file system of its own below a folder; skips where this machine lets nobody mount."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root; the soak runs it")
    folder.mkdir()
    done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this machine may not mount; the soak runs it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def tmpfs(tmp_path: Path) -> Callable[[str], Any]:
    """A small disk in memory, by its mount options."""
    return lambda options: mounted(tmp_path / "disk", "-t", "tmpfs", "-o", options, "none")


async def books(box: Outbox) -> tuple[set[int], Counter[int]]:
    """The numbers that are kept, and how often each is in a gap."""
    rows = await box.page(0, 1_000_000)
    told = [read_event(row.body) for row in rows]
    lost = Counter(n for each in told for first, last in each.ranges for n in range(first, last + 1))
    return {row.seq for row in rows}, lost


async def balanced(box: Outbox, accepted: list[int]) -> bool:
    """The oracle."""
    kept, lost = await books(box)
    return (
        set(accepted) <= kept | lost.keys()
        and not kept & lost.keys()
        and set(lost.values()) <= {1}
        and kept | lost.keys() == set(range(1, box.last + 1))
        and box.waiting() == len(kept)
    )


@pytest.mark.promise("X-2")
@pytest.mark.promise("L-4")
async def test_on_a_full_disk_impressions_go_first_and_what_is_confirmed_still_goes(
    tmpfs: Any, device: Device, background: Any, eventually: Any
) -> None:
    with tmpfs("size=3m") as disk:
        async with outbox(disk / "outbox.sqlite", device, CAPS) as box, background(box.tend(0.05)):
            await eventually(box._writer.ballast.there)
            kinds = ["scan", "play", "play"] * 700
            accepted = [await box.record(contact(kind, n)) for n, kind in enumerate(kinds)]
            assert await balanced(box, accepted)
            assert Counter(row.kind for row in await box.page(0, 10_000))["scan"] == 700
            assert (box.spool, box._writer.ballast.there()) == ("degraded", False)
            await box.acknowledge(box.last)
            await eventually(lambda: box.spool == "ok")
            assert box._writer.ballast.there()
            assert await box.record(contact("scan", 1)) == box.last


@pytest.mark.promise("X-2")
async def test_a_confirmation_that_met_a_full_disk_leaves_nothing_degraded_once_there_is_room(
    tmpfs: Any, device: Device, background: Any, eventually: Any
) -> None:
    with tmpfs("size=6m") as disk:
        async with outbox(disk / "outbox.sqlite", device, Caps(ballast=2 * MIB)) as box:
            await box.record_all([contact("scan", n) for n in range(600)])
            await box._db.write(box._writer.tidy)
            video = disk / "video"
            with suppress(OSError), video.open("wb") as others:
                while True:
                    others.write(b"x" * 4_096)
                    others.flush()
            assert await box.acknowledge(box.last) == 600
            assert (box._writer.ballast.there(), box.spool) == (False, "degraded")
            video.unlink()
            async with background(box.tend(0.05)):
                await eventually(lambda: box.spool == "ok")  # though nobody scans any more today


@pytest.mark.promise("L-4")
async def test_on_a_full_disk_of_contacts_alone_the_oldest_go(tmpfs: Any, device: Device) -> None:
    with tmpfs("size=3m") as disk:
        async with outbox(disk / "outbox.sqlite", device, CAPS) as box:
            await box._db.write(box._writer.tidy)
            accepted = [seq for n in range(60) for seq in await box.record_all([contact("scan", n)] * 50)]
            assert await balanced(box, accepted)
            assert len(accepted) == 3_000


@pytest.mark.promise("L-1")
async def test_a_start_on_a_full_disk_gives_the_ballast_up_and_has_what_waits(tmpfs: Any, device: Device) -> None:
    with tmpfs("size=3m") as disk:
        path = disk / "outbox.sqlite"
        async with outbox(path, device, CAPS) as box:
            await box.record_all([contact("scan", n) for n in range(100)])
            await box._db.write(box._writer.tidy)
        with suppress(OSError), (disk / "video").open("wb") as video:
            while True:
                video.write(b"x" * 4_096)
                video.flush()
        assert path.with_suffix(".ballast").exists()
        async with outbox_anyway(path, device, Health(), CAPS) as box:
            assert (box.spool != "memory", box.waiting()) == (True, 100)


@pytest.mark.promise("L-5")
async def test_a_disk_that_others_filled_darkens_nothing_and_all_is_told_once_there_is_room(
    tmpfs: Any, device: Device, background: Any, eventually: Any
) -> None:
    health = Health()
    with tmpfs("size=3m") as disk:
        async with outbox(disk / "outbox.sqlite", device, Caps(ballast=0)) as box:
            await box.record(contact("scan", 0))
            with suppress(OSError), (disk / "video").open("wb") as video:
                while True:
                    video.write(b"x" * 4_096)
                    video.flush()
            ledger = Ledger(box, health, queue=500)
            async with background(ledger.run()):
                for n in range(3_000):
                    ledger.note(contact("scan", n))
                    if n % 100 == 0:
                        await asyncio.sleep(0)
                await eventually(lambda: [part.state for part in health.parts()] == [State.DOWN])
                (disk / "video").unlink()
                await eventually(lambda: [part.state for part in health.parts()] == [State.UP])
        async with outbox(disk / "outbox.sqlite", device, Caps(ballast=0)) as box:
            told = [read_event(row.body) for row in await box.page(0, 10_000)]
            assert await balanced(box, [])
            assert ledger.lost["scan"] > 0
            assert len([each for each in told if each.kind == "scan"]) + ledger.lost["scan"] == 3_001


async def test_a_disk_without_a_file_name_to_spare_keeps_what_is_recorded(tmpfs: Any, device: Device) -> None:
    with tmpfs("size=16m,nr_inodes=24") as disk:
        async with outbox(disk / "outbox.sqlite", device, CAPS) as box:
            await box.record(contact("scan", 0))
            with suppress(OSError):
                for n in range(100):
                    (disk / f"file-{n}").touch()
            accepted = [seq for n in range(30) for seq in await box.record_all([contact("scan", n)] * 50)]
            assert await balanced(box, accepted)
            assert len(accepted) == 1_500


def faults() -> list[tuple[str, bool]]:
    """What strace injects, and whether a contact is refused by it; the soak draws more of them from its seed."""
    told = [
        ("fsync,fdatasync:error=EIO:when=30..36", True),
        ("pwrite64:error=EROFS:when=100..115", True),
        ("fsync,fdatasync:delay_exit=200000:when=30..33", False),
    ]
    chance = random.Random(int(os.environ.get("TENTOU_SOAK_SEED", "1")))
    for _ in range(int(os.environ.get("TENTOU_SOAK_DISK", "0"))):
        flush, write = chance.randint(12, 40), chance.randint(60, 200)
        error = chance.choice(["EIO", "EROFS", "ENOSPC"])
        told.append((f"fsync,fdatasync:error=EIO:when={flush}..{flush + chance.randint(0, 8)}", False))
        told.append((f"pwrite64:error={error}:when={write}..{write + chance.randint(0, 15)}", False))
        told.append((f"fsync,fdatasync:delay_exit=2000000:when={flush}..{flush + 2}", False))
    return told


@pytest.mark.promise("L-1")
@pytest.mark.promise("X-2")
@pytest.mark.parametrize(("fault", "refused"), faults())
async def test_an_error_of_the_kernel_is_no_acceptance(
    tmp_path: Path, device: Device, fault: str, refused: bool
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is needed: apt-get install strace")
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record(contact("scan", 0))
    calls = fault.partition(":")[0]
    tool = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={fault}"]
    child = subprocess.run([*tool, sys.executable, "-c", CHILD, str(file)], capture_output=True, check=False)
    if b"ptrace" in child.stderr:
        pytest.skip("this machine may not trace; the soak runs it")
    assert child.stdout, child.stderr.decode()
    lines = [line.split() for line in child.stdout.decode().splitlines()]
    accepted = [int(word) for said, *rest in lines for word in rest if said == "accepted"]
    errors = {rest[0] for said, *rest in lines if said == "refused"}
    assert not refused or errors & {"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE"}
    assert lines[-1][0] == "accepted"
    async with outbox(file, device) as box:
        assert await balanced(box, accepted)


@pytest.mark.promise("L-5")
async def test_another_process_that_holds_the_file_is_named_and_waited_for(
    tmp_path: Path, device: Device, background: Any, eventually: Any
) -> None:
    health = Health()
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        assert await box._db.read(lambda c: c.execute("PRAGMA busy_timeout").fetchone()[0]) <= 5_000
        await box._db.read(lambda c: c.execute("PRAGMA busy_timeout=50").fetchone())
        holder = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            await box.record(contact("scan", 0))
        assert cause(caught.value) == "another process holds the file"
        ledger = Ledger(box, health)
        async with background(ledger.run()):
            ledger.note(contact("scan", 1))
            await eventually(lambda: [part.state for part in health.parts()] == [State.DOWN])
            holder.execute("ROLLBACK")
            holder.close()
            await eventually(lambda: box.last == 1)
        assert await balanced(box, [1])
