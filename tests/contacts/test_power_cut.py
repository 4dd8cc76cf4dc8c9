"""The power cut: what reached the block layer of a small disk is all that is left, at any moment of the outbox's work.

The disk is an image on a loop device. A cut stops the writer, copies the image, mounts the copy and opens the outbox
that lies on it (RELIABILITY.md 2.2). It needs the right to mount; ``./run soak power`` makes 200 cuts.
"""

from __future__ import annotations

import os
import random
import selectors
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.config import Device
from edge.contacts.spool.opening import outbox

CUTS = int(os.environ.get("TENTOU_SOAK_CUTS", "4"))
SEED = int(os.environ.get("TENTOU_SOAK_SEED", "0")) or random.randrange(1, 1_000_000)
CUTS_OF_A_WRITER = 25
OLD_ROWS = 50
DEVICE = Device(chain="c", store="s", id="d")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

VERSION_1 = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
CREATE TABLE boots(n INTEGER PRIMARY KEY, bootid TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, boot INTEGER NOT NULL, mono INTEGER NOT NULL,
    wall INTEGER NOT NULL, sync INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE dead(
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, wall INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE TABLE gaps(seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, counts TEXT NOT NULL, ranges TEXT NOT NULL) STRICT;
PRAGMA user_version=1;
INSERT INTO meta VALUES ('stream', '0123456789abcdef0123456789abcdef'), ('acked', 0);
"""
"""The file's form before there were classes and anchors."""

WRITER = """
import asyncio, os, random, shutil, sys, time
from pathlib import Path
from edge.config import Device
from edge.contacts.spool.opening import outbox
from edge.model import Contact

folder, old, rng = Path(sys.argv[1]), Path(sys.argv[2]), random.Random(int(sys.argv[3]))
device = Device(chain="c", store="s", id="d")

async def contacts(box):
    while True:
        contact = Contact("scan", "e", time.monotonic(), {"text": "x" * rng.randrange(2000)})
        print("row", await box.record(contact), flush=True)
        await asyncio.sleep(rng.random() / 100)

async def upkeep(box):
    while True:
        await asyncio.sleep(rng.random() / 10)
        upto = box.last - rng.randrange(200)
        print("acked", upto, flush=True)
        await box.acknowledge(upto)
        statement = rng.choice(["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint(RESTART)", "VACUUM"])
        await box.look(lambda connection: connection.in_transaction or connection.execute(statement).fetchall())

async def migrations():
    for n in range(10**9):
        path = folder / f"old-{n % 2}.sqlite"
        for each in folder.glob(f"old-{n % 2}.*"):
            each.unlink()
        shutil.copy(old, path)
        os.sync()
        print("old", n % 2, flush=True)
        async with outbox(path, device) as box:
            await box.record(Contact("scan", "e", time.monotonic()))
        print("new", n % 2, flush=True)
        await asyncio.sleep(rng.random() / 10)

async def main():
    async with outbox(folder / "outbox.sqlite", device) as box:
        print("stream", box.stream, flush=True)
        await asyncio.gather(*(contacts(box) for _ in range(3)), upkeep(box), migrations())

asyncio.run(main())
"""


@dataclass
class Told:
    """What a writer has said until now."""

    stream: str = ""
    rows: set[int] = field(default_factory=set)
    acked: int = 0
    old: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        name, _, value = line.partition(" ")
        if name == "row":
            self.rows.add(int(value))
        elif name == "acked":
            self.acked = max(self.acked, int(value))
        elif name == "stream":
            self.stream = value
        else:
            # While a file is being replaced it may not be there; from "old" to the next one's start it must be.
            self.old = {value}


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True, env={"PATH": _PATH})
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True, env={"PATH": _PATH})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty disk of 12 MB; skips where none can be mounted."""
    path = tmp_path / "disk.img"
    path.touch()
    os.truncate(path, 12 * 1024 * 1024)
    try:
        made = ["mkfs.ext4", "-q", "-F", "-b", "4096"]
        subprocess.run([*made, path], check=True, capture_output=True, env={"PATH": _PATH})
        with mounted(path, tmp_path / "disk"):
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk image can be mounted here: {error}")
    return path


def old_file(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
        for seq in range(1, OLD_ROWS + 1):
            body = f'{{"stream":"0123456789abcdef0123456789abcdef","sequence":"{seq:012d}"}}'.encode()
            row = (seq, "scan", 1, 1, 1, 1, zlib.crc32(body), body)
            connection.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.commit()
    return path


@contextmanager
def writer(folder: Path, old: Path, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [sys.executable, "-c", WRITER, str(folder), str(old), str(seed)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def hear(process: subprocess.Popen[bytes], told: Told, rest: bytes, seconds: float) -> bytes:
    """Take what the writer says for some seconds, or all that it has said; what is left is half a line."""
    assert process.stdout is not None
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, until - time.monotonic())):
            content = os.read(process.stdout.fileno(), 65_536)
            assert content, process.stderr and process.stderr.read().decode()
            *lines, rest = (rest + content).split(b"\n")
            for line in lines:
                told.hear(line.decode())
    return rest


def stop(process: subprocess.Popen[bytes]) -> None:
    """Every thread at rest: none of them is in the middle of a flush any more."""
    os.kill(process.pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{process.pid}/task")
    while any(b") T" not in (each / "stat").read_bytes() for each in tasks.iterdir()):
        time.sleep(0.001)


async def compare(folder: Path, told: Told, lost: list[str]) -> None:
    """What lies on a disk after a cut, against what was told before it."""
    async with outbox(folder / "outbox.sqlite", DEVICE) as box:
        rows = {row.seq for row in await box.page(0, 1_000_000) if row.whole}
        sound = await box.look(lambda connection: connection.execute("PRAGMA integrity_check").fetchall())
    missing = {seq for seq in told.rows if seq > told.acked} - rows
    if box.stream != told.stream or missing or sound != [("ok",)]:
        lost.append(f"{len(missing)} rows, stream kept: {box.stream == told.stream}, {sound}")
    for each in told.old:
        async with outbox(folder / f"old-{each}.sqlite", DEVICE) as box:
            found = {row.seq for row in await box.page(0, 1_000) if row.whole}
        if not found >= set(range(1, OLD_ROWS + 1)):
            lost.append(f"{OLD_ROWS - len(found)} rows of the file before")


@pytest.mark.promise("L-1")
@pytest.mark.promise("X-2")
async def test_a_power_cut_at_any_moment_loses_nothing_that_was_accepted(image: Path, tmp_path: Path) -> None:
    rng, lost, accepted, made = random.Random(SEED), list[str](), 0, 0
    old, copy = old_file(tmp_path / "old.sqlite"), tmp_path / "copy.img"
    empty = image.read_bytes()
    while made < CUTS:
        image.write_bytes(empty)
        told, rest = Told(), b""
        with mounted(image, tmp_path / "disk") as disk, writer(disk, old, rng.randrange(1_000_000)) as process:
            while not told.rows:
                rest = hear(process, told, rest, 0.02)
            for _ in range(min(CUTS_OF_A_WRITER, CUTS - made)):
                rest = hear(process, told, rest, rng.uniform(0.001, 0.15))
                stop(process)
                rest = hear(process, told, rest, 0)
                shutil.copyfile(image, copy)
                with mounted(copy, tmp_path / "copy") as left:
                    await compare(left, told, lost)
                os.kill(process.pid, signal.SIGCONT)
                made += 1
            accepted += len(told.rows)
    sys.stdout.write(f"power cuts: {made}, accepted {accepted}, cuts with a loss {len(lost)} (seed {SEED})\n")
    assert lost == []
