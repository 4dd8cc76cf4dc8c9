"""A real broker for the ledger's benchmarks: mosquitto on a free port of loopback, its files in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.adapters import upstream_mqtt
from edge.bench.ports import free_port
from edge.bench.store import NotStarted
from edge.contacts import topics
from edge.ports import Link

START_S, HUB_S = 10.0, 60.0
LINES = (
    "allow_anonymous true",
    "max_queued_messages 0",
    "max_inflight_messages 100",
    "set_tcp_nodelay true",
    "persistence false",
    "sys_interval 1",
)
"""A production's settings (MQTT.md 4), but without a disk: what it queues is the outbox's to keep."""
RECEIVED = "$SYS/broker/bytes/received"


@dataclass
class Broker:
    """One broker; it may be killed and started again on its port."""

    port: int
    config: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process's."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it listens; raises NotStarted."""
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if found is None:
            raise NotStarted("mosquitto is not here; on Debian: apt-get install mosquitto")
        self.process = subprocess.Popen([found, "-c", str(self.config)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_S
        while not _listens(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise NotStarted("mosquitto does not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """As a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def broker(folder: Path, lines: Sequence[str] = ()) -> Iterator[Broker]:
    """A broker that runs; ``lines`` are of its configuration, beside the listener and the usual ones."""
    port, config = free_port(), folder / "mosquitto.conf"
    user = ("user root",) if os.geteuid() == 0 else ()
    config.write_text("\n".join([*LINES, *user, f"listener {port} 127.0.0.1", *lines, ""]))
    one = Broker(port, config)
    try:
        one.start()
        yield one
    finally:
        one.kill()


@asynccontextmanager
async def linked(port: int, who: str, heard: Sequence[str] = ()) -> AsyncIterator[Link]:
    """A connection by the product's own client."""
    async with (
        upstream_mqtt.open(upstream_mqtt.Settings(port=port), Path()) as dial,
        dial(who, None, heard) as link,
    ):
        yield link


async def inbox_listens(port: int) -> None:
    """Wait until a hub says that it listens; raises NotStarted."""
    async with linked(port, "bench-waits", (topics.INBOX,)) as link:
        try:
            async with asyncio.timeout(HUB_S):
                async for message in link.messages():
                    if b'"online"' in message.payload:
                        return
        except TimeoutError:
            raise NotStarted("the hub does not listen") from None


async def received(port: int) -> int:
    """How many bytes have come in on all connections since the broker's start."""
    async with linked(port, "bench-reads", (RECEIVED,)) as link:
        async for message in link.messages():
            if not message.retain:
                return int(message.payload)
    raise NotStarted("the broker tells nothing of itself")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
