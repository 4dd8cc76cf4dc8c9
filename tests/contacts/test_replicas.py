"""Two hubs side by side over one PostgreSQL and one broker: one is killed, nothing is lost or double."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import sink_postgres
from edge.config import Device
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox
from edge.health import Health
from tests.contacts.test_sinks import everything

CONFIG = """
[hub]
id = "hub-2"
group = "tokyo"
[web]
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = {broker} }}
[sink]
adapter = "postgres"
settings = {{ port = {port}, database = "postgres", password_file = "{secret}", schema_name = "{schema}" }}
"""


@contextmanager
def another(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A second hub, a process of its own."""
    command = [sys.executable, "-P", "-m", "edge", "hub", "--config", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def configured(folder: Path, broker: int, settings: sink_postgres.Settings) -> Path:
    told = {"broker": broker, "port": settings.port, "secret": settings.password_file, "schema": settings.schema_name}
    (folder / "hub.toml").write_text(CONFIG.format(**told))
    return folder


@pytest.mark.promise("L-2")
@pytest.mark.promise("L-3")
async def test_of_two_hubs_one_is_killed_and_nothing_is_lost_or_double(
    server: Any,
    mosquitto: Any,
    tmp_path: Path,
    device: Device,
    contacts: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
) -> None:
    broker, settings = mosquitto().port, server.settings()
    dial, desk, health = dialled(broker), inbox.Desk("hub-1", "tokyo", quick), Health()
    async with sink_postgres.open(settings, tmp_path) as sink, outbox(tmp_path / "outbox.sqlite", device) as box:

        def alone() -> float:
            """How many the hub of this process took in."""
            return next((part.figures["taken"] for part in health.parts() if part.kind == "inbox"), 0)

        async def both(count: int) -> None:
            """Contacts go on until the other hub took some in, too."""
            while True:
                await box.record_all(contacts(count))
                await eventually(lambda: box.waiting() == 0)
                if len(await everything(sink)) > alone():
                    return

        async with background(inbox.run(sink, dial, health, desk=desk), uplink.run(box, dial, device, Health(), quick)):
            with another(configured(tmp_path, broker, settings)) as process:
                await both(40)
                await box.record_all(contacts(400))
                process.send_signal(signal.SIGKILL)
                await box.record_all(contacts(100))
                await eventually(lambda: box.waiting() == 0)
        found = sorted(each.seq for each in await everything(sink))
        assert found == list(range(1, box.last + 1))
        assert [(each.upto, each.contacts) for each in await sink.standings()] == [(box.last, box.last)]


async def test_a_hub_that_comes_back_goes_on_where_the_database_is(
    server: Any, mosquitto: Any, tmp_path: Path, device: Device, contacts: Any, dialled: Any, background: Any,
    eventually: Any, quick: Pace,
) -> None:  # fmt: skip
    settings, dial = server.settings(), dialled(mosquitto().port)
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        async with background(uplink.run(box, dial, device, Health(), quick)):
            for _ in range(3):
                async with (
                    sink_postgres.open(settings, tmp_path) as sink,
                    background(inbox.run(sink, dial, Health(), pace=quick)),
                ):
                    await box.record_all(contacts(30))
                    await eventually(lambda: box.waiting() == 0)
                await asyncio.sleep(0)
        async with sink_postgres.open(settings, tmp_path) as sink:
            assert sorted(each.seq for each in await everything(sink)) == list(range(1, 91))
