"""Head office's database in one SQLite file: every contact once, by (stream, seq), with columns to ask by."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from edge.config import Settings as Base
from edge.contacts.event import Range
from edge.contacts.office import books
from edge.contacts.office.books import Place, Plan, Stream
from edge.contacts.office.counts import Count, Standing
from edge.contacts.office.sink import Arrival, Asked, Kept, SinkAway
from edge.db import Database, cause, database

T = TypeVar("T")

PART = 2_000
"""Contacts that are read at a time for an export."""

_CONTACTS = {
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
    "delivery": str,
    "received": int,
}
_STREAMS = {
    "stream": str,
    "upto": int,
    "store": str,
    "device": str,
    "highest": int,
    "hole": int,
    "heard": int,
    "latest": str,
    "contacts": int,
    "duplicates": int,
    "salvaged": int,
    "unsynced": int,
}
_TABLES = (
    ("contacts", _CONTACTS, ("stream", "seq")),
    ("streams", _STREAMS, ("stream",)),
    ("seen", {"stream": str, "seq": int}, ("stream", "seq")),
    ("covered", {"stream": str, "first": int, "last": int}, ("stream", "first", "last")),
    ("tallies", {"store": str, "kind": str, "contacts": int, "latest": str}, ("store", "kind")),
    ("losses", {"stream": str, "reason": str, "events": int}, ("stream", "reason")),
    ("erased", {"member": str}, ("member",)),
)
_TUNING = ("PRAGMA wal_autocheckpoint=4000", "PRAGMA cache_size=-16000")
"""A file of years with its indexes: its pages are written back by the 16 MB, not by the 1 MB that suits an outbox."""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS contacts_of_store ON contacts(store, time)",
    "CREATE INDEX IF NOT EXISTS contacts_of_member ON contacts(member, time) WHERE member <> ''",
    "CREATE INDEX IF NOT EXISTS contacts_as_received ON contacts(received)",
)
_GONE = ("time", "store_time", "member_time", "session", "received")
"""What an older form had: each index costs every contact a page somewhere in the file."""
# A second line behind the books: whatever they say, no contact stands here twice.
_INSERT = f"INSERT OR IGNORE INTO contacts VALUES ({', '.join('?' * len(_CONTACTS))})"  # noqa: S608
_TALLY = (
    "INSERT INTO tallies VALUES (?, ?, ?, ?) ON CONFLICT (store, kind) DO UPDATE "
    "SET contacts = contacts + excluded.contacts, latest = max(latest, excluded.latest)"
)
_LOSS = "INSERT INTO losses VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events"
_FIGURES = (
    "UPDATE streams SET heard = max(heard, ?), latest = max(latest, ?), contacts = contacts + ?, "
    "duplicates = duplicates + ?, salvaged = salvaged + ?, unsynced = ? WHERE stream = ?"
)
_KEPT = (
    "SELECT received, rowid, stream, seq, id, kind, time, store, device, touchpoint, session, member, delivery, "
    "received, body FROM contacts WHERE (received, rowid) > (?, ?) AND received < ? AND ? IN ('', store) "
    "AND ? IN ('', kind) ORDER BY received, rowid LIMIT ?"
)


class Settings(Base):
    """``path`` is the file."""

    path: Path = Path("contacts.sqlite")


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[SqliteSink]:
    """The sink over its file, made or brought up to date; a disk that refuses now is asked again at each insert."""
    async with AsyncExitStack() as stack:
        sink = SqliteSink(where / settings.path, stack)
        with suppress(SinkAway):
            await sink.opened()
        yield sink


def migrate(db: sqlite_utils.Database) -> None:
    """Make or bring up to date the tables.

    ``tallies`` holds the counts that the hub's page shows, so that it never reads a year of contacts; ``seen`` and
    ``covered`` are the books (``edge.contacts.office.books``), ``erased`` the pseudonyms that are taken out of what
    comes.
    """
    for pragma in _TUNING:
        db.conn.execute(pragma)
    older = "streams" in db.table_names() and "highest" not in db.table("streams").columns_dict
    for name, columns, key in _TABLES:
        table = db.table(name)
        table.create(columns, pk=key, not_null=set(columns), if_not_exists=True)
        for column in [each for each in columns if each not in table.columns_dict]:
            table.add_column(column, columns[column], not_null_default="" if columns[column] is str else 0)
    for name in _GONE:
        db.conn.execute(f"DROP INDEX IF EXISTS idx_contacts_{name}")
    for index in _INDEXES:
        db.conn.execute(index)
    if older:
        _bring_up(db.conn)


def _bring_up(db: sqlite3.Connection) -> None:
    """What a database of the first form lacks, from the contacts that it holds."""
    db.execute("UPDATE contacts SET received = coalesce(CAST(strftime('%s', time) AS INTEGER) * 1000, 0)")
    db.execute("UPDATE contacts SET delivery = 'live'")
    db.execute(
        "UPDATE streams SET (store, device, highest, heard, latest, contacts) = (SELECT max(store), max(device), "
        "max(seq), max(received), max(time), count(*) FROM contacts WHERE contacts.stream = streams.stream) "
        "WHERE stream IN (SELECT stream FROM contacts)"
    )
    db.execute(
        "INSERT OR IGNORE INTO seen SELECT stream, seq FROM contacts JOIN streams USING (stream) WHERE seq > upto"
    )


class SqliteSink:
    """contacts.sink.Sink, and all else that a sink may be."""

    def __init__(self, path: Path, stack: AsyncExitStack) -> None:
        self._path, self._stack, self._one = path, stack, asyncio.Lock()
        self._held: Database | None = None

    async def opened(self) -> Database:
        """The file; raises SinkAway while it cannot be opened."""
        async with self._one:
            if self._held is None:
                try:
                    self._held = await self._stack.enter_async_context(database(self._path, migrate))
                except (sqlite3.DatabaseError, OSError) as error:
                    raise SinkAway(cause(error)) from error
            return self._held

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """As contacts.sink.Sink."""
        return await _answer((await self.opened()).write, partial(_insert, arrivals=arrivals))

    async def erase(self, members: Collection[str]) -> int:
        """As contacts.sink.Erasing."""
        return await _answer((await self.opened()).write, partial(_erase, members=members))

    async def counts(self) -> list[Count]:
        """As contacts.counts.Counting."""
        return await _answer((await self.opened()).read, _counts)

    async def standings(self) -> list[Standing]:
        """As contacts.counts.Counting."""
        return await _answer((await self.opened()).read, _standings)

    async def kept(self, asked: Asked) -> AsyncIterator[Sequence[Kept]]:
        """As contacts.sink.Exporting."""
        after = (asked.since_ms, -1)
        while rows := await _answer((await self.opened()).read, partial(_part, asked=asked, after=after)):
            yield [Kept(*row[2:]) for row in rows]
            after = rows[-1][:2]


async def _answer(ask: Callable[[Callable[[sqlite3.Connection], T]], object], act: Callable[..., T]) -> T:
    """What the database's thread says; a disk that refuses makes the sink away."""
    try:
        return await ask(act)  # type: ignore[misc, no-any-return]
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except sqlite3.DatabaseError as error:
        raise SinkAway(cause(error)) from error


