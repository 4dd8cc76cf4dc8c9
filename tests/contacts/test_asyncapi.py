"""The AsyncAPI document against what really goes over a broker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import edge.contacts
from edge.config import Device
from edge.contacts import inbox, topics, uplink
from edge.contacts.dial import Pace
from edge.contacts.event import CONTENT_TYPE, KINDS
from edge.contacts.opening import outbox
from edge.contacts.post import Post
from edge.health import Health
from edge.members.peers import MOST, News, write_news
from edge.model import Contact, Held
from edge.ports import Message
from edge.sessions.notes import presented
from tests.members import signing

DOCUMENT: dict[str, Any] = json.loads((Path(edge.contacts.__file__).parent / "asyncapi.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def faults(schema: dict[str, Any], value: object, at: str = "$") -> Iterator[str]:
    """What a value breaks of the JSON Schema keywords that our document uses; another keyword is a fault itself."""
    known = {"type", "const", "enum", "pattern", "minLength", "minimum", "maxItems", "required", "properties"}
    yield from (
        f"unknown keyword {key}" for key in set(schema) - known - {"additionalProperties", "items", "description"}
    )
    kind = TYPES.get(schema.get("type", ""))
    if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        yield f"{at} is no {schema['type']}"
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        yield f"{at} is {value!r}"
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{at} is {value!r}"
    elif isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{at} is {value}"
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{at} has {len(value)} items"
        for n, each in enumerate(value):
            yield from faults(schema.get("items", {}), each, f"{at}[{n}]")
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        yield from (f"{at}.{name} is missing" for name in set(schema.get("required", ())) - set(value))
        for name, each in value.items():
            if name in properties:
                yield from faults(properties[name], each, f"{at}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{at}.{name} is not described"


def channel_of(topic: str) -> str:
    for name, channel in DOCUMENT["channels"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", channel["address"]), topic):
            return str(name)
    raise AssertionError(f"{topic} is in no channel")


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
    dial, heard = dialled(mosquitto().port), []

    async def listen() -> None:
        async with dial("listener", None, ("#",)) as link:
            async for message in link.messages():
                heard.append(message)

    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        for kind in KINDS:
            await box.record(Contact(kind, "entrance", 1.0, {"sku": "4900000000000", "ranges": []}, "m1.x", "s1"))
        await box.set_aside(2, "poison")
        async with background(
            listen(),
            inbox.run(sink, dial, Health(), pace=quick, post=head_offices()),
            uplink.run(box, dial, device, Health(), quick, an_edges(device)),
        ):
            wanted = len(KINDS) - 1 + len(DOCUMENT["channels"]) - 1  # one kind was set aside
            await eventually(lambda: box.waiting() == 0 and len({m.topic for m in heard}) >= wanted)
    for message in heard:
        schema = DOCUMENT["components"]["schemas"][channel_of(message.topic)]
        assert list(faults(schema, json.loads(message.payload))) == [], message.topic
    assert {channel_of(message.topic) for message in heard} == set(DOCUMENT["channels"])


def head_offices() -> Post:
    post = Post()
    post.stand(Message(topics.KEYSET, signing.keyset().encode(), retain=True))
    post.stand(Message(topics.DENY, signing.deny().encode(), retain=True))
    return post


def an_edges(device: Device) -> Post:
    post = Post()
    post.tell({"keyset": 1, "deny": 0})
    news = News(tuple((bytes([number]) * 16, 1_790_000_000) for number in range(MOST)), ask=True)
    post.send(Message(topics.spent(device.store, topics.edge_name(device)), write_news(news)))
    return post


def test_the_document_names_our_topics_kinds_and_content_type() -> None:
    channels = DOCUMENT["channels"]
    made = {
        "contact": topics.contact("{edge}", "{kind}"),
        "ack": topics.ack("{edge}"),
        "state": topics.state("{edge}"),
        "inbox": topics.INBOX,
        "keyset": topics.KEYSET,
        "deny": topics.DENY,
        "spent": topics.spent("{store}", "{edge}"),
    }
    assert {name: channel["address"] for name, channel in channels.items()} == made
    assert channels["contact"]["parameters"]["kind"]["enum"] == list(KINDS)
    assert DOCUMENT["components"]["messages"]["contact"]["contentType"] == CONTENT_TYPE


@pytest.mark.parametrize("sku", ["LN-1", ""])
def test_the_scan_of_a_product_is_as_the_document_says(sku: str) -> None:
    scan = presented("kiosk-1", Held("cam", "04901234567894", 1.0), sku, (), 0.0, "", "")
    data = DOCUMENT["components"]["schemas"]["contact"]["properties"]["data"]["properties"]
    assert {"outcome", "code", "gtin"} <= set(data)
    assert list(faults({"type": "object", "properties": data}, scan.data)) == []
    assert list(faults({"type": "object", "properties": data}, {**scan.data, "gtin": "LN-1"})) != []


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        for each in value.values():
            yield from references(each)


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    here: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        here = here[step]
    assert here


@pytest.mark.parametrize(
    "broken", [{"state": "asleep"}, {}, {"state": "online", "more": 1}, {"state": "online", "boot": True}, []]
)
def test_the_check_itself_finds_faults(broken: object) -> None:
    assert list(faults(DOCUMENT["components"]["schemas"]["state"], broken))
