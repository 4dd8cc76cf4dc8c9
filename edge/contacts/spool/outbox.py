"""The outbox: every accepted contact is on disk until the inbox has committed it, and no loss goes uncounted.

It holds while the disk honours flushes and the backlog is under the cap; beyond the cap the oldest go, into a gap.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal, TypeVar

from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.event import BadContact, Range, source_of
from edge.contacts.spool import schema
from edge.contacts.spool.draft import Draft, Place, draft
from edge.contacts.spool.reach import Reach
from edge.contacts.spool.room import Caps
from edge.contacts.spool.schema import Loaded, Row
from edge.contacts.spool.writer import Writer
from edge.db import MEMORY, Database, broken, full
from edge.model import Contact

T = TypeVar("T")
Spool = Literal["ok", "degraded", "memory"]
_Entry = tuple[Sequence[Draft], "asyncio.Future[list[int]]"]

FILE = "outbox.sqlite"
"""The outbox's name in the device's data folder."""

IN_MEMORY = 20_000
"""Contacts that an outbox without a disk holds, some 15 MB."""

CHUNK = 500
TEND = 5.0
"""Seconds between two looks at the room of the disk."""

_TRIES = 3
"""A contact on a full disk: as it is; after room was made within the file; after the ballast was given up."""


class Outbox:
    """The ledger's store-and-forward queue in one SQLite file. ``news`` is set whenever there may be more to send.

    ``spoilt`` is set when the file turns out to be damaged. Whoever heals it (``heals``) begins a new one with
    ``renew``: then ``stream`` changes under its users, and what they know of numbers holds no longer. ``overtaken`` is
    set when head office knows of numbers that were never sent from here: nothing is sent or deleted until it is healed.
    """

    def __init__(
        self,
        db: Database,
        device: Device,
        loaded: Loaded,
        bootid: str,
        caps: Caps,
        clock: Clock,
        reserve: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.stream = loaded.stream
        self.boot = loaded.boot
        self.bootid = bootid
        self.news = asyncio.Event()
        self.rewritten = 0
        """How often rows may have become others than they were: what was read before is to be read again."""
        self.retried = 0
        """How often what had been set aside was put in again: whoever gave a kind of contact up tries it anew."""
        self.spoilt = asyncio.Event()
        self.overtaken = asyncio.Event()
        self.heals = False
        self.last = loaded.last
        self.acked = loaded.acked
        self.unnamed: Callable[[Contact], Contact] = lambda contact: contact  # takes erased members out of new contacts
        self.redacted: Callable[[bytes], bytes] = lambda body: body  # and out of events that are put in again
        self.caps, self._clock = caps, clock
        self._source = source_of(device.chain, device.store, device.id)
        self._timezone = device.timezone
        self._pending: deque[_Entry] = deque()
        self._asked = False
        self._open(db, loaded, reserve)

    def _open(self, db: Database, loaded: Loaded, reserve: Callable[[int], None]) -> None:
        caps = replace(self.caps, rows=min(self.caps.rows, IN_MEMORY)) if db.path == MEMORY else self.caps
        place = Place(self._source, loaded.stream, self.bootid)
        self._db = db
        self._refused: set[Literal["contact", "write", "page"]] = set()
        self._cleared = 0
        """Up to here all that is confirmed is deleted; what an earlier start left is not known, and looked for once."""
        self.reach = Reach(loaded.opened, loaded.again)
        self._writer = Writer(db, loaded, place, self._timezone, caps, self._clock, reserve)

    async def record(self, contact: Contact) -> int:
        """Keep a contact; its number, once it is durable. Raises BadContact, or sqlite3.Error if it was not kept."""
        return (await self.keep((self.draft(contact),)))[0]

    async def record_all(self, contacts: Sequence[Contact]) -> list[int]:
        """Keep several contacts, all or none, in their order; as ``record``."""
        return await self.keep([self.draft(contact) for contact in contacts])

    def draft(self, contact: Contact) -> Draft:
        """A contact made ready for ``keep``; raises BadContact."""
        return draft(contact, self._timezone)

    async def keep(self, drafts: Sequence[Draft]) -> list[int]:
        """As ``record_all``, of contacts made ready. A caller cancelled meanwhile undoes nothing.

        Whoever waits while a commit runs shares the next one. Raises ``room.Refused`` where the outbox is full and the
        settings say that new contacts give way.
        """
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._pending.append((drafts, answer))
        if not self._asked:
            self._asked = True  # before it is asked: the other thread may be quick, and takes this back
            try:
                self._ask([], self._writer, 0)
            except sqlite3.ProgrammingError:
                self._asked = False
                with suppress(IndexError):  # the other thread took it in this very moment, with the last that it writes
                    self._pending.pop()
                    raise
        return await answer

    async def page(self, after: int, limit: int) -> list[Row]:
        """The next waiting events above a number."""
        start = max(after, self.acked)
        try:
            rows = await self._db.read(lambda connection: schema.page(connection, start, limit))
        except sqlite3.Error as error:
            self._mind(error, "page")
            if self.heals and self.spoilt.is_set():
                return []  # until it is renewed
            raise
        self._refused.discard("page")
        torn = next((n for n, row in enumerate(rows) if not row.whole), len(rows))
        if not self.heals or torn == len(rows):
            return rows
        self.spoilt.set()
        return rows[:torn]

    async def gap_of(self, number: int) -> Row | None:
        """The waiting gap that accounts for a number, if there is one that can be read."""
        try:
            return await self._db.read(lambda connection: schema.gap_of(connection, number))
        except sqlite3.Error as error:
            self._mind(error, "page")
            return None

    async def acknowledge(self, upto: int, stream: str = "") -> int:
        """All up to a number is confirmed: delete it. How many went; 0 for a number never given (a forged one).

        Nothing goes, either, for a ``stream`` that is no longer this outbox's. What was not deleted, as the disk
        refused or the caller was cancelled, goes when it is confirmed once more.
        """
        if not self._cleared < upto <= self.last or stream not in ("", self.stream):
            return 0
        self.acked, writer = max(self.acked, upto), self._writer
        upto, gone = self.acked, 0
        while part := await self._prune(upto, writer):
            gone += part
        if writer is self._writer:
            self._cleared = upto
        return gone

    async def vouched(self) -> None:
        """Head office knows this stream as we do; the file remembers it if the disk lets it."""
        if not self.reach.vouched:
            self.reach.vouched = True
            self.news.set()
            with suppress(sqlite3.Error):  # else the next start asks again with a single event
                await self._write(self._writer, schema.vouched)

    async def set_aside(self, seq: int, reason: str, stream: str = "") -> bool:
        """Move an event that can never be delivered to the dead, and tell of it by a gap, both or neither.

        False if there is none of that number, or ``stream`` is no longer this outbox's.
        """
        if stream not in ("", self.stream):
            return False

        writer = self._writer
        return bool(await self._make(writer, lambda connection: writer.drop(connection, seq, reason)))

    async def account(self, reason: str, counts: Counter[str], ranges: Sequence[Range] = ()) -> int:
        """Record a gap for contacts that could not be kept, or that the inbox lost; its own number."""
        writer = self._writer
        return await self._make(writer, lambda connection: writer.account(connection, reason, counts, ranges)) or 0

    async def act(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the connection in one write transaction, then count anew what waits and tell the news.

        For what rewrites rows or puts old ones in. Numbers that it gives must be reserved by it. Raises sqlite3.Error.
        """

        writer, stream = self._writer, self.stream

        def counted(connection: sqlite3.Connection) -> tuple[T, int]:
            writer.ready(connection)
            try:
                result = fn(connection)
            finally:
                writer.forget()
            writer.ready(connection)
            return result, schema.last_seq(connection)

        result, last = await self._write(writer, counted)
        if stream == self.stream:
            self.last = max(self.last, last)
        self.rewritten += 1
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
        return self._writer.account(connection, reason, counts, ranges, stream)

    def reserve(self, seq: int) -> None:
        """As a part of ``act``: make sure that a number may be given, before its row is written."""
        self._writer.reserve(seq)

    def renew(self, db: Database, loaded: Loaded, reserve: Callable[[int], None]) -> None:
        """Go on with another file; the one before is closed, or nobody else writes to it."""
        self._open(db, loaded, reserve)
        self.boot, self.last, self.acked = loaded.boot, loaded.last, loaded.acked
        if loaded.stream != self.stream:
            self.overtaken.clear()
        self.stream = loaded.stream
        self.rewritten += 1
        self.spoilt.clear()
        self.news.set()

    def waiting(self) -> int:
        """How many events are not confirmed yet."""
        return self._writer.rows

    @property
    def spool(self) -> Spool:
        """``degraded`` while room is short or the last contact, other write or page was refused; ``memory`` without a
        disk."""
        if self._db.path == MEMORY:
            return "memory"
        short = self._writer.fenced or self._writer.squeezed
        return "degraded" if self._refused or short else "ok"

    async def tend(self, every: float = TEND) -> None:
        """Keep the ballast, and the file no larger than it need be, for ever; ``every`` so many seconds a step."""
        freed = False
        while True:
            with suppress(sqlite3.Error, OSError):  # the disk is away: whoever records hears of it
                freed = await self._db.write(self._writer.tidy) or freed
                if freed:
                    await self._db.read(schema.checkpoint)  # beside others' writes it fails, and is owed to the disk
                    freed = False
            await asyncio.sleep(every)

    def _ask(self, batch: list[_Entry], writer: Writer, tried: int) -> None:
        """Have what waits written by this writer; ``batch`` holds what was tried before and then all that it took."""
        act = partial(self._take_in, batch, writer, tried)
        writer.db.post(act, partial(self._kept, batch, writer, tried))

    def _take_in(
        self, batch: list[_Entry], writer: Writer, tried: int, connection: sqlite3.Connection
    ) -> tuple[list[list[int]], int]:
        """In the database's thread: rows for all who wait, in one transaction. Their numbers, and the last given."""
        if not tried:
            self._asked = False
            while self._pending:
                batch.append(self._pending.popleft())
        writer.ready(connection)
        if tried == _TRIES - 1:
            writer.lighten(connection)
        coming = [self._named(each) for drafts, _ in batch for each in drafts]
        gaps = writer.make_room(connection, coming, full=True) if tried else writer.hold(connection, coming)
        seqs = writer.write(connection, coming)
        if len(batch) == 1:
            return [seqs], max(seqs + gaps, default=0)
        given = iter(seqs)
        return [[next(given) for _ in drafts] for drafts, _ in batch], max(seqs + gaps, default=0)

    def _named(self, each: Draft) -> Draft:
        contact = self.unnamed(each.contact)
        return each if contact is each.contact else draft(contact, self._timezone)

    def _kept(
        self,
        batch: list[_Entry],
        writer: Writer,
        tried: int,
        result: tuple[list[list[int]], int] | None,
        error: BaseException | None,
    ) -> None:
        """In the loop, once the commit is on disk or has failed."""
        if result is None:
            self._not_kept(batch, writer, tried, error or sqlite3.OperationalError("no answer"))
            return
        self._refused -= {"contact", "write"}
        self._given(writer, result[1])
        for (_, answer), seqs in zip(batch, result[0], strict=True):
            if not answer.done():
                answer.set_result(seqs)

    def _not_kept(self, batch: list[_Entry], writer: Writer, tried: int, error: BaseException) -> None:
        if not batch:  # the file could not be opened, so that nothing was taken
            self._asked = False
            while self._pending:
                batch.append(self._pending.popleft())
        if not isinstance(error, BadContact):  # which says nothing of the disk
            self._mind(error, "contact")
        if full(error) and tried + 1 < _TRIES:
            with suppress(sqlite3.ProgrammingError):
                self._ask(batch, writer, tried + 1)
                return
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(error)

    async def _prune(self, upto: int, writer: Writer) -> int:
        def act(connection: sqlite3.Connection) -> int:
            writer.ready(connection)
            return writer.prune(connection, upto, CHUNK)

        return await self._write(writer, act)

    async def _make(self, writer: Writer, act: Callable[[sqlite3.Connection], int | None]) -> int | None:
        """Run what makes a gap. A caller cancelled meanwhile undoes nothing, so the news is told all the same."""

        def ready(connection: sqlite3.Connection) -> int | None:
            writer.ready(connection)
            return act(connection)

        async def made() -> int | None:
            seq = await self._write(writer, ready)
            self._given(writer, seq or 0)
            return seq

        making = asyncio.ensure_future(made())
        making.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(making)

    async def _write(self, writer: Writer, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run a write; on a full disk once more, without the ballast, so that what is confirmed can still go."""
        try:
            result = await writer.db.write(act)
        except sqlite3.Error as error:
            self._mind(error, "write")
            if not full(error):
                raise
            await writer.db.read(writer.lighten)
            result = await writer.db.write(act)
        self._refused.discard("write")
        return result

    def _given(self, writer: Writer, seq: int) -> None:
        """Numbers up to here are on the disk."""
        writer.sure = max(writer.sure, seq)
        if writer is self._writer:
            self.last = max(self.last, seq)
        self.news.set()

    def _mind(self, error: BaseException, what: Literal["contact", "write", "page"]) -> None:
        """The disk refused it; each is over once one of its own kind was taken again."""
        self._refused.add(what)
        if isinstance(error, sqlite3.Error) and broken(error):
            self.spoilt.set()
