"""The edge's stock: a SQLite file behind a copy in memory, so that a shopper's path reads it without waiting."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import sqlite_utils

from edge.config import Location
from edge.db import Database
from edge.model import StockLine
from edge.ports import StockAway, StockLevel, StockReport
from edge.stock import store, wording
from edge.stock.freshness import age_of, minutes
from edge.stock.level import Known
from edge.stock.listeners import Listeners
from edge.stock.store import Shelves

Clock = Callable[[], float]

SAVE_EVERY_S = 5.0
"""A watermark that moved less is not written again: an older one on disk is still true, and flash wears."""


class StockCache:
    """Counts by channel, location and SKU, each channel's word of a location with its watermark.

    Nothing here is a change to a count: a report replaces all that its channel said of its locations, whole.
    """

    def __init__(self, db: Database, shelves: Shelves, wall: Clock, monotonic: Clock) -> None:
        self._db = db
        self._shelves = shelves
        self._wall = wall
        self._monotonic = monotonic
        self._saved = {key: shelf.watermark_s for key, shelf in shelves.items()}
        self._floor_s = max(self._saved.values(), default=-math.inf)
        self._here: dict[str, tuple[tuple[str, str], ...]] = {}
        self._applying = asyncio.Lock()
        self._listeners = Listeners()
        self._index()

    async def apply(self, channel: str, report: StockReport, now_s: float) -> None:
        """Take a report read at ``now_s`` (UNIX seconds), on disk in one transaction, then in memory.

        What the report's locations had and it no longer names is no longer listed. Raises StockAway for a report
        that cannot be (an age that is no number, a level outside its locations), sqlite3.Error when the disk refuses.
        """
        if not 0 <= report.age < math.inf:
            raise StockAway("the source gave an age that is no number of seconds")
        heard = self._monotonic() - report.age
        async with self._applying:
            shelves, changed = await self._stored(channel, report, now_s - report.age)
            self._shelves |= {key: replace(shelf, heard=heard) for key, shelf in shelves.items()}
            self._index()
        self._listeners.tell(changed)

    async def _stored(self, channel: str, report: StockReport, watermark_s: float) -> tuple[Shelves, set[str]]:
        """The report's shelves and the SKUs that changed, once on disk; mere confirmation is written now and then."""
        if report.levels is not None:
            old = {key: self._shelves[key] for key in self._shelves if key[0] == channel}
            act = partial(store.replace, old, channel, report.locations, report.levels, watermark_s)
            shelves, changed = await self._db.write(act)
        else:
            shelves, changed = self._confirmed(channel, report.locations, watermark_s), set()
            if all(self._just_saved(key, watermark_s) for key in shelves):
                return shelves, changed
            await self._db.write(partial(store.save_marks, shelves))
        self._saved |= dict.fromkeys(shelves, watermark_s)
        return shelves, changed

    def _confirmed(self, channel: str, locations: Collection[str], watermark_s: float) -> Shelves:
        """Shelves that a report without levels speaks for: those alone that this run has heard in full."""
        heard = {key: self._shelves.get(key) for key in ((channel, location) for location in locations)}
        return {
            key: replace(shelf, watermark_s=watermark_s)
            for key, shelf in heard.items()
            if shelf is not None and shelf.heard is not None
        }

    def _just_saved(self, key: tuple[str, str], watermark_s: float) -> bool:
        return 0 <= watermark_s - self._saved.get(key, -math.inf) < SAVE_EVERY_S

    async def keep_only(self, channels: Collection[str]) -> None:
        """Forget, on disk and in memory, every channel but these (those of the settings)."""
        async with self._applying:
            await self._db.write(partial(store.keep_only, tuple(channels)))
            self._shelves = {key: shelf for key, shelf in self._shelves.items() if key[0] in channels}
            self._saved = {key: saved for key, saved in self._saved.items() if key[0] in channels}
            self._index()

    def lines(self, sku: str, locations: Sequence[Location], language: str, now_s: float) -> tuple[StockLine, ...]:
        """One line a location, in order, from memory alone; ``now_s`` is UNIX seconds."""
        self._listeners.asked(sku, self._monotonic())
        return tuple(
            wording.line(location, self.known(sku, location.id, now_s), None, language, now_s) for location in locations
        )

    def known(self, sku: str, location: str, now_s: float) -> Known:
        """What is known of a SKU at a location, from memory alone."""
        available, age = self._known(sku, location, now_s)
        return Known(None if available is None else StockLevel(sku, location, available), age)

    def _known(self, sku: str, location: str, now_s: float) -> tuple[int | None, float | None]:
        """The count and its age by the freshest channel that lists the SKU there, else (None, the freshest age)."""
        listed: list[tuple[float, int]] = []
        silent: list[float] = []
        for key in self._here.get(location, ()):
            age = self.age(*key, now_s)
            if age is None or minutes(age) is None:
                continue
            available = self._shelves[key].levels.get(sku)
            if available is None:
                silent.append(age)
            else:
                listed.append((age, available))
        if listed:
            age, available = min(listed)
            return available, age
        return None, min(silent, default=None)

    def age(self, channel: str, location: str, now_s: float) -> float | None:
        """How old a channel's word of a location is, in seconds; None if it never spoke or nobody can tell."""
        shelf = self._shelves.get((channel, location))
        return None if shelf is None else age_of(shelf, now_s, self._monotonic(), self._floor_s)

    def locations(self, channel: str) -> tuple[str, ...]:
        """The locations that a channel ever spoke for, in order."""
        return tuple(sorted(location for spoken, location in self._shelves if spoken == channel))

    def levels(self, channel: str, location: str) -> Mapping[str, int]:
        """SKU to count; a mapping that is never changed, only replaced (by another object) when a count changes."""
        return self._shelves.get((channel, location), store.EMPTY).levels

    def changes(self, tick_s: float = 1.0) -> AsyncIterator[frozenset[str]]:
        """SKUs whose lines read differently from now on, from this call on: counts that changed, and words that aged.

        SKUs asked for in the last ten minutes are named again whenever a watermark passes a bound (live, each minute,
        too old), looked at every ``tick_s``, so a screen has its label within ``tick_s`` of it. A reader that
        is slow misses nothing and finds it joined together.
        """
        return self._listeners.listen(self._turns, self._monotonic, tick_s)

    def _turns(self) -> Mapping[tuple[str, str], int | None]:
        now_s = self._wall()
        return {key: minutes(self.age(*key, now_s)) for key in self._shelves}

    def _index(self) -> None:
        keys = sorted(self._shelves)
        self._here = {place: tuple(key for key in keys if key[1] == place) for place in {key[1] for key in keys}}


def migrate(db: sqlite_utils.Database) -> None:
    """The cache's tables, made if they are missing."""
    store.migrate(db)


@asynccontextmanager
async def stock_cache(
    db: Database, wall: Clock = time.time, monotonic: Clock = time.monotonic
) -> AsyncIterator[StockCache]:
    """The cache in a database, with what it knew when it was last open (never live until a channel confirms it)."""

    def prepare(connection: sqlite3.Connection) -> Shelves:
        migrate(sqlite_utils.Database(connection))
        return store.load(connection)

    yield StockCache(db, await db.write(prepare), wall, monotonic)
