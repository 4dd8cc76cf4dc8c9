"""The cache's file: what is there at a start, and what is asked of it later. Runs in the database's own thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlite_utils

from edge.ports import StockItem
from edge.stock.shelves import figures as of
from edge.stock.shelves.book import Book, read_book
from edge.stock.shelves.schema import carry, epoch, migrate
from edge.stock.shelves.sheet import Names, Sheet
from edge.stock.shelves.shelf import Key, Rows, channel_of

COLUMNS = ", ".join(of.FIELDS)
ITEM = "SELECT sku, gtin, style, color, size, name, few FROM stock_item WHERE channel = ?"
_ITEM_OF_ROW = """SELECT sku, gtin, style, color, size, name, few FROM stock_row CROSS JOIN stock_item USING (sku)
    WHERE channel = ?"""
_TABLES = ("stock_shelf", "stock_item")
_TOO_MANY_GONE = 1000


@dataclass(slots=True)
class Kept:
    """A shelf as it lies in the file."""

    epoch: int
    n: int
    watermark_s: float
    full_s: float
    sheet: Sheet = field(repr=False)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything in the file; ``latest`` is when a row was last taken, on the cache's clock."""

    shelves: dict[Key, Kept]
    books: dict[str, Book]
    latest: float


def load(keep: Collection[str] | None, names: Names, connection: sqlite3.Connection) -> Loaded:
    """Everything in the file, after channels that the settings dropped (``keep`` None: none) were deleted."""
    migrate(sqlite_utils.Database(connection))
    carry(connection)
    if keep is not None:
        keep_only(keep, connection)
    _purge(connection)
    latest = 0.0
    shelves: dict[Key, Kept] = {}
    found = connection.execute("SELECT id, channel, location, epoch, n, watermark_s, full_s, taken FROM stock_shelf")
    for id, channel, location, era, n, watermark_s, full_s, taken in found.fetchall():
        shelves[channel, location] = Kept(era, n, watermark_s, full_s, read_sheet(id, names, connection))
        latest = max(latest, taken)
    channels = [row[0] for row in connection.execute("SELECT DISTINCT channel FROM stock_item").fetchall()]
    books = {channel: read_book(items_of(channel, connection), names) for channel in channels}
    return Loaded(shelves, books, latest)


def read_sheet(shelf: int, names: Names, connection: sqlite3.Connection) -> Sheet:
    """A shelf's rows."""
    sheet = Sheet()
    found = connection.execute(
        f"SELECT sku, {COLUMNS}, revision, bucket, mark FROM stock_row WHERE shelf = ? AND NOT gone",  # noqa: S608
        (shelf,),
    )
    for sku, *figures, revision, bucket, mark in found:
        sheet.set(names.number(sku), tuple(figures), revision)
        sheet.drift(bucket, mark)
    return sheet


def items_of(channel: str, connection: sqlite3.Connection) -> Iterable[StockItem]:
    return (StockItem(*row) for row in connection.execute(ITEM, (channel,)))


def _purge(connection: sqlite3.Connection) -> None:
    """Forget rows that are gone where they are many: whoever follows the shelf by number begins anew."""
    counts = connection.execute("SELECT shelf, sum(gone), count(*) FROM stock_row GROUP BY shelf").fetchall()
    for shelf, gone, all_ in counts:
        if gone > _TOO_MANY_GONE + (all_ - gone) // 5:
            connection.execute("DELETE FROM stock_row WHERE shelf = ? AND gone", (shelf,))
            connection.execute("UPDATE stock_shelf SET epoch = ? WHERE id = ?", (epoch(), shelf))


def keep_only(channels: Collection[str], connection: sqlite3.Connection) -> None:
    """Delete what channels other than these, and their parts, have said."""
    for table in _TABLES:
        known = connection.execute(f"SELECT DISTINCT channel FROM {table}").fetchall()  # noqa: S608 - two names
        forget([row[0] for row in known if channel_of(row[0]) not in channels], connection)


def forget(channels: Collection[str], connection: sqlite3.Connection) -> None:
    """Delete what these channels have said."""
    for table in _TABLES:
        connection.executemany(f"DELETE FROM {table} WHERE channel = ?", [(channel,) for channel in channels])  # noqa: S608


def save_watermarks(watermarks: Mapping[Key, float], connection: sqlite3.Connection) -> None:
    """Write watermarks of shelves that exist."""
    connection.executemany(
        "UPDATE stock_shelf SET watermark_s = ? WHERE channel = ? AND location = ?",
        [(watermark_s, *key) for key, watermark_s in watermarks.items()],
    )


def rows(key: Key, after: int, most: int, connection: sqlite3.Connection) -> Rows:
    """The rows of a shelf that changed after a number, in its order, about ``most``: a number is never torn."""
    shelf = _shelf(key, connection)
    if shelf is None:
        return Rows()
    id, era, n = shelf
    last = connection.execute(
        "SELECT n FROM stock_row WHERE shelf = ? AND n > ? ORDER BY n LIMIT 1 OFFSET ?", (id, after, most)
    ).fetchone()
    if last is None:
        return _read(key, era, n, "n > ?", (id, after), after, connection)
    before = connection.execute(
        "SELECT max(n) FROM stock_row WHERE shelf = ? AND n > ? AND n < ?", (id, after, last[0])
    ).fetchone()[0]
    until = last[0] if before is None else before
    return _read(key, era, until, "n > ? AND n <= ?", (id, after, until), after, connection)


def buckets(key: Key, wanted: Collection[int] | None, connection: sqlite3.Connection) -> Rows:
    """All rows of some of a shelf's buckets, or of all (None), gone ones too."""
    shelf = _shelf(key, connection)
    if shelf is None:
        return Rows()
    id, era, n = shelf
    if wanted is None:
        return _read(key, era, n, "NOT gone", (id,), -1, connection)
    few = sorted(set(wanted))
    return _read(key, era, n, f"bucket IN ({', '.join('?' * len(few))})", (id, *few), -1, connection)


def _shelf(key: Key, connection: sqlite3.Connection) -> tuple[int, int, int] | None:
    found: tuple[int, int, int] | None = connection.execute(
        "SELECT id, epoch, n FROM stock_shelf WHERE channel = ? AND location = ?", key
    ).fetchone()
    return found


def _read(
    key: Key, era: int, n: int, which: str, given: tuple[int, ...], after: int, connection: sqlite3.Connection
) -> Rows:
    channel, location = key
    found = connection.execute(
        f"SELECT sku, {COLUMNS}, revision, gone FROM stock_row WHERE shelf = ? AND {which}",  # noqa: S608
        given,
    ).fetchall()
    items = connection.execute(
        f"{_ITEM_OF_ROW} AND shelf = ? AND {which} AND item_n > ? AND NOT gone",
        (channel, *given, after),
    ).fetchall()
    levels = tuple(of.level(sku, location, tuple(rest), revision) for sku, *rest, revision, gone in found if not gone)
    return Rows(era, n, levels, tuple(row[0] for row in found if row[-1]), tuple(StockItem(*row) for row in items))
