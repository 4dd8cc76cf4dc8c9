"""The uplink and a slow or refusing disk: what is to be done before the sending, and what is made up for after it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import Any

import pytest

from edge.config import Device
from edge.contacts import topics
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.spool import schema
from edge.contacts.spool.outbox import Outbox
from edge.health import Health
from edge.ports import Message
from tests.contacts.test_uplink import settled


async def test_what_the_disk_refuses_to_delete_goes_later_though_nothing_more_is_confirmed(
    box: Outbox,
    device: Device,
    contacts: Any,
    scripted: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prune, refused, mended = schema.prune, threading.Event(), threading.Event()

    def pruned(connection: sqlite3.Connection, upto: int, chunk: int) -> int:
        refused.set()
        if not mended.is_set():
            raise sqlite3.OperationalError("disk I/O error")
        return prune(connection, upto, chunk)

    monkeypatch.setattr("edge.contacts.line.call.TEND", 0.02)
    monkeypatch.setattr(schema, "prune", pruned)
    far = scripted()
    await box.record_all(contacts(30))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: len(far.seqs()) >= 30)
        far.ack(box, 30)
        await eventually(lambda: refused.is_set() and box.spool == "degraded")
        mended.set()
        await eventually(lambda: (box.waiting(), box.spool) == (0, "ok"))


async def test_a_letter_behind_an_acknowledgement_is_carried_out_before_anything_is_sent(
    box: Outbox,
    device: Device,
    contacts: Any,
    scripted: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far, post, booked, sent_before = scripted(), Post(), asyncio.Event(), list[int]()

    async def carry_out() -> None:
        async for _ in post.messages():
            sent_before.append(len(far.published))

    monkeypatch.setattr(box, "vouched", booked.wait)  # the disk takes its time
    await box.record_all(contacts(3))
    far.ack(box, 1)
    far.incoming.put_nowait(Message(topics.ERASE, b"", retain=True))
    async with background(uplink.run(box, far, device, Health(), quick, post), carry_out()):
        await settled(0.1)
        booked.set()
        await eventually(lambda: 3 in far.seqs())
    assert sent_before == [0]
