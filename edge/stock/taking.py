"""A report taken into the cache's file: weighed row by row, numbered by shelf. Runs in the database's own thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.ports import StockAway, StockItem, StockReport, Taken
from edge.stock.book import Book, read_book
from edge.stock.figures import WRAP, Figures, bucket, checked, figures, mark
from edge.stock.guard import Row, Verdict, weigh
from edge.stock.schema import PUT_ROW, epoch, signed
from edge.stock.sheet import Names, Patch, Sheet
from edge.stock.shelf import Key
from edge.stock.store import COLUMNS, ITEM, items_of, read_sheet

MOST_PATCHES = 2000
"""So many rows are put into memory in a few milliseconds; more are read again from the file, in the file's thread."""
_NOTHING: Figures = (None, None, 0, 0, 0, "", 0, "", None)
_PUT_ITEM = "INSERT OR REPLACE INTO stock_item VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROW = f"SELECT sku, {COLUMNS}, revision, taken, gone, n, item_n, mark FROM stock_row WHERE shelf = ?"  # noqa: S608
Figured = dict[str, tuple[Figures, int]]
"""SKU to figures and revision."""


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


@dataclass(frozen=True, slots=True)
class _Held:
    """A row as it lies in the file."""

    row: Row
    n: int
    item_n: int
    mark: int


@dataclass(frozen=True, slots=True)
class _Change:
    """New figures for a SKU, None where it is gone; ``quiet`` if only its revision is new."""

    sku: str
    figures: Figures | None
    revision: int
    held: _Held | None
    quiet: bool = False

    @property
    def listed(self) -> bool:
        """Whether the SKU was not on the shelf before."""
        return self.figures is not None and (self.held is None or self.held.row.figures is None)


def take(told: Told, names: Names, connection: sqlite3.Connection) -> Outcome:
    """Take a report into the file. Raises StockAway for what cannot be; nothing of it is kept then."""
    places = _by_place(told.report)
    items = _news(told, connection)
    shelves = [_Shelf(told, location, connection) for location in places]
    for shelf, levels in zip(shelves, places.values(), strict=True):
        shelf.take(levels, items)
    skus = frozenset(change.sku for shelf in shelves for change in shelf.changes if not change.quiet)
    numbers = [names.number(sku) for sku in items]
    book = read_book(items_of(told.channel, connection), names) if len(numbers) > MOST_PATCHES else None
    taken = Taken(
        sum(not change.quiet for shelf in shelves for change in shelf.changes),
        sum(shelf.refused for shelf in shelves),
        tuple((sku, shelf.location) for shelf in shelves for sku in shelf.ties),
    )
    shifts = tuple(shelf.shift(names) for shelf in shelves)
    return Outcome(taken, shifts, skus.union(items), tuple(items.values()), book)


def _by_place(report: StockReport) -> dict[str, Figured]:
    """A report's levels by location and SKU, each checked."""
    found: dict[str, Figured] = {location: {} for location in sorted(report.locations)}
    for level in report.levels or ():
        _at(found, level.location)[level.sku] = figures(level), level.revision
    for _, location in report.gone:
        _at(found, location)
    return found


def _at(found: dict[str, Figured], location: str) -> Figured:
    if location not in found:
        raise StockAway(f"the source names a level at '{location[:64]}', which it does not speak for")
    return found[location]


def _news(told: Told, connection: sqlite3.Connection) -> dict[str, StockItem]:
    """The items of a report that read differently now, once they are in the file."""
    said = {item.sku: checked(item) for item in told.report.items}
    known = _items(told.channel, said, connection)
    fresh = {sku: item for sku, item in said.items() if known.get(sku) != item}
    rows = ((told.channel, i.sku, i.gtin, i.style, i.color, i.size, i.name, i.few) for i in fresh.values())
    connection.executemany(_PUT_ITEM, rows)
    return fresh


def _items(channel: str, skus: Mapping[str, object], connection: sqlite3.Connection) -> dict[str, StockItem]:
    """What a channel said of these SKUs."""
    if len(skus) > MOST_PATCHES:
        return {item.sku: item for item in items_of(channel, connection) if item.sku in skus}
    found = (connection.execute(f"{ITEM} AND sku = ?", (channel, sku)).fetchone() for sku in skus)
    return {row[0]: StockItem(*row) for row in found if row}


