"""Faults of the line for as long as one likes, at the product's own pace: `./run soak wire`; a moment of each in CI.

13, 16 and 22 of RELIABILITY.md section 6: a broker that stands still, a storm of full quotas, a line that flaps.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.upstream_mqtt import MqttDial
from edge.config import Device
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox
from edge.drill.proxy import FAIR, Line, Proxy, Weather, proxied
from edge.health import Health
from tests.contacts.conftest import QUICK, dial_to
from tests.contacts.fakes.broker import FakeBroker

SECONDS = 60.0 * float(os.environ.get("TENTOU_SOAK_WIRE_MINUTES", "0"))
PACE = Pace() if SECONDS else QUICK
LASTS = SECONDS or 0.8
EACH = 0.05 if not SECONDS else 1.0


pytestmark = pytest.mark.timeout(LASTS + 300)


def tell(line: str) -> None:
    """For who runs the soak; a CPU's share is printed and not asserted."""
    sys.stdout.write(f"\n{line}\n")


async def still(broker: Any, line: Proxy, during: Callable[[], Awaitable[None]]) -> None:
    """The broker's process is stopped and goes on."""
    broker.freeze()
    await during()
    os.kill(broker.process.pid, signal.SIGCONT)


async def flaps(broker: Any, line: Proxy, during: Callable[[], Awaitable[None]]) -> None:
    """The line is there and gone, once a second in the soak."""

    async def flap() -> None:
        while True:
            for weather in (Weather(Line.CUT), FAIR):
                line.weather = weather
                await asyncio.sleep(EACH / 2)

    flapping = asyncio.ensure_future(flap())
    await during()
    flapping.cancel()
    line.weather = FAIR


@pytest.mark.promise("X-2")
@pytest.mark.promise("L-2")
@pytest.mark.parametrize("fault", [still, flaps])
async def test_a_line_that_fails_for_long_loses_nothing_and_uses_next_to_nothing(
    fault: Any,
    mosquitto: Any,
    tmp_path: Path,
    device: Device,
    sink: Any,
    contacts: Any,
    background: Any,
    eventually: Any,
) -> None:
    broker, used = mosquitto(), [0.0]
    async with outbox(tmp_path / "outbox.sqlite", device) as box, proxied(broker.port) as line:
        edge, hub = MqttDial(dial_to(line.port).settings, tmp_path), dial_to(broker.port)

        async def go_on() -> None:
            began, until = time.process_time(), asyncio.get_running_loop().time() + LASTS
            while asyncio.get_running_loop().time() < until:
                await box.record_all(contacts(2))
                await asyncio.sleep(EACH)
            used[0] = time.process_time() - began

        async with background(uplink.run(box, edge, device, Health(), PACE), inbox.run(sink, hub, Health(), pace=PACE)):
            await box.record_all(contacts(20))
            await fault(broker, line, go_on)
            await eventually(lambda: not box.waiting(), 180.0)
        tell(f"{fault.__name__}: {LASTS:.0f} s, {box.last} contacts, {used[0] / LASTS:.1%} of a CPU meanwhile")
    with sqlite3.connect(tmp_path / "contacts.sqlite") as connection:
        assert [seq for (seq,) in connection.execute("SELECT seq FROM contacts ORDER BY seq")] == [
            *range(1, box.last + 1)
        ]


@pytest.mark.promise("X-2")
async def test_a_storm_of_full_quotas_is_met_by_waiting(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any
) -> None:
    storm = [True]
    far = FakeBroker(reason=lambda topic, _: 0x97 if storm and topic.startswith("c/") else 0)
    async with outbox(tmp_path / "outbox.sqlite", device) as box, far.open():
        await box.record_all(contacts(60))
        async with background(uplink.run(box, dial_to(far.port), device, Health(), PACE)):
            began = time.process_time()
            await asyncio.sleep(LASTS)
            tried, used = far.tried, time.process_time() - began
            storm.clear()
            await eventually(lambda: any(topic.startswith("c/") for topic, _ in far.taken), 180.0)
    tell(f"storm: {LASTS:.0f} s, {tried} tries, {used / LASTS:.1%} of a CPU")
    assert tried < 20 + 20 * LASTS / PACE.slow_longest + 100
