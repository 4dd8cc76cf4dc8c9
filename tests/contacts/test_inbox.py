"""The inbox and its sink: once each, committed before a word is said, and deaf to forgeries."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_sqlite
from edge.contacts.batch import write_batch
from edge.contacts.event import Stamp, body_of, cloud_event, gap, source_of, uuid7
from edge.contacts.line.dial import Pace
from edge.contacts.office import inbox
from edge.contacts.office.sink import arrival
from edge.health import Health
from edge.model import Contact
from edge.ports import Message

STREAM = "ab" * 16


def event(seq: int, contact: Contact | None = None, store: str = "shibuya", stream: str = STREAM) -> bytes:
    stamp = Stamp(uuid7(1), stream, seq, source_of("c", store, "edge-1"), "Asia/Tokyo", "b", 1, 1_000 * seq, True)
    return body_of(cloud_event(contact or Contact("scan", "entrance", 1.0, {}, "m1.x", "s1"), stamp))


def message(seq: int, body: bytes = b"") -> Message:
    return Message("c/v1/shibuya.edge-1/contact/scan", body or event(seq))


@pytest.fixture
def head_office(scripted: Any) -> Any:
    """A far side that keeps the acknowledgements the inbox publishes."""

    class Office(scripted):  # type: ignore[misc]
        async def publish(self, message: Message) -> int:
            if message.topic.endswith("/ack"):
                assert message.retain
                self.published.append(json.loads(message.payload))
            return 0

    return Office()


async def test_a_row_has_columns_to_ask_by(sink: Any, tmp_path: Path) -> None:
    body = event(1)
    assert await sink.insert([arrival(body, received_ms=7)]) == {STREAM: 1}
    with sqlite3.connect(tmp_path / "contacts.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM contacts").fetchone())
    assert row == {
        "id": json.loads(body)["id"],
        "body": body,
        "stream": STREAM,
        "seq": 1,
        "type": "tentou.contact.scan.v1",
        "kind": "scan",
        "time": "1970-01-01T00:00:01.000Z",
        "store": "shibuya",
        "device": "edge-1",
        "touchpoint": "entrance",
        "member": "m1.x",
        "session": "s1",
        "delivery": "live",
        "received": 7,
    }


@pytest.mark.promise("L-3")
@pytest.mark.parametrize("seed", range(5))
async def test_in_any_order_and_any_number_of_times_each_is_there_once(sink: Any, tmp_path: Path, seed: int) -> None:
    chance, seqs = random.Random(seed), [*range(1, 60)] * 3
    chance.shuffle(seqs)
    whole = {STREAM: 0}
    seen: set[int] = set()
    for at in range(0, len(seqs), 7):
        part = seqs[at : at + 7]
        seen |= set(part)
        whole = await sink.insert([arrival(event(seq)) for seq in part])
        assert whole[STREAM] == next(n for n in range(61) if n + 1 not in seen)
    assert whole == {STREAM: 59}
    assert [(c.kind, c.contacts) for c in await sink.counts()] == [("scan", 59)]


@pytest.mark.promise("L-4")
async def test_a_hole_is_waited_for_until_a_gap_accounts_for_it(sink: Any) -> None:
    lost = gap("overflow", {"scan": 4}, [(2, 3), (5, 6)], 1.0)
    assert await sink.insert([arrival(event(seq)) for seq in (1, 4, 7)]) == {STREAM: 1}
    assert await sink.insert([arrival(event(9, lost))]) == {STREAM: 7}
    assert await sink.insert([arrival(event(8))]) == {STREAM: 9}


async def test_streams_do_not_mix(sink: Any) -> None:
    other = "cd" * 16
    events = [arrival(each) for each in (event(1), event(2, stream=other), event(2))]
    assert await sink.insert(events) == {STREAM: 2, other: 0}


@pytest.mark.promise("L-2")
async def test_an_acknowledgement_comes_after_the_commit_and_again_for_a_duplicate(
    sink: Any, head_office: Any, background: Any, eventually: Any, quick: Pace, tmp_path: Path
) -> None:
    async with background(inbox.run(sink, head_office, Health(), pace=quick)):
        for seq in (1, 2, 4):
            head_office.incoming.put_nowait(message(seq))
        await eventually(lambda: {"outbox": STREAM, "upto": 2, "max": 4} in head_office.published)
        with sqlite3.connect(tmp_path / "contacts.sqlite") as connection:
            assert connection.execute("SELECT count(*) FROM contacts").fetchone() == (3,)
        head_office.published.clear()
        head_office.incoming.put_nowait(message(1))
        await eventually(lambda: head_office.published == [{"outbox": STREAM, "upto": 2, "max": 4}])


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "bad",
    [
        Message("c/v1/shibuya.edge-1/contact/scan", b"{"),
        Message("c/v1/shibuya.edge-1/contact/scan", b"\xff" * 100),
        Message("c/v1/ginza.edge-1/contact/scan", event(1)),
        Message("c/v1/shibuya.edge-1/contact/scan", event(1, store="ginza")),
        Message("c/v1/shibuya.edge-1/other/scan", event(1)),
        Message("c/v1/shibuya.edge-1/contact/gap", event(5, gap("x", {}, [(1, 9)], 1.0))),
    ],
    ids=["no json", "no text", "another's topic", "another's source", "no contact", "a gap into the future"],
)
async def test_what_is_no_event_of_the_edge_that_sent_it_is_refused_and_blocks_nothing(
    bad: Message, sink: Any, head_office: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    async with background(inbox.run(sink, head_office, Health(), pace=quick)):
        head_office.incoming.put_nowait(bad)
        head_office.incoming.put_nowait(message(1))
        await eventually(lambda: head_office.published == [{"outbox": STREAM, "upto": 1, "max": 1}])
    assert [count.contacts for count in await sink.counts()] == [1]


async def test_an_older_database_is_opened_as_it_is(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink:
            assert await sink.insert([arrival(event(expected))]) == {STREAM: expected}


async def test_a_hub_whose_word_the_broker_refuses_is_not_called_up(
    sink: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    class Closed(scripted):  # type: ignore[misc]
        async def publish(self, message: Message) -> int:
            return 0x87

    health = Health()
    async with background(inbox.run(sink, Closed(), health, "hub", quick)):
        await eventually(lambda: [part.state for part in health.parts()] == ["down"])
    part = health.parts()[0]
    assert part.detail == "the broker's access list does not let 'hub' write u/v1/all/inbox"
    assert "access list" in part.todo


async def test_a_batch_is_taken_in_whole_and_marked_as_backfill(
    sink: Any, head_office: Any, background: Any, eventually: Any, quick: Pace, tmp_path: Path
) -> None:
    async with background(inbox.run(sink, head_office, Health(), pace=quick)):
        bodies = [event(seq) for seq in range(1, 41)] + [event(41, store="ginza"), b"{}"]
        head_office.incoming.put_nowait(Message("c/v1/shibuya.edge-1/batch", b"\x28\xb5\x2f\xfd spoilt"))
        head_office.incoming.put_nowait(Message("c/v1/shibuya.edge-1/batch", write_batch(bodies)))
        head_office.incoming.put_nowait(message(41))
        await eventually(lambda: head_office.published[-1:] == [{"outbox": STREAM, "upto": 41, "max": 41}])
    with sqlite3.connect(tmp_path / "contacts.sqlite") as connection:
        told = connection.execute("SELECT delivery, count(*) FROM contacts GROUP BY delivery ORDER BY delivery")
        assert told.fetchall() == [("backfill", 40), ("live", 1)]


async def test_hubs_of_a_group_share_the_contacts_and_each_hears_how_edges_are() -> None:
    desk = inbox.Desk("hub-1", "tokyo")
    assert desk.filters() == ["$share/tokyo/c/v1/+/contact/+", "$share/tokyo/c/v1/+/batch"]
    assert desk.besides() == ["s/v1/+/state", "u/v1/all/inbox"]
    assert inbox.Desk().filters() == ["c/v1/+/contact/+", "c/v1/+/batch"]


async def test_a_hub_of_a_group_speaks_up_when_another_is_said_to_be_gone(
    sink: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    said: list[int] = []

    def state() -> int:
        said.append(1)
        return 0

    office = scripted(state=state)
    async with background(inbox.run(sink, office, Health(), desk=inbox.Desk("hub", "g", quick))):
        await eventually(lambda: len(said) == 1)
        office.incoming.put_nowait(Message("u/v1/all/inbox", b'{"state":"offline"}', retain=True))
        office.incoming.put_nowait(Message("u/v1/all/inbox", b'{"state":"online"}'))
        office.incoming.put_nowait(Message("u/v1/all/inbox", b'{"state":"offline"}'))
        await eventually(lambda: len(said) == 2)
    assert len(said) == 3  # at the start, for the one that went, and its own end: not for what was kept there


@pytest.mark.promise("L-2")
async def test_a_database_that_cannot_be_opened_at_the_start_is_named_and_opened_when_it_can(
    tmp_path: Path, head_office: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    health = Health()
    async with (
        sink_sqlite.open(sink_sqlite.Settings(), tmp_path / "data") as sink,
        background(inbox.run(sink, head_office, health, pace=quick)),
    ):
        await eventually(lambda: [part.name for part in health.parts() if part.state == "down"] == ["database"])
        (tmp_path / "data").unlink()
        await eventually(lambda: all(part.state == "up" for part in health.parts()))
        head_office.incoming.put_nowait(message(1))
        await eventually(lambda: [ack["upto"] for ack in head_office.published if "upto" in ack] == [1])


@pytest.mark.promise("L-2")
async def test_a_database_on_a_full_disk_makes_edges_wait_and_goes_on_when_there_is_room(
    sink: Any, head_office: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    pages = await (await sink.opened()).read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await (await sink.opened()).read(lambda db: db.execute(f"PRAGMA max_page_count={pages}").fetchone())
    health = Health()
    async with background(inbox.run(sink, head_office, health, pace=quick)):
        for seq in range(1, 200):
            head_office.incoming.put_nowait(message(seq))
        await eventually(lambda: any(part.detail == "the disk is full" for part in health.parts()))
        assert [ack for ack in head_office.published if ack["upto"] == 199] == []
        await (await sink.opened()).read(lambda db: db.execute("PRAGMA max_page_count=100000").fetchone())
        await eventually(lambda: all(part.state == "up" for part in health.parts()))
        for seq in range(1, 200):
            head_office.incoming.put_nowait(message(seq))
        await eventually(lambda: head_office.published[-1:] == [{"outbox": STREAM, "upto": 199, "max": 199}])
    assert [count.contacts for count in await sink.counts()] == [199]


def test_a_database_of_the_first_form_is_brought_up_to_date(tmp_path: Path) -> None:

    names = [
        "stream",
        "seq",
        "id",
        "type",
        "kind",
        "time",
        "store",
        "device",
        "touchpoint",
        "member",
        "session",
        "body",
    ]
    with sqlite3.connect(tmp_path / "contacts.sqlite") as old:
        old.execute(f"CREATE TABLE contacts ({', '.join(names)}, PRIMARY KEY (stream, seq))")
        old.execute("CREATE TABLE streams (stream TEXT PRIMARY KEY, upto INTEGER)")
        old.execute("INSERT INTO streams VALUES (?, 1)", [STREAM])
        for seq in (1, 3):
            row = [STREAM, seq, "i", "t", "scan", "1970-01-01T00:00:09.000Z", "shibuya", "edge-1", "", "", "", b"{}"]
            old.execute(f"INSERT INTO contacts VALUES ({', '.join('?' * 12)})", row)

    async def go_on() -> tuple[dict[str, int], Any]:
        async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as sink:
            return await sink.insert([arrival(event(seq)) for seq in (1, 2, 3)]), await sink.standings()

    whole, (stand,) = asyncio.run(go_on())
    assert (whole, stand.contacts, stand.duplicates) == ({STREAM: 3}, 3, 2)
    assert (stand.store, stand.device, stand.heard_ms > 9_000) == ("shibuya", "edge-1", True)
