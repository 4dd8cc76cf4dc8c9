"""The stock of an edge or a hub: a SQLite file behind a copy in memory, so that a shopper's path reads without waiting.

It opens at once and empty, and reads its file meanwhile: until then everything is being asked for (確認中).
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from edge.db import Database
from edge.ports import StockAway, StockReport, Taken
from edge.stock.freshness import Mark
from edge.stock.shelves import schema, store, taking
from edge.stock.shelves.book import Book
from edge.stock.shelves.figures import level
from edge.stock.shelves.listeners import Readers
from edge.stock.shelves.memory import EMPTY, Memory
from edge.stock.shelves.memory import Clock as Clock
from edge.stock.shelves.sheet import Sheet
from edge.stock.shelves.shelf import Key as Key
from edge.stock.shelves.shelf import Move as Move
from edge.stock.shelves.shelf import Rows as Rows
from edge.stock.shelves.shelf import Standing as Standing
from edge.stock.shelves.shelf import Word as Word
from edge.stock.shelves.shelf import channel_of

SAVE_EVERY_S = 5.0
"""A watermark that moved less is not written again: an older one on disk is still true, and flash wears."""
migrate = schema.migrate


class StockCache(Memory):
    """Levels by channel, location and SKU, each channel's word of a location with its watermark.

    Nothing here is a change to a count: figures are absolute, and an older one never replaces a newer.
    """

    def __init__(
        self,
        db: Database,
        wall: Clock,
        monotonic: Clock,
        keep: Collection[str] | None = None,
        trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(wall, monotonic, trusted)
        self._db = db
        self._keep = keep
        self._saved: dict[Key, float] = {}
        self._clock_s = 0.0
        self._readers = Readers()
        self._ready = self._load()

    # What a start finds

    def _load(self) -> asyncio.Future[None]:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._db.post(partial(store.load, self._keep, self._names), partial(self._loaded, ready))
        return ready

    def _loaded(self, ready: asyncio.Future[None], found: store.Loaded | None, error: BaseException | None) -> None:
        if found is None:
            ready.set_exception(error or RuntimeError("the cache's file told nothing"))
            ready.exception()  # whoever waits is told; nobody has to
            return
        for key, kept in found.shelves.items():
            self._sheets[key] = kept.sheet
            self._marks[key] = Mark(kept.watermark_s)
            self._numbers[key] = kept.epoch, kept.n, kept.full_s
            self._saved[key] = kept.watermark_s
        self._books = found.books
        self._floor_s = max(self._saved.values(), default=-math.inf)
        # A clock of its own, that goes on where the last run's ended: what is read now is later than all in the file.
        self._clock_s = found.latest + 1.0 - self._monotonic()
        self._index()
        ready.set_result(None)
        self._listeners.tell_all()

    async def loaded(self) -> None:
        """Wait until the file is read; raises sqlite3.Error if it cannot be, and reads it again the next time."""
        if self._ready.done() and self._ready.exception() is not None:
            self._ready = self._load()
        await asyncio.shield(self._ready)

    # What sources say

    async def apply(self, channel: str, report: StockReport, now_s: float) -> Taken:
        """Take a report read at ``now_s`` (UNIX seconds), on disk in one transaction, then in memory.

        What the locations of a whole report had and it no longer names is no longer listed. A shelf's word is as fresh
        as a report says once this run heard it whole. Raises StockAway for a report that cannot be (an age that is no
        number, a level outside its locations, a figure that no shop has), sqlite3.Error when the disk refuses.
        """
        asked = report.age if report.asked is None else report.asked
        if not (0 <= report.age < math.inf and 0 <= asked < math.inf):
            raise StockAway("the source gave an age that is no number of seconds")
        await self.loaded()
        if report.part:
            channel = f"{channel}/{report.part}"
        marks = self._spoken(channel, report, Mark(now_s - report.age, self._monotonic() - report.age))
        if report.levels is None and not report.gone and not report.items:
            await self._confirmed(marks)
            return Taken()
        now = self._clock_s + self._monotonic()
        whole = report.whole and report.levels is not None
        watermarks = {key[1]: mark.watermark_s for key, mark in marks.items()}
        told = taking.Told(channel, report, now - asked, now, watermarks, now_s if whole else 0.0)
        return await self._commit(marks, told, partial(taking.take, told, self._names))

    async def _commit(self, marks: Mapping[Key, Mark], told: taking.Told, take: taking.Take) -> Taken:
        done: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._db.post(take, partial(self._took, told.channel, marks, done))
        return await done

    def _spoken(self, channel: str, report: StockReport, mark: Mark) -> dict[Key, Mark]:
        """The marks that a report moves: of shelves that it tells whole, or that this run has heard whole.

        What a source itself says makes nothing older that was read of it later; one that repeats another's word does.
        """
        if not report.vouches:
            return {}
        whole = report.whole and report.levels is not None
        marks: dict[Key, Mark] = {}
        for key in ((channel, location) for location in report.locations):
            before = self._marks.get(key)
            heard = None if before is None else before.heard
            if (whole or heard is not None) and not (report.asked is None and self._younger(heard, mark)):
                marks[key] = mark
        return marks

    def _younger(self, heard: float | None, mark: Mark) -> bool:
        return heard is not None and mark.heard is not None and heard > mark.heard

    async def _confirmed(self, marks: Mapping[Key, Mark]) -> None:
        """Watermarks alone: on disk now and then, in memory at once."""
        moved = {key: mark.watermark_s - self._saved.get(key, -math.inf) for key, mark in marks.items()}
        stale = {key: marks[key].watermark_s for key, by in moved.items() if not 0 <= by < SAVE_EVERY_S}
        if stale:
            await self._db.write(partial(store.save_watermarks, stale))
            self._saved |= stale
        self._marks |= marks

    def _took(
        self,
        channel: str,
        marks: Mapping[Key, Mark],
        done: asyncio.Future[Taken],
        outcome: taking.Outcome | None,
        error: BaseException | None,
    ) -> None:
        """What is on disk comes into memory, whether or not anybody waits for it still, in the order of the commits."""
        if outcome is not None:
            self._into_memory(channel, marks, outcome)
        if done.done():
            return
        if outcome is not None:
            done.set_result(outcome.taken)
        else:
            done.set_exception(error or RuntimeError("the cache's file told nothing"))

    def _into_memory(self, channel: str, marks: Mapping[Key, Mark], outcome: taking.Outcome) -> None:
        if outcome.book is not None:
            self._books[channel] = outcome.book
        elif outcome.items:
            book = self._books.setdefault(channel, Book())
            for item in outcome.items:
                book.put(self._names.ids[item.sku], item)
        new = [shift.key for shift in outcome.shifts if shift.key not in self._sheets]
        for shift in outcome.shifts:
            self._shifted(shift)
        marks = {key: mark for key, mark in marks.items() if key[1] not in outcome.taken.outdated}
        self._marks |= marks
        self._saved |= {key: mark.watermark_s for key, mark in marks.items()}
        for key in ((channel, location) for location in outcome.taken.outdated):
            # As after a start: only its source's whole word, without contradiction, makes it live again.
            self._marks[key] = replace(self._marks[key], heard=None)
        if new:
            self._index()
        self._listeners.tell(outcome.skus)
        for shift in outcome.shifts:
            self._tell_move(shift)

    def _shifted(self, shift: taking.Shift) -> None:
        sheet = self._sheets.get(shift.key) if shift.sheet is None else shift.sheet
        sheet = self._sheets[shift.key] = sheet or Sheet()
        for patch in shift.patches:
            sheet.put(patch)
        self._numbers[shift.key] = shift.epoch, shift.n, shift.full_s
        self._marks.setdefault(shift.key, Mark(0.0))

    def _tell_move(self, shift: taking.Shift) -> None:
        channel, location = shift.key
        if not (shift.moved and self._readers) or self._is_hidden(channel):
            return
        levels = tuple(level(p.sku, location, p.figures, p.revision) for p in shift.patches if p.figures)
        gone = tuple(patch.sku for patch in shift.patches if patch.figures is None)
        items = () if shift.sheet is not None else tuple(shift.items)
        at = self._marks[shift.key].watermark_s
        self._readers.tell(Move(channel, location, shift.epoch, shift.n, levels, gone, items, at))

    async def keep_only(self, channels: Collection[str]) -> None:
        """Forget, on disk and in memory, every channel but these (those of the settings) and their parts."""
        await self._only(lambda channel: channel_of(channel) in channels)

    async def keep_parts(self, channel: str, parts: Collection[str]) -> None:
        """Forget every part of a channel but these: its hub has no others, or may have them on no screen any more."""
        await self._only(lambda each: channel_of(each) != channel or each.partition("/")[2] in ("", *parts))

    async def _only(self, kept: Callable[[str], bool]) -> None:
        await self.loaded()
        if gone := {id for id in (*self._books, *(key[0] for key in self._sheets)) if not kept(id)}:
            await self._db.write(partial(store.forget, gone))
            for of in (self._sheets, self._marks, self._numbers, self._saved):
                for key in [key for key in of if key[0] in gone]:
                    del of[key]
            self._books = {id: book for id, book in self._books.items() if id not in gone}
            self._index()
            self._listeners.tell_all()

    # What the wire reads

    def moves(self) -> AsyncIterator[Move]:
        """Each committed change of each shelf from this call on, in order of its numbers; hidden channels' never.

        A reader that is too slow, and one that comes to a move without content, fetches by ``rows_after``.
        """
        return self._readers.listen()

    async def rows_after(self, channel: str, location: str, n: int, most: int) -> Rows:
        """The rows of a shelf that changed after its n-th change, about ``most`` of them, those of a change together.

        The result's ``n`` is up to where it is complete: it is asked for again from there until that is the shelf's.
        """
        return await self._rows(channel, partial(store.rows, (channel, location), n, most))

    async def rows_of(self, channel: str, location: str) -> Rows:
        """All rows of a shelf, as of one moment."""
        return await self._rows(channel, partial(store.buckets, (channel, location), None))

    async def bucket(self, channel: str, location: str, buckets: Collection[int]) -> Rows:
        """The rows of some of a shelf's buckets, as of one moment."""
        return await self._rows(channel, partial(store.buckets, (channel, location), tuple(buckets)))

    async def _rows(self, channel: str, read: Callable[[sqlite3.Connection], Rows]) -> Rows:
        await self.loaded()
        return Rows() if self._is_hidden(channel) else await self._db.read(read)

    async def digests(self, channel: str, location: str) -> tuple[int, ...]:
        """A shelf's 1,024 buckets by SKU, each the sum of its rows' marks modulo 2^64."""
        await self.loaded()
        return tuple(self._sheets.get((channel, location), EMPTY).buckets)

    async def digest(self, channel: str, location: str) -> int:
        """One number of all buckets, 0 to 2^53 - 1: alike for shelves that list alike."""
        await self.loaded()
        return self._sheets.get((channel, location), EMPTY).digest


@asynccontextmanager
async def stock_cache(
    db: Database,
    wall: Clock = time.time,
    monotonic: Clock = time.monotonic,
    keep: Collection[str] | None = None,
    trusted: Callable[[], bool] = lambda: True,
) -> AsyncIterator[StockCache]:
    """The cache in a database, at once; it reads meanwhile what it knew when it was last open (never live until a
    channel confirms it, of no age that anybody knows while the wall clock is not ``trusted``), without the channels
    that ``keep`` does not name."""
    yield StockCache(db, wall, monotonic, keep, trusted)
