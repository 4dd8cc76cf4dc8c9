"""MQTT 5 by paho, driven from the asyncio loop and used as a dumb pipe: no queue, no resend, no reconnect of its own.

``open`` yields a Dial (``edge.contacts.dial``); the uplink and the inbox both use it. paho hides or ignores a good
deal (MQTT.md 1.3): reason codes, Receive Maximum and Maximum Packet Size are handed to the caller, and each
connection is a new client, so that nothing of an old one is ever sent again behind the outbox's back.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from pydantic import Field

from edge.config import Settings as Base
from edge.contacts.dial import Confirms, Will
from edge.ports import Link, LinkLost, Message

UNLIMITED = 268_435_455
"""MQTT's own bound on a packet in bytes, where the broker names none."""

_UNREAD = 1_000
"""Messages that wait to be read before the socket is left alone; TCP then slows the broker down."""

_SESSION_S = 60
"""The broker keeps a lost session for a minute, so that a will delayed by 30 s is withdrawn when we return."""


class Settings(Base):
    """``ca`` (switches TLS on), ``cert`` and ``key`` are PEM files; ``tls`` alone trusts the system's authorities.

    ``confirms = "puback"`` is for a far side without inbox. ``keepalive`` and ``timeout`` are seconds;
    ``password_file`` holds the password of ``user`` alone.
    """

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    keepalive: int = Field(30, ge=5, le=600)
    timeout: float = Field(5.0, gt=0, le=60)
    confirms: Confirms = Confirms.INBOX
    tls: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    user: str = ""
    password_file: Path | None = None


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[MqttDial]:
    """A Dial for a broker; paths are read against ``where`` when it dials, so that renewed files count at once."""
    yield MqttDial(settings, where)


@dataclass(frozen=True, slots=True)
class MqttDial:
    """Connects to one broker."""

    settings: Settings
    where: Path

    @property
    def name(self) -> str:
        """The broker's place."""
        return f"mqtt {self.settings.host}:{self.settings.port}"

    @property
    def confirms(self) -> Confirms:
        """As the settings say."""
        return self.settings.confirms

    def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AbstractAsyncContextManager[Link]:
        """Connect, subscribe, and be a Link until the end of the block."""
        return _connected(self.settings, self.where, who, will, topics)


@asynccontextmanager
async def _connected(
    settings: Settings, where: Path, who: str, will: Will | None, topics: Sequence[str]
) -> AsyncIterator[MqttLink]:
    try:
        client = _client(settings, where, who, will)
    except (OSError, ssl.SSLError) as error:
        raise LinkLost(f"certificate, key or password cannot be read: {type(error).__name__}") from error
    link = MqttLink(client)
    try:
        async with asyncio.timeout(2 * settings.timeout):
            await _connect(client, settings)
            link.attach()
            await link.greeted
            await link.subscribe(topics)
    except TimeoutError as error:
        link.close()
        raise LinkLost("the broker does not answer") from error
    except BaseException:
        link.close()
        raise
    try:
        yield link
    except LinkLost:
        link.close()  # without a DISCONNECT, so that the broker publishes the will unless we are back soon
        raise
    finally:
        link.say_goodbye()


def _client(settings: Settings, where: Path, who: str, will: Will | None) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=who, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(0)  # the caller has a window of its own; paho's costs O(window) an ack
    client.connect_timeout = settings.timeout
    if settings.user:
        secret = (where / settings.password_file).read_text().strip() if settings.password_file else None
        client.username_pw_set(settings.user, secret)
    if settings.tls or settings.ca:
        context = ssl.create_default_context(cafile=str(where / settings.ca) if settings.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _Socket
        if settings.cert and settings.key:
            context.load_cert_chain(where / settings.cert, where / settings.key)
        client.tls_set_context(context)
    if will:
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = will.delay_s
        client.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)
    return client


