"""The outbox's tables, and the plain SQL on them; every function runs in the database's own thread."""

from __future__ import annotations

import json
import secrets
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlite_utils

from edge.contacts.event import CLASS, Range

VERSION = 2

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS boots(n INTEGER PRIMARY KEY, bootid TEXT NOT NULL UNIQUE) STRICT",
    # AUTOINCREMENT: a number is never used twice, even after its row is gone.
    """CREATE TABLE IF NOT EXISTS outbox(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, boot INTEGER NOT NULL, mono INTEGER NOT NULL,
        wall INTEGER NOT NULL, sync INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS dead(
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, wall INTEGER NOT NULL,
        body BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS gaps(
        seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, counts TEXT NOT NULL, ranges TEXT NOT NULL) STRICT""",
)
_BY_KIND = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in CLASS.items() if weight)
_COLUMNS = (
    # Virtual: it takes no room, and version 1, which names no columns, still inserts into the table.
    ("outbox", "class", f"INTEGER GENERATED ALWAYS AS (CASE kind {_BY_KIND} ELSE 0 END) VIRTUAL"),
    ("boots", "anchor_mono", "INTEGER"),  # milliseconds; NULL in a boot whose clock nobody vouched for
    ("boots", "anchor_utc", "INTEGER"),
)
"""What version 2 added to the tables of version 1."""

INSERT = "INSERT INTO outbox(seq, kind, boot, mono, wall, sync, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_KEPT_DEAD = 10_000
_KEPT_GAPS = 1_000
_OPENED = "opened"
_SIZES = ("page_count", "freelist_count", "page_size")


@dataclass(frozen=True, slots=True)
class Row:
    """One waiting event. ``whole`` is False if the bytes are not those that were written (the CRC tells)."""

    seq: int
    kind: str
    body: bytes = field(repr=False)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an outbox knows when it opens. ``opened`` and ``again`` are those of ``reach.Reach``."""

    stream: str
    boot: int
    last: int
    acked: int
    waiting: int
    opened: int = 0
    again: bool = False


def migrate(db: sqlite_utils.Database) -> None:
    """Make or bring up to date the tables. Changes are additive, so that the version before can still read them."""
    for table in _TABLES:
        db.conn.execute(table)
    for table, column, form in _COLUMNS:
        if not db.conn.execute("SELECT 1 FROM pragma_table_xinfo(?) WHERE name = ?", [table, column]).fetchone():
            db.conn.execute(f"ALTER TABLE {table} ADD COLUMN {column} {form}")
    if db.conn.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        db.conn.execute(f"PRAGMA user_version={VERSION}")
    db.conn.execute("INSERT OR IGNORE INTO meta VALUES ('stream', ?), ('acked', 0)", [secrets.token_hex(16)])


def load(connection: sqlite3.Connection, bootid: str) -> Loaded:
    """What is there, without reading the backlog: a start with a million rows costs what one with none costs."""
    connection.execute("INSERT OR IGNORE INTO boots(bootid) VALUES (?)", [bootid])
    boot = connection.execute("SELECT n FROM boots WHERE bootid = ?", [bootid]).fetchone()[0]
    stream = stream_of(connection)
    last, acked = last_seq(connection), acked_seq(connection)
    trim(connection, acked)
    doubted = connection.execute("SELECT v FROM meta WHERE k = ?", [_OPENED]).fetchone()
    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", [_OPENED, last])
    opened = int(doubted[0]) if doubted else last
    return Loaded(stream, boot, last, acked, count_waiting(connection), opened, doubted is not None)


def vouched(connection: sqlite3.Connection) -> None:
    """Head office knows this stream as we do: what a later opening finds is ours."""
    connection.execute("DELETE FROM meta WHERE k = ?", [_OPENED])


def trim(connection: sqlite3.Connection, acked: int) -> None:
    """Bound the books of what was lost: the newest stay, and every gap that the inbox has not confirmed."""
    dead, gaps = (f"SELECT seq FROM {book} ORDER BY seq DESC LIMIT 1 OFFSET ?" for book in ("dead", "gaps"))  # noqa: S608
    connection.execute(f"DELETE FROM dead WHERE seq <= ({dead})", [_KEPT_DEAD])  # noqa: S608
    connection.execute(f"DELETE FROM gaps WHERE seq <= ? AND seq <= ({gaps})", [acked, _KEPT_GAPS])  # noqa: S608


def stream_of(connection: sqlite3.Connection) -> str:
    """The stream of this file."""
    return str(connection.execute("SELECT v FROM meta WHERE k = 'stream'").fetchone()[0])


def last_seq(connection: sqlite3.Connection) -> int:
    """The highest number ever given in this file."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return row[0] if row else 0


def acked_seq(connection: sqlite3.Connection) -> int:
    """The watermark: up to here all is confirmed."""
    return int(connection.execute("SELECT v FROM meta WHERE k = 'acked'").fetchone()[0])


def count_waiting(connection: sqlite3.Connection) -> int:
    """How many events wait: the numbers above the watermark less those that gaps account for."""
    acked, last = acked_seq(connection), last_seq(connection)
    missing = 0
    for (text,) in connection.execute("SELECT ranges FROM gaps WHERE seq > ?", [acked]):
        missing += sum(max(0, end - max(start, acked + 1) + 1) for start, end in json.loads(text))
    return max(0, last - acked - missing)