def _insert(db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> dict[str, int]:
    arrivals = books.redacted(arrivals, _erased(db, {each.event.member for each in arrivals} - {""}))
    known = _known(db, arrivals)
    made = books.plan(arrivals, _here(db, books.doubtful(arrivals, known), known), known)
    db.executemany(_INSERT, map(books.row, made.fresh))
    db.executemany(_TALLY, [(*key, *value) for key, value in books.tallies(made.fresh).items()])
    db.executemany(_LOSS, [(*key, lost) for key, lost in made.losses.items()])
    whole = {stream: _move(db, stream, known[stream], made) for stream in known}
    for stream, each in made.figures.items():
        told = (each.heard_ms, each.latest, each.contacts, each.duplicates, each.salvaged, each.unsynced)
        db.execute(_FIGURES, [*told, stream])
    return {stream: whole[stream] for stream in made.figures}


def _known(db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> dict[str, Stream]:
    found = {}
    for stream, owner in books.heads(arrivals).items():
        ask = "SELECT store, device, upto, highest, hole FROM streams WHERE stream = ?"
        row = db.execute(ask, [stream]).fetchone()
        if row is None:
            db.execute("INSERT INTO streams VALUES (?, 0, ?, ?, 0, 0, 0, '', 0, 0, 0, 0)", [stream, *owner])
        found[stream] = Stream((row[0], row[1]), *row[2:]) if row else Stream(owner)
    return found


def _here(db: sqlite3.Connection, places: Iterable[Place], known: dict[str, Stream]) -> set[Place]:
    """Which of these places are here: seen, or below the watermark and in no gap."""
    seen = "SELECT 1 FROM seen WHERE stream = ? AND seq = ?"
    return {
        (stream, seq)
        for stream, seq in places
        if (seq <= known[stream].upto and _last(db, stream, seq) < seq) or db.execute(seen, [stream, seq]).fetchone()
    }


def _last(db: sqlite3.Connection, stream: str, seq: int) -> int:
    """Where the gap ends that begins at this number or next below it; 0 if none does. Gaps do not meet."""
    ask = "SELECT last FROM covered WHERE stream = ? AND first <= ? ORDER BY first DESC LIMIT 1"
    row = db.execute(ask, [stream, seq]).fetchone()
    return int(row[0]) if row else 0


def _move(db: sqlite3.Connection, stream: str, before: Stream, made: Plan) -> int:
    """Book a stream's new numbers and gaps, and move its watermark over all that is there without a hole."""
    numbers, ranges = made.numbers.get(stream, set()), made.covers.get(stream, [])
    highest = max([before.highest, *numbers, *(last for _, last in ranges)])
    upto, left = books.run(before.upto, numbers)
    db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", [(stream, seq) for seq in left])
    _cover(db, stream, upto, books.beyond(ranges, upto))
    if highest > upto:
        upto = _through(db, stream, upto)
    if before.highest > before.upto or left:
        _forget(db, stream, before.upto, upto)
    hole = books.hole_since(before, upto, highest, made.figures[stream].heard_ms if stream in made.figures else 0)
    db.execute("UPDATE streams SET upto = ?, highest = ?, hole = ? WHERE stream = ?", [upto, highest, hole, stream])
    return upto


def _cover(db: sqlite3.Connection, stream: str, upto: int, ranges: list[Range]) -> None:
    if not ranges:
        return
    end = max(last for _, last in ranges) + 1
    ask = "SELECT first, last FROM covered WHERE stream = ? AND first > ? AND first <= ?"
    old = set(db.execute(ask, [stream, upto, end]))
    new = set(books.merged([*old, *ranges]))
    db.executemany("DELETE FROM covered WHERE stream = ? AND first = ? AND last = ?", [(stream, *r) for r in old - new])
    db.executemany("INSERT INTO covered VALUES (?, ?, ?)", [(stream, *each) for each in new - old])


def _through(db: sqlite3.Connection, stream: str, upto: int) -> int:
    while True:
        start = upto
        for (seq,) in db.execute("SELECT seq FROM seen WHERE stream = ? AND seq > ? ORDER BY seq", [stream, upto]):
            if seq != upto + 1:
                break
            upto = seq
        upto = max(upto, _last(db, stream, upto + 1))
        if upto == start:
            return upto


def _forget(db: sqlite3.Connection, stream: str, start: int, upto: int) -> None:
    """What the watermark has passed is known by it, but what came although a gap covers it."""
    db.execute(
        "DELETE FROM seen WHERE stream = ?1 AND seq > ?2 AND seq <= ?3 AND NOT EXISTS (SELECT 1 FROM covered "
        "WHERE covered.stream = ?1 AND first > ?2 AND first <= seen.seq AND last >= seen.seq)",
        [stream, start, upto],
    )


def _erased(db: sqlite3.Connection, members: Collection[str]) -> set[str]:
    ask = "SELECT member FROM erased WHERE member IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(ask, [json.dumps(sorted(members))])} if members else set()


def _erase(db: sqlite3.Connection, members: Collection[str]) -> int:
    wanted = json.dumps(sorted(members))
    db.execute("INSERT OR IGNORE INTO erased SELECT value FROM json_each(?)", [wanted])
    ask = "SELECT rowid, body FROM contacts WHERE member IN (SELECT value FROM json_each(?))"
    rows = [(books.redacted_body(body), rowid) for rowid, body in db.execute(ask, [wanted])]
    db.executemany("UPDATE contacts SET member = '', session = '', body = ? WHERE rowid = ?", rows)
    return len(rows)


def _counts(db: sqlite3.Connection) -> list[Count]:
    return [Count(*row) for row in db.execute("SELECT store, kind, contacts, latest FROM tallies ORDER BY store, kind")]


def _standings(db: sqlite3.Connection) -> list[Standing]:
    gaps: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for stream, reason, events in db.execute("SELECT stream, reason, events FROM losses ORDER BY stream, reason"):
        gaps[stream][reason] = events
    rows = db.execute(
        "SELECT stream, store, device, upto, highest, heard, hole, latest, contacts, duplicates, salvaged, unsynced "
        "FROM streams ORDER BY store, device, stream"
    )
    return [replace(Standing(*row), unsynced=bool(row[11]), gaps=gaps.get(row[0], {})) for row in rows]


def _part(db: sqlite3.Connection, asked: Asked, after: tuple[int, int]) -> list[Any]:
    # The clock may have been set back: a row of the same moment has a rowid of its own, so none is skipped or twice.
    return db.execute(_KEPT, [*after, asked.until_ms, asked.store, asked.kind, PART]).fetchall()
