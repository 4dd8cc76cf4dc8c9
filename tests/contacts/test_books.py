"""Exact books under random faults: every accepted event is received or lies in a gap, and each once (L-4)."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_sqlite
from edge.config import Device
from edge.contacts.event import read_event
from edge.contacts.line import uplink
from edge.contacts.line.dial import Confirms, Pace, Will
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.room import Caps
from edge.health import Health
from edge.ports import Link, LinkLost, Message
from tests.contacts.conftest import seqs_of


@dataclass
class LyingBroker:
    """Acknowledges what it loses, loses acknowledgements, repeats and swaps messages, and drops everybody at times."""

    chance: random.Random
    calm: bool = False
    choosy: bool = True  # takes one in 97 events for too large
    lines: dict[str, LyingLine] = field(default_factory=dict)
    name: str = "lying"
    confirms: Confirms = Confirms.INBOX

    @asynccontextmanager
    async def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AsyncIterator[Link]:
        line = self.lines[who] = LyingLine(self, tuple(topics))
        try:
            yield line
        finally:
            line.cut = True

    def now(self, share: float) -> bool:
        return not self.calm and self.chance.random() < share

    def carry(self, message: Message) -> int:
        """Deliver to whoever subscribes; the PUBACK's reason."""
        listeners = [line for line in self.lines.values() if line.wants(message.topic)]
        for line in listeners:
            if self.now(0.05):
                continue
            for _ in range(2 if self.now(0.05) else 1):
                line.unread.append(message)
            if self.now(0.1):
                self.chance.shuffle(line.unread)
            line.arrived.set()
        return 0 if listeners else 0x10


@dataclass
class LyingLine:
    """One connection to it."""

    broker: LyingBroker
    topics: tuple[str, ...]
    window: int = 20
    max_bytes: int = 100_000
    cut: bool = False
    unread: list[Message] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, topic: str) -> bool:
        return not self.cut and any(topic == each or ("+" in each and topic[:2] == each[:2]) for each in self.topics)

    async def publish(self, message: Message) -> int:
        await asyncio.sleep(0)
        if self.cut or self.broker.now(0.01):
            self.cut = True
            self.arrived.set()
            raise LinkLost("cut")
        if self.broker.choosy and message.topic.startswith("c/") and any(seq % 97 == 13 for seq in seqs_of(message)):
            return 0x95
        return self.broker.carry(message)

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        self.topics += tuple(topics)
        return ()

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            while self.unread:
                yield self.unread.pop(0)
            if self.cut:
                raise LinkLost("cut")
            self.arrived.clear()
            await self.arrived.wait()


def books(file: Path) -> tuple[set[int], Counter[int]]:
    """What was received, and how often each number is accounted for by a gap."""
    covered: Counter[int] = Counter()
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT seq, body FROM contacts").fetchall()
    for _, body in rows:
        for first, last in read_event(body).ranges:
            covered.update(range(first, last + 1))
    return {seq for seq, _ in rows}, covered


@pytest.mark.promise("L-2")
@pytest.mark.promise("L-3")
@pytest.mark.promise("L-4")
@pytest.mark.parametrize("seed", range(6))
async def test_every_accepted_event_is_received_or_accounted_for(
    seed: int, tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    chance = random.Random(seed)
    broker = LyingBroker(chance)
    accepted: list[int] = []
    async with (
        outbox(tmp_path / "outbox.sqlite", device, caps=Caps(rows=300)) as box,
        sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink,
    ):
        async with background(uplink.run(box, broker, device, Health(), quick)):
            for _ in range(4):
                async with background(inbox.run(sink, broker, Health(), pace=quick)):  # head office comes and goes
                    for _ in range(chance.randrange(2, 6)):
                        accepted += await box.record_all(contacts(chance.randrange(1, 60)))
                        await asyncio.sleep(chance.random() * 0.05)
            broker.calm = True
            async with background(inbox.run(sink, broker, Health(), pace=quick)):
                await eventually(lambda: box.waiting() == 0)
        received, covered = books(tmp_path / "contacts.sqlite")
    assert set(accepted) <= received | set(covered)
    assert set(range(1, box.last + 1)) == received | set(covered)
    assert set(covered.values()) <= {1}


@pytest.mark.promise("L-4")
async def test_what_overflowed_while_head_office_was_away_is_told_when_it_is_back(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    broker = LyingBroker(random.Random(1), calm=True)
    async with (
        outbox(tmp_path / "outbox.sqlite", device, caps=Caps(rows=200)) as box,
        sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink,
    ):
        for _ in range(20):
            await box.record_all(contacts(50))
        async with background(
            uplink.run(box, broker, device, Health(), quick), inbox.run(sink, broker, Health(), pace=quick)
        ):
            await eventually(lambda: box.waiting() == 0)
        received, covered = books(tmp_path / "contacts.sqlite")
    assert received.isdisjoint(set(covered))
    assert received | set(covered) == set(range(1, box.last + 1))
    assert len(covered) >= 800


@pytest.mark.promise("L-4")
async def test_holes_that_alternate_with_contacts_do_not_hold_up_the_gap_that_tells_of_them(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    broker, narrow = LyingBroker(random.Random(1), calm=True, choosy=False), replace(quick, ahead=20, backlog=10_000)
    async with (
        outbox(tmp_path / "outbox.sqlite", device, caps=Caps(rows=300)) as box,
        sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink,
    ):
        for _ in range(8):
            await box.record_all(contacts(50))  # every other one is of a kind that goes first
        async with background(
            uplink.run(box, broker, device, Health(), narrow), inbox.run(sink, broker, Health(), pace=narrow)
        ):
            await eventually(lambda: box.waiting() == 0)
        received, covered = books(tmp_path / "contacts.sqlite")
    assert received | set(covered) == set(range(1, box.last + 1))
    assert sum(number + 1 in received for number in covered) >= 100
