"""The time floor outlives restarts, whatever the machine's clock says, and a wrong one heals with the first trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.db import database
from edge.health import Health, State
from edge.members import floor, timekeeper
from edge.members.clock import ClockState, Floor
from edge.members.timekeeper import SAVE_S, Timekeeper
from tests.members.signing import told

YEAR = 365.25 * 86_400
NOON = 1_790_000_000.0


@dataclass
class Machine:
    """A machine whose clocks a test sets; ``synced`` is the kernel's word."""

    path: Path
    wall: float = NOON
    mono: float = 1000.0
    synced: bool = True
    boot: str = "boot-1"

    @asynccontextmanager
    async def runs(self, monkeypatch: pytest.MonkeyPatch, health: Health | None = None) -> AsyncIterator[Timekeeper]:
        """The service, from its start to its stop in good order."""
        monkeypatch.setattr(timekeeper, "kernel_synced", lambda: self.synced)
        async with database(self.path, floor.migrate) as db:
            kept = await floor.load(db)
            times = Timekeeper(db, kept, False, self.boot, health or Health(), lambda: self.wall, lambda: self.mono)
            times.ask()
            yield times
            await times.save()

    def reboot(self, wall: float, synced: bool = False) -> None:
        self.wall, self.mono, self.synced, self.boot = wall, 5.0, synced, self.boot + "+"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "members.sqlite")


@pytest.mark.promise("L-7")
@pytest.mark.parametrize("years", [-56, -3, -0.001, 0])
async def test_after_a_restart_with_a_clock_set_back_time_is_the_last_that_was_trusted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, years: float
) -> None:
    async with machine.runs(monkeypatch):
        pass
    machine.reboot(NOON + years * YEAR)
    async with machine.runs(monkeypatch) as times:
        assert (times.state(), times.now(), times.trusted_now()) == (ClockState.FLOOR, NOON, None)


async def test_a_clock_ahead_is_not_saved_while_nobody_vouches_for_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.runs(monkeypatch):
        pass
    machine.reboot(NOON + 20 * YEAR)
    async with machine.runs(monkeypatch) as times:
        assert times.now() == NOON + 20 * YEAR
    machine.reboot(NOON + 60)
    async with machine.runs(monkeypatch) as times:
        assert times.now() == NOON + 60


async def test_a_wrong_time_that_was_trusted_once_holds_until_the_next_that_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.wall = NOON + 40 * YEAR
    async with machine.runs(monkeypatch) as times:
        times.seen(NOON + 40 * YEAR)
    machine.reboot(NOON)
    async with machine.runs(monkeypatch) as times:
        assert times.now() == NOON + 40 * YEAR
        machine.synced = True
        times.ask()
        assert times.now() == NOON
    machine.reboot(0.0)
    async with machine.runs(monkeypatch) as times:
        assert times.now() == NOON


async def test_the_highest_iat_of_a_verified_token_outlives_a_restart(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.synced, machine.wall = False, 0.0
    async with machine.runs(monkeypatch) as times:
        times.seen(NOON)
        times.seen(NOON - 500)
    machine.reboot(1.0)
    async with machine.runs(monkeypatch) as times:
        assert (times.now(), times.now(NOON + 7)) == (NOON, NOON + 7)


async def test_the_time_is_saved_now_and_then_so_that_a_power_cut_costs_a_minute(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.runs(monkeypatch) as times:
        for _ in range(10):
            machine.wall, machine.mono = machine.wall + SAVE_S / 4, machine.mono + SAVE_S / 4
            times.ask()
            await times.keep()
        async with database(machine.path, floor.migrate) as db:
            assert NOON + 1.5 * SAVE_S <= (await floor.load(db)).saved <= machine.wall


async def test_a_service_that_restarts_in_the_same_boot_still_holds_over(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.runs(monkeypatch):
        pass
    machine.synced, machine.mono = False, machine.mono + 100
    async with machine.runs(monkeypatch) as times:
        assert times.state() is ClockState.HOLDOVER


async def test_health_says_how_far_the_machines_clock_lies_behind(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.runs(monkeypatch):
        pass
    machine.reboot(NOON - 3 * 86_400)
    health = Health()
    async with machine.runs(monkeypatch, health) as times:
        times.tell(times.now())
    part = told(health, "clock", "time")
    assert part is not None
    assert part.detail.endswith("the machine's clock is 3 days behind")
    assert {name: value for name, value in part.figures.items() if value} == {"clock_floor": 1.0}


@pytest.mark.parametrize(
    "row",
    [
        (1e300, 0.0, "b", None),
        (-1.0, 0.0, "b", None),
        (0.0, "x", "b", None),
        (0.0, 0.0, b"b", 1.0),
        (0.0, 0.0, "b", "x"),
    ],
)
async def test_a_row_that_no_edge_writes_is_no_floor(machine: Machine, row: tuple[object, ...]) -> None:
    async with database(machine.path, floor.migrate) as db:
        await db.write(lambda c: c.execute("INSERT INTO floor VALUES (1, ?, ?, ?, ?)", row))
        assert await floor.load(db) == Floor()


async def test_a_disk_that_refuses_is_named_once_and_the_time_goes_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = Health()
    async with machine.runs(monkeypatch, health) as times:
        full = sqlite3.OperationalError("full")
        full.sqlite_errorname = "SQLITE_FULL"

        async def refuse(*_: object) -> None:
            raise full

        with monkeypatch.context() as patch:
            patch.setattr(floor, "keep", refuse)
            await times.save()
        part = told(health, "disk", "time floor")
        assert part is not None
        assert (part.state, part.detail) == (State.DOWN, "the disk is full")
        assert times.now() == NOON
        await times.save()
        assert (mended := told(health, "disk", "time floor")) is not None
        assert mended.state is State.UP
