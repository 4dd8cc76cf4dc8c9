"""Whether an outbox's file holds what its sentinel says, looked at without changing a byte of it."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.contacts.spool.sentinel import Mark
from edge.db import broken

SMALL, QUICK = 8 * 1024 * 1024, 50 * 1024 * 1024
"""Bytes up to which every row is checked before the start: always, and after a stop that was not in order.

653 MB took 19.9 s (RELIABILITY.md 2.8): a larger file is looked through while it is in use.
"""

NO_DATABASE = "the file is no database any more"
TORN = "the file is damaged"
EMPTY = "the file is empty"
GONE = "the file is gone"
FOREIGN = "the file is another outbox's"
OLDER = "the file is an older copy"
NO_JOURNAL = "the journal beside the file is gone"
OVERTAKEN = "the data folder is an older copy: head office has more of its contacts than were ever sent from it"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of itself. ``journal``: a ``-wal`` lies beside it; ``whole``: no row that was read is torn."""

    stream: str
    last: int
    journal: bool
    whole: bool


def fault(mark: Mark | None, facts: Facts) -> str:
    """What is wrong with a file that can be read, in plain words; empty if nothing is."""
    if not facts.whole:
        return TORN
    if mark is None:
        return ""
    rules = (
        (not facts.stream and mark.reserved > 0, EMPTY),
        (facts.stream not in ("", mark.stream), FOREIGN),
        (facts.last < (mark.reserved if mark.clean else mark.last), OLDER),
        (not facts.journal and not mark.clean and facts.last < mark.reserved, NO_JOURNAL),
    )
    return next((text for wrong, text in rules if wrong), "")


def judge(path: Path, mark: Mark | None) -> str:
    """What is wrong with the file at the start; empty if it can be used. Raises sqlite3.Error if the disk refuses.

    A large file is looked at at its ends alone.
    """
    if not path.exists():
        return GONE if mark is not None and mark.reserved > 0 else ""
    facts = look(path, deep=at_once(path, mark))
    return NO_DATABASE if facts is None else fault(mark, facts)


def at_once(path: Path, mark: Mark | None) -> bool:
    """Whether all of a file is looked through before it is used."""
    journal, size = path.with_name(f"{path.name}-wal"), path.stat().st_size if path.exists() else 0
    orderly = mark is not None and mark.clean and not (journal.exists() and journal.stat().st_size)
    return size < (SMALL if orderly else QUICK)


def look(path: Path, deep: bool, stop: threading.Event | None = None) -> Facts | None:
    """What a file says, read without taking part in its journal; None if it is no database in order.

    ``stop`` ends a long look with sqlite3.OperationalError.
    """
    journal = path.with_name(f"{path.name}-wal").exists()  # opening it makes one
    # A file that a cut caught on its way to having one must be rolled back before anybody can read it.
    mode = "rw" if path.with_name(f"{path.name}-journal").exists() else "ro"
    ended = stop or threading.Event()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=1)) as connection:
            connection.set_progress_handler(ended.is_set, 10_000)
            return _facts(connection, journal, deep)
    except sqlite3.DatabaseError as error:
        if broken(error):
            return None
        raise


def _facts(connection: sqlite3.Connection, journal: bool, deep: bool) -> Facts:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"meta", "outbox"} <= tables:
        return Facts("", 0, journal, whole=True)
    books = dict(connection.execute("SELECT k, v FROM meta"))
    stream = str(books.get("stream", ""))
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return Facts(stream, row[0] if row else 0, journal, _whole(connection, stream, deep))


def _whole(connection: sqlite3.Connection, stream: str, deep: bool) -> bool:
    """Whether the rows, or their first and last, are the bytes that were written, each in its own place."""
    rows = "SELECT seq, crc, body FROM outbox"
    ends = f"SELECT * FROM ({rows} ORDER BY seq LIMIT 1) UNION SELECT * FROM ({rows} ORDER BY seq DESC LIMIT 1)"  # noqa: S608
    if deep and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        return False
    return all(
        zlib.crc32(body) == crc and f'"stream":"{stream}","sequence":"{seq:012d}"'.encode() in body
        for seq, crc, body in connection.execute(rows if deep else ends)
    )
