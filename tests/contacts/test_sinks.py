"""What every sink keeps, over each of them: once each, whole up to here, gaps, salvage, erasure, a restart."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_postgres, sink_sqlite
from edge.contacts.event import Stamp, body_of, cloud_event, gap, source_of, uuid7
from edge.contacts.office.counts import Standing
from edge.contacts.office.sink import Arrival, Asked, Kept, arrival
from edge.model import Contact

STREAM, OTHER = "ab" * 16, "cd" * 16
EVER = Asked(0, 10**14)
Opened = Callable[[], AbstractAsyncContextManager[Any]]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the same database each time."""
    if request.param == "sqlite":
        return partial(sink_sqlite.open, sink_sqlite.Settings(), tmp_path)
    return partial(sink_postgres.open, request.getfixturevalue("server").settings(), tmp_path)


@pytest.fixture
async def sink(opened: Opened) -> AsyncIterator[Any]:
    async with opened() as found:
        yield found


def event(seq: int, contact: Contact | None = None, stream: str = STREAM, **more: Any) -> bytes:
    stamp = Stamp(uuid7(1), stream, seq, source_of("c", "shibuya", "edge-1"), "Asia/Tokyo", "b", 1, 1_000 * seq, True)
    return body_of({**cloud_event(contact or Contact("scan", "entrance", 1.0, {}, "m1.x", "s1"), stamp), **more})


def came(*seqs: int, stream: str = STREAM) -> list[Arrival]:
    return [arrival(event(seq, stream=stream)) for seq in seqs]


def salvaged(seq: int, old: int, stream: str = OTHER) -> Arrival:
    return arrival(event(seq, stream=stream, salvagedstream=STREAM, salvagedsequence=f"{old:012d}"))


def accounting(seq: int, ranges: Sequence[tuple[int, int]], of: str = "", stream: str = STREAM, **more: Any) -> Arrival:
    counts = {"scan": sum(last - first + 1 for first, last in ranges)}
    return arrival(event(seq, gap("overflow", counts, ranges, 1.0, of), stream, **more))


async def everything(sink: Any, asked: Asked = EVER) -> list[Kept]:
    return [each async for part in sink.kept(asked) for each in part]


async def places(sink: Any) -> list[tuple[str, int]]:
    return sorted((each.stream, each.seq) for each in await everything(sink))


async def standing(sink: Any, stream: str = STREAM) -> Standing:
    found: Standing = next(each for each in await sink.standings() if each.stream == stream)
    return found


async def test_a_contact_is_kept_with_columns_to_ask_by(sink: Any) -> None:
    body = event(1)
    assert await sink.insert([arrival(body, "backfill", 1_700_000_000_123)]) == {STREAM: 1}
    (row,) = await everything(sink)
    names = ("scan", "1970-01-01T00:00:01.000Z", "shibuya", "edge-1", "entrance", "s1", "m1.x")
    assert row == Kept(STREAM, 1, json.loads(body)["id"], *names, "backfill", 1_700_000_000_123, body)


@pytest.mark.promise("L-3")
@pytest.mark.promise("L-4")
@pytest.mark.parametrize("seed", range(2))
async def test_in_any_order_in_any_parts_and_any_number_of_times_each_is_there_once(opened: Opened, seed: int) -> None:
    chance = random.Random(seed)
    gaps = {n: [(n - 3, n - 3), (n - 1, n - 1)] for n in range(10, 60, 10)}
    lost = {first for ranges in gaps.values() for first, _ in ranges}
    sent = [n for n in range(1, 61) if n not in lost] * 3
    chance.shuffle(sent)
    seen: set[int] = set()
    while sent:
        async with opened() as sink:  # each part by a hub that has just started
            part, sent = sent[: (size := chance.randrange(1, 25))], sent[size:]
            whole = await sink.insert([accounting(n, gaps[n]) if n in gaps else came(n)[0] for n in part])
            seen |= set(part) | {first for n in part for first, _ in gaps.get(n, [])}
            assert whole == {STREAM: next(n for n in range(62) if n + 1 not in seen)}
    async with opened() as sink:
        assert await places(sink) == [(STREAM, n) for n in range(1, 61) if n not in lost]
        stand = await standing(sink)
    assert (stand.upto, stand.highest, stand.hole_ms, stand.contacts) == (60, 60, 0, 50)
    assert stand.gaps == {"overflow": 10}


async def test_a_stream_above_a_hole_says_since_when_and_no_more_once_it_is_closed(sink: Any) -> None:
    await sink.insert([arrival(event(1), received_ms=5_000), arrival(event(3), received_ms=6_000)])
    assert (await standing(sink)).hole_ms == 6_000
    await sink.insert([arrival(event(4), received_ms=9_000)])
    assert (await standing(sink)).hole_ms == 6_000
    await sink.insert([arrival(event(2), received_ms=9_500)])
    assert ((await standing(sink)).hole_ms, (await standing(sink)).upto) == (0, 4)


async def test_streams_do_not_mix(sink: Any) -> None:
    assert await sink.insert([*came(1), *came(2, stream=OTHER), *came(2)]) == {STREAM: 2, OTHER: 0}


async def test_what_comes_although_a_gap_covers_it_is_kept_once(sink: Any) -> None:
    assert await sink.insert([*came(1), accounting(5, [(2, 4)])]) == {STREAM: 5}
    for _ in range(2):
        assert await sink.insert([*came(3), *came(6)]) == {STREAM: 6}
    assert await places(sink) == [(STREAM, n) for n in (1, 3, 5, 6)]
    assert (await standing(sink)).duplicates == 2


