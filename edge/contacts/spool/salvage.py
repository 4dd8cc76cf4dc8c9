"""Saving what a spoilt outbox still holds into the one that took its place, and telling of the rest by a gap."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.contacts.event import KINDS, BadContact, BadEvent, Range, body_of, read_event
from edge.contacts.spool import schema
from edge.contacts.spool.carve import Carved, Told, carve
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.quarantine import Fork, Order
from edge.contacts.spool.schema import Row

CHUNK = 200
"""Rows in one transaction: the contacts of the moment wait for it, some 10 ms."""

PAUSE = 0.01
RANGES = 1_000
"""Ranges in one gap, so that it stays well below an event's largest size; more of them make more gaps."""

_ABSURD = 10**12  # a number of 13 digits is no number of ours
_STREAM = re.compile(rb'"stream":"([0-9a-f]{32})"')

# Which rows of other streams are in: so a start after a kill goes on where it was, and no row is taken twice.
# ``moved`` is 1 for one that had been salvaged before: it keeps its first place, so its last one is the gap's.
_TABLE = """CREATE TABLE IF NOT EXISTS salvaged(
    stream TEXT NOT NULL, seq INTEGER NOT NULL, moved INTEGER NOT NULL,
    PRIMARY KEY (stream, seq)) STRICT, WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of a salvage: ``rows`` were put in, ``lost`` numbers stand in a gap."""

    rows: int
    lost: int


@dataclass(slots=True)
class Survey:
    """What a spoilt file says of itself, before its rows are taken."""

    acked: dict[str, int] = field(default_factory=dict)
    last: int = 0
    streams: Counter[str] = field(default_factory=Counter)
    highest: dict[str, int] = field(default_factory=dict)
    covered: dict[str, list[Range]] = field(default_factory=dict)

    def stream(self) -> str:
        """The stream that most rows name, else that of the file's own books."""
        return next(iter([name for name, _ in self.streams.most_common(1)] or self.acked), "")

    def learn(self, found: Carved | Told) -> None:
        """One more thing that was read."""
        if isinstance(found, Told):
            self.last = max(self.last, found.last if found.last < _ABSURD else 0)
            if found.stream:
                self.acked[found.stream] = max(self.acked.get(found.stream, 0), found.acked)
        elif found.whole and (named := _STREAM.search(found.body)):
            stream = named[1].decode()
            self.streams[stream] += 1
            self.highest[stream] = max(self.highest.get(stream, 0), found.seq)
            if found.kind == "gap":
                self.covered.setdefault(stream, []).extend(_covered(found.body))


async def salvage(outbox: Outbox, file: Path, order: Order, source: str, reserve: Callable[[int], None]) -> Saved:
    """Put every row of ``file`` that proves itself into ``outbox``, then tell what is missing of its stream.

    Rows of another ``source`` (device) or below the watermark are left. Raises sqlite3.Error or OSError if either
    disk refuses; it may be called again then, and goes on.
    """
    survey = await _survey(file)
    stream = order.mark.stream if order.mark else survey.stream()
    acked = max(order.mark.acked if order.mark else 0, survey.acked.get(stream, 0))
    torn: dict[int, str] = {}
    rows = (_forked(row, stream, order.fork) for row in _good(file, survey, source, stream, torn))
    saved = 0
    while chunk := await asyncio.to_thread(lambda: list(itertools.islice(rows, CHUNK))):
        saved += await take_in(outbox, chunk, reserve)
        await asyncio.sleep(PAUSE)
    last = max(survey.last, survey.highest.get(stream, 0))
    upto = order.mark.reserved if order.mark else last
    lost = await tell(outbox, stream, (acked, upto), survey.covered.get(stream, []), torn)
    if order.fork is not None:
        lost += await tell(outbox, order.fork.stream, (0, max(0, last - order.fork.above)), [], {})
    return Saved(saved, lost)


async def take_in(outbox: Outbox, rows: Sequence[Carved], reserve: Callable[[int], None]) -> int:
    """Put rows of other streams in, each once and with its id; how many. Raises sqlite3.Error."""

    def act(connection: sqlite3.Connection) -> int:
        connection.execute(_TABLE)
        return sum(_put(connection, row, outbox, reserve) for row in rows)

    return await outbox.act(act)


async def forget(outbox: Outbox) -> None:
    """All that was to be saved is: which rows it were need not be known any more. Raises sqlite3.Error."""
    await outbox.act(lambda connection: connection.execute("DROP TABLE IF EXISTS salvaged"))


async def _survey(file: Path) -> Survey:
    survey, found = Survey(), carve(file)
    while await asyncio.to_thread(_learn, survey, itertools.islice(found, 10 * CHUNK)):
        continue
    survey.covered = {stream: merged(ranges) for stream, ranges in survey.covered.items()}
    return survey


def _learn(survey: Survey, found: Iterable[Carved | Told]) -> int:
    took = 0
    for each in found:
        survey.learn(each)
        took += 1
    return took


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers in ascending ranges that do not touch."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def among(number: int, ranges: Sequence[Range]) -> bool:
    """Whether a number lies in one of ``merged`` ranges."""
    at = bisect.bisect_right(ranges, number, key=lambda each: each[0])
    return at > 0 and number <= ranges[at - 1][1]


def _covered(body: bytes) -> Iterable[Range]:
    """What a gap accounts for in its own stream."""
    try:
        told = read_event(body)
    except BadEvent:
        return ()
    return told.ranges if told.gap_stream == told.stream else ()


