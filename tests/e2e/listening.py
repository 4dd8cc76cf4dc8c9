"""An ear on a broker: every message that goes through it, and what each breaks of what the documents say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.contacts import described

Heard = list[tuple[str, bytes]]


@contextmanager
def listening(port: int) -> Iterator[Heard]:
    """Topics and payloads, as long as it listens; a broker that comes back is listened to again."""
    heard: Heard = []
    ear = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    ear.on_connect = lambda client, *_: client.subscribe("#", 1)
    ear.on_message = lambda _, __, message: heard.append((message.topic, bytes(message.payload)))
    ear.connect("127.0.0.1", port)
    ear.loop_start()
    try:
        yield heard
    finally:
        ear.disconnect()
        ear.loop_stop()


def undescribed(heard: Heard) -> set[str]:
    """What of it no document describes; a topic of no channel is an AssertionError."""
    return {f"{topic}: {fault}" for topic, payload in list(heard) for fault in described.heard(topic, payload)}