class _Shelf:
    """One shelf while a report is taken."""

    def __init__(self, told: Told, location: str, connection: sqlite3.Connection) -> None:
        self.location = location
        self.changes: list[_Change] = []
        self.refused = 0
        self.ties: list[str] = []
        self._told, self._db = told, connection
        self._items: dict[str, StockItem] = {}
        key = (told.channel, location)
        made = "INSERT OR IGNORE INTO stock_shelf(channel, location, epoch) VALUES (?, ?, ?)"
        connection.execute(made, (*key, epoch()))
        self._id, self._epoch, self._n, self._full_s, self._watermark_s = connection.execute(
            "SELECT id, epoch, n, full_s, watermark_s FROM stock_shelf WHERE channel = ? AND location = ?", key
        ).fetchone()

    def take(self, levels: Figured, items: Mapping[str, StockItem]) -> None:
        """Weigh what the report says of this shelf, and write what counts."""
        gone = [sku for sku, location in self._told.report.gone if location == self.location]
        held = self._held([*levels, *gone, *items])
        self.changes = [*self._weighed(levels, held), *self._dropped(levels, gone, held)]
        self._items = self._described(items, held)
        if any(not change.quiet for change in self.changes) or self._items:
            self._n += 1
        self._db.executemany(PUT_ROW, (self._row(change) for change in self.changes))
        changed = {change.sku for change in self.changes if not change.quiet}
        self._db.executemany(
            "UPDATE stock_row SET n = ?, item_n = ? WHERE shelf = ? AND sku = ?",
            [(self._n, self._n, self._id, sku) for sku in self._items if sku not in changed or sku in items],
        )
        self._save()

    def shift(self, names: Names) -> Shift:
        """What is to be changed in memory."""
        many = len(self.changes) > MOST_PATCHES
        moved = bool(self._items) or any(not change.quiet for change in self.changes)
        return Shift(
            (self._told.channel, self.location),
            self._epoch,
            self._n,
            self._told.full_s or self._full_s,
            moved,
            () if many else [_patch(change, names) for change in self.changes],
            read_sheet(self._id, names, self._db) if many else None,
            tuple(self._items.values()),
        )

    @property
    def _whole(self) -> bool:
        return self._told.report.whole and self._told.report.levels is not None

    def _held(self, skus: Iterable[str]) -> dict[str, _Held]:
        """The rows of SKUs as they are in the file; of a whole report every row."""
        if self._whole:
            found: Iterable[tuple[object, ...]] = self._db.execute(_ROW, (self._id,))
        else:
            asked = (self._db.execute(f"{_ROW} AND sku = ?", (self._id, sku)).fetchone() for sku in skus)
            found = (row for row in asked if row)
        return dict(_read(row) for row in found)

    def _weighed(self, levels: Figured, held: Mapping[str, _Held]) -> Iterator[_Change]:
        for sku, (said, revision) in levels.items():
            known = held.get(sku)
            verdict = weigh(known.row if known else None, said, revision, self._later(known))
            if verdict is Verdict.REFUSED:
                self.refused += 1
            elif verdict is Verdict.TIE:
                self.ties.append(sku)
            elif verdict is not Verdict.SAME:
                # A word without a revision does not unlearn the last one: what is older than that stays refused.
                last = max(revision, known.row.revision if known else 0)
                yield _Change(sku, said, last, known, verdict is Verdict.NEWER)

    def _dropped(self, levels: Figured, gone: Sequence[str], held: Mapping[str, _Held]) -> Iterator[_Change]:
        """What is no longer there: named as gone, or not named by a report of everything."""
        for sku in held if self._whole else dict.fromkeys(gone):
            known = held.get(sku)
            if known is None or known.row.figures is None or sku in levels:
                continue
            if self._later(known):
                yield _Change(sku, None, known.row.revision, known)
            elif not self._whole:
                self.ties.append(sku)

    def _later(self, known: _Held | None) -> bool:
        return self._told.report.sure and (known is None or self._told.began >= known.row.taken)

    def _described(self, items: Mapping[str, StockItem], held: Mapping[str, _Held]) -> dict[str, StockItem]:
        """The items to be told with this shelf's change: news of what is on it, and all of what is new on it."""
        now = {sku: known.row.figures is not None for sku, known in held.items()}
        now |= {change.sku: change.figures is not None for change in self.changes}
        new = {change.sku: change for change in self.changes if change.listed and change.sku not in items}
        return {sku: item for sku, item in items.items() if now.get(sku)} | _items(self._told.channel, new, self._db)

    def _row(self, change: _Change) -> tuple[object, ...]:
        held = change.held
        n = held.n if change.quiet and held else self._n
        item_n = self._n if change.listed or held is None else held.item_n
        found = change.figures or _NOTHING
        value = mark(change.sku, found) if change.figures else 0
        tail = (change.revision, change.figures is None, n, item_n, self._told.now, bucket(change.sku), signed(value))
        return (self._id, change.sku, *found, *tail)

    def _save(self) -> None:
        watermark_s = self._told.watermarks.get(self.location, self._watermark_s)
        self._db.execute(
            "UPDATE stock_shelf SET n = ?, watermark_s = ?, full_s = ?, taken = ? WHERE id = ?",
            (self._n, watermark_s, self._told.full_s or self._full_s, self._told.now, self._id),
        )


def _read(row: tuple[object, ...]) -> tuple[str, _Held]:
    sku, *kept, revision, taken, gone, n, item_n, value = row
    known = Row(None if gone else tuple(kept), revision, taken)  # type: ignore[arg-type]
    return str(sku), _Held(known, n, item_n, value)  # type: ignore[arg-type]


def _patch(change: _Change, names: Names) -> Patch:
    """Of a row that the guard let through; its bucket moves by what its mark does."""
    after = mark(change.sku, change.figures) if change.figures else 0
    drift = (after - (change.held.mark if change.held else 0)) & WRAP
    return Patch(names.number(change.sku), change.sku, change.figures, change.revision, drift)
