"""The outbox: every accepted contact is on disk until the inbox has committed it, and no loss goes uncounted.

It holds while the disk honours flushes and the backlog is under the cap; beyond the cap the oldest go, into a gap.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from edge.config import Device
from edge.contacts import schema
from edge.contacts.clock import Clock
from edge.contacts.event import BadContact, Range, Stamp, body_of, checked, cloud_event, gap, source_of, uuid7
from edge.contacts.schema import Loaded, Row
from edge.db import Database, broken
from edge.model import Contact

T = TypeVar("T")

FILE = "outbox.sqlite"
"""The outbox's name in the device's data folder."""

CAP = 1_000_000
"""Rows; some 650 MB, five years of a busy kiosk: the cap is for bugs and attacks (RELIABILITY.md 2.7)."""

IN_MEMORY = 20_000
"""Contacts that an outbox without a disk holds, some 15 MB."""

CHUNK = 5_000


class Outbox:
    """The ledger's store-and-forward queue in one SQLite file. ``news`` is set whenever there may be more to send.

    ``spoilt`` is set when the file turns out to be damaged. Whoever heals it (``heals``) begins a new one with
    ``renew``: then ``stream`` changes under its users, and what they know of numbers holds no longer.
    """

    def __init__(
        self,
        db: Database,
        device: Device,
        loaded: Loaded,
        bootid: str,
        cap: int,
        clock: Clock,
        reserve: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.stream = loaded.stream
        self.boot = loaded.boot
        self.news = asyncio.Event()
        self.spoilt = asyncio.Event()
        self.heals = False
        self.last = loaded.last
        self.acked = loaded.acked
        self._waiting: int | None = loaded.waiting  # the database's thread alone changes it; None: count again
        self.bootid = bootid
        self._db, self._cap, self._clock = db, cap, clock
        self.unnamed: Callable[[Contact], Contact] = lambda contact: contact  # takes erased members out of new contacts
        self._reserve = reserve  # called in the database's thread with each number before its row is written
        self._source = source_of(device.chain, device.store, device.id)
        self._timezone = device.timezone

    async def record(self, contact: Contact) -> int:
        """Keep a contact; its number, once it is durable. Raises BadContact, or sqlite3.Error if it was not kept."""
        return (await self.record_all([contact]))[0]

    async def record_all(self, contacts: Sequence[Contact]) -> list[int]:
        """Keep several contacts, all or none, in their order; as ``record``."""
        wanted = [checked(contact) for contact in contacts]

        def act(connection: sqlite3.Connection) -> list[int]:
            seqs = [self._append(connection, contact) for contact in wanted]
            return seqs + self._hold_to_cap(connection)

        return (await self._make(act))[: len(wanted)]

    async def page(self, after: int, limit: int) -> list[Row]:
        """The next waiting events above a number."""
        start = max(after, self.acked)
        try:
            rows = await self._db.read(lambda connection: schema.page(connection, start, limit))
        except sqlite3.Error as error:
            self._mind(error)
            raise
        torn = next((n for n, row in enumerate(rows) if not row.whole), len(rows))
        if not self.heals or torn == len(rows):
            return rows
        self.spoilt.set()
        return rows[:torn]

    async def acknowledge(self, upto: int, stream: str = "") -> int:
        """All up to a number is confirmed: delete it. How many went; 0 for a number never given (a forged one).

        Nothing goes, either, for a ``stream`` that is no longer this outbox's.
        """
        if not self.acked < upto <= self.last or stream not in ("", self.stream):
            return 0
        self.acked, db = upto, self._db
        gone = part = await self._prune(db, upto)
        while part:
            part = await self._prune(db, upto)
            gone += part
        return gone

    async def set_aside(self, seq: int, reason: str, stream: str = "") -> bool:
        """Move an event that can never be delivered to the dead, and tell of it by a gap, both or neither.

        False if there is none of that number, or ``stream`` is no longer this outbox's.
        """
        if stream not in ("", self.stream):
            return False

        def act(connection: sqlite3.Connection) -> list[int]:
            lost = schema.bury(connection, seq, reason, self._wall_ms())
            if lost is None:
                return []
            self._add(connection, -1)
            return [self.account_in(connection, reason, *lost)]

        return bool(await self._make(act))

    async def account(self, reason: str, counts: Counter[str], ranges: Sequence[Range] = ()) -> int:
        """Record a gap for contacts that could not be kept, or that the inbox lost; its own number."""
        return (await self._make(lambda connection: [self.account_in(connection, reason, counts, ranges)]))[0]

    async def act(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the connection in one write transaction, then count anew what waits and tell the news.

        For what rewrites rows or puts old ones in. Numbers that it gives must be reserved by it. Raises sqlite3.Error.
        """

        def counted(connection: sqlite3.Connection) -> tuple[T, int]:
            result = fn(connection)
            self._waiting = schema.count_waiting(connection)
            return result, schema.last_seq(connection)

        stream = self.stream
        result, last = await self._write(counted)
        if stream == self.stream:
            self.last = max(self.last, last)
        self.news.set()
        return result

    async def look(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the connection that writes nothing, after the writes asked for before it."""
        return await self._db.read(fn)

    def account_in(
        self,
        connection: sqlite3.Connection,
        reason: str,
        counts: Counter[str],
        ranges: Sequence[Range] = (),
        stream: str = "",
    ) -> int:
        """As ``account``, as a part of ``act``; ``stream`` is the one that ``ranges`` are of, if it is another."""
        seq = self._append(connection, gap(reason, counts, ranges, self._clock.mono(), stream))
        schema.note_gap(connection, seq, reason, counts, () if stream else ranges)
        return seq

    def renew(self, db: Database, loaded: Loaded, reserve: Callable[[int], None]) -> None:
        """Go on with another file; the one before is closed, or nobody else writes to it."""
        self._db, self._reserve = db, reserve
        self.boot, self.last, self.acked, self._waiting = loaded.boot, loaded.last, loaded.acked, loaded.waiting
        self.stream = loaded.stream
        self.spoilt.clear()
        self.news.set()

    def waiting(self) -> int:
        """How many events are not confirmed yet."""
        return self._waiting or 0

    async def _prune(self, db: Database, upto: int) -> int:
        def act(connection: sqlite3.Connection) -> int:
            gone = schema.prune(connection, upto, CHUNK)
            self._waiting = schema.count_waiting(connection)
            return gone

        return await self._write(act, db)

    async def _make(self, act: Callable[[sqlite3.Connection], list[int]]) -> list[int]:
        """Run what makes events. A caller cancelled meanwhile undoes nothing, so the news is told all the same."""

        async def made() -> list[int]:
            stream = self.stream
            seqs = await self._write(act)
            if stream == self.stream:
                self.last = max([self.last, *seqs])
            self.news.set()
            return seqs

        making = asyncio.ensure_future(made())
        making.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(making)

    async def _write(self, act: Callable[[sqlite3.Connection], T], db: Database | None = None) -> T:
        try:
            return await (db or self._db).write(act)
        except (sqlite3.Error, BadContact) as error:
            self._mind(error)
            self._waiting = None  # the transaction was undone, and with it what was counted
            raise

    def _mind(self, error: Exception) -> None:
        if isinstance(error, sqlite3.Error) and broken(error):
            self.spoilt.set()

    def _append(self, connection: sqlite3.Connection, contact: Contact) -> int:
        contact = self.unnamed(contact)
        mono, wall = self._clock.mono(), self._clock.wall()
        stamp = Stamp(
            id=uuid7(self._wall_ms()),
            stream=self.stream,
            seq=schema.last_seq(connection) + 1,
            source=self._source,
            timezone=self._timezone,
            bootid=self.bootid,
            mono_ms=self._clock.up_ms(contact.at),
            wall_ms=max(0, round((wall - (mono - contact.at)) * 1000)),
            synced=self._clock.synced(),
        )
        self._reserve(stamp.seq)
        row = Row(stamp.seq, contact.kind, body_of(cloud_event(contact, stamp)))
        schema.insert(connection, row, self.boot, stamp.mono_ms, stamp.wall_ms, stamp.synced)
        self._add(connection, 1)
        return stamp.seq

    def _hold_to_cap(self, connection: sqlite3.Connection) -> list[int]:
        over = self.waiting() - self._cap
        if over <= 0:
            return []
        # Many at once: each stretch costs a gap, and gaps stay.
        counts, ranges = schema.take_oldest(connection, max(over, self._cap // 100, min(self._cap // 10, 1_000)))
        if not ranges:
            return []
        self._add(connection, -counts.total())
        return [self.account_in(connection, "overflow", counts, ranges)]

    def _add(self, connection: sqlite3.Connection, rows: int) -> None:
        if self._waiting is None:
            self._waiting = schema.count_waiting(connection)
        else:
            self._waiting += rows

    def _wall_ms(self) -> int:
        return max(0, round(self._clock.wall() * 1000))
