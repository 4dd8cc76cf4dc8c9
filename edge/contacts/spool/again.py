"""Sending again what was set aside: under a new number, with the first place beside it, so that nothing is twice."""

from __future__ import annotations

import json
import sqlite3
from functools import partial

from edge.contacts.event import BadContact
from edge.contacts.spool.carve import Carved
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.salvage import enter

CHUNK = 200


async def again(outbox: Outbox, reason: str = "") -> int:
    """Put the dead back that were set aside for a reason, or all; how many. Raises sqlite3.Error.

    What is spoilt stays where it is, and so does a gap: another has told what it tells.
    """
    total, after = 0, 0
    while True:
        moved, after = await outbox.act(partial(_moved, outbox, reason, after))
        total += moved
        if not after:
            outbox.retried += bool(total)
            return total


def _moved(outbox: Outbox, reason: str, after: int, connection: sqlite3.Connection) -> tuple[int, int]:
    """Some of the dead above a number; how many went, and the number to go on from, 0 at the end."""
    rows = connection.execute(
        "SELECT seq, kind, wall, body FROM dead WHERE seq > ? AND kind <> 'gap' AND ? IN ('', reason) "
        "ORDER BY seq LIMIT ?",
        [after, reason, CHUNK],
    ).fetchall()
    moved = 0
    for seq, kind, wall, body in rows:
        try:
            event = json.loads(body)
            row = Carved(seq, kind, int(event["monotonicms"]), wall, bool(event["clocksync"]), body)
            enter(connection, row, outbox, outbox.reserve)
        except (ValueError, KeyError, TypeError, BadContact):
            continue
        connection.execute("DELETE FROM dead WHERE seq = ?", [seq])
        moved += 1
    return moved, rows[-1][0] if rows else 0
