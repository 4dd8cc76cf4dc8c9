"""Real brokers on free ports, an edge's identity, and a far side that answers as a test tells it to."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_sqlite, upstream_mqtt
from edge.bench.ports import free_port as free_port
from edge.config import Device
from edge.contacts.batch import read_batch
from edge.contacts.line.dial import Confirms, Pace, Will
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.model import Contact
from edge.ports import Link, LinkLost, Message

QUICK = Pace(
    stall=0.6,
    probe=0.1,
    probe_longest=0.4,
    slow=0.02,
    slow_longest=0.1,
    redial=0.02,
    redial_longest=0.1,
    ack_every=0.02,
    backlog=10,
)


@pytest.fixture
def quick() -> Pace:
    return QUICK


@pytest.fixture
def device() -> Device:
    return Device(chain="tentou", store="shibuya", id="edge-1")


@pytest.fixture
def contacts() -> Callable[[int], list[Contact]]:
    def make(count: int) -> list[Contact]:
        kinds = ("scan", "play")
        return [Contact(kinds[n % 2], "entrance", 1.0 + n, {"n": n}, session=f"s{n}") for n in range(count)]

    return make


@dataclass
class Broker:
    """A mosquitto process; ``lines`` is its configuration beside the listener."""

    folder: Path
    port: int
    lines: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / f"mosquitto-{self.port}.conf"
        users = [] if any(line.startswith("allow_anonymous") for line in self.lines) else ["allow_anonymous true"]
        config.write_text("\n".join([f"listener {self.port} 127.0.0.1", "user root", *users, *self.lines, ""]))
        self.process = subprocess.Popen(["mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)


def wait_for_port(port: int) -> None:
    for _ in range(3_000):  # a minute: no machine is so slow
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        signal.sigtimedwait([], 0.02)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts mosquitto with configuration lines; killed at the end."""
    if shutil.which("mosquitto") is None:
        pytest.fail("mosquitto is needed: apt-get install mosquitto")
    started: list[Broker] = []

    def start(*lines: str) -> Broker:
        broker = Broker(tmp_path, free_port(), lines)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.kill()


@pytest.fixture
def iotcore(tmp_path: Path) -> Iterator[int]:
    """The demo's embedded broker, MQTT 5; its port."""
    port = free_port()
    script = "import sys, iotcore; iotcore.Broker(config_path=sys.argv[1]).run_forever()"
    config = tmp_path / "rumqttd.toml"
    config.write_text(RUMQTTD.format(port=port))
    process = subprocess.Popen([sys.executable, "-c", script, str(config)], stderr=subprocess.DEVNULL)
    wait_for_port(port)
    yield port
    process.kill()
    process.wait()


RUMQTTD = """
id = 0

[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""


def dial_to(port: int, confirms: Confirms = Confirms.INBOX) -> upstream_mqtt.MqttDial:
    return upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port, confirms=confirms, timeout=1.0), Path("."))


@pytest.fixture
def dialled() -> Callable[..., upstream_mqtt.MqttDial]:
    return dial_to


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Wait until something is so; the time-out is only there so that a failure ends."""

    async def until(true: Callable[[], object], seconds: float = 90.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.01)

    return until


@asynccontextmanager
async def in_background(*loops: object) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Coroutines that run during the block; one that fails by itself fails the test."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]  # type: ignore[call-overload]
    try:
        yield tasks
    finally:
        early = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in early:
            task.result()


@pytest.fixture
def background() -> Callable[..., object]:
    return in_background


@pytest.fixture
async def box(tmp_path: Path, device: Device) -> AsyncIterator[Outbox]:
    async with outbox(tmp_path / "outbox.sqlite", device) as opened:
        yield opened


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[sink_sqlite.SqliteSink]:
    async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A real PostgreSQL, one for the session (``tests.contacts.postgres``)."""
    from tests.contacts.postgres import postgres  # here, as it needs what stands above

    with postgres() as started:
        yield started


def seqs_of(message: Message) -> list[int]:
    """The numbers of the events in a message, be it one or a batch."""
    bodies = read_batch(message.payload) if message.topic.endswith("/batch") else [message.payload]
    return [int(json.loads(body)["sequence"]) for body in bodies]


@dataclass
class Scripted:
    """A far side in memory. ``reason`` gives each publish its PUBACK's reason code; raising LinkLost cuts the line."""

    reason: Callable[[Message], int] = lambda _: 0
    state: Callable[[], int] = lambda: 0
    window: int = 20
    max_bytes: int = 1_000_000
    confirms: Confirms = Confirms.INBOX
    name: str = "scripted"
    published: list[Message] = field(default_factory=list)
    incoming: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    aloft: int = 0
    most_aloft: int = 0
    dials: int = 0

    @asynccontextmanager
    async def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AsyncIterator[Link]:
        self.dials += 1
        yield self

    async def publish(self, message: Message) -> int:
        if message.retain:
            return self.state()
        self.published.append(message)
        self.aloft += 1
        self.most_aloft = max(self.aloft, self.most_aloft)
        try:
            await asyncio.sleep(0)
            return self.reason(message)
        finally:
            self.aloft -= 1

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        return ()

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            message = await self.incoming.get()
            if message.topic == "cut":
                raise LinkLost("cut")
            yield message

    def seqs(self) -> list[int]:
        return [seq for message in self.published for seq in seqs_of(message)]

    def ack(self, outbox: Outbox, upto: int, highest: int | None = None) -> None:
        payload = f'{{"outbox": "{outbox.stream}", "upto": {upto}, "max": {highest or upto}}}'.encode()
        self.incoming.put_nowait(Message("u/v1/shibuya.edge-1/ack", payload))


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted
