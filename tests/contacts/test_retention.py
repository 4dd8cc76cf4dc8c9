"""What could not be delivered is kept for days that the machine ran, whatever the clock on the wall does."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.spool import schema
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.retention import age, keep, ran
from edge.health import Health
from edge.model import Contact

DAY = 86_400


async def numbers(box: Outbox, book: str) -> list[int]:
    return await box.look(lambda db: [seq for (seq,) in db.execute(f"SELECT seq FROM {book} ORDER BY seq")])


async def aged(box: Outbox, seconds: int) -> None:
    await box.act(lambda db: age(db, seconds, days=90))


async def lay(box: Outbox) -> int:
    """Set an event aside; its number, that of the gap is the next one."""
    seq = await box.record(Contact("scan", "entrance", 1.0))
    await box.set_aside(seq, "too large")
    return seq


@pytest.mark.promise("L-7")
async def test_a_dead_letter_goes_after_ninety_days_of_running_and_not_by_the_clock_on_the_wall(
    tmp_path: Path, device: Device
) -> None:
    wall = [1_790_000_000.0]
    async with outbox(tmp_path / "outbox.sqlite", device, clock=Clock(wall=lambda: wall[0])) as box:
        first = await lay(box)
        await aged(box, 60)
        wall[0] += 400 * DAY
        second = await lay(box)
        await aged(box, 89 * DAY)
        assert await numbers(box, "dead") == [first, second]
        wall[0] = 0.0
        await aged(box, DAY)
        assert await numbers(box, "dead") == [second]
        await aged(box, 89 * DAY)
        assert await numbers(box, "dead") == []


async def test_a_restart_goes_on_counting(tmp_path: Path, device: Device) -> None:
    for days in (0, 50, 40):
        async with outbox(tmp_path / "outbox.sqlite", device) as box:
            if not days:
                await lay(box)
            assert len(await numbers(box, "dead")) == 1
            await aged(box, days * DAY)
            assert await box.look(ran) == {0: 0, 50: 50, 40: 90}[days] * DAY
            left = await numbers(box, "dead")
    assert left == []


async def test_a_gap_stays_until_it_is_confirmed_and_ninety_days_more(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.account("overflow", Counter(play=1))
        await aged(box, 200 * DAY)
        await aged(box, 200 * DAY)
        assert await numbers(box, "gaps") == [1]
        await box.acknowledge(1)
        await aged(box, 60)
        await aged(box, 89 * DAY)
        assert await numbers(box, "gaps") == [1]
        await aged(box, DAY)
        assert await numbers(box, "gaps") == []
        assert await numbers(box, "laid") == []


async def test_the_newest_dead_letters_stay_where_there_are_too_many(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_KEPT_DEAD", 2)
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        laid = [await lay(box) for _ in range(4)]
        await aged(box, 60)
        assert await numbers(box, "dead") == laid[2:]


async def test_a_disk_that_refuses_is_named_and_the_time_is_counted_later(
    tmp_path: Path, device: Device, background: Any, eventually: Any
) -> None:
    health = Health()
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.look(lambda db: db.execute("PRAGMA query_only=ON").fetchall())
        async with background(keep(box, tmp_path / "outbox.sqlite", 90, health, 0.005)):
            await eventually(lambda: any("read-only" in part.detail for part in health.parts()))
            await box.look(lambda db: db.execute("PRAGMA query_only=OFF").fetchall())
            await eventually(lambda: all(not part.detail for part in health.parts()))


def test_the_books_of_a_new_file_have_run_for_no_time() -> None:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE meta(k, v)")
        assert ran(db) == 0
    db.close()
