"""The time floor on disk: one row of what is surely past, so that a restart with a flat battery knows it again."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Awaitable

import sqlite_utils

from edge.db import Database
from edge.members.clock import Floor

LATEST = float(2**32)
"""No time of a token is later (MEMBER_CODES 2), so a floor that is comes from a broken disk."""


def migrate(db: sqlite_utils.Database) -> None:
    """The table of the one row; safe to run at each start."""
    columns = "saved REAL NOT NULL, iat REAL NOT NULL, boot TEXT NOT NULL, synced REAL"
    db.execute(f"CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY CHECK (id = 1), {columns})")


async def load(db: Database) -> Floor:
    """What was kept before the last stop; nothing for a row that no edge writes."""
    row = await db.read(lambda c: c.execute("SELECT saved, iat, boot, synced FROM floor").fetchone())
    return Floor(*row) if row and _sound(*row) else Floor()


def _sound(saved: object, iat: object, boot: object, synced: object) -> bool:
    times = all(isinstance(each, float) and 0 <= each < LATEST for each in (saved, iat))
    return times and isinstance(boot, str) and (synced is None or (isinstance(synced, float) and math.isfinite(synced)))


def keep(db: Database, floor: Floor) -> Awaitable[None]:
    """Write it down, durably once awaited."""

    def act(connection: sqlite3.Connection) -> None:
        row = (floor.saved, floor.iat, floor.boot, floor.synced)
        connection.execute("INSERT OR REPLACE INTO floor VALUES (1, ?, ?, ?, ?)", row)

    return db.write(act)
