"""One MQTT connection by paho, driven from the asyncio loop and used as a dumb pipe: no queue, no resend, no redial.

paho hides or ignores a good deal (MQTT.md 1.3): reason codes, Receive Maximum and Maximum Packet Size are handed to
the caller, Receive Maximum is kept here, and each connection is a new client, so that nothing of an old one is ever
sent again behind the outbox's back. On MQTT 3.1.1 there are no reasons: every PUBACK says 0x00.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.contacts.clock import synced
from edge.contacts.line import certificates
from edge.contacts.line.causes import REASONS, Cause, lost
from edge.contacts.line.client import Client
from edge.ports import LinkLost, Message

UNLIMITED = 268_435_455
"""MQTT's own bound on a packet in bytes, where the broker names none."""

UNREAD = 1_000
"""Messages that wait to be read before the socket is left alone; TCP then slows the broker down."""

Answer = asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class Packed:
    """A PUBLISH's properties in their bytes: paho packs its own anew for each message, which is dear."""

    raw: bytes

    def pack(self) -> bytes:
        """As paho.mqtt.properties.Properties."""
        return self.raw


@functools.lru_cache(maxsize=256)
def packed(content_type: str, user: tuple[tuple[str, str], ...] = ()) -> Packed:
    """Content type, with it the word that the payload is UTF-8 where it is, and user properties (MQTT 5, 3.3.2.3)."""
    body = b""
    if content_type:
        utf8 = b"" if "batch" in content_type else b"\x01\x01"  # a batch is compressed
        body += utf8 + b"\x03" + _text(content_type)
    body += b"".join(b"\x26" + _text(key) + _text(value) for key, value in user)
    return Packed(_length(len(body)) + body)


def _text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def _length(size: int) -> bytes:
    """A variable byte integer (MQTT 5, 1.5.5)."""
    found = bytearray()
    while size > 0x7F:
        found.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*found, size])


