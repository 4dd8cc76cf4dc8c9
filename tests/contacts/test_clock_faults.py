"""Clocks that jump: an edge goes on, its contacts keep their order, times are right in the end (faults 25, 26)."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, timedelta
from datetime import time as hours
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from content.model import Campaign, Daypart
from content.schedule import closed
from edge.contacts.event import read_event
from edge.contacts.office import inbox
from edge.health import Health
from tests.content.test_schedules import campaign

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
DAY = 86_400
FAKED = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
needs_faketime = pytest.mark.skipif(FAKED is None, reason="libfaketime is needed: apt-get install libfaketime")


class Edge:
    """A process whose wall clock stands where ``move`` has put it, in seconds from the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: asyncio.subprocess.Process

    def move(self, seconds: float) -> None:
        fresh = self.folder / "offset.new"
        fresh.write_text(f"{seconds:+.0f}\n")
        fresh.replace(self.folder / "offset")

    async def say(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        async with asyncio.timeout(90):
            answer = await self.process.stdout.readline()
        assert answer, "the process ended by itself"
        told: dict[str, Any] = json.loads(answer)
        return told


@asynccontextmanager
async def edge(folder: Path, port: int, offset: float) -> AsyncIterator[Edge]:
    made = Edge(folder)
    made.move(offset)
    faked = {
        "LD_PRELOAD": str(FAKED),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "offset"),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }
    pipe = asyncio.subprocess.PIPE
    made.process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contacts.clock_child", str(folder), str(port),
        stdin=pipe, stdout=pipe, env=os.environ | faked,
    )  # fmt: skip
    yield made
    await made.process.communicate(b"end\n")
    assert made.process.returncode == 0


def times(events: Sequence[dict[str, Any]]) -> list[float]:
    return [datetime.fromisoformat(event["time"]).timestamp() for event in events]


@needs_faketime
@pytest.mark.promise("L-7")
@pytest.mark.promise("X-2")
async def test_a_clock_that_jumps_costs_no_connection_no_contact_and_no_order(
    tmp_path: Path, mosquitto: Any, dialled: Any, background: Any, sink: Any
) -> None:
    port, began = mosquitto().port, time.time()
    async with edge(tmp_path, port, -began) as shop, background(inbox.run(sink, dialled(port), Health())):
        for offset in (-began, 400 * DAY, -3600):  # 1970 at boot, then further off each way
            shop.move(offset)
            told = await shop.say("record")
            assert abs(told["wall"] - time.time() - offset) < 1_000
        shop.move(0)
        (tmp_path / "synced").touch()
        while (await shop.say("wait"))["last"] < 4:  # the anchor
            await asyncio.sleep(0.02)
        await shop.say("dial")
        assert (await shop.say("drained"))["dials"] == 1
        right = received(tmp_path)
        for offset in (400 * DAY, -3600, 0):
            shop.move(offset)
            await shop.say("record")
            told = await shop.say("drained")
        assert (told["last"], told["acked"], told["dials"]) == (7, 7, 1)
    assert [event["sequence"] for event in right] == [f"{n:012d}" for n in (1, 2, 3, 4)]
    assert [event.get("timecorrected", False) for event in right] == [True, True, True, False]
    found = times(right)
    assert began - 1 <= found[0] <= found[1] <= found[2] <= found[3] <= time.time() + 1
    assert [read_event(json.dumps(event).encode()).kind for event in right[2:]] == ["scan", "clock_anchor"]


def received(folder: Path) -> list[dict[str, Any]]:
    """What head office has, in the order of its numbers."""
    with closing(sqlite3.connect(folder / "contacts.sqlite")) as db:
        return [json.loads(body) for (body,) in db.execute("SELECT body FROM contacts ORDER BY seq")]


def open_from(start: hours, end: hours) -> Campaign:
    return campaign(Daypart(start=start, end=end))


def changes(part: Campaign, readings: Sequence[datetime]) -> list[str]:
    """What a screen is told as the clock shows these: only what is another than before."""
    told: list[str] = []
    for now in readings:
        found = closed(part, now)
        if not told or told[-1] != found:
            told.append(found)
    return told


@pytest.mark.promise("X-2")
def test_a_leap_second_begins_a_daypart_once() -> None:
    """The kernel shows 23:59:59 UTC twice, which is 08:59:59 in Tokyo; no clock shows a 60th second."""
    before = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
    shown = [before + timedelta(seconds=n) for n in (0, 1, 1, 2, 3)]
    assert changes(open_from(hours(9), hours(10)), [now.astimezone(TOKYO) for now in shown]) == ["hours", ""]


@pytest.mark.promise("X-2")
@pytest.mark.parametrize(
    ("day", "part", "told"),
    [
        (date(2026, 3, 29), (hours(1), hours(2)), ["hours", "", "hours"]),  # ends as the clock goes on to 3
        (date(2026, 3, 29), (hours(3), hours(4)), ["hours", "", "hours"]),  # begins as the clock goes on to 3
        (date(2026, 3, 29), (hours(2), hours(3)), ["hours"]),  # that hour is not on the wall today
        (date(2026, 10, 25), (hours(2), hours(3)), ["hours", "", "hours"]),  # two hours long, and not two times
        (date(2026, 10, 25), (hours(3), hours(4)), ["hours", "", "hours"]),
        (date(2026, 10, 25), (hours(1), hours(4)), ["hours", "", "hours"]),
    ],
)
def test_a_day_on_which_the_clock_is_changed_neither_doubles_nor_skips_a_daypart(
    day: date, part: tuple[hours, hours], told: list[str]
) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    minutes = [(midnight + timedelta(minutes=n)).astimezone(BERLIN) for n in range(6 * 60)]
    assert changes(open_from(*part), minutes) == told


@pytest.mark.promise("L-7")
def test_the_machines_own_time_zone_moves_no_daypart(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 22, 0, 30, tzinfo=UTC).timestamp()  # 9:30 in Tokyo
    found = []
    for zone in ("America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        now = datetime.fromtimestamp(moment, TOKYO)
        found.append((now.isoformat(), closed(open_from(hours(9), hours(10)), now)))
    monkeypatch.undo()
    time.tzset()
    assert found == [("2026-11-22T09:30:00+09:00", "")] * 3


@needs_faketime
@pytest.mark.promise("X-2")
def test_a_store_in_another_zone_follows_its_own_clock() -> None:
    """Asked by a process whose machine is set to Tokyo and shows 9:30."""
    asks = (
        "from datetime import datetime; from zoneinfo import ZoneInfo\n"
        "for zone in ('Asia/Tokyo', 'Asia/Seoul', 'Asia/Shanghai'): print(datetime.now(ZoneInfo(zone)).isoformat())"
    )
    env = os.environ | {"LD_PRELOAD": str(FAKED), "FAKETIME": "2026-11-22 09:30:00", "TZ": "Asia/Tokyo"}
    said = subprocess.run([sys.executable, "-c", asks], env=env, capture_output=True, text=True, check=True).stdout
    shown = [datetime.fromisoformat(line) for line in said.split()]
    assert [closed(open_from(hours(9), hours(10)), now) for now in shown] == ["", "", "hours"]