def insert(connection: sqlite3.Connection, row: Row, boot: int, mono: int, wall: int, sync: bool) -> None:
    """Keep one event under the number that its body already names."""
    values = (row.seq, row.kind, boot, mono, wall, int(sync), zlib.crc32(row.body), row.body)
    connection.execute(INSERT, values)


def page(connection: sqlite3.Connection, after: int, limit: int) -> list[Row]:
    """The next events above a number, in order."""
    found = connection.execute(
        "SELECT seq, kind, body, crc FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?", [after, limit]
    )
    return [Row(seq, kind, body, zlib.crc32(body) == crc) for seq, kind, body, crc in found]


def gap_of(connection: sqlite3.Connection, number: int) -> Row | None:
    """The waiting gap that accounts for a number."""
    told = connection.execute("SELECT seq, ranges FROM gaps WHERE seq > ? ORDER BY seq", [acked_seq(connection)])
    seqs = (seq for seq, text in told if any(first <= number <= last for first, last in json.loads(text)))
    found = [row for seq in seqs for row in page(connection, seq - 1, 1) if row.seq == seq and row.whole]
    return next(iter(found), None)


def prune(connection: sqlite3.Connection, upto: int, chunk: int) -> int:
    """Move the watermark and delete at most ``chunk`` numbers below it; 0 when there is nothing left to delete.

    One DELETE of a million rows holds the file for 5 s (MQTT.md 2.2), hence the chunk.
    """
    connection.execute("UPDATE meta SET v = max(v, ?) WHERE k = 'acked'", [upto])
    first = connection.execute("SELECT min(seq) FROM outbox").fetchone()[0]
    if first is None or first > upto:
        return 0
    end = min(upto, first + chunk - 1)
    return connection.execute("DELETE FROM outbox WHERE seq <= ?", [end]).rowcount


def take(
    connection: sqlite3.Connection, weight: int, between: Range, limit: int, stretches: int
) -> tuple[Counter[str], list[Range]]:
    """Delete the oldest events of a class among some numbers and say what they were.

    Gaps stay: they are what makes a loss known. ``limit`` is of events, ``stretches`` of ranges.
    """
    found = connection.execute(
        "SELECT seq, kind FROM outbox WHERE seq BETWEEN ? AND ? AND class = ? AND kind <> 'gap' ORDER BY seq LIMIT ?",
        [*between, weight, limit],
    ).fetchall()
    ranges = runs(seq for seq, _ in found)[:stretches]
    kinds = [kind for seq, kind in found if ranges and seq <= ranges[-1][1]]
    for start, end in ranges:
        connection.execute("DELETE FROM outbox WHERE seq BETWEEN ? AND ?", [start, end])
    return Counter(kinds), ranges


def pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Pages of the file, how many of them are free, and the bytes of one."""
    count, spare, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _SIZES)
    return count, spare, size


def shrink(connection: sqlite3.Connection, count: int) -> None:
    """Give free pages at the file's end back to the disk; one that version 1 made has none to give."""
    for _ in range(count):  # one a call, whatever the argument says (MQTT.md 2.2)
        connection.execute("PRAGMA incremental_vacuum(1)")


def checkpoint(connection: sqlite3.Connection) -> None:
    """Carry the log into the file, which is when the disk gets back what was freed; raises sqlite3.Error in the midst
    of a transaction."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def runs(numbers: Iterable[int]) -> list[Range]:
    """Ascending numbers as ranges: 1, 2, 3, 7 are (1, 3), (7, 7)."""
    found: list[Range] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def bury(connection: sqlite3.Connection, seq: int, reason: str, wall: int) -> tuple[Counter[str], list[Range]] | None:
    """Move an event to the dead with its reason, and say what is lost by it; None if it is no longer there.

    A gap that cannot be delivered hands on what it accounts for, or that would be lost silently.
    """
    row = connection.execute("SELECT kind, body FROM outbox WHERE seq = ?", [seq]).fetchone()
    if row is None:
        return None
    kind, body = row
    connection.execute("INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?)", [seq, kind, reason, wall, body])
    connection.execute("DELETE FROM outbox WHERE seq = ?", [seq])
    # What was set aside before and came again is counted by its first gap.
    again = b'"salvagedstream":"%s"' % stream_of(connection).encode() in body
    counts, ranges = Counter({} if again else {kind: 1}), [(seq, seq)]
    inherited = connection.execute("DELETE FROM gaps WHERE seq = ? RETURNING counts, ranges", [seq]).fetchone()
    if inherited:
        counts.update(json.loads(inherited[0]))
        ranges = [(start, end) for start, end in json.loads(inherited[1])] + ranges
    return counts, ranges


def note_gap(
    connection: sqlite3.Connection, seq: int, reason: str, counts: Counter[str], ranges: Sequence[Range]
) -> None:
    """Book what the gap event ``seq`` accounts for."""
    values = (seq, reason, json.dumps(counts), json.dumps(ranges))
    connection.execute("INSERT INTO gaps VALUES (?, ?, ?, ?)", values)
