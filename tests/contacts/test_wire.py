"""The whole wire over real brokers: outbox, uplink, broker, inbox, sink, and what their deaths cost (nothing)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts import inbox, uplink
from edge.contacts.dial import Pace
from edge.contacts.outbox import outbox
from edge.health import Health


def received(folder: Path) -> list[int]:
    with sqlite3.connect(folder / "contacts.sqlite") as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM contacts ORDER BY seq")]


@pytest.fixture(params=["mosquitto", "iotcore"])
def port(request: pytest.FixtureRequest) -> int:
    started = request.getfixturevalue(request.param)
    return started if isinstance(started, int) else int(started().port)


@pytest.mark.promise("L-2")
async def test_what_is_recorded_arrives_and_leaves_the_outbox(
    port: int,
    tmp_path: Path,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(300))
        health = Health()
        async with background(
            uplink.run(box, dialled(port), device, health, quick), inbox.run(sink, dialled(port), health, pace=quick)
        ):
            await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == list(range(1, 301))