@dataclass
class MqttLink:
    """One connection, driven by the running loop's readiness of its socket; ``window`` is at most the far side's."""

    client: Client
    window: int = 65_535
    max_bytes: int = UNLIMITED
    five: bool = True
    _waiting: dict[int, Answer] = field(default_factory=dict)
    _queued: deque[tuple[Message, Answer]] = field(default_factory=deque)
    _unread: deque[Message] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self._arrived = asyncio.Event()
        self._lost: LinkLost | None = None
        self._reading = False
        self._out = self._put_since = 0
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def attach(self) -> None:
        """Let the loop drive the client from now on."""
        client, self._socket = self.client, self.client.socket()  # type: ignore[assignment]
        if self._socket is None:
            self._lose(lost(Cause.AWAY, "the broker closed the connection"))
            return
        # Nagle's algorithm and a delayed acknowledgement together hold a small packet for 40 ms (MQTT.md 1.1).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_register_write = lambda *_: self._loop.add_writer(self._fileno(), self._writable)
        client.on_socket_unregister_write = self._on_written
        client.on_socket_close = lambda *_: self._detach()
        self._read(True)
        if client.want_write():
            self._loop.add_writer(self._fileno(), self._writable)
        self._timer = self._loop.call_later(1.0, self._tick)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1 and wait for the broker's word; raises LinkLost if it refuses one."""
        if topics and await self._asked(topics, no_local=False) >= 0x80:
            raise lost(Cause.DEAF)

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        """As ports.Link; one SUBSCRIBE each, so that each has an answer of its own."""
        return [topic for topic in topics if await self._asked([topic], no_local=self.five) >= 0x80]

    async def _asked(self, topics: Sequence[str], no_local: bool) -> int:
        """The worst answer to a SUBSCRIBE."""
        options = [(topic, SubscribeOptions(qos=1, noLocal=no_local) if self.five else 1) for topic in topics]
        code, mid = self.client.subscribe(options)  # type: ignore[arg-type]
        if code != paho.MQTT_ERR_SUCCESS or mid is None:
            raise self._lost or lost(Cause.AWAY, "the subscription could not be sent")
        answer: Answer = self._loop.create_future()
        self._waiting[mid] = answer
        return await answer

    def publish(self, message: Message) -> Answer:
        """As ports.Link; beyond the broker's Receive Maximum a message waits its turn."""
        answer: Answer = self._loop.create_future()
        if self._lost is not None:
            answer.set_exception(self._lost)
        elif self._out >= self.window:
            self._queued.append((message, answer))
        else:
            self._put(message, answer)
        return answer

    def _put(self, message: Message, answer: Answer) -> None:
        properties: Any = packed(message.content_type, tuple(message.properties.items())) if self.five else None
        sent = self.client.publish(message.topic, message.payload, 1, message.retain, properties)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            _refuse(answer, self._lost or lost(Cause.AWAY, "the connection is closing"))
            return
        self._out += 1
        self._put_since += 1
        self._waiting[sent.mid] = answer

    async def messages(self) -> AsyncIterator[Message]:
        """As ports.Link."""
        while True:
            while self._unread:
                yield self._unread.popleft()
                if not self._reading and len(self._unread) < UNREAD // 2:
                    self._read(True)
            if self._lost is not None:
                raise self._lost
            self._arrived.clear()
            await self._arrived.wait()

    def say_goodbye(self) -> None:
        """Leave in good order: a DISCONNECT, which withdraws the will."""
        if self._socket is not None and self._lost is None:
            self.client.disconnect()
            self.client.loop_write()
        self.close()

    def close(self) -> None:
        """Drop the connection without a word."""
        held = self.client.socket()
        self._detach()
        for name in ("register_write", "unregister_write", "close"):
            setattr(self.client, f"on_socket_{name}", None)  # or paho calls them from its destructor
        if held is not None:
            held.close()
        self._lose(lost(Cause.AWAY, "the connection was closed"))
        if self.greeted.done() and not self.greeted.cancelled():
            self.greeted.exception()

    def _fileno(self) -> int:
        assert self._socket is not None
        return self._socket.fileno()

    def _read(self, wanted: bool) -> None:
        if self._socket is None or self._reading == wanted:
            return
        self._reading = wanted
        if wanted:
            self._loop.add_reader(self._fileno(), self._readable)
        else:
            self._loop.remove_reader(self._fileno())

    def _readable(self) -> None:
        held, told = self._socket, None
        if not self.greeted.done() and not isinstance(held, certificates.Socket):
            told = certificates.before_greeting(held, synced())
        code = self.client.read()
        while code == paho.MQTT_ERR_SUCCESS and isinstance(held, ssl.SSLSocket) and held.pending():
            code = self.client.read()  # bytes already decrypted never make the socket readable again
        if code != paho.MQTT_ERR_SUCCESS:
            if isinstance(held, certificates.Socket) and not self.greeted.done():
                told = certificates.before_greeting(held, synced())
            self._lose(told or lost(Cause.AWAY, f"the connection broke: {paho.error_string(code)}"))

    def _writable(self) -> None:
        """Write what waits. paho hands the kernel one packet at a time; corked, a burst leaves as few segments."""
        held, burst, self._put_since = self._socket, self._put_since > 1, 0
        if burst and held is not None:
            held.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        self.client.loop_write()
        if burst and held is not None and held.fileno() >= 0:
            held.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def _tick(self) -> None:
        self.client.loop_misc()
        if self._lost is None:
            self._timer = self._loop.call_later(1.0, self._tick)

    def _detach(self) -> None:
        """Take the socket out of the loop, before it is closed."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._fileno())
            self._loop.remove_writer(self._fileno())
        self._socket, self._reading = None, False

    def _lose(self, why: LinkLost) -> None:
        if self._lost is None:
            self._lost = why
        queued = [answer for _, answer in self._queued]
        for answer in (*self._waiting.values(), *queued):
            _refuse(answer, self._lost)
        self._waiting.clear()
        self._queued.clear()
        if not self.greeted.done():
            self.greeted.set_exception(self._lost)
        self._arrived.set()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._lose(lost(REASONS.get(reason.value, Cause.AWAY), f"the broker refuses us: {reason}"))
            return
        self.window = min(self.window, getattr(properties, "ReceiveMaximum", None) or 65_535)
        self.max_bytes = getattr(properties, "MaximumPacketSize", None) or self.max_bytes
        if not self.greeted.done():
            self.greeted.set_result(None)

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if not self.greeted.done() and not flags.is_disconnect_packet_from_server:
            return  # why is told by who called paho
        cause = REASONS.get(reason.value, Cause.AWAY) if flags.is_disconnect_packet_from_server else Cause.AWAY
        self._lose(lost(cause, f"the connection was lost: {reason}"))

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        answer = self._waiting.pop(mid, None)
        self._out -= 1
        if answer is not None and not answer.done():
            answer.set_result(reason.value)
        while self._queued and self._out < self.window and self._lost is None:
            self._put(*self._queued.popleft())

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: Any, _properties: Any) -> None:
        answer = self._waiting.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(max(reason.value for reason in reasons))

    def _on_written(self, _client: Any, _data: Any, held: Any) -> None:
        self._loop.remove_writer(held.fileno())

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(UnicodeDecodeError):  # a topic that is no UTF-8 is nobody's
            self._unread.append(Message(message.topic, bytes(message.payload), message.retain))
        if len(self._unread) >= UNREAD:
            self._read(False)
        self._arrived.set()


def _refuse(answer: Answer, why: LinkLost) -> None:
    """Say that there is no answer, unless who waited has gone; then nobody is to be warned of it either."""
    if not answer.done():
        answer.set_exception(why)
        answer.exception()  # who waits hears it all the same
