"""A contact as a CloudEvent: what is in it, what is never in it, and what a reader refuses."""

from __future__ import annotations

import json
import math
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts import topics
from edge.contacts.ack import Ack, BadAck, read_ack, write_ack
from edge.contacts.event import (
    KINDS,
    BadContact,
    BadEvent,
    Stamp,
    body_of,
    cloud_event,
    gap,
    read_event,
    source_of,
    uuid7,
)
from edge.contacts.spool.draft import draft
from edge.model import Contact

STREAM = "0f" * 16
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def stamp(seq: int = 7) -> Stamp:
    source = source_of("tentou", "shibuya", "edge-1")
    return Stamp(uuid7(1_795_000_000_000), STREAM, seq, source, "Asia/Tokyo", "b" * 36, 12_345, 1_795_000_000_123, True)


def test_an_event_has_the_attributes_of_cloudevents_and_its_place_in_the_ledger() -> None:
    event = cloud_event(Contact("scan", "entrance", 12.3, {"outcome": "mc1"}, "m1.x", "s1"), stamp())
    assert event["specversion"] == "1.0"
    assert event["type"] == "tentou.contact.scan.v1"
    assert event["source"] == "/chains/tentou/stores/shibuya/devices/edge-1"
    assert event["time"] == "2026-11-18T11:06:40.123Z"
    assert (event["sequence"], event["stream"]) == ("000000000007", STREAM)
    assert (event["bootid"], event["monotonicms"], event["clocksync"]) == ("b" * 36, "12345", True)
    assert event["data"]["member"] == "m1.x"


def test_an_anonymous_contact_names_no_member_even_if_its_data_tries_to() -> None:
    event = cloud_event(Contact("scan", "entrance", 1.0, {"member": "m1.x"}), stamp())
    assert "member" not in event["data"]
    assert "m1.x" not in repr(read_event(body_of(cloud_event(Contact("scan", "e", 1.0, {}, "m1.x"), stamp()))))


@given(
    st.sampled_from([kind for kind in KINDS if kind != "gap"]),
    st.dictionaries(st.text(max_size=10), json_values, max_size=5),
    st.integers(1, 10**12 - 1),
)
def test_what_is_written_is_read(kind: str, data: dict[str, Any], seq: int) -> None:
    read = read_event(body_of(cloud_event(Contact(kind, "entrance", 1.0, data, "m", "s"), stamp(seq))))
    assert (read.kind, read.seq, read.stream, read.store, read.device) == (kind, seq, STREAM, "shibuya", "edge-1")
    assert (read.touchpoint, read.member, read.session) == ("entrance", "m", "s")


@given(st.binary(max_size=300))
def test_bytes_that_are_no_event_are_refused_and_nothing_else_happens(body: bytes) -> None:
    with pytest.raises(BadEvent):
        read_event(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("source", "/chains/../stores/x/devices/y"),
        ("source", None),
        ("type", "com.example.other"),
        ("stream", "not hex"),
        ("sequence", "7"),
        ("sequence", 7),
        ("sequence", "-00000000007"),
    ],
)
def test_an_event_whose_place_cannot_be_read_is_refused(name: str, value: object) -> None:
    event = cloud_event(Contact("scan", "entrance", 1.0), stamp()) | {name: value}
    with pytest.raises(BadEvent):
        read_event(json.dumps(event).encode())


@pytest.mark.parametrize("ranges", [[[5, 9]], [[0, 3]], [[3, 2]], [[1]], [["1", "2"]], [[True, True]], "all", [7]])
def test_a_gap_may_only_account_for_numbers_below_its_own(ranges: object) -> None:
    event = cloud_event(Contact("gap", "", 1.0, {"ranges": ranges}), stamp(7))
    with pytest.raises(BadEvent):
        read_event(json.dumps(event).encode())


def test_a_gap_says_what_it_accounts_for() -> None:
    body = body_of(cloud_event(gap("overflow", {"scan": 3}, [(1, 2), (4, 4)], 1.0), stamp(7)))
    assert read_event(body).ranges == ((1, 2), (4, 4))
    assert json.loads(body)["data"]["counts"] == {"scan": 3}


OLD = "a0" * 16