async def test_a_gap_that_covers_what_is_here_already_lets_nothing_in_twice(sink: Any) -> None:
    await sink.insert(came(1, 2, 4))
    assert await sink.insert([accounting(6, [(1, 5)])]) == {STREAM: 6}
    assert await sink.insert(came(1, 2, 4)) == {STREAM: 6}
    assert await places(sink) == [(STREAM, n) for n in (1, 2, 4, 6)]


async def test_a_gap_of_a_spoilt_stream_moves_that_streams_watermark(sink: Any) -> None:
    await sink.insert(came(1, 2, 9))
    assert await sink.insert([accounting(1, [(3, 8)], of=STREAM, stream=OTHER)]) == {OTHER: 1}
    assert ((await standing(sink)).upto, (await standing(sink, OTHER)).gaps) == (9, {"overflow": 6})


@pytest.mark.promise("X-3")
async def test_a_device_speaks_for_no_stream_of_another(sink: Any) -> None:
    await sink.insert(came(1))
    foreign = {"source": source_of("c", "ginza", "edge-1")}
    await sink.insert([accounting(1, [(2, 10**9)], of=STREAM, stream=OTHER, **foreign)])
    assert await sink.insert(came(2)) == {STREAM: 2}
    assert (STREAM, 2) in await places(sink)


async def test_a_salvaged_event_takes_its_old_place_and_comes_once_under_any_number(sink: Any) -> None:
    await sink.insert(came(1, 2, 4))
    assert await sink.insert([salvaged(1, 2), salvaged(2, 3), salvaged(3, 5)]) == {OTHER: 3}
    assert (await standing(sink)).upto == 5
    await sink.insert(came(3, 5))  # they waited in the broker
    assert await sink.insert([salvaged(4, 3), salvaged(3, 5)]) == {OTHER: 4}
    assert await places(sink) == [(STREAM, 1), (STREAM, 2), (STREAM, 4), (OTHER, 2), (OTHER, 3)]
    found = await standing(sink, OTHER)
    assert (found.contacts, found.salvaged, found.duplicates) == (2, 2, 3)


@pytest.mark.promise("L-8")
async def test_no_content_of_an_event_keeps_its_neighbours_out(sink: Any) -> None:
    hostile = Contact("scan", "e\0\ud800", 1.0, {"n": 1}, "m\udfff", "s\0")
    envelope = cloud_event(hostile, Stamp(uuid7(1), STREAM, 2, source_of("c", "s", "d"), "", "b", 1, 1, True))
    body = json.dumps({**envelope, "time": "never", "id": "\ud800"}).encode()
    assert await sink.insert([*came(1), arrival(body), *came(3)]) == {STREAM: 3}
    assert [each.body for each in await everything(sink) if each.seq == 2] == [body]


async def test_who_is_erased_is_gone_from_what_is_here_and_from_what_comes_late(sink: Any) -> None:
    await sink.insert([*came(1), arrival(event(2, Contact("scan", "entrance", 1.0, {"n": 1}, "m1.y", "s2")))])
    assert await sink.erase(["m1.x", "m1.z"]) == 1
    await sink.insert(came(3))
    rows = {each.seq: each for each in await everything(sink)}
    assert [(rows[n].member, rows[n].session) for n in (1, 2, 3)] == [("", ""), ("m1.y", "s2"), ("", "")]
    assert not any(b"m1.x" in each.body or b'"s1"' in each.body for each in rows.values())
    assert json.loads(rows[3].body)["data"]["redaction"] == "erased"
    assert await sink.erase(["m1.x"]) == 0


async def test_hubs_that_book_the_same_streams_at_once_neither_lose_nor_double(opened: Opened) -> None:
    chance = random.Random(7)
    streams = [f"{n:032x}" for n in range(4)]
    async with opened() as one, opened() as two:

        async def feed(sink: Any) -> None:
            places = [(stream, seq) for stream in streams for seq in range(1, 41)]
            chance.shuffle(places)
            for at in range(0, len(places), 16):
                await sink.insert([each for stream, seq in places[at : at + 16] for each in came(seq, stream=stream)])

        await asyncio.gather(feed(one), feed(two), feed(one))
        assert await places(one) == [(stream, seq) for stream in streams for seq in range(1, 41)]
        assert {(each.upto, each.contacts) for each in await two.standings()} == {(40, 40)}
        assert [each.contacts for each in await two.counts()] == [160]


async def test_what_is_asked_for_comes_in_the_order_of_its_receipt(sink: Any) -> None:
    moments = {1: 3_000, 2: 1_000, 3: 2_000, 4: 4_000}
    await sink.insert([arrival(event(seq), received_ms=at) for seq, at in moments.items()])
    assert [each.seq for each in await everything(sink)] == [2, 3, 1, 4]
    assert [each.seq for each in await everything(sink, Asked(2_000, 4_000))] == [3, 1]
    assert await everything(sink, Asked(0, 10**14, store="ginza")) == []
    assert await everything(sink, Asked(0, 10**14, kind="play")) == []


async def test_nothing_is_taken_in_as_a_question_whether_the_database_is_there(sink: Any) -> None:
    assert await sink.insert([]) == {}
