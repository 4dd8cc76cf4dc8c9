"""The stock of an edge or a hub: a SQLite file behind a copy in memory, so that a shopper's path reads without waiting.

It opens at once and empty, and reads its file meanwhile: until then everything is being asked for (確認中).
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from edge.config import Location
from edge.db import Database
from edge.model import StockLine
from edge.ports import StockAway, StockItem, StockReport, Taken
from edge.stock.freshness import Mark, age_of, minutes
from edge.stock.level import UNHEARD, Known, less, sellable
from edge.stock.shelves import schema, store, taking
from edge.stock.shelves.book import Book, joined
from edge.stock.shelves.figures import digest_of, level
from edge.stock.shelves.listeners import Listeners, Readers
from edge.stock.shelves.sheet import NOBODY, Names, Sheet
from edge.stock.shelves.shelf import Key as Key
from edge.stock.shelves.shelf import Move as Move
from edge.stock.shelves.shelf import Rows as Rows
from edge.stock.shelves.shelf import Standing as Standing
from edge.stock.shelves.shelf import Word as Word
from edge.stock.shelves.shelf import channel_of
from edge.stock.words import wording

Clock = Callable[[], float]

SAVE_EVERY_S = 5.0
"""A watermark that moved less is not written again: an older one on disk is still true, and flash wears."""
_EMPTY = Sheet()
migrate = schema.migrate


class StockCache:
    """Levels by channel, location and SKU, each channel's word of a location with its watermark.

    Nothing here is a change to a count: figures are absolute, and an older one never replaces a newer.
    """

    def __init__(self, db: Database, wall: Clock, monotonic: Clock, keep: Collection[str] | None = None) -> None:
        self._db = db
        self._wall = wall
        self._monotonic = monotonic
        self._keep = keep
        self._names = Names()
        self._sheets: dict[Key, Sheet] = {}
        self._books: dict[str, Book] = {}
        self._marks: dict[Key, Mark] = {}
        self._numbers: dict[Key, tuple[int, int, float]] = {}
        self._saved: dict[Key, float] = {}
        self._floor_s = -math.inf
        self._clock_s = 0.0
        self._hidden: frozenset[str] = frozenset()
        self._here: dict[str, tuple[Key, ...]] = {}
        self._listeners = Listeners()
        self._asked: dict[tuple[str, str], int] = {}
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
        done: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._db.post(partial(taking.take, told, self._names), partial(self._took, channel, marks, done))
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
        self._marks |= marks
        self._saved |= {key: mark.watermark_s for key, mark in marks.items()}
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

    def hide(self, channels: Collection[str]) -> None:
        """Keep what these channels, and their parts, say off every line, offer and wire: their contracts forbid it."""
        self._hidden = frozenset(channels)
        self._index()

    def _is_hidden(self, channel: str) -> bool:
        return channel in self._hidden or channel_of(channel) in self._hidden

    # What shoppers' screens read: memory alone

    def lines(self, sku: str, locations: Sequence[Location], language: str, now_s: float) -> tuple[StockLine, ...]:
        """One line a location, in order; ``now_s`` is UNIX seconds."""
        self._listeners.asked(sku, self._monotonic())
        item = self.item(sku)
        few = item.few if item else None
        return tuple(wording.line(each, self.known(sku, each.id, now_s), few, language, now_s) for each in locations)

    def known(self, sku: str, location: str, now_s: float) -> Known:
        """The level by the freshest channel that lists the SKU there, else none, by the freshest that does not.

        Channels whose word is too old to be shown, or hidden, do not count.
        """
        number = self._names.ids.get(sku, NOBODY)
        best, silent = UNHEARD, UNHEARD
        for key in self._here.get(location, ()):
            age = self.age(*key, now_s)
            if age is None or minutes(age) is None:
                continue
            found = self._sheets[key].get(number, sku, location)
            if found is None and (silent.age is None or age < silent.age):
                silent = Known(None, age, key[0])
            if found is not None and (best.age is None or age < best.age):
                best = Known(found, age, key[0])
        return silent if best.level is None else less(best, self._asked.get((sku, location), 0))

    def hold(self, sku: str, location: str, units: int) -> None:
        """So many units of a SKU are being asked for at a location: ``known`` has them as held, until told otherwise.

        In memory alone; the wire and the file have what the source said.
        """
        if units:
            self._asked[sku, location] = units
        else:
            self._asked.pop((sku, location), None)
        self._listeners.tell({sku})

    def item(self, sku: str) -> StockItem | None:
        """What channels say of a SKU itself: of each field the first that is not empty, channels in order."""
        number = self._names.ids.get(sku, NOBODY)
        return joined(book.get(number, sku) for book in self._open_books())

    def style(self, style: str) -> tuple[StockItem, ...]:
        """The SKUs of a style that some shelf lists, in order of SKU."""
        found = {number for book in self._open_books() for number in book.style(style)}
        shelves = [self._sheets[key] for keys in self._here.values() for key in keys]
        skus = sorted(self._names.skus[number] for number in found if any(shelf.lists(number) for shelf in shelves))
        return tuple(item for sku in skus if (item := self.item(sku)) is not None)

    def by_gtin(self, gtin: str) -> str:
        """The SKU of a GTIN of 14 digits, empty if no channel names it."""
        if not (gtin.isascii() and gtin.isdecimal()):
            return ""
        found = (book.by_gtin(gtin) for book in self._open_books())
        return next((self._names.skus[number] for number in found if number is not None), "")

    def _open_books(self) -> Iterator[Book]:
        return (self._books[channel] for channel in sorted(self._books) if not self._is_hidden(channel))

    def age(self, channel: str, location: str, now_s: float) -> float | None:
        """How old a channel's word of a location is, in seconds; None if it never spoke or nobody can tell."""
        mark = self._marks.get((channel, location))
        return None if mark is None else age_of(mark, now_s, self._monotonic(), self._floor_s)

    def words(self, sku: str, location: str, now_s: float) -> tuple[Word, ...]:
        """What each channel says of a SKU at a location, hidden ones and old ones too, for whoever asks why."""
        number = self._names.ids.get(sku, NOBODY)
        return tuple(
            Word(key[0], self._sheets[key].get(number, sku, location), self.age(*key, now_s), self._is_hidden(key[0]))
            for key in sorted(self._sheets)
            if key[1] == location
        )

    def changes(self, tick_s: float = 1.0) -> AsyncIterator[frozenset[str]]:
        """SKUs whose lines read differently from now on, from this call on: counts that changed, and words that aged.

        SKUs asked for in the last ten minutes are named again whenever a watermark passes a bound (live, each minute,
        too old), looked at every ``tick_s``, so a screen has its label within ``tick_s`` of it. A reader that
        is slow misses nothing and finds it joined together.
        """
        return self._listeners.listen(self._turns, self._monotonic, tick_s)

    def _turns(self) -> Mapping[Key, int | None]:
        now_s = self._wall()
        return {key: minutes(self.age(*key, now_s)) for key in self._sheets}

    def _index(self) -> None:
        keys = [key for key in sorted(self._sheets) if not self._is_hidden(key[0])]
        self._here = {place: tuple(key for key in keys if key[1] == place) for place in {key[1] for key in keys}}

    def locations(self, channel: str) -> tuple[str, ...]:
        """The locations that a channel ever spoke for, in order."""
        return tuple(sorted(location for spoken, location in self._sheets if spoken == channel))

    def levels(self, channel: str, location: str) -> Mapping[str, int]:
        """SKU to how many can be sold (0 where a source tells no number), made anew at each call."""
        sheet, skus = self._sheets.get((channel, location), _EMPTY), self._names.skus
        found = ((skus[number], sheet.get(number, skus[number], location)) for number in sheet.numbers())
        return {sku: sellable(level) or 0 for sku, level in found if level is not None}

    def all_shelves(self) -> tuple[Key, ...]:
        """Every shelf, hidden channels' too, for whoever asks why."""
        return tuple(self._sheets)

    def shelves(self) -> Mapping[Key, Standing]:
        """How each shelf stands now; hidden channels' are not among them."""
        return {key: self.standing(*key) for keys in self._here.values() for key in keys}

    def standing(self, channel: str, location: str) -> Standing:
        """How a shelf stands; all 0 for one of which nobody spoke."""
        key = (channel, location)
        epoch, n, full_s = self._numbers.get(key, (0, 0, 0.0))
        mark = self._marks.get(key, Mark(0.0))
        rows = self._sheets.get(key, _EMPTY).count
        return Standing(epoch, n, mark.watermark_s, mark.heard is not None, rows, full_s)

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
        return tuple(self._sheets.get((channel, location), _EMPTY).buckets)

    async def digest(self, channel: str, location: str) -> int:
        """One number of all buckets, 0 to 2^53 - 1: alike for shelves that list alike."""
        await self.loaded()
        return digest_of(self._sheets.get((channel, location), _EMPTY).buckets)


@asynccontextmanager
async def stock_cache(
    db: Database, wall: Clock = time.time, monotonic: Clock = time.monotonic, keep: Collection[str] | None = None
) -> AsyncIterator[StockCache]:
    """The cache in a database, at once; it reads meanwhile what it knew when it was last open (never live until a
    channel confirms it), without the channels that ``keep`` does not name."""
    yield StockCache(db, wall, monotonic, keep)
