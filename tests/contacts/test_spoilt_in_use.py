"""A file that is spoilt while contacts come and go: head office has each once, or a gap names it."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_sqlite
from edge.config import Device
from edge.contacts.event import read_event
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox_anyway
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.quarantine import waiting
from edge.health import Health
from edge.model import Contact
from tests.contacts.described import faults
from tests.contacts.test_books import LyingBroker

FIRST = 1_500
PAGE = 4096


@pytest.mark.promise("L-3")
@pytest.mark.promise("L-4")
@pytest.mark.promise("X-2")
@pytest.mark.parametrize("seed", [1, 2])
async def test_head_office_has_each_contact_once_or_a_gap_for_it(
    seed: int, tmp_path: Path, device: Device, background: Any, eventually: Any, quick: Pace
) -> None:
    file, broker = tmp_path / "outbox.sqlite", LyingBroker(random.Random(seed), choosy=False)
    health, noted = Health(), itertools.count(FIRST)
    async with (
        outbox_anyway(file, device, health) as box,
        sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink,
    ):
        first = box.stream
        await box.record_all([scan(n) for n in range(FIRST)])
        await spoil(box, file, random.Random(seed))
        async with background(
            inbox.run(sink, broker, Health(), pace=quick),
            uplink.run(box, broker, device, health, quick),
        ):
            while box.stream == first:
                await keep(box, scan(next(noted)))
            await eventually(lambda: not waiting(file, box.stream))
            broker.calm = True
            await eventually(lambda: box.waiting() == 0)
    counts, covered = received(tmp_path / "contacts.sqlite", first)
    lost = {seq - 1 for seq in covered if seq <= FIRST}  # the contact n had the number n + 1 in the first stream
    assert set(counts.values()) == {1}
    assert set(range(next(noted))) == counts.keys() | lost
    assert len(lost) < 40


def scan(number: int) -> Contact:
    """A contact that can be told from all others."""
    return Contact("scan", "entrance", 1.0, {"outcome": "rejected", "reason": "rate", "eye": "e", "count": number + 1})


async def keep(box: Outbox, contact: Contact) -> None:
    """Record a contact, as often as it takes."""
    while True:
        with suppress(sqlite3.Error):
            await box.record(contact)
            return
        await asyncio.sleep(0.01)


async def spoil(box: Outbox, file: Path, chance: random.Random) -> None:
    """Random bytes in the place of a page in the middle of the rows, which no cache holds."""
    await box.look(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    await box.look(lambda connection: connection.execute("PRAGMA shrink_memory"))
    number = f'"sequence":"{chance.randrange(FIRST // 3, FIRST):012d}"'.encode()
    with file.open("r+b") as held:
        held.seek(file.read_bytes().index(number) // PAGE * PAGE)
        held.write(chance.randbytes(PAGE))


def received(file: Path, stream: str) -> tuple[Counter[int], set[int]]:
    """How often each contact came, by its own count, and which numbers of a stream lie in gaps; all as described."""
    counts: Counter[int] = Counter()
    covered: set[int] = set()
    with closing(sqlite3.connect(file)) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM contacts")]
    for event, told in ((json.loads(body), read_event(body)) for body in bodies):
        assert faults(f"schemas/{told.kind}.json", event) == []
        if told.kind == "scan":
            counts[event["data"]["count"] - 1] += 1
        elif told.kind == "gap" and told.gap_stream == stream:
            covered.update(n for first, last in told.ranges for n in range(first, last + 1))
    return counts, covered
