"""What an outbox holds, as its command and the IT's page tell it: one look at the books, in the database's thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edge.contacts.spool import schema


@dataclass(frozen=True, slots=True)
class Status:
    """``oldest`` is the RFC 3339 time of the oldest waiting event, ``oldest_wall`` the same in UNIX seconds; "" and
    None where nothing waits. ``set_aside`` counts the dead by reason, ``gaps`` what was lost by reason and kind."""

    stream: str
    waiting: int
    acknowledged: int
    last: int
    oldest: str
    oldest_wall: float | None
    set_aside: Mapping[str, int]
    gaps: Mapping[str, Mapping[str, int]]

    @property
    def lost(self) -> dict[str, int]:
        """What gaps account for, by kind."""
        total: dict[str, int] = {}
        for counts in self.gaps.values():
            for kind, count in counts.items():
                total[kind] = total.get(kind, 0) + count
        return total


def status(connection: sqlite3.Connection) -> Status:
    """The state of the books; costs one row and the short tables, whatever waits."""
    acked = schema.acked_seq(connection)
    oldest = connection.execute("SELECT wall, body FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1", [acked]).fetchone()
    gaps: dict[str, dict[str, int]] = {}
    for reason, counts in connection.execute("SELECT reason, counts FROM gaps ORDER BY reason"):
        held = gaps.setdefault(reason, {})
        for kind, count in json.loads(counts).items():
            held[kind] = held.get(kind, 0) + count
    return Status(
        stream=schema.stream_of(connection),
        waiting=schema.count_waiting(connection),
        acknowledged=acked,
        last=schema.last_seq(connection),
        oldest=_time(oldest[1]) if oldest else "",
        oldest_wall=oldest[0] / 1000 if oldest else None,
        set_aside=dict(connection.execute("SELECT reason, count(*) FROM dead GROUP BY reason ORDER BY reason")),
        gaps=gaps,
    )


def _time(body: bytes) -> str:
    """The time that an event names; empty for one whose bytes are spoilt."""
    try:
        return str(json.loads(body)["time"])
    except (ValueError, KeyError, TypeError):
        return ""
