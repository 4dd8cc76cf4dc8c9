"""The anchor of a boot: times that nobody vouched for are put right while they wait, once, and nothing else changes."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.clock import Clock, clock_of
from edge.contacts.event import rfc3339
from edge.contacts.spool.anchor import Anchor, anchored, keep
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.health import Health
from edge.model import Contact

NOON = 1_790_000_000.0
"""When the machine's clock is right, 100 s after its boot."""


@dataclass
class Machine:
    """A machine whose wall clock may be wrong, may be synchronised, and may have slept."""

    mono: float = 10.0
    wall: float = 5.0
    synced: bool = False
    slept: float = 0.0
    looks: int = 0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.mono, lambda: self.wall, self.look, lambda: self.slept)

    def look(self) -> bool:
        self.looks += 1
        return self.synced

    def synchronise(self) -> None:
        self.mono, self.wall, self.synced = 100.0, NOON, True


def contact(at: float) -> Contact:
    return Contact("scan", "entrance", at)


async def told(box: Outbox, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in await box.page(after, 100)]


def times(events: Sequence[dict[str, Any]]) -> list[str]:
    return [event["time"] for event in events]


@pytest.mark.promise("L-7")
async def test_what_was_recorded_in_1970_gets_its_time_at_the_first_synchronisation(
    tmp_path: Path, device: Device
) -> None:
    machine = Machine()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock) as box:
        await box.record_all([contact(9.5), contact(10.0)])
        before = await told(box)
        assert times(before) == ["1970-01-01T00:00:04.500Z", "1970-01-01T00:00:05.000Z"]
        machine.synchronise()
        assert await anchored(box, machine.clock) == 2
        *after, anchor = await told(box)
    assert times(after) == [rfc3339(round((NOON - 90.5) * 1000)), rfc3339(round((NOON - 90) * 1000))]
    changed = {"time": "", "timecorrected": True}
    assert [event | changed for event in after] == [event | changed for event in before]
    assert (anchor["type"], anchor["clocksync"]) == ("tentou.contact.clock_anchor.v1", True)
    assert anchor["data"]["utc"] == rfc3339(round(NOON * 1000))


async def test_a_boot_is_anchored_once_and_a_restart_goes_on_where_it_was(tmp_path: Path, device: Device) -> None:
    machine = Machine()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock, bootid="one") as box:
        await box.record(contact(9.0))
        machine.synchronise()
        await anchored(box, machine.clock)
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock, bootid="one") as box:
        assert await anchored(box, machine.clock) == 0
        assert [event["type"].split(".")[2] for event in await told(box)] == ["scan", "clock_anchor"]
        booked = await box.look(lambda db: db.execute("SELECT anchor_mono, anchor_utc FROM boots").fetchall())
    assert booked == [(100_000, round(NOON * 1000))]


async def test_an_earlier_boot_that_was_never_synchronised_stays_as_it_was_believed(
    tmp_path: Path, device: Device
) -> None:
    machine = Machine()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock, bootid="one") as box:
        await box.record(contact(9.0))
        before = await told(box)
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock, bootid="two") as box:
        await box.record(contact(10.0))
        machine.synchronise()
        assert await anchored(box, machine.clock) == 1
        after = await told(box)
    assert after[0] == before[0]
    assert [event.get("timecorrected", False) for event in after] == [False, True, False]


async def test_what_was_salvaged_from_another_boot_keeps_its_time(tmp_path: Path, device: Device) -> None:
    machine = Machine()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock, bootid="two") as box:
        await box.record(contact(9.0))
        salvaged = json.dumps((await told(box))[0] | {"bootid": "one"}).encode()
        await box.act(lambda db: db.execute("UPDATE outbox SET body = ?, crc = ?", [salvaged, zlib.crc32(salvaged)]))
        machine.synchronise()
        assert await anchored(box, machine.clock) == 0


async def test_the_hours_that_a_machine_slept_count(tmp_path: Path, device: Device) -> None:
    machine = Machine()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock) as box:
        await box.record(contact(10.0))
        machine.slept = 8 * 3600.0
        machine.synchronise()
        await anchored(box, machine.clock)
        first, anchor = await told(box)
    assert (first["monotonicms"], anchor["monotonicms"]) == ("10000", "28900000")
    assert first["time"] == rfc3339(round((NOON - 90 - 8 * 3600) * 1000))


async def test_a_clock_that_loses_its_synchronisation_is_put_right_again(
    tmp_path: Path, device: Device, background: Any, eventually: Any
) -> None:
    machine = Machine()
    machine.synchronise()

    async def corrected() -> int:
        return sum(event.get("timecorrected", False) for event in await told(box))

    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock) as box:
        async with background(keep(box, machine.clock, Health(), 0.005)):
            await eventually(lambda: box.last == 1)  # the anchor
            machine.synced, machine.wall = False, NOON - 3600
            await box.record(contact(100.0))
            await box.record(contact(100.0))
            seen = machine.looks
            await eventually(lambda: machine.looks > seen)
            machine.wall, machine.synced = NOON, True
            async with asyncio.timeout(90):
                while await corrected() < 2:
                    assert box.last == 3
        assert times(await told(box, 1)) == [rfc3339(round(NOON * 1000))] * 2


async def test_a_disk_that_refuses_is_named_and_tried_again(
    tmp_path: Path, device: Device, background: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    machine, health = Machine(), Health()
    machine.synchronise()
    async with outbox(tmp_path / "outbox.sqlite", device, clock=machine.clock) as box:
        await box.look(lambda db: db.execute("PRAGMA query_only=ON").fetchall())
        async with background(keep(box, machine.clock, health, 0.005)):
            # The log and not the present state: an outbox that was refused opens its file anew, soon writable again.
            await eventually(lambda: "clock anchor is down: the disk is read-only" in caplog.text)
            await box.look(lambda db: db.execute("PRAGMA query_only=OFF").fetchall())
            await eventually(lambda: box.last == 1)
        assert [row.kind for row in await box.page(0, 10)] == ["clock_anchor"]


def test_a_clock_that_the_settings_trust_counts_as_synchronised() -> None:
    trusted, asked = (Device(chain="acme", store="s1", id="e1", clock=how) for how in ("trusted", "checked"))
    assert clock_of(trusted).synced()
    assert clock_of(asked).synced is Clock().synced


def test_an_anchor_is_never_before_1970() -> None:
    anchor = Anchor(mono_ms=10_000, utc_ms=4_000)
    assert (anchor.utc_of(10_000), anchor.utc_of(7_000), anchor.utc_of(1)) == (4_000, 1_000, 0)


def test_a_moment_keeps_its_milliseconds_since_boot() -> None:
    clock = replace(Clock(), slept=lambda: 2.0)
    assert clock.up_ms(1.2345) == 3234
