"""A report taken into the cache's file: weighed row by row, numbered by shelf. Runs in the database's own thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from edge.ports import NEWS, StockAway, StockItem, StockLevel, StockReport, Taken
from edge.stock.shelves.book import Book, read_book
from edge.stock.shelves.figures import WRAP, Figures, bucket, checked, figures, mark
from edge.stock.shelves.guard import LAGS_S, OUTLIVED_S, Verdict, weigh
from edge.stock.shelves.schema import PUT_ROW, epoch, signed
from edge.stock.shelves.sheet import Names, Patch, Sheet
from edge.stock.shelves.shelf import Key
from edge.stock.shelves.store import COLUMNS, ITEM, items_of, read_sheet

MOST_PATCHES = 2000
"""So many rows are put into memory in a few milliseconds; more are read again from the file, in the file's thread."""
_NOTHING: Figures = (None, None, 0, 0, 0, "", 0, "", None)
_PUT_ITEM = "INSERT OR REPLACE INTO stock_item VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROW = f"SELECT sku, {COLUMNS}, revision, taken, gone, n, item_n, mark FROM stock_row WHERE shelf = ?"  # noqa: S608
_LISTED = "SELECT 1 FROM stock_row WHERE shelf = ? AND sku = ? AND NOT gone"
_NEWS = "UPDATE stock_row SET n = ?, item_n = ? WHERE shelf = ? AND sku = ?"
_NEXT = f"{_ROW} AND sku > ? ORDER BY sku LIMIT ?"
SLICE = 5000
"""Rows of a whole report that are looked at together."""
Raw = tuple[Any, ...]
"""A row of _ROW."""


@dataclass(frozen=True, slots=True)
class Told:
    """A report of a channel. ``began`` and ``now`` are when its reading began and when it is taken, on the cache's own
    clock; ``watermarks`` the UNIX seconds to be written for its locations; ``full_s`` when it told all, 0 if not."""

    channel: str
    report: StockReport
    began: float
    now: float
    watermarks: Mapping[str, float]
    full_s: float


@dataclass(frozen=True, slots=True)
class Shift:
    """What a report changed of a shelf (``moved``: its number): rows, or the whole ``sheet`` where they were many."""

    key: Key
    epoch: int
    n: int
    full_s: float
    moved: bool
    patches: Sequence[Patch] = ()
    sheet: Sheet | None = None
    items: Sequence[StockItem] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a report. ``items`` are those of its channel that read differently now, or a whole ``book``."""

    taken: Taken
    shifts: tuple[Shift, ...]
    skus: frozenset[str]
    items: Sequence[StockItem] = ()
    book: Book | None = None


Take = Callable[[sqlite3.Connection], Outcome]
"""What takes something into the file."""


@dataclass(frozen=True, slots=True)
class _Change:
    """New figures for a SKU, None where it is gone; ``quiet`` if only its revision is new, ``listed`` if it was not on
    the shelf before. ``n``, ``item_n`` and ``mark`` are those of the row before."""

    sku: str
    figures: Figures | None
    revision: int
    quiet: bool = False
    listed: bool = True
    n: int = 0
    item_n: int = 0
    mark: int = 0


def take(told: Told, names: Names, connection: sqlite3.Connection) -> Outcome:
    """Take a report into the file. Raises StockAway for what cannot be; nothing of it is kept then."""
    places = _by_place(told.report)
    news = _news(told, connection)
    shelves = [_Shelf(told, location, connection) for location in places]
    for shelf, levels in zip(shelves, places.values(), strict=True):
        shelf.take(levels, news)
    for sku in news:
        names.number(sku)
    changed = sum(len(shelf.skus) for shelf in shelves)
    ties = tuple((sku, shelf.location) for shelf in shelves for sku in shelf.ties)
    refused, outdated = sum(shelf.refused for shelf in shelves), frozenset(s.location for s in shelves if s.outdated)
    return Outcome(
        Taken(changed, refused, ties, _newly(shelves), _moved(shelves), outdated),
        tuple(shelf.shift(names) for shelf in shelves),
        frozenset(news).union(*(shelf.skus for shelf in shelves)),
        tuple(news.values()),
        read_book(items_of(told.channel, connection), names) if len(news) > MOST_PATCHES else None,
    )


def _by_place(report: StockReport) -> dict[str, dict[str, StockLevel]]:
    """A report's levels by location and SKU."""
    found: dict[str, dict[str, StockLevel]] = {location: {} for location in sorted(report.locations)}
    for location in {level.location for level in report.levels or ()}.union(place for _, place in report.gone):
        if location not in found:
            raise StockAway(f"the source names a level at '{location[:64]}', which it does not speak for")
    for level in report.levels or ():
        found[level.location][level.sku] = level
    return found


