"""The file of what shoppers asked of this store's people: what, where, when and how it stands, never who."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, time, timedelta

import sqlite_utils

from content.model import Call, CallState

FILE = "calls.sqlite"
DAY_BEGINS = time(4)
"""A shop's day ends when it has closed, not at midnight."""
MOST = 500
"""So many rows are kept; a day has some dozens, and a child at a kiosk fills no disk. Only units that are kept for
somebody, of which a shop has so many as it has, can be more."""

STATES = frozenset(state.value for state in CallState)
_TEXTS = ("key", "state", "sku", "screen", "elsewhere", "slip")
_TIMES = ("asked_s", "until_s", "settled_s")


def migrate(db: sqlite_utils.Database) -> None:
    """Make the table if it is missing."""
    db.table("staff_call").create(
        dict.fromkeys(_TEXTS, str) | dict.fromkeys(_TIMES, float),
        pk="key",
        not_null=(*_TEXTS, *_TIMES),
        if_not_exists=True,
        strict=True,
    )


def read(connection: sqlite3.Connection) -> list[Call]:
    """All rows, the oldest first; one in a state that only a later version knows is left out."""
    names = ", ".join((*_TEXTS, *_TIMES))
    rows = connection.execute(f"SELECT {names} FROM staff_call ORDER BY asked_s, key")  # noqa: S608
    return [_call(*row) for row in rows if row[1] in STATES]


def put(call: Call, connection: sqlite3.Connection) -> None:
    """A row as it stands now, in place of the same one before."""
    row = (call.key, call.state.value, call.sku, call.screen, call.elsewhere, call.slip)
    times = (call.asked_s, call.until_s, call.settled_s)
    connection.execute("INSERT OR REPLACE INTO staff_call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *times))


def keep(first_s: float, now_s: float, gone: Collection[str], connection: sqlite3.Connection) -> None:
    """Delete these rows, and what was asked for before a time and is kept no longer."""
    connection.execute("DELETE FROM staff_call WHERE asked_s < ? AND until_s <= ?", (first_s, now_s))
    connection.execute(
        "DELETE FROM staff_call WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(list(gone)),)
    )


def stands(call: Call, first_s: float, now_s: float) -> bool:
    """Whether a call was made since a time, or its unit is kept still."""
    return call.asked_s >= first_s or call.until_s > now_s


def kept(found: Sequence[Call], waits: Callable[[Call], bool]) -> list[Call]:
    """All that wait, whatever their number, and besides them the newest of the others, up to ``MOST``; in order."""
    others = [call.key for call in found if not waits(call)]
    room = max(0, MOST - (len(found) - len(others)))
    gone = set(others[: max(0, len(others) - room)])
    return [call for call in found if call.key not in gone]


def began(now: datetime, before: int = 0) -> float:
    """When the shop's day began in which this is, or so many days before; UNIX seconds."""
    day = now.date() - timedelta(days=before + (now.time() < DAY_BEGINS))
    return datetime.combine(day, DAY_BEGINS, now.tzinfo).timestamp()


def _call(
    key: str,
    state: str,
    sku: str,
    screen: str,
    elsewhere: str,
    slip: str,
    asked_s: float,
    until_s: float,
    settled_s: float,
) -> Call:
    return Call(key, CallState(state), sku, screen, asked_s, elsewhere, slip, until_s, settled_s)
