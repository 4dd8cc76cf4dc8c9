"""Head office's database in one SQLite file: every contact once, by (stream, seq), with columns to ask by."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import sqlite_utils

from edge.config import Settings as Base
from edge.contacts.counts import Count
from edge.contacts.event import read_event
from edge.db import Database, database

_COLUMNS = {
    "stream": str,
    "seq": int,
    "id": str,
    "type": str,
    "kind": str,
    "time": str,
    "store": str,
    "device": str,
    "touchpoint": str,
    "member": str,
    "session": str,
    "body": bytes,
}
_INDEXES = (("time",), ("store", "time"), ("member", "time"), ("session",))
_INSERT = f"INSERT OR IGNORE INTO contacts VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


class Settings(Base):
    """``path`` is the file."""

    path: Path = Path("contacts.sqlite")


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[SqliteSink]:
    """The sink over its file, made or brought up to date."""
    async with database(where / settings.path, migrate) as db:
        yield SqliteSink(db)


def migrate(db: sqlite_utils.Database) -> None:
    """Make or bring up to date the tables.

    ``tallies`` holds the counts that the hub's page shows, so that it never reads a year of contacts; ``covered``
    the numbers that a gap accounts for and that the watermark has not reached yet.
    """
    db.table("contacts").create(_COLUMNS, pk=("stream", "seq"), not_null=set(_COLUMNS), if_not_exists=True)
    for columns in _INDEXES:
        db.table("contacts").create_index(columns, if_not_exists=True)
    db.table("streams").create({"stream": str, "upto": int}, pk="stream", if_not_exists=True)
    db.table("covered").create(
        {"stream": str, "first": int, "last": int}, pk=("stream", "first", "last"), if_not_exists=True
    )
    tallies = {"store": str, "kind": str, "contacts": int, "latest": str}
    db.table("tallies").create(tallies, pk=("store", "kind"), if_not_exists=True)


class SqliteSink:
    """ports.Sink."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def insert(self, events: Sequence[tuple[str, int, bytes]]) -> dict[str, int]:
        """As ports.Sink; a gap's ranges count as present, since its edge will never send them."""
        return await self._db.write(lambda connection: _insert(connection, events))

    async def counts(self) -> list[Count]:
        """What has arrived, by store and kind."""
        return await self._db.read(
            lambda connection: [
                Count(*row)
                for row in connection.execute("SELECT store, kind, contacts, latest FROM tallies ORDER BY store, kind")
            ]
        )


def _insert(connection: sqlite3.Connection, events: Sequence[tuple[str, int, bytes]]) -> dict[str, int]:
    for stream, seq, body in events:
        event = read_event(body)
        names = (event.id, event.type, event.kind, event.time, event.store, event.device)
        values = (stream, seq, *names, event.touchpoint, event.member, event.session, body)
        if not connection.execute(_INSERT, values).rowcount:
            continue
        connection.execute(
            "INSERT INTO tallies VALUES (?, ?, 1, ?) ON CONFLICT (store, kind) DO UPDATE "
            "SET contacts = contacts + 1, latest = max(latest, excluded.latest)",
            [event.store, event.kind, event.time],
        )
        for first, last in event.ranges:
            connection.execute("INSERT OR IGNORE INTO covered VALUES (?, ?, ?)", [stream, first, last])
    return {stream: _advance(connection, stream) for stream in {stream for stream, _, _ in events}}


def _advance(connection: sqlite3.Connection, stream: str) -> int:
    """Move a stream's watermark over all that is there without a hole."""
    row = connection.execute("SELECT upto FROM streams WHERE stream = ?", [stream]).fetchone()
    start = upto = row[0] if row else 0
    while True:
        reached = _through_gaps(connection, stream, _through_contacts(connection, stream, upto))
        if reached == upto:
            break
        upto = reached
    if upto > start or row is None:
        connection.execute("INSERT OR REPLACE INTO streams VALUES (?, ?)", [stream, upto])
        connection.execute("DELETE FROM covered WHERE stream = ? AND last <= ?", [stream, upto])
    return upto


def _through_contacts(connection: sqlite3.Connection, stream: str, upto: int) -> int:
    found = connection.execute("SELECT seq FROM contacts WHERE stream = ? AND seq > ? ORDER BY seq", [stream, upto])
    for (seq,) in found:
        if seq != upto + 1:
            break
        upto = seq
    return upto


def _through_gaps(connection: sqlite3.Connection, stream: str, upto: int) -> int:
    found = connection.execute(
        "SELECT max(last) FROM covered WHERE stream = ? AND first <= ? AND last > ?", [stream, upto + 1, upto]
    ).fetchone()
    return int(found[0]) if found[0] is not None else upto
