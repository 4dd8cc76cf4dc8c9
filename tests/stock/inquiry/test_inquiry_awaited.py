"""What whoever waits for a comparison is told: a bar on a terminal, elsewhere a line at once and one each minute."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from edge.config import StockChannel
from edge.stock.inquiry import standing
from edge.stock.inquiry.awaited import EVERY_S, Lines, progress
from edge.stock.intake import desk
from edge.stock.intake.feeding import chosen
from tests.stock.inquiry.conftest import service
from tests.stock.inquiry.test_stock_command import run

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
BASE = StockChannel(
    id="shop",
    adapter="base",
    settings={
        "token_file": "token",
        "refresh_file": "refresh",
        "redirect_url": "https://shop.example/back",
        "locations": {"*": "web"},
    },
)


def far(channel: str, read: int = 0, rows: int = 3000, due_s: float = 0.0, **more: bool) -> dict[str, Any]:
    """How far one channel's comparison is."""
    return {"channel": channel, "done": False, "begun": False, "read": read, "rows": rows, "due_s": due_s} | more


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_off_a_terminal_a_line_at_once_and_one_each_minute_say_what_is_awaited() -> None:
    stream, clock = io.StringIO(), [0.0]
    used = "its budget of calls is used up until 2026-11-22 12:00:00 UTC at the latest"
    with Lines(stream, UTC, lambda: clock[0]) as lines:
        lines.show({"channels": [far("pos", begun=True, read=1200), far("web", due_s=NOON), far("till", done=True)]})
        for clock[0] in (0.2, EVERY_S - 0.2, EVERY_S + 0.2, EVERY_S + 1):
            lines.show({"channels": [far("web", due_s=NOON, begun=True)]})
    assert stream.getvalue().splitlines()[1:] == [
        f"waiting: pos: 1,200 of 3,000 rows read; web: not begun, {used}",
        f"waiting: web: 0 of 3,000 rows read, {used}",
    ]


def test_on_a_terminal_a_bar_moves_only_when_something_did() -> None:
    stream = Terminal()
    with progress(stream, UTC) as bar:
        for read in (0, 0, 1500, 1500):
            bar.show({"channels": [far("pos", begun=True, read=read)]})
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().endswith("1,500 of 3,000 rows\n")


@pytest.mark.parametrize(
    ("spent", "held_s", "due_s"),
    [
        ((), 0, 0),
        (((-600, 2999),), 0, 0),
        (((-600, 3000),), 0, 3000),
        (((-1200, 2000), (-600, 1000), (-300, 500)), 0, 2400),
        (((-4000, 3000),), 0, 0),
        ((), 90, 90),
        (((-600, 3000),), 90, 3000),
    ],
)
def test_until_when_a_budget_keeps_a_comparison_back_is_read_from_what_was_spent(
    tmp_path: Path, spent: tuple[tuple[float, float], ...], held_s: float, due_s: float
) -> None:
    db = sqlite_utils.Database(memory=True)
    desk.migrate(db)
    contract = desk.contract_of(*chosen(BASE), tmp_path)
    db.table("spent").insert_all({"contract": contract, "until_s": NOON + at, "cost": cost} for at, cost in spent)
    db.table("held").insert({"contract": contract, "until_s": NOON + held_s})
    found = standing.due(BASE, tmp_path, NOON, db.conn)
    assert found == pytest.approx(NOON + due_s if due_s else 0.0, abs=0.01)
    db.close()


async def test_reconcile_says_what_it_waits_for_where_nobody_sees_a_bar(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(folder):
        await asyncio.to_thread(run, folder, "reconcile", "--wait")
    said = capsys.readouterr()
    assert said.err.splitlines()[0] == "comparing; what is awaited is said here each minute"
    assert said.out == "pos: 0 rows differed\n"
