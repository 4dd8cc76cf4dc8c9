"""What was set aside goes out again, once, and the page for IT tells when things last happened."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.event import read_event
from edge.contacts.line import uplink
from edge.contacts.office import inbox
from edge.contacts.office.sink import Sink, arrival
from edge.contacts.spool.again import again
from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.status import status
from edge.contacts.way.pulse import Pulse
from edge.health import Health
from edge.model import Contact


async def drained(box: Outbox, sink: Sink) -> None:
    rows = await box.page(0, 1_000)
    whole = await sink.insert([arrival(row.body) for row in rows])
    await box.acknowledge(whole[box.stream])


@pytest.mark.promise("L-8")
async def test_what_was_set_aside_reaches_head_office_once_and_under_a_new_number(
    tmp_path: Path, box: Any, sink: Any, contacts: Any
) -> None:
    await box.record_all(contacts(4))
    await box.set_aside(2, "refused topic")
    await box.set_aside(3, "too large")
    await drained(box, sink)
    assert await again(box, "refused topic") == 1
    await drained(box, sink)
    assert box.waiting() == 0
    events = [json.loads(body) for body in bodies(tmp_path)]
    back = [event for event in events if event.get("salvagedsequence") == "000000000002"]
    assert [(event["salvagedstream"], event["data"]["n"]) for event in back] == [(box.stream, 1)]
    assert sorted(event["data"]["n"] for event in events if "n" in event["data"]) == [0, 1, 3]


async def test_a_gap_and_what_is_spoilt_stay_where_they_are(box: Any, contacts: Any) -> None:
    await box.record_all(contacts(2))
    await box.set_aside(1, "poison")
    await box.set_aside(3, "refused topic")  # the gap that tells of it
    await box.act(lambda db: db.execute("UPDATE dead SET body = x'00' WHERE seq = 1"))
    assert await again(box) == 0
    assert await box.look(lambda db: db.execute("SELECT count(*) FROM dead").fetchone()[0]) == 2


async def test_what_is_refused_again_is_set_aside_again_and_not_forgotten(box: Any, contacts: Any) -> None:
    await box.record_all(contacts(1))
    await box.set_aside(1, "too large")
    assert await again(box) == 1
    last = box.last
    await box.set_aside(last, "too large")
    dead = await box.look(lambda db: db.execute("SELECT seq, body FROM dead").fetchall())
    assert [(seq, read_event(body).salvaged) for seq, body in dead] == [(last, (box.stream, 1))]


async def test_one_that_is_set_aside_twice_is_counted_once(box: Any, contacts: Any) -> None:
    await box.record_all(contacts(1))
    for _ in range(3):
        await box.set_aside(box.last, "refused topic")
        assert await again(box) == 1
    lost = (await box.look(status)).lost
    assert lost == {"scan": 1}


async def test_what_is_sent_again_is_tried_at_once_although_its_kind_was_given_up(
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Any,
    mosquitto: Any,
) -> None:
    acl = tmp_path / "acl"
    acl.write_text(
        "topic readwrite s/v1/#\ntopic readwrite u/v1/#\ntopic readwrite c/v1/+/contact/gap\ntopic read c/v1/#\n"
    )
    broker = mosquitto(f"acl_file {acl}")
    await box.record_all(contacts(1))
    async with background(uplink.run(box, dialled(broker.port), device, Health(), quick)):
        await eventually(lambda: box.last >= 2)  # the gap that tells of it
        assert (await box.look(status)).set_aside == {"refused topic": 1}
        acl.write_text("topic readwrite #\n")
        os.kill(broker.process.pid, signal.SIGHUP)
        assert await again(box) == 1
        async with background(inbox.run(sink, dialled(broker.port), Health(), pace=quick)):
            await eventually(lambda: box.waiting() == 0)
    events = [json.loads(body) for body in bodies(tmp_path)]
    assert [event["data"]["n"] for event in events if event["type"].endswith(".scan.v1")] == [0]


async def test_the_page_is_told_when_things_last_happened(box: Any, contacts: Any) -> None:
    health, now = Health(), [1_000.0]
    ledger = Ledger(box, health)
    pulse = Pulse(box, ledger, health, upstream=True, mono=lambda: now[0])
    assert (await pulse.seen()).facts.row_s is None
    ledger.note(Contact("scan", "kiosk", 990.0, {"outcome": "accepted"}))
    await box.record_all(contacts(3))
    await box.set_aside(3, "poison")
    pulse.look()
    now[0] += 60.0
    await box.acknowledge(1)
    health.down("upstream", "mqtt broker", "cannot connect")
    seen = await pulse.seen()
    facts = seen.facts
    assert (facts.scan_s, facts.row_s, facts.ack_s, facts.queue) == (70.0, 60.0, 0.0, 1)
    assert (facts.line, facts.line_said, facts.waiting) == ("down", "cannot connect", 2)
    assert (dict(facts.dead), facts.lost, list(seen.gaps)) == ({"poison": 1}, 1, [("poison", "scan", 1)])


def bodies(folder: Path) -> list[bytes]:
    with sqlite3.connect(next(folder.rglob("contacts.sqlite"))) as db:
        return [body for (body,) in db.execute("SELECT body FROM contacts ORDER BY seq")]
