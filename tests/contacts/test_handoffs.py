"""Links from screens to phones at head office: each use once, joined to its offer whichever comes first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.sink_sqlite import SqliteSink
from edge.contacts.clock import Clock
from edge.contacts.event import Stamp, body_of, cloud_event, source_of, uuid7
from edge.contacts.office import handoffs, redirector
from edge.contacts.office.handoffs import DAY_S, Deed, Handoffs, Joining, Outcome, Tally, Use, migrate, offer_of
from edge.contacts.office.redirector import Rate, by_a_shopper, origin
from edge.contacts.office.sink import Arrival, arrival
from edge.db import Database, database
from edge.model import Contact
from tests.contacts import described

FIRST, SECOND = "AAAAAAAAAAAAAAA1", "AAAAAAAAAAAAAAA2"
SESSION = "5e55104a5e55104a"
BROWSER = {
    "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}


class Day:
    """A wall clock that a test turns."""

    now = 1_790_000_000.0

    def clock(self) -> Clock:
        return Clock(mono=lambda: 1.0, wall=lambda: self.now, synced=lambda: True)


def offered(id: str = FIRST, kind: str = "hold", seq: int = 1, **data: object) -> bytes:
    """A store's event of an offer, as it arrives."""
    said = {"handoff": id, "kind": kind, "sku": "LN-1", "campaign": "linen"} | data
    contact = Contact("handoff_offered", "kiosk-1", 1.0, said, "AAECAwQFBgcI", SESSION)
    source = source_of("tentou", "shibuya", "edge-1")
    stamp = Stamp(uuid7(1), "ab" * 16, seq, source, "Asia/Tokyo", "boot", 1, 1_790_000_000_000, True)
    return body_of(cloud_event(contact, stamp))


def contacts(db_file: Path) -> list[dict[str, Any]]:
    """The hub's own contacts in head office's database."""
    with closing(sqlite3.connect(db_file)) as db:
        own = "SELECT body FROM contacts WHERE kind IN ('handoff_used', 'offer_taken') ORDER BY seq"
        rows = db.execute(own).fetchall()
    return [json.loads(body) for (body,) in rows]


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path / "handoffs.sqlite", migrate) as opened:
        yield opened


@pytest.fixture
def book(db: Database, day: Day) -> Handoffs:
    return Handoffs(db, "hub", clock=day.clock())


async def carried(book: Handoffs, sink: SqliteSink, file: Path, count: int, background: Any, eventually: Any) -> Any:
    """What the sink has once it has so many."""
    async with background(book.carry(sink)):
        await eventually(lambda: len(contacts(file)) >= count)
    return contacts(file)


@pytest.mark.promise("L-3")
async def test_the_first_use_of_an_offer_is_one_contact_and_the_later_none(
    book: Handoffs, sink: SqliteSink, tmp_path: Path, background: Any, eventually: Any
) -> None:
    await book.offer([offered(), offered(), offered(SECOND, "product", 2)])
    assert [await book.use(FIRST) for _ in range(3)] == [Use(True, True), Use(False, True), Use(False, True)]
    (event,) = await carried(book, sink, tmp_path / "contacts.sqlite", 1, background, eventually)
    assert event["data"] == {
        "handoff": FIRST, "kind": "hold", "sku": "LN-1",
        "touchpoint": "kiosk-1", "timezone": "Asia/Tokyo", "session": SESSION,
    }  # fmt: skip
    assert event["source"] == "/chains/tentou/stores/shibuya/devices/hub"
    assert described.event(event) == []
    assert await book.tallies(7) == [Tally("product", 1, 0), Tally("hold", 1, 1)]


async def test_a_use_before_its_offer_waits_and_is_joined_with_its_own_time(
    book: Handoffs, day: Day, sink: SqliteSink, tmp_path: Path, background: Any, eventually: Any
) -> None:
    assert (await book.use(FIRST), await book.use(FIRST)) == (Use(True, False), Use(False, False))
    assert (await book.waiting(), await book.tallies(7)) == (1, [])
    day.now += DAY_S
    await Joining(sink, book).insert([arrival(offered())])
    assert await book.use(FIRST) == Use(False, True)
    (event,) = await carried(book, sink, tmp_path / "contacts.sqlite", 1, background, eventually)
    assert (event["time"], await book.waiting()) == ("2026-09-21T14:13:20.000Z", 0)


