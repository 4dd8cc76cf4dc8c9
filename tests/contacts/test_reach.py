"""A data folder that is restored whole gives numbers twice: head office's word tells, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from edge.contacts.spool.reach import Reach
from edge.health import Health
from edge.ports import Message
from tests.contacts.conftest import in_background
from tests.contacts.test_books import LyingBroker


def test_no_number_above_what_was_sent_or_found_at_the_opening_can_be_known() -> None:
    reach = Reach(opened=30)
    assert (reach.most, reach.ours) == (30, 30)
    reach.sent = 31  # the one that asks
    assert (reach.most, reach.ours) == (31, 30)
    reach.vouched = True
    reach.sent = 40
    assert (reach.most, reach.ours) == (40, 40)


def test_what_a_run_that_heard_nothing_may_have_sent_is_no_surprise() -> None:
    assert (Reach(30, again=True).most, Reach(30, again=True).ours) == (31, 30)


@asynccontextmanager
async def drained(
    box: Outbox, file: Path, device: Device, head: Path, quick: Pace, eventually: Any
) -> AsyncIterator[None]:
    """The outbox with a line to head office, until all of it is there."""
    broker = LyingBroker(random.Random(1), calm=True, choosy=False)
    async with (
        sink_sqlite.open(sink_sqlite.Settings(), head) as sink,
        in_background(uplink.run(box, broker, device, Health(), quick), inbox.run(sink, broker, Health(), pace=quick)),
    ):
        yield
        await eventually(lambda: not box.overtaken.is_set() and not waiting(file, box.stream) and not box.waiting())


async def ids(box: Outbox) -> set[str]:
    return {read_event(row.body).id for row in await box.page(0, 1_000) if row.kind != "gap"}


def at_head_office(head: Path) -> Counter[str]:
    with sqlite3.connect(head / "contacts.sqlite") as connection:
        return Counter(id for (id,) in connection.execute("SELECT id FROM contacts"))


@pytest.mark.promise("L-3")
@pytest.mark.promise("L-4")
@pytest.mark.parametrize("restarts", [1, 2])
async def test_contacts_whose_numbers_head_office_has_under_others_reach_it_all_the_same(
    tmp_path: Path, device: Device, contacts: Any, quick: Pace, eventually: Any, restarts: int
) -> None:
    data, head = tmp_path / "data", tmp_path / "head"
    file, accepted = data / "outbox.sqlite", set[str]()
    head.mkdir()
    async with outbox_anyway(file, device, Health()) as box, drained(box, file, device, head, quick, eventually):
        await box.record_all(contacts(30))
        accepted |= await ids(box)
    shutil.copytree(data, tmp_path / "image")
    async with outbox_anyway(file, device, Health()) as box, drained(box, file, device, head, quick, eventually):
        await box.record_all(contacts(40))
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "image", data)
    for _ in range(restarts):
        async with outbox_anyway(file, device, Health()) as box:
            await box.record_all(contacts(25))  # the numbers from 31 on, a second time
            accepted |= await ids(box)
    async with outbox_anyway(file, device, Health()) as box, drained(box, file, device, head, quick, eventually):
        stream = box.stream
        await eventually(lambda: box.stream != stream)
    there = at_head_office(head)
    assert accepted <= there.keys()
    assert set(there.values()) == {1}


@pytest.mark.promise("L-2")
async def test_a_forged_word_begins_one_stream_an_hour_and_deletes_nothing(
    tmp_path: Path, device: Device, contacts: Any, scripted: Any, quick: Pace, eventually: Any
) -> None:
    far, file = scripted(), tmp_path / "outbox.sqlite"

    def forge() -> None:
        text = f'{{"outbox": "{box.stream}", "upto": 7, "max": 1000000}}'
        far.incoming.put_nowait(Message("u/v1/shibuya.edge-1/ack", text.encode()))

    async with outbox_anyway(file, device, Health()) as box:
        await box.record_all(contacts(20))
        first, accepted = box.stream, await ids(box)
        async with in_background(uplink.run(box, far, device, Health(), quick)):
            forge()
            await eventually(lambda: box.stream != first)
            await eventually(lambda: not waiting(file, box.stream))
            second = box.stream
            forge()
            await eventually(lambda: box.overtaken.is_set())
            far.ack(box, 7)
            await eventually(far.incoming.empty)
            await asyncio.sleep(0.1)
        assert box.stream == second
        assert accepted == await ids(box)


async def test_until_head_office_has_vouched_for_the_stream_one_event_asks(
    tmp_path: Path, device: Device, contacts: Any, scripted: Any, quick: Pace, eventually: Any
) -> None:
    far = scripted()
    async with outbox_anyway(tmp_path / "outbox.sqlite", device, Health()) as box:
        await box.record_all(contacts(20))
        async with in_background(uplink.run(box, far, device, Health(), quick)):
            await eventually(lambda: far.dials and len(far.seqs()) >= 3)
            assert set(far.seqs()) == {1}
            far.ack(box, 1)
            await eventually(lambda: max(far.seqs()) == 20)
