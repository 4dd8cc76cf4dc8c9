"""What writes an outbox's file: numbers, rows, gaps and the room they need. All of it runs in the database's thread."""

from __future__ import annotations

import os
import secrets
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from edge.contacts.clock import Clock
from edge.contacts.event import Range, gap
from edge.contacts.spool import schema
from edge.contacts.spool.ballast import Ballast, ballast_of
from edge.contacts.spool.draft import Draft, Moment, Place, draft, id_of, written
from edge.contacts.spool.room import SPARE, Caps, Refused, Space, Step, rungs, share_of
from edge.contacts.spool.schema import Loaded
from edge.db import MEMORY, Database

LOOKED = 100_000
"""Numbers that are looked through at most for contacts of a class that may go, each time room is made."""

RANGES = 1_000
MOST = 5_000
"""Rows that go at once: what is deleted passes through the log."""

PAGES = 16
"""Free pages that a full file needs to go on: for a few contacts, and the gap that tells what went for them."""

_ENDLESS = 1 << 50
_SHRINK = 200
_FEW = 200  # what is deleted passes through the log, which must not grow on a full disk


class Writer:
    """The pen of one file. It remembers the last number and how many rows wait, and reads both again from the file
    whenever a transaction was undone: no number is given twice, and none is left out. ``sure`` is the highest number
    that is known to be committed; whoever is told so raises it.
    """

    def __init__(
        self,
        db: Database,
        loaded: Loaded,
        place: Place,
        timezone: str,
        caps: Caps,
        clock: Clock,
        reserve: Callable[[int], None],
    ) -> None:
        self.rows: int = loaded.waiting
        self.squeezed = False
        self.ballast = Ballast(ballast_of(db.path), 0 if db.path == MEMORY else caps.ballast)
        self.db, self._place, self._timezone, self._caps, self._clock = db, place, timezone, caps, clock
        self.reserve, self._boot = reserve, loaded.boot
        self._last = self.sure = loaded.last
        self._commits, self._undone = db.commits, -1
        self._unseen = 0
        self._fence: int | None = None
        self._looked: dict[Step, int] = {}

    def ready(self, connection: sqlite3.Connection) -> None:
        """Know where the file stands. What was accepted and is no longer there goes into a gap."""
        if self._undone != self.db.undone:
            self._undone = self.db.undone
            self._limit(connection)
            self._read(connection)
        elif self._commits != self.db.commits:
            self.sure = max(self.sure, self._last)
        self._commits = self.db.commits

    def forget(self) -> None:
        """Somebody else wrote to the file: read it again."""
        self._undone = -1

    def write(self, connection: sqlite3.Connection, drafts: Sequence[Draft]) -> list[int]:
        """Rows for contacts; their numbers."""
        mono, wall, synced = self._clock.mono(), self._clock.wall(), self._clock.synced()
        now, chance = max(0, round(wall * 1000)), secrets.token_bytes(10 * len(drafts))
        rows: list[tuple[object, ...]] = []
        for each in drafts:
            seq, at = self._last + 1 + len(rows), each.contact.at
            self.reserve(seq)
            moment = Moment(
                id_of(now, chance[10 * len(rows) : 10 * len(rows) + 10]),
                seq,
                self._clock.up_ms(at),
                max(0, round((wall - (mono - at)) * 1000)),
                synced,
            )
            body = written(each, self._place, moment)
            crc = zlib.crc32(body)
            rows.append((seq, each.contact.kind, self._boot, moment.mono_ms, moment.wall_ms, int(synced), crc, body))
            self._unseen += len(body)
        if len(rows) == 1:
            connection.execute(schema.INSERT, rows[0])
        else:
            connection.executemany(schema.INSERT, rows)
        self._last += len(rows)
        self.rows += len(rows)
        return list(range(self._last - len(rows) + 1, self._last + 1))

    def account(
        self,
        connection: sqlite3.Connection,
        reason: str,
        counts: Counter[str],
        ranges: Sequence[Range] = (),
        stream: str = "",
    ) -> int:
        """A gap; ``stream`` is the one that ``ranges`` are of, if it is another. Its number."""
        told = draft(gap(reason, counts, ranges, self._clock.mono(), stream), self._timezone)
        seq = self.write(connection, [told])[0]
        schema.note_gap(connection, seq, reason, counts, () if stream else ranges)
        return seq

    def drop(self, connection: sqlite3.Connection, seq: int, reason: str) -> int | None:
        """Move an event to the dead; the number of the gap that tells of it, or None if there is no such event."""
        lost = schema.bury(connection, seq, reason, max(0, round(self._clock.wall() * 1000)))
        if lost is None:
            return None
        self.rows -= 1
        return self.account(connection, reason, *lost)

    def prune(self, connection: sqlite3.Connection, upto: int, chunk: int) -> int:
        """Delete some of what is confirmed; how many rows went."""
        gone = schema.prune(connection, upto, min(chunk, _FEW) if self.fenced else chunk)
        self.rows = schema.count_waiting(connection)
        return gone

    def hold(self, connection: sqlite3.Connection, drafts: Sequence[Draft]) -> list[int]:
        """Keep to the caps before these come; raises Refused. The number of the gap that it took, if any."""
        if self.rows + len(drafts) <= self._caps.rows and self._unseen < SPARE:
            return []
        self._unseen = 0
        return self.make_room(connection, drafts)

    def make_room(self, connection: sqlite3.Connection, drafts: Sequence[Draft] = (), full: bool = False) -> list[int]:
        """Climb the ladder until there is room; raises Refused where new contacts are what has to give way.

        What goes, goes into one gap: its number, or none if nothing went.
        """
        space = self.space(connection, len(drafts))
        steps = rungs(space, self._caps, full)
        self.squeezed = bool(steps)
        counts, ranges = Counter[str](), list[Range]()
        enough = partial(self._enough, connection, counts, drafts, full)
        for step in steps:
            if step is Step.BALLAST:
                if self.lighten(connection) and full:
                    break
            elif step is Step.CONTACTS and self._caps.overflow == "refuse_new":
                if not ranges:
                    raise Refused("the outbox is full, and its settings refuse new contacts")
            else:
                while not enough() and self._take(connection, step, share_of(space, self._caps), counts, ranges):
                    pass
            if enough():
                break
        if not ranges:
            return []
        self.rows -= counts.total()
        return [self.account(connection, "disk full" if full else "overflow", counts, sorted(ranges))]

    def _enough(
        self, connection: sqlite3.Connection, counts: Counter[str], drafts: Sequence[Draft], full: bool
    ) -> bool:
        """Whether what went makes room: under both caps and, on a full disk, by whole pages, not only holes in them."""
        gone = counts.total()
        if not gone or gone >= MOST:
            return gone >= MOST
        count, spare, size = schema.pages(connection)
        if full:
            return spare >= PAGES + 2 * sum(len(each.data) + 1_024 for each in drafts) // size
        return self.rows - gone + len(drafts) <= self._caps.rows and (count - spare) * size <= self._caps.size

    def lighten(self, connection: sqlite3.Connection) -> bool:
        """Give up the ballast, and let the file grow no further until it is back; False if there was none."""
        if not self.ballast.give_up():
            return False
        self._fence = schema.pages(connection)[0] + PAGES
        self._limit(connection)
        return True

    def tidy(self, connection: sqlite3.Connection) -> bool:
        """Have the ballast (again) once there is room, and free pages that nothing needs.

        True if there were such: the disk has them back with the next checkpoint.
        """
        space = self.space(connection, 0)
        if not self.ballast.there() and space.free > space.floor + self.ballast.size:
            self.ballast.make()
            self._fence = None
            self._limit(connection)
        self.squeezed = bool(rungs(space, self._caps))
        if space.spare <= 4 * SPARE:
            return False
        schema.shrink(connection, _SHRINK)
        return True

    @property
    def fenced(self) -> bool:
        """Whether the ballast is given up, so that the file may not grow."""
        return self._fence is not None

    def space(self, connection: sqlite3.Connection, coming: int) -> Space:
        """What there is before so many rows come."""
        count, spare, size = schema.pages(connection)
        free = whole = _ENDLESS
        if self.db.path != MEMORY:
            disk = os.statvfs(self.db.path.parent)
            free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        return Space(self.rows + coming, (count - spare) * size, spare * size, free, whole)

    def _read(self, connection: sqlite3.Connection) -> None:
        last = schema.last_seq(connection)
        self._looked.clear()
        self._last, self.rows = max(last, self.sure), schema.count_waiting(connection)
        start = max(last, schema.acked_seq(connection)) + 1
        if start <= self.sure:
            self.account(connection, "corruption", Counter(), [(start, self.sure)])

    def _limit(self, connection: sqlite3.Connection) -> None:
        """The file's hard end, which a connection forgets when it is closed."""
        end = self._fence or self._caps.pages(schema.pages(connection)[2])
        connection.execute(f"PRAGMA max_page_count={end}")

    def _take(
        self, connection: sqlite3.Connection, step: Step, limit: int, counts: Counter[str], ranges: list[Range]
    ) -> bool:
        """Delete the oldest contacts of a step's class, and add to ``counts`` and ``ranges`` what they were.

        False if there were none. At most 1,000 ranges in all: the gap that tells of them is an event, too.
        """
        start = max(self._looked.get(step, 0), schema.acked_seq(connection)) + 1
        end = min(self._last, start + LOOKED)
        found, stretches = schema.take(connection, step.value, (start, end), limit, RANGES - len(ranges))
        self._looked[step] = stretches[-1][1] if stretches else end
        counts.update(found)
        ranges += stretches
        return bool(stretches)