def _news(told: Told, connection: sqlite3.Connection) -> dict[str, StockItem]:
    """The items of a report that read differently now, once they are in the file."""
    said = {item.sku: checked(item) for item in told.report.items}
    known = _items(told.channel, said, connection)
    fresh = {sku: item for sku, item in said.items() if known.get(sku) != item}
    rows = ((told.channel, i.sku, i.gtin, i.style, i.color, i.size, i.name, i.few) for i in fresh.values())
    connection.executemany(_PUT_ITEM, rows)
    return fresh


def _items(channel: str, skus: Collection[str], connection: sqlite3.Connection) -> dict[str, StockItem]:
    """What a channel said of these SKUs."""
    if len(skus) > MOST_PATCHES:
        return {item.sku: item for item in items_of(channel, connection) if item.sku in skus}
    found = (connection.execute(f"{ITEM} AND sku = ?", (channel, sku)).fetchone() for sku in skus)
    return {row[0]: StockItem(*row) for row in found if row}


class _Shelf:
    """One shelf while a report is taken. Of a whole one nothing is held but what differs: the rest streams by."""

    def __init__(self, told: Told, location: str, connection: sqlite3.Connection) -> None:
        self.location = location
        self.skus: set[str] = set()
        self.refused = 0
        self.outdated = False
        self.ties: list[str] = []
        self._told, self._db = told, connection
        self.news: list[int] = []
        self.moved: list[str] = []
        self._changes: list[_Change] = []
        self._many = False
        self._listed: set[str] = set()
        self._news: list[str] = []
        key = (told.channel, location)
        made = "INSERT OR IGNORE INTO stock_shelf(channel, location, epoch) VALUES (?, ?, ?)"
        connection.execute(made, (*key, epoch()))
        self._before: int
        self._known_s: float
        self._id, self._epoch, self._before, full_s, self._known_s = connection.execute(
            "SELECT id, epoch, n, full_s, watermark_s FROM stock_shelf WHERE channel = ? AND location = ?", key
        ).fetchone()
        self._full_s = told.full_s or full_s

    def take(self, levels: dict[str, StockLevel], news: Mapping[str, StockItem]) -> None:
        """Weigh what the report says of this shelf, and write what counts; ``levels`` is used up."""
        gone = dict.fromkeys(sku for sku, place in self._told.report.gone if place == self.location)
        for rows in self._rows(dict.fromkeys([*levels, *gone])):
            self._write([change for row in rows if (change := self._judged(row, levels.pop(row[0], None)))])
        new = iter(levels.values())
        while some := list(islice(new, SLICE)):
            self._write([_Change(level.sku, figures(level), level.revision) for level in some])
        told = (sku for sku in news if sku not in self._listed)
        self._news = [sku for sku in told if self._db.execute(_LISTED, (self._id, sku)).fetchone()]
        n = self._before + 1
        self._db.executemany(_NEWS, ((n, n, self._id, sku) for sku in self._news))
        self._db.execute(
            "UPDATE stock_shelf SET n = ?, watermark_s = ?, full_s = ?, taken = ? WHERE id = ?",
            (self._n, self._watermark_s, self._full_s, self._told.now, self._id),
        )

    def shift(self, names: Names) -> Shift:
        """What is to be changed in memory."""
        key = (self._told.channel, self.location)
        if self._many or len(self._news) > MOST_PATCHES:
            sheet = read_sheet(self._id, names, self._db)
            return Shift(key, self._epoch, self._n, self._full_s, self._moved, sheet=sheet)
        items = tuple(_items(self._told.channel, [*self._listed, *self._news], self._db).values())
        patches = [_patch(change, names) for change in self._changes]
        return Shift(key, self._epoch, self._n, self._full_s, self._moved, patches, items=items)

    @property
    def _watermark_s(self) -> float:
        """When it was its source's word: one that contradicts what is known vouches for nothing."""
        return self._known_s if self.outdated else self._told.watermarks.get(self.location, self._known_s)

    @property
    def _moved(self) -> bool:
        return bool(self._news or self.skus)

    @property
    def _n(self) -> int:
        return self._before + self._moved

    @property
    def _whole(self) -> bool:
        return self._told.report.whole and self._told.report.levels is not None

    def _rows(self, skus: Iterable[str]) -> Iterator[list[Raw]]:
        """The rows of SKUs as they are in the file; of a whole report every row, a slice at a time."""
        if not self._whole:
            found = (self._db.execute(f"{_ROW} AND sku = ?", (self._id, sku)).fetchone() for sku in skus)
            yield [row for row in found if row]
            return
        last = ""
        while rows := self._db.execute(_NEXT, (self._id, last, SLICE)).fetchall():
            last = rows[-1][0]
            yield rows

    def _judged(self, row: Raw, level: StockLevel | None) -> _Change | None:
        """What becomes of a row, now that the report says this of it; no level: that it is gone."""
        sku, *kept, revision, taken, gone, n, item_n, value = row
        report, began = self._told.report, self._told.began
        later = report.sure and began >= taken and (sku, self.location) not in report.behind
        ordered = report.ordered or (sku, self.location) in report.follows
        last = ordered or (report.sure and began >= taken + OUTLIVED_S)
        said = None if level is None else figures(level)
        told = 0 if level is None else level.revision
        if said is None:
            verdict = Verdict.SAME if gone else Verdict.TAKEN if later else Verdict.TIE
        else:
            verdict = weigh(None if gone else tuple(kept), revision, said, told, later, last)
            if verdict is Verdict.SAME and not report.sure:
                # A push that repeats the figures is a later word all the same: a reading begun before it is not later.
                verdict = Verdict.NEWER
        # A whole report that crossed a newer word of a row merely does not name it yet.
        if verdict is Verdict.TIE and (said is not None or not self._whole):
            self.ties.append(sku)
        self.refused += verdict is Verdict.REFUSED
        contrary = verdict is Verdict.REFUSED and said != (None if gone else tuple(kept))
        self.outdated |= contrary and report.sure and began >= taken + LAGS_S
        if verdict not in (Verdict.TAKEN, Verdict.NEWER):
            return None
        # The last of the figures is how it sells.
        if said and not gone and said[:-1] != tuple(kept)[:-1] and not 0 < told < revision and len(self.moved) < NEWS:
            self.moved.append(sku)
        # A word without a revision does not unlearn the last one: what is older than that stays refused.
        revision = told if last and told else max(revision, told)
        listed, quiet = bool(gone) and said is not None, verdict is Verdict.NEWER
        return _Change(sku, said, revision, quiet, listed, n, item_n, value)

    def _write(self, changes: list[_Change]) -> None:
        """Put rows into the file; of many nothing is held but which they are."""
        self._db.executemany(PUT_ROW, map(self._row, changes))
        self.skus.update(change.sku for change in changes if not change.quiet)
        self._listed.update(change.sku for change in changes if change.listed)
        moved = (change.revision for change in changes if not (change.quiet or change.listed))
        self.news += islice(moved, NEWS - len(self.news))
        self._many = self._many or len(self._changes) + len(changes) > MOST_PATCHES
        self._changes = [] if self._many else [*self._changes, *changes]

    def _row(self, change: _Change) -> Raw:
        n = self._before + 1
        item_n = n if change.listed else change.item_n
        value = mark(change.sku, change.figures) if change.figures else 0
        of = change.n if change.quiet else n
        tail = (change.revision, change.figures is None, of, item_n, self._told.now, bucket(change.sku), signed(value))
        return (self._id, change.sku, *(change.figures or _NOTHING), *tail, int(self._told.report.way))


def _newly(shelves: Iterable[_Shelf]) -> tuple[int, ...]:
    return tuple(islice((revision for shelf in shelves for revision in shelf.news), NEWS))


def _moved(shelves: Iterable[_Shelf]) -> tuple[tuple[str, str], ...]:
    return tuple(islice(((sku, shelf.location) for shelf in shelves for sku in shelf.moved), NEWS))


def _patch(change: _Change, names: Names) -> Patch:
    """A change as memory takes it; its bucket moves by what its mark does."""
    after = mark(change.sku, change.figures) if change.figures else 0
    drift = (after - change.mark) & WRAP
    return Patch(names.number(change.sku), change.sku, change.figures, change.revision, drift)