def _good(file: Path, survey: Survey, source: str, stream: str, torn: dict[int, str]) -> Iterator[Carved]:
    """The rows that are to be saved; ``torn`` learns the kinds of those whose bytes are spoilt."""
    needle = f'"source":"{source}"'.encode()
    for row in carve(file):
        if isinstance(row, Told):
            continue
        if not row.whole:
            if row.kind in KINDS and row.seq > survey.acked.get(stream, 0):
                torn[row.seq] = row.kind
        elif needle in row.body and _in_place(row, survey):
            yield row


def _forked(row: Carved, stream: str, fork: Fork | None) -> Carved:
    """A row in its place, or in the fork's where its number was given twice."""
    if fork is None or row.seq <= fork.above:
        return row
    event = json.loads(row.body)
    if row.kind == "gap":
        event["data"].setdefault("stream", stream)
    seq = row.seq - fork.above
    return replace(row, seq=seq, body=body_of(event | {"stream": fork.stream, "sequence": f"{seq:012d}"}))


def _in_place(row: Carved, survey: Survey) -> bool:
    """Whether a row is what its body says, is not confirmed, and no gap of its stream has told of it as lost."""
    try:
        told = read_event(row.body)
    except BadEvent:
        return False
    unconfirmed = row.seq > survey.acked.get(told.stream, 0)
    return told.seq == row.seq and unconfirmed and not among(row.seq, survey.covered.get(told.stream, []))


def _put(connection: sqlite3.Connection, row: Carved, outbox: Outbox, reserve: Callable[[int], None]) -> int:
    told = read_event(row.body)
    if told.stream == outbox.stream:
        return 0  # this very outbox's: it has it
    first = told.salvaged or (told.stream, told.seq)
    taken = [(told.stream, told.seq, int(told.salvaged is not None)), *([(*first, 0)] if told.salvaged else [])]
    if not all(connection.execute("INSERT OR IGNORE INTO salvaged VALUES (?, ?, ?)", each).rowcount for each in taken):
        return 0
    try:
        enter(connection, row, outbox, reserve)
    except BadContact:
        connection.execute("DELETE FROM salvaged WHERE stream = ? AND seq = ?", taken[0][:2])
        return 0
    return 1


def enter(connection: sqlite3.Connection, row: Carved, outbox: Outbox, reserve: Callable[[int], None]) -> None:
    """As a part of ``act``: a row under the outbox's next number, with its first place beside it; raises BadContact."""
    seq = schema.last_seq(connection) + 1
    body, bootid = _renumbered(row, outbox.stream, seq)
    reserve(seq)
    connection.execute("INSERT OR IGNORE INTO boots(bootid) VALUES (?)", [bootid])
    (boot,) = connection.execute("SELECT n FROM boots WHERE bootid = ?", [bootid]).fetchone()
    schema.insert(connection, Row(seq, row.kind, outbox.redacted(body)), boot, row.mono, row.wall, row.sync)
    if row.kind == "gap":
        data = json.loads(body)["data"]
        schema.note_gap(connection, seq, str(data.get("reason", "")), Counter(data.get("counts", {})), ())


def _renumbered(row: Carved, stream: str, seq: int) -> tuple[bytes, str]:
    """The event with its new place, and the old one beside it; its boot. A gap says which stream it speaks of."""
    event = json.loads(row.body)
    if row.kind == "gap":
        event["data"].setdefault("stream", event["stream"])
    if "salvagedstream" not in event:
        event |= {"salvagedstream": event["stream"], "salvagedsequence": event["sequence"]}
    event |= {"stream": stream, "sequence": f"{seq:012d}"}
    return body_of(event), str(event.get("bootid", ""))


async def tell(outbox: Outbox, stream: str, within: Range, covered: list[Range], torn: dict[int, str]) -> int:
    """One gap for what is missing above the watermark, and the end of the bookkeeping, both or neither."""

    def act(connection: sqlite3.Connection) -> int:
        connection.execute(_TABLE)
        found = connection.execute(
            "SELECT seq FROM salvaged WHERE stream = ? AND moved = 0 AND seq > ? ORDER BY seq", [stream, within[0]]
        )
        missing = holes([*schema.runs(seq for (seq,) in found), *covered, *_told(connection, stream)], *within)
        counts = Counter(kind for seq, kind in torn.items() if among(seq, missing))
        for at in range(0, max(len(missing), 0 if stream else 1), RANGES):
            part = missing[at : at + RANGES]
            outbox.account_in(connection, "corruption", Counter() if at else counts, part, stream)
        connection.execute("DELETE FROM salvaged WHERE stream = ?", [stream])
        return sum(last - first + 1 for first, last in missing)

    return await outbox.act(act)


def _told(connection: sqlite3.Connection, stream: str) -> list[Range]:
    """What gaps that wait account for in another stream: those of a file that was saved before came with its rows."""
    bodies = connection.execute("SELECT body FROM outbox WHERE seq IN (SELECT seq FROM gaps) AND kind = 'gap'")
    gaps = (read_event(body) for (body,) in bodies if stream.encode() in body)
    return [each for gap in gaps if gap.gap_stream == stream for each in gap.ranges]


def holes(there: Iterable[Range], above: int, upto: int) -> list[Range]:
    """The ranges of the numbers in (``above``, ``upto``] that are in none of ``there``."""
    found: list[Range] = []
    reached = above
    for first, last in sorted(there):
        if min(first - 1, upto) > reached:
            found.append((reached + 1, min(first - 1, upto)))
        reached = max(reached, last)
    if upto > reached:
        found.append((reached + 1, upto))
    return found