@pytest.mark.promise("L-3")
async def test_what_was_taken_is_one_contact_for_each_change_of_its_state(
    book: Handoffs, sink: SqliteSink, tmp_path: Path, background: Any, eventually: Any
) -> None:
    await book.offer([offered(kind="product")])
    said: list[tuple[Deed, Outcome]] = [
        ("hold", "pending"),
        ("hold", "pending"),
        ("hold", "confirmed"),
        ("order", "pending"),
        ("hold", "pending"),
    ]
    made = [(await book.take(FIRST, deed, state)).counted for deed, state in said]
    assert made == [True, False, True, True, True]
    await book.use(FIRST)
    events = await carried(book, sink, tmp_path / "contacts.sqlite", 5, background, eventually)
    assert [event["sequence"][-1] for event in events] == ["1", "2", "3", "4", "5"]
    told = [(event["data"]["taken"], event["data"]["state"]) for event in events[:-1]]
    assert told == [("hold", "pending"), ("hold", "confirmed"), ("order", "pending"), ("hold", "pending")]
    assert [fault for event in events for fault in described.event(event)] == []
    assert {event["data"]["session"] for event in events} == {SESSION}
    assert {event["source"] for event in events} == {"/chains/tentou/stores/shibuya/devices/hub"}


async def test_what_was_taken_before_its_offer_waits_with_its_own_times_and_in_order(
    book: Handoffs, day: Day, sink: SqliteSink, tmp_path: Path, background: Any, eventually: Any
) -> None:
    assert await book.take(FIRST, "hold", "pending") == Use(True, False)
    day.now += 60
    assert await book.take(FIRST, "hold", "confirmed") == Use(True, False)
    day.now += DAY_S
    await book.offer([offered(), offered()])
    events = await carried(book, sink, tmp_path / "contacts.sqlite", 2, background, eventually)
    assert [(event["data"]["state"], event["time"][:16]) for event in events] == [
        ("pending", "2026-09-21T14:13"),
        ("confirmed", "2026-09-21T14:14"),
    ]


async def test_what_was_taken_by_made_up_links_or_said_too_often_is_left_out(
    book: Handoffs, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handoffs, "MOST_UNKNOWN", 3)
    monkeypatch.setattr(handoffs, "MOST_CHANGES", 4)
    made = [(await book.take(f"{number:016d}", "hold", "pending")).counted for number in range(5)]
    assert made == [True, True, True, False, False]
    await book.offer([offered()])
    changes: tuple[Outcome, ...] = ("pending", "confirmed", "pending", "confirmed")
    for state in changes:
        assert (await book.take(FIRST, "hold", state)).counted, "an offered one is never refused"
    assert await book.take(FIRST, "hold", "declined") == Use(False, True)


async def test_what_was_taken_is_forgotten_as_uses_are(db: Database, book: Handoffs, day: Day, sink: Any) -> None:
    async def kept() -> int:
        return await db.read(lambda found: int(found.execute("SELECT count(*) FROM taken").fetchone()[0]))

    await book.take(SECOND, "hold", "pending")
    await book.offer([offered()])
    await book.take(FIRST, "hold", "pending")
    day.now += 8 * DAY_S
    await book.tidy()
    assert await kept() == 1
    day.now += 31 * DAY_S
    await book.tidy()
    assert await kept() == 1, "the sink has not got it"
    await db.write(lambda found: handoffs._sent(found, [1]))
    await book.tidy()
    assert await kept() == 0


async def test_what_is_old_is_forgotten(book: Handoffs, day: Day) -> None:
    await book.use(SECOND)
    await book.offer([offered()])
    day.now += 8 * DAY_S
    await book.tidy()
    assert (await book.waiting(), await book.knows(FIRST)) == (0, True)
    day.now += 23 * DAY_S
    await book.tidy()
    assert await book.use(FIRST) == Use(True, False)


async def test_a_contact_that_the_sink_has_not_got_outlives_its_offer(db: Database, book: Handoffs, day: Day) -> None:
    await book.offer([offered()])
    await book.use(FIRST)
    day.now += 31 * DAY_S
    await book.tidy()
    assert await db.read(lambda found: found.execute("SELECT count(*) FROM used").fetchone()[0]) == 1


async def test_a_use_waits_six_days_for_its_offer_and_not_eight(book: Handoffs, day: Day) -> None:
    await book.use(FIRST)
    for days, waiting in ((6, 1), (2, 0)):
        day.now += days * DAY_S
        await book.tidy()
        assert await book.waiting() == waiting