def test_a_gap_may_account_for_a_stream_that_ended_before_whatever_its_own_number() -> None:
    read = read_event(body_of(cloud_event(gap("corruption", {"scan": 2}, [(900, 901)], 1.0, OLD), stamp(7))))
    assert (read.gap_stream, read.ranges) == (OLD, ((900, 901),))
    assert read_event(body_of(cloud_event(gap("overflow", {}, [(1, 2)], 1.0), stamp(7)))).gap_stream == STREAM


@pytest.mark.parametrize("named", ["A0" * 16, "", 7, None, "a0"])
def test_a_gap_that_names_no_stream_is_refused(named: object) -> None:
    event = cloud_event(Contact("gap", "", 1.0, {"ranges": [[1, 2]], "stream": named}), stamp(7))
    with pytest.raises(BadEvent):
        read_event(json.dumps(event).encode())


def test_an_event_tells_where_it_stood_in_an_outbox_that_was_spoilt() -> None:
    event = cloud_event(Contact("scan", "entrance", 1.0), stamp())
    assert read_event(body_of(event)).salvaged is None
    moved = event | {"salvagedstream": OLD, "salvagedsequence": "000000000901"}
    assert read_event(body_of(moved)).salvaged == (OLD, 901)


@pytest.mark.parametrize(
    "place",
    [
        {"salvagedstream": OLD},
        {"salvagedsequence": "000000000901"},
        {"salvagedstream": OLD, "salvagedsequence": "901"},
        {"salvagedstream": OLD, "salvagedsequence": "000000000000"},
        {"salvagedstream": STREAM, "salvagedsequence": "000000000901"},
    ],
)
def test_an_event_whose_old_place_cannot_be_read_is_refused(place: dict[str, str]) -> None:
    event = cloud_event(Contact("scan", "entrance", 1.0), stamp()) | place
    with pytest.raises(BadEvent):
        read_event(json.dumps(event).encode())


@pytest.mark.parametrize(
    "contact",
    [
        Contact("unheard-of", "entrance", 1.0),
        Contact("scan", "entrance", math.nan),
        Contact("scan", "entrance", math.inf),
        Contact("scan", "entrance", -1.0),
        Contact("scan", "entrance", 1.0, {"when": object()}),
        Contact("scan", "entrance", 1.0, {"price": math.nan}),
        Contact("scan", "entrance", 1.0, {"text": "x" * 70_000}),
        Contact("scan", "entrance", 1.0, session="s" * 70_000),
    ],
)
def test_a_contact_that_cannot_be_an_event_is_refused_before_it_has_a_number(contact: Contact) -> None:
    with pytest.raises(BadContact):
        draft(contact, "Asia/Tokyo")


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond(wall_ms: int, randomness: bytes) -> None:
    made = uuid7(wall_ms, randomness)
    assert (made.version, made.variant) == (7, UUID(int=0x8 << 60).variant)
    assert made.int >> 80 == wall_ms


@given(st.text(), st.integers(0, 10**12), st.integers(0, 10**6))
def test_an_acknowledgement_is_read_as_it_was_written(outbox: str, upto: int, more: int) -> None:
    assert read_ack(write_ack(Ack(outbox, upto, upto + more))) == Ack(outbox, upto, upto + more)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{",
        b'{"upto": 1}',
        b'{"outbox": "x"}',
        b'{"outbox": "x", "upto": "9"}',
        b'{"outbox": "x", "upto": 1.5}',
        b'{"outbox": "x", "upto": true}',
        b'{"outbox": "x", "upto": -1}',
        b'{"outbox": "x", "upto": 9, "max": 3}',
        b'{"outbox": 7, "upto": 9}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_acknowledgement_is_refused(payload: bytes) -> None:
    with pytest.raises(BadAck):
        read_ack(payload)


@pytest.mark.parametrize(
    ("topic", "edge"),
    [
        ("c/v1/shibuya.edge-1/contact/scan", "shibuya.edge-1"),
        ("c/v1/shibuya/edge-1/contact/scan", None),
        ("c/v1//contact/scan", None),
        ("c/v1/a/contact/scan/more", None),
        ("s/v1/a/state", None),
        ("c/v1/A\n/contact/scan", None),
    ],
)
def test_only_an_edges_contact_topic_names_an_edge(topic: str, edge: str | None) -> None:
    assert topics.edge_that_sent(topic) == edge


def test_two_devices_never_share_a_name_on_the_wire() -> None:
    assert topics.edge_of("a-b", "c") != topics.edge_of("a", "b-c")
