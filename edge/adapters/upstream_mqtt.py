"""A broker as upstream or as the hub's line: MQTT 5, or 3.1.1 where a broker speaks no newer one.

``open`` yields a Dial (``edge.contacts.line.dial``); the uplink and the inbox both use it. What it yields in turn is a
``MqttLink`` of ``edge.contacts.line.pipe``.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import Field

from edge.config import Settings as Base
from edge.contacts.clock import synced
from edge.contacts.line import certificates
from edge.contacts.line.causes import Cause, lost
from edge.contacts.line.client import Client
from edge.contacts.line.dial import Confirms, Will
from edge.contacts.line.pipe import MqttLink
from edge.ports import Link, LinkLost

_SESSION_S = 60
"""The broker keeps a lost session for a minute, so that a will delayed by 30 s is withdrawn when we return. One whose
will goes out at once keeps none: what the broker would park for it, its sibling of a shared subscription lacks."""


class Settings(Base):
    """``ca`` (switches TLS on), ``cert`` and ``key`` are PEM files; ``tls`` alone trusts the system's authorities.

    ``confirms = "puback"`` is for a far side without inbox. ``keepalive`` and ``timeout`` are seconds;
    ``password_file`` holds the password of ``user`` alone. ``protocol`` is MQTT's version; 3.1.1 tells no reasons, so
    there the inbox's word is the only one. ``window`` is how many messages may lack their PUBACK.
    """

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    keepalive: int = Field(30, ge=5, le=600)
    timeout: float = Field(5.0, gt=0, le=60)
    confirms: Confirms = Confirms.INBOX
    protocol: Literal["5", "3.1.1"] = "5"
    window: int = Field(20, ge=1, le=1_000)
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


class Knock:
    """Names are looked up and doors knocked at in threads of their own, one at a time for each who asks.

    A look-up that hangs can be neither ended nor waited for: the loop's own threads would be used up by it. ``stages``
    tells for each that has not come back what it waits for: a ``name`` or a ``door``.
    """

    def __init__(self) -> None:
        self.stages: dict[str, str] = {}

    def run(self, who: str, act: Callable[[], None]) -> asyncio.Future[None]:
        """Do it beside the loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def finish(error: Exception | None) -> None:
            self.stages.pop(who, None)
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        def work() -> None:
            error: Exception | None = None
            try:
                act()
            except Exception as failed:  # noqa: BLE001 - the caller's: who ended a thread would knock no more
                error = failed
            with contextlib.suppress(RuntimeError):  # the program's loop has ended meanwhile
                loop.call_soon_threadsafe(finish, error)

        self.stages[who] = "name"
        try:
            threading.Thread(target=work, name=f"dial {who}", daemon=True).start()
        except RuntimeError:
            finish(OSError(errno.EAGAIN, "this device can start no more threads"))
        return done