async def test_a_tally_counts_what_arrived_in_its_days_alone(book: Handoffs, day: Day) -> None:
    await book.offer([offered()])
    day.now += 3 * DAY_S
    await book.offer([offered(SECOND, seq=2)])
    assert [each.offered for days in (2, 4) for each in await book.tallies(days)] == [1, 2]


def test_of_many_addresses_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirector, "MOST_ADDRESSES", 10)
    rate = Rate()
    for number in range(100):
        assert rate.allows(f"203.0.113.{number}", 1.0)
    assert len(rate._seen) == 10


async def test_made_up_links_fill_no_disk_and_leave_no_contact(
    book: Handoffs, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handoffs, "MOST_UNKNOWN", 3)
    made = [await book.use(f"{number:016d}") for number in range(5)]
    assert [use.counted for use in made] == [True, True, True, False, False]
    assert await db.read(lambda each: each.execute("SELECT count(*) FROM used").fetchone()[0]) == 0
    await book.offer([offered()])
    assert await book.use(FIRST) == Use(True, True), "an offered one is never refused"


class Stumbling:
    """A sink that commits and then fails to say so, once."""

    def __init__(self, sink: SqliteSink) -> None:
        self.sink, self.fell = sink, False

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        whole = await self.sink.insert(arrivals)
        if not self.fell:
            self.fell = True
            raise OSError("fell")
        return whole


async def test_a_contact_that_was_sent_twice_is_there_once(
    book: Handoffs, sink: SqliteSink, tmp_path: Path, background: Any, eventually: Any
) -> None:
    await book.offer([offered()])
    await book.use(FIRST)
    stumbling = Stumbling(sink)
    with pytest.raises(OSError, match="fell"):
        await book.carry(stumbling)
    async with background(book.carry(stumbling)):
        await book.offer([offered(SECOND, seq=2)])
        await book.use(SECOND)
        await eventually(lambda: len(contacts(tmp_path / "contacts.sqlite")) == 2)
    assert [each["sequence"][-1] for each in contacts(tmp_path / "contacts.sqlite")] == ["1", "2"]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body",
    [
        b"handoff_offered",
        b'{"handoff_offered": [[[',
        offered("short"),
        offered(handoff=7),
        offered(sku="../x"),
        offered(sku=None),
        offered().replace(b"handoff_offered", b"handoff_used"),
        offered().replace(b'"data":{', b'"data":[],"more":{'),
    ],
)
async def test_what_is_no_offer_of_ours_is_none(body: bytes, book: Handoffs) -> None:
    assert offer_of(body) is None
    await book.offer([body])
    assert await book.tallies(7) == []


def test_an_offer_of_an_unknown_kind_is_the_products() -> None:
    found = offer_of(offered(kind="gift"))
    assert found is not None
    assert (found.kind, found.chain, found.store) == ("product", "tentou", "shibuya")


@pytest.mark.parametrize(
    ("method", "more", "counts"),
    [
        ("GET", {}, True),
        ("GET", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, True),
        ("HEAD", {}, False),
        ("GET", {"sec-purpose": "prefetch;prerender"}, False),
        ("GET", {"purpose": "prefetch"}, False),
        ("GET", {"x-purpose": "preview"}, False),
        ("GET", {"sec-fetch-mode": "no-cors"}, False),
        ("GET", {"accept": "image/*"}, False),
        ("GET", {"user-agent": "Slackbot-LinkExpanding 1.0"}, False),
        ("GET", {"user-agent": "facebookexternalhit/1.1;line-poker/1.0"}, False),
        ("GET", {"user-agent": ""}, False),
        ("GET", {"user-agent": "Mozilla/5.0 (Linux; Android 15) Chrome/130 Mobile Safari/537.36 Line/14.1"}, True),
    ],
)
def test_only_a_shoppers_own_opening_counts(method: str, more: dict[str, str], counts: bool) -> None:
    assert by_a_shopper(method, BROWSER | more) is counts


def test_an_address_may_name_so_many_unknown_links_a_minute() -> None:
    rate = Rate(most=2, inside=3, seconds=60.0)
    assert [rate.allows("8.8.4.4", now) for now in (0.0, 1.0, 2.0, 61.0)] == [True, True, False, True]
    assert rate.allows("8.8.8.8", 2.0)
    assert [rate.allows("10.0.0.7", 2.0) for _ in range(4)] == [True, True, True, False], "a proxy speaks for many"
    assert origin("2a00:1450::1") == origin("2a00:1450::ffff:1") == ("2a00:1450::/64", False)
    assert origin("no address") == ("", False)
