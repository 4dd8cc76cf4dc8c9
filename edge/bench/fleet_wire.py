"""MQTT 5 for thousands of simulated edges in one process: no more of it than an edge says, packets by hand.

The product's own client costs some 90 KB and a good part of a millisecond a connection, which would be the benchmark's
cost and not the broker's. Numbers of clauses are those of MQTT 5.0 (OASIS, 2019).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
KEEPALIVE_S, SESSION_S, WILL_DELAY_S = 30, 60, 30
PING = bytes((0xC0, 0))


def connect(who: str, will_topic: str, will: bytes) -> bytes:
    """3.1: clean start, a retained will of QoS 1, delayed, and a session that the broker keeps for a while."""
    flags = bytes((0x02 | 0x04 | 0x08 | 0x20,))
    properties = b"\x11" + SESSION_S.to_bytes(4, "big")
    will_properties = b"\x18" + WILL_DELAY_S.to_bytes(4, "big")
    head = _text("MQTT") + b"\x05" + flags + KEEPALIVE_S.to_bytes(2, "big") + _sized(properties)
    return _packet(0x10, head + _text(who) + _sized(will_properties) + _text(will_topic) + _block(will))


def subscribe(mid: int, topics: Sequence[str]) -> bytes:
    """3.8, each at QoS 1."""
    return _packet(0x82, mid.to_bytes(2, "big") + b"\x00" + b"".join(_text(topic) + b"\x01" for topic in topics))


def publish(mid: int, topic: str, payload: bytes, retain: bool = False, content_type: str = "") -> bytes:
    """3.3 at QoS 1."""
    properties = b"\x03" + _text(content_type) if content_type else b""
    return _packet(0x32 | retain, _text(topic) + mid.to_bytes(2, "big") + _sized(properties) + payload)


def puback(mid: int) -> bytes:
    """3.4, Success."""
    return _packet(0x40, mid.to_bytes(2, "big"))


def split(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take the first whole packet off the buffer: its type and flags, and what follows them; None if none is whole."""
    found = _length(buffer, 1)
    if found is None or len(buffer) < sum(found):
        return None
    length, start = found
    first, body = buffer[0], bytes(buffer[start : start + length])
    del buffer[: start + length]
    return first, body


def published(first: int, body: bytes) -> tuple[str, int, bytes]:
    """Topic, packet identifier (0 without one) and payload of a PUBLISH."""
    end = 2 + int.from_bytes(body[:2], "big")
    topic, mid = body[2:end].decode(), 0
    if first & 0x06:
        mid, end = int.from_bytes(body[end : end + 2], "big"), end + 2
    found = _length(body, end)
    assert found is not None
    size, start = found
    return topic, mid, body[start + size :]


def _length(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable byte integer (1.5.5) and where it ends; None if it is not all there."""
    value = 0
    for place in range(4):
        if at + place >= len(data):
            return None
        value |= (data[at + place] & 0x7F) << (7 * place)
        if not data[at + place] & 0x80:
            return value, at + place + 1
    raise ValueError("a length of MQTT has four bytes at most")


def _variable(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _text(text: str) -> bytes:
    return _block(text.encode())


def _block(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _sized(data: bytes) -> bytes:
    return _variable(len(data)) + data


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _sized(body)


class Wire(asyncio.Protocol):
    """One connection. ``up`` is done once the broker has taken the subscriptions; ``lost`` once the line is down."""

    def __init__(self, hello: bytes, topics: Sequence[str], heard: Callable[[str, bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.up: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._hello, self._topics, self._heard = hello, topics, heard
        self._buffer = bytearray()
        self._mid = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._transport: asyncio.Transport | None = None

    def send(self, topic: str, payload: bytes, retain: bool = False, content_type: str = "") -> asyncio.Future[None]:
        """Publish; done with the PUBACK, cancelled with the line."""
        self._mid = self._mid % 65_535 + 1
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[self._mid] = answer
        self._write(publish(self._mid, topic, payload, retain, content_type))
        return answer

    def ping(self) -> None:
        """Keep the line alive."""
        self._write(PING)

    def close(self) -> None:
        """Drop it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._write(self._hello)

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol."""
        self._buffer += data
        while (found := split(self._buffer)) is not None:
            self._take(*found)

    def connection_lost(self, _: Exception | None) -> None:
        """As asyncio.Protocol."""
        for one in (self.up, *self._waiting.values()):
            one.cancel()
        if not self.lost.done():
            self.lost.set_result(None)

    def _take(self, first: int, body: bytes) -> None:
        match first >> 4:
            case 2:
                self._greeted(body)
            case 3:
                topic, mid, payload = published(first, body)
                if mid:
                    self._write(puback(mid))
                self._heard(topic, payload)
            case 4:
                answer = self._waiting.pop(int.from_bytes(body[:2], "big"), None)
                if answer is not None and not answer.done():
                    answer.set_result(None)
            case 9 if not self.up.done():
                self.up.set_result(None)

    def _greeted(self, body: bytes) -> None:
        if body[1]:
            self.close()
        else:
            self._mid += 1
            self._write(subscribe(self._mid, self._topics))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