@dataclass(frozen=True, slots=True)
class MqttDial:
    """Connects to one broker."""

    settings: Settings
    where: Path
    knock: Knock = field(default_factory=Knock, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The broker's place."""
        return f"mqtt {self.settings.host}:{self.settings.port}"

    @property
    def confirms(self) -> Confirms:
        """As the settings say."""
        return self.settings.confirms

    def days_left(self, now: float) -> float | None:
        """How many days our own certificate still lasts, negative when it has expired; None if there is none."""
        valid = certificates.dates(self.where / self.settings.cert) if self.settings.cert else None
        return (valid[1] - now) / certificates.DAY_S if valid else None

    def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AbstractAsyncContextManager[Link]:
        """Connect, subscribe, and be a Link until the end of the block."""
        return _connected(self, who, will, topics)


@asynccontextmanager
async def _connected(dial: MqttDial, who: str, will: Will | None, topics: Sequence[str]) -> AsyncIterator[MqttLink]:
    settings, where = dial.settings, dial.where
    try:
        client = _client(settings, where, who, will)
    except (OSError, ValueError) as error:  # ValueError: a password that is no text
        raise lost(Cause.FILES, type(error).__name__) from error
    link = MqttLink(client, window=settings.window, five=settings.protocol == "5")
    try:
        async with asyncio.timeout(2 * settings.timeout):
            await _connect(client, dial, who, _SESSION_S if will is None or will.delay_s else 0)
            link.attach()
            await link.greeted
            await link.subscribe(topics)
    except TimeoutError as error:
        link.close()
        raise _unanswered(dial, who) from error
    except LinkLost as error:
        link.close()
        raise _blamed(dial, error) from error
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


def _blamed(dial: MqttDial, error: LinkLost) -> LinkLost:
    """Our own certificate's dates are the first to blame, if they may be: brokers do not say why they hang up."""
    cert = dial.settings.cert
    cause = certificates.own(certificates.dates(dial.where / cert), time.time()) if cert else None
    if cause is None or error.cause in (Cause.NAME, Cause.NAME_HANGS, Cause.HOST, Cause.AUTHORITY):
        return error
    told = "" if synced() else "or this device's clock is wrong: it is not synchronised"
    return lost(cause, told)


def _client(settings: Settings, where: Path, who: str, will: Will | None) -> Client:
    five = settings.protocol == "5"
    protocol, clean = (paho.MQTTv5, None) if five else (paho.MQTTv311, True)
    name = who if five else who.replace(".", "_")  # nats-server takes no dot in it, and ids hold no underscore
    client = Client(
        CallbackAPIVersion.VERSION2, name, clean_session=clean, protocol=protocol, reconnect_on_failure=False
    )
    client.max_inflight_messages_set(0)  # the caller has a window of its own; paho's costs O(window) an ack
    client.connect_timeout = settings.timeout
    if settings.user:
        secret = (where / settings.password_file).read_text().strip() if settings.password_file else None
        client.username_pw_set(settings.user, secret)
    if settings.tls or settings.ca:
        files = [where / path if path else None for path in (settings.ca, settings.cert, settings.key)]
        client.tls_set_context(certificates.context(*files))
    if will:
        properties = _properties(PacketTypes.WILLMESSAGE) if five else None
        if properties is not None:
            properties.WillDelayInterval = will.delay_s
        client.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)
    return client


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _unanswered(dial: MqttDial, who: str) -> LinkLost:
    return lost(Cause.NAME_HANGS if dial.knock.stages.get(who) == "name" else Cause.SILENT)


async def _connect(client: Client, dial: MqttDial, who: str, session_s: int) -> None:
    """Name, TCP and TLS in a thread: all block. The CONNECT leaves there too; from then on the loop drives it."""
    if who in dial.knock.stages:
        raise _unanswered(dial, who)  # the last attempt still hangs
    job = dial.knock.run(
        who, partial(_dialled, client, dial.settings, session_s, partial(dial.knock.stages.update, {who: "door"}))
    )
    try:
        await asyncio.shield(job)
    except asyncio.CancelledError:
        job.add_done_callback(partial(_hang_up, client))
        raise
    except (OSError, ValueError) as error:
        raise certificates.loss_of(error, synced()) from error
    except struct.error as error:  # all that MQTT gives two bytes for a length, and settings do not bound
        raise lost(Cause.FILES, "MQTT has no room for a name or password of more than 65535 bytes") from error


def _dialled(client: Client, settings: Settings, session_s: int, found: Callable[[], None]) -> None:
    socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    found()
    if settings.protocol != "5":
        client.connect(settings.host, settings.port, settings.keepalive)
        return
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = session_s
    client.connect(settings.host, settings.port, settings.keepalive, clean_start=True, properties=properties)


def _hang_up(client: Client, job: asyncio.Future[None]) -> None:
    """Close the socket of a connection that came after its caller had gone."""
    late = client.socket()
    if not job.cancelled() and job.exception() is None and late is not None:
        late.close()