class _Socket(ssl.SSLSocket):
    """Closed when its handshake fails; paho only forgets it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


async def _connect(client: paho.Client, settings: Settings) -> None:
    """TCP and TLS in a thread: both block. The CONNECT leaves there too; from then on the loop drives the client."""
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = _SESSION_S
    act = partial(
        client.connect, settings.host, settings.port, settings.keepalive, clean_start=True, properties=properties
    )
    job = asyncio.get_running_loop().run_in_executor(None, act)
    try:
        await asyncio.shield(job)
    except asyncio.CancelledError:
        job.add_done_callback(partial(_hang_up, client))
        raise
    except (OSError, ValueError) as error:
        raise LinkLost(f"cannot connect: {_cause(error)}") from error


def _hang_up(client: paho.Client, job: asyncio.Future[Any]) -> None:
    """Close the socket of a connection that came after its caller had gone."""
    late = client.socket()
    if not job.cancelled() and job.exception() is None and late is not None:
        late.close()


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate: {error.verify_message}"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__


@dataclass
class MqttLink:
    """One connection, driven by the running loop's readiness of its socket."""

    client: paho.Client
    window: int = 65_535
    max_bytes: int = UNLIMITED
    _waiting: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _unread: deque[Message] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self._arrived = asyncio.Event()
        self._lost: str | None = None
        self._reading = False
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def attach(self) -> None:
        """Let the loop drive the client from now on."""
        client, self._socket = self.client, self.client.socket()  # type: ignore[assignment]
        if self._socket is None:
            self._lose("the broker closed the connection")
            return
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
        if not topics:
            return
        code, mid = self.client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics])
        if code != paho.MQTT_ERR_SUCCESS or mid is None:
            raise LinkLost("the subscription could not be sent")
        reason = await self._answer(mid)
        if reason >= 0x80:
            raise LinkLost(f"the broker refuses a subscription: 0x{reason:02x}")

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        """As ports.Link; one SUBSCRIBE each, so that each has an answer of its own."""
        refused = []
        for topic in topics:
            code, mid = self.client.subscribe([(topic, SubscribeOptions(qos=1, noLocal=True))])
            if code != paho.MQTT_ERR_SUCCESS or mid is None:
                raise LinkLost("the subscription could not be sent")
            if await self._answer(mid) >= 0x80:
                refused.append(topic)
        return refused

    async def publish(self, message: Message) -> int:
        """As ports.Link."""
        if self._lost is not None:
            raise LinkLost(self._lost)
        properties = _properties(PacketTypes.PUBLISH)
        if message.content_type:
            properties.ContentType = message.content_type
            properties.PayloadFormatIndicator = 1
        if message.properties:
            properties.UserProperty = list(message.properties.items())
        sent = self.client.publish(message.topic, message.payload, 1, message.retain, properties)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            raise LinkLost(self._lost or "the connection is closing")
        return await self._answer(sent.mid)

    async def messages(self) -> AsyncIterator[Message]:
        """As ports.Link."""
        while True:
            while self._unread:
                yield self._unread.popleft()
                if not self._reading and len(self._unread) < _UNREAD // 2:
                    self._read(True)
            if self._lost is not None:
                raise LinkLost(self._lost)
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
        self._lose(self._lost or "the connection was closed")
        if self.greeted.done() and not self.greeted.cancelled():
            self.greeted.exception()

    async def _answer(self, mid: int) -> int:
        answer: asyncio.Future[int] = self._loop.create_future()
        self._waiting[mid] = answer
        try:
            return await answer
        finally:
            self._waiting.pop(mid, None)

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
        code = self.client.loop_read()
        while code == paho.MQTT_ERR_SUCCESS and isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            code = self.client.loop_read()  # bytes already decrypted never make the socket readable again
        if code != paho.MQTT_ERR_SUCCESS:
            self._lose(f"the connection broke: {paho.error_string(code)}")

    def _writable(self) -> None:
        self.client.loop_write()

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

    def _lose(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LinkLost(self._lost))
        if not self.greeted.done():
            self.greeted.set_exception(LinkLost(self._lost))
        self._arrived.set()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._lose(f"the broker refuses us: {reason}")
            return
        self.window = getattr(properties, "ReceiveMaximum", None) or self.window
        self.max_bytes = getattr(properties, "MaximumPacketSize", None) or self.max_bytes
        if not self.greeted.done():
            self.greeted.set_result(None)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._lose(f"the connection was lost: {reason}")

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        answer = self._waiting.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(reason.value)

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: Any, _properties: Any) -> None:
        answer = self._waiting.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(max(reason.value for reason in reasons))

    def _on_written(self, _client: Any, _data: Any, held: Any) -> None:
        self._loop.remove_writer(held.fileno())

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(UnicodeDecodeError):  # a topic that is no UTF-8 is nobody's
            self._unread.append(Message(message.topic, bytes(message.payload), message.retain))
        if len(self._unread) >= _UNREAD:
            self._read(False)
        self._arrived.set()
