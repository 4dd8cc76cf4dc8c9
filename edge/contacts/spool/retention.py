"""How long is kept what could not be delivered: in days that the machine ran, and in number. No clock on a wall counts.

A clock that jumps by 400 days must not empty the books (promise L-7), so a day is what the monotonic clock counted, in
this start and those before; a power cut loses ten minutes of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

from edge.contacts.spool import quarantine, schema
from edge.contacts.spool.outbox import Outbox
from edge.db import cause
from edge.health import Health

LOOK_S = 600.0
_DAY_S = 86_400
_RAN = "ran_s"
"""In the outbox's own table ``meta``: for how many seconds an edge has run on this file."""

# When a dead letter, or a gap that head office has confirmed, was first seen by ``age``, in those seconds.
_TABLE = "CREATE TABLE IF NOT EXISTS laid(seq INTEGER PRIMARY KEY, ran INTEGER NOT NULL) STRICT"


async def keep(outbox: Outbox, path: Path, days: int, health: Health, look_s: float = LOOK_S) -> None:
    """Count the time and forget what is over, for ever; what the disk refuses is told, and done at a later look.

    ``path`` is the outbox's file: beside it lie the spoilt ones.
    """
    told = health.teller("disk", "dead letters", "See the disk of this device; what is over is kept meanwhile.")
    while True:
        await asyncio.sleep(look_s)
        try:
            await outbox.act(partial(age, seconds=round(look_s), days=days))
            await asyncio.to_thread(quarantine.keep_few, path, days, round(look_s))
        except (sqlite3.Error, OSError) as error:
            told(cause(error))
        else:
            told("")


def age(connection: sqlite3.Connection, seconds: int, days: int) -> None:
    """The edge ran for so many seconds more: forget what has been there for ``days`` of such time, or is too many.

    A gap's age counts from its confirmation: one that is not confirmed stays, however old it is.
    """
    connection.execute(_TABLE)
    now, acked = ran(connection) + seconds, schema.acked_seq(connection)
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_RAN, now])
    connection.execute("INSERT OR IGNORE INTO laid SELECT seq, ? FROM dead", [now])
    connection.execute("INSERT OR IGNORE INTO laid SELECT seq, ? FROM gaps WHERE seq <= ?", [now, acked])
    over = "SELECT seq FROM laid WHERE ran <= ?"
    for book in ("dead", "gaps"):
        connection.execute(f"DELETE FROM {book} WHERE seq IN ({over})", [now - days * _DAY_S])  # noqa: S608
    schema.trim(connection, acked)
    connection.execute("DELETE FROM laid WHERE seq NOT IN (SELECT seq FROM dead UNION ALL SELECT seq FROM gaps)")


def ran(connection: sqlite3.Connection) -> int:
    """For how many seconds an edge has run on this file, as far as was kept."""
    row = connection.execute("SELECT v FROM meta WHERE k = ?", [_RAN]).fetchone()
    return int(row[0]) if row else 0
