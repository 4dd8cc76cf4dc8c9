"""The AsyncAPI document against AsyncAPI's own schema, its own examples, and what really goes over a broker."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from edge.config import Device
from edge.contacts import topics
from edge.contacts.batch import BATCH_TYPE
from edge.contacts.event import CONTENT_TYPE, KINDS
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox
from edge.health import Health
from edge.members.erasure import ERASURE, make_erasure
from edge.members.peers import MOST, News, write_news
from edge.model import Contact
from edge.ports import Message, StockItem, StockLevel
from edge.stock.line import rows
from edge.stock.line import topics as stock_topics
from edge.stock.line.beat import Beat, Word
from edge.stock.line.beat import write as write_beat
from edge.stock.line.rows import Note
from tests.contacts.described import DOCUMENT, SCHEMAS, channel_of, faults, heard
from tests.members import signing

ASYNCAPI = Path(__file__).with_name("asyncapi-3.0.0.json.gz")
OURS = ("touchpoint", "timezone", "member", "session")
"""What a contact's data has beside what its kind says."""


def recorded(kind: str) -> Contact:
    """A contact of a kind, as its schema's example is of one."""
    data = dict(SCHEMAS[kind]["examples"][-1]["data"])
    place, _, member, session = (data.pop(name, "") for name in OURS)
    return Contact(kind, place, 1.0, data, member, session)


async def test_every_message_on_the_wire_is_as_the_document_says(
    mosquitto: Any,
    tmp_path: Path,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
) -> None:
    dial, told, listening = dialled(mosquitto().port), [], asyncio.Event()

    async def listen() -> None:
        async with dial("listener", None, ("#",)) as link:
            listening.set()
            async for message in link.messages():
                told.append(message)

    async with outbox(tmp_path / "outbox.sqlite", device) as box, background(listen()):
        await listening.wait()
        await box.record_all([recorded(kind) for kind in KINDS])  # a backlog, which goes in batches
        await box.set_aside(2, "poison")
        async with background(
            inbox.run(sink, dial, Health(), pace=quick, post=head_offices()),
            uplink.run(box, dial, device, Health(), quick, an_edges(device)),
        ):
            await eventually(lambda: box.waiting() == 0)
            for kind in KINDS:
                await box.record(recorded(kind))
                await eventually(lambda: box.waiting() == 0)
            await eventually(lambda: {channel_of(m.topic) for m in told} == set(ALL))
    assert {fault for message in told for fault in heard(message.topic, message.payload)} == set()
    live = {message.topic.rpartition("/")[2] for message in told if channel_of(message.topic) == "contact"}
    assert live >= set(KINDS)


ALL = DOCUMENT["channels"]


def head_offices() -> Post:
    post = Post()
    erasure = ERASURE.sign(make_erasure("acme", 1, signing.NOW, ["AAECAwQFBgcI"]), signing.ROOT)
    policy = json.dumps({"drain_eps": 200, "connect_spread_s": 60})
    letters = {topics.KEYSET: signing.keyset(), topics.DENY: signing.deny(), topics.ERASE: erasure}
    for topic, text in (letters | {topics.POLICY: policy}).items():
        post.stand(Message(topic, text.encode(), retain=True))
    word = Word("5a5a5a5a", 1_000, 40)
    level = StockLevel("LN-09-M", "ginza", None, 5, 1, status="few", incoming_on="2026-12-01", sold_daily=0.5)
    note = Note(4711, 2, 1, (level,), ("LN-08-S",), (StockItem("LN-09-M", "04912345678904"),), word=word)
    post.send(Message(stock_topics.changes("ginza", "pos"), rows.write(note)))
    beats = write_beat(Beat(4711, 2, word, 7, 1, reserve=True)).encode()
    post.stand(Message(stock_topics.beat("ginza", "pos"), beats, retain=True))
    return post


def an_edges(device: Device) -> Post:
    post = Post()
    post.tell({"keyset": 1, "deny": 0})
    news = News(tuple((bytes([number]) * 16, 1_790_000_000) for number in range(MOST)), ask=True)
    post.send(Message(topics.spent(device.store, topics.edge_name(device)), write_news(news)))
    return post


def asyncapis_own() -> Draft7Validator:
    return Draft7Validator(json.loads(gzip.decompress(ASYNCAPI.read_bytes())))


def test_the_document_is_one_of_asyncapi_3() -> None:
    assert [error.message for error in asyncapis_own().iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("operations", "sendContact", "bindings", "mqtt", "qos"), 3),
        (("servers", "mqtt5", "bindings", "mqtt", "keepAlive"), "30"),
        (("channels", "ack", "messages", "ack"), {"payload": 1}),
        (("components", "messages", "ack", "payload"), "ack"),
    ],
)
def test_asyncapis_schema_refuses_a_document_that_is_wrong(place: tuple[str, ...], value: object) -> None:
    wrong = deepcopy(DOCUMENT)
    *way, last = place
    at = wrong
    for name in way:
        at = at[name]
    at[last] = value
    assert not asyncapis_own().is_valid(wrong)


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_every_messages_examples_are_as_its_schema_says(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    payload = message["payload"]["$ref"].removeprefix("./")
    place = payload if payload.startswith("schemas/") else f"asyncapi.json{payload}"
    examples = [each["payload"] for each in message["examples"]]
    assert examples
    assert [fault for each in examples for fault in faults(place, each)] == []
    assert faults(place, {}) != []


def test_the_documents_examples_of_contacts_are_those_of_their_schemas() -> None:
    messages = DOCUMENT["components"]["messages"]
    told = {kind: [each["payload"] for each in messages[kind]["examples"]] for kind in KINDS}
    assert told == {kind: SCHEMAS[kind]["examples"] for kind in KINDS}


def references(value: Any) -> Iterator[str]:
    """Every reference in a document."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(inner)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"]


def test_every_reference_leads_to_something() -> None:
    for reference in set(references(DOCUMENT)):
        if reference.startswith("#/"):
            at = DOCUMENT
            for name in reference[2:].split("/"):
                at = at[name]
        else:
            assert reference.removeprefix("./schemas/").removesuffix(".json") in SCHEMAS


def test_the_document_names_our_topics_kinds_and_content_types() -> None:
    made = {
        "contact": topics.contact("{edge}", "{kind}"),
        "batch": topics.batch("{edge}"),
        "ack": topics.ack("{edge}"),
        "state": topics.state("{edge}"),
        "inbox": topics.INBOX,
        "keyset": topics.KEYSET,
        "deny": topics.DENY,
        "erase": topics.ERASE,
        "policy": topics.POLICY,
        "spent": topics.spent("{store}", "{edge}"),
        "stock": stock_topics.changes("{location}", "{channel}"),
        "beat": stock_topics.beat("{location}", "{channel}"),
    }
    assert {name: channel["address"] for name, channel in ALL.items()} == made
    assert ALL["contact"]["parameters"]["kind"]["enum"] == list(KINDS)
    messages = DOCUMENT["components"]["messages"]
    assert {messages[kind]["contentType"] for kind in KINDS} == {CONTENT_TYPE}
    assert messages["batch"]["contentType"] == BATCH_TYPE
