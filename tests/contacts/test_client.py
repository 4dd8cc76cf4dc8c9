"""The cheaper reading of what a broker sends: the same messages as by paho itself, however the bytes are cut."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.adapters import upstream_mqtt
from edge.contacts.line.client import Client
from edge.ports import LinkLost, Message

FIVE, FOUR = paho.MQTTv5, paho.MQTTv311


class Cut:
    """A socket that gives what it holds in parts of any size, then nothing yet."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        self.data, self.chance, self.sent = data, chance, b""

    def recv(self, size: int) -> bytes:
        if not self.data or self.chance.random() < 0.2:
            raise BlockingIOError
        size = min(size, self.chance.randrange(1, 300))
        part, self.data = self.data[:size], self.data[size:]
        return part

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def close(self) -> None:
        self.data = b""


def publish(mid: int, payload: bytes, five: bool, retain: bool = False) -> bytes:
    """A PUBLISH at QoS 1 as a broker writes it, with properties on MQTT 5."""
    topic, properties = b"c/v1/a.b/contact/scan", b""
    if five:
        held: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        held.ContentType = "application/cloudevents+json; charset=utf-8"
        held.UserProperty = [("stream", "ab" * 16), ("long", "x" * mid)]
        properties = held.pack()
    body = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big") + properties + payload
    length, size = b"", len(body)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([0x32 | retain]) + length + bytes([size]) + body


def heard(client: paho.Client, held: Cut, protocol: int) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    client.on_message = lambda _c, _d, each: found.append((each.topic, each.payload, each.retain, each.qos, each.mid))
    client._sock = held  # type: ignore[assignment]
    read = client.read if isinstance(client, Client) else client.loop_read
    while held.data or getattr(client, "_ahead", b""):
        assert read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    client._sock = None
    return found


@pytest.mark.parametrize("protocol", [FIVE, FOUR])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_is_heard_and_acknowledged_as_by_paho_itself(protocol: Any, seed: int) -> None:
    chance = random.Random(seed)
    payloads = [chance.randbytes(chance.choice((0, 1, 100, 700, 20_000))) for _ in range(40)]
    sent = [publish(mid, each, protocol == FIVE, mid % 3 == 0) for mid, each in enumerate(payloads, 1)]
    results = []
    for kind in (paho.Client, Client):
        held = Cut(b"".join(sent), random.Random(seed))
        client = kind(CallbackAPIVersion.VERSION2, "x", protocol=protocol)
        results.append((heard(client, held, protocol), held.sent))
    assert results[0] == results[1]
    assert [each[1] for each in results[1][0]] == payloads


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"\xff\xff", b"\x00\x01a\x00", b"\x00\x01a\x00\x01\xff\xff\xff\xff\x01", b"\x00\x01a\x00\x01\x09"],
    ids=["nothing", "half a length", "no topic", "half a mid", "no end of a length", "properties beyond the end"],
)
def test_a_message_that_is_cut_short_ends_the_connection_and_nothing_else(body: bytes) -> None:
    client = Client(CallbackAPIVersion.VERSION2, "x", protocol=FIVE)
    found: list[Any] = []
    client.on_message = lambda *_: found.append(1)
    client._sock = Cut(bytes([0x32, len(body)]) + body, random.Random(3))  # type: ignore[assignment]
    codes = {client.read() for _ in range(60)}
    assert codes - {MQTTErrorCode.MQTT_ERR_SUCCESS}
    assert found == []


async def test_a_flood_from_a_real_broker_is_heard_in_order_and_the_line_holds(
    mosquitto: Any, dialled: Any, tmp_path: Path
) -> None:
    dial: upstream_mqtt.MqttDial = dialled(mosquitto("max_queued_messages 0").port)
    async with dial("ear", None, ("flood",)) as ear, dial("mouth", None, ()) as mouth:
        payloads = [b"%d" % n + b"x" * (n * 37 % 3_000) for n in range(600)]

        async def say() -> None:
            for at in range(0, len(payloads), 20):
                await asyncio.gather(*(mouth.publish(Message("flood", each)) for each in payloads[at : at + 20]))

        saying, messages = asyncio.ensure_future(say()), ear.messages()
        assert [(await anext(messages)).payload for _ in payloads] == payloads
        await saying
        mouth.close()  # type: ignore[attr-defined]
        with pytest.raises(LinkLost):
            await mouth.publish(Message("flood", b""))
