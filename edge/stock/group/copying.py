"""A hub's own file beside the group's database: what a report would change, and taking over what is there.

Runs in the file's own thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from edge.ports import StockItem, Taken
from edge.stock.group.shelves import Copy, Count, Planned, Row
from edge.stock.shelves.book import read_book
from edge.stock.shelves.figures import WRAP, Figures, bucket, mark
from edge.stock.shelves.schema import PUT_ROW, signed
from edge.stock.shelves.sheet import Names, Patch
from edge.stock.shelves.shelf import Key
from edge.stock.shelves.store import COLUMNS, items_of, read_sheet
from edge.stock.shelves.taking import MOST_PATCHES, Outcome, Shift, Take, Told, take

_TABLE = """CREATE TABLE IF NOT EXISTS stock_copied(
    shelf INTEGER PRIMARY KEY REFERENCES stock_shelf(id) ON DELETE CASCADE, v INTEGER NOT NULL) STRICT"""
_PUT_COUNT = "INSERT OR REPLACE INTO stock_copied SELECT id, ? FROM stock_shelf WHERE channel = ? AND location = ?"
_PUT_ITEM = "INSERT OR REPLACE INTO stock_item VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROW = f"SELECT sku, {COLUMNS}, revision, gone, n, item_n, way FROM stock_row WHERE shelf = ?"  # noqa: S608
_NOTHING: Figures = (None, None, 0, 0, 0, "", 0, "", None)
Ages = Mapping[str, float]


def counts(connection: sqlite3.Connection) -> dict[Key, Count]:
    """How far each shelf was copied; one that never was is not among them."""
    connection.execute(_TABLE)
    sql = "SELECT channel, location, epoch, n, v FROM stock_copied JOIN stock_shelf ON id = shelf"
    return {(row[0], row[1]): Count(*row[2:]) for row in connection.execute(sql).fetchall()}


def planned(
    told: Told, held: Mapping[str, Count], ages: Ages, names: Names, connection: sqlite3.Connection
) -> tuple[list[Planned], Sequence[StockItem]]:
    """What a report would change, of which nothing is kept; raises StockAway for what cannot be."""
    connection.execute("SAVEPOINT planned")
    try:
        outcome = take(told, names, connection)
        ages = {place: age for place, age in ages.items() if place not in outcome.taken.outdated}
        plans = [_plan(shift, held[shift.key[1]], ages, told.now, connection) for shift in outcome.shifts]
        return [plan for plan in plans if plan.rows or plan.age is not None], outcome.items
    finally:
        connection.execute("ROLLBACK TO planned")
        connection.execute("RELEASE planned")


def _plan(shift: Shift, held: Count, ages: Ages, now: float, connection: sqlite3.Connection) -> Planned:
    age = ages.get(shift.key[1])
    rows = {row.sku: row for row in _moved(shift, now, connection)}
    return Planned(shift.key[1], held, shift.n, shift.full_s, age, tuple(rows.values()))


def _moved(shift: Shift, now: float, connection: sqlite3.Connection) -> list[Row]:
    """The rows that a report wrote, those of which its revision alone is new too."""
    sql = "SELECT id FROM stock_shelf WHERE channel = ? AND location = ?"
    (id,) = connection.execute(sql, shift.key).fetchone()
    if shift.sheet is not None:
        found = connection.execute(f"{_ROW} AND (n = ? OR taken = ?)", (id, shift.n, now)).fetchall()
        return [_row(row) for row in found]
    found = connection.execute(f"{_ROW} AND n = ?", (id, shift.n)).fetchall() if shift.moved else []
    for patch in shift.patches:
        found += connection.execute(f"{_ROW} AND sku = ?", (id, patch.sku)).fetchall()
    return [_row(row) for row in found]


def _row(found: Sequence[int | str | float | None]) -> Row:
    sku, *rest = found
    *figures, revision, gone, n, item_n, way = rest
    return Row(sku, None if gone else tuple(figures), revision, n, item_n, way)  # type: ignore[arg-type]


def counted(channel: str, after: Mapping[str, Count], act: Take) -> Take:
    """What takes a report, and notes how far each shelf is then, in one transaction."""
    return partial(_counted, channel, after, act)


def _counted(channel: str, after: Mapping[str, Count], act: Take, connection: sqlite3.Connection) -> Outcome:
    outcome = act(connection)
    connection.executemany(_PUT_COUNT, [(count.v, channel, place) for place, count in after.items()])
    return outcome


def copied(
    channel: str, copies: Sequence[Copy], now: float, watermarks: Ages, names: Names
) -> Callable[[sqlite3.Connection], Outcome]:
    """What takes over shelves as the database has them, at ``now`` by the cache's clock."""
    return partial(_copied, channel, copies, now, watermarks, names)


def _copied(
    channel: str, copies: Sequence[Copy], now: float, marks: Ages, names: Names, connection: sqlite3.Connection
) -> Outcome:
    items = {item.sku: item for copy in copies for item in copy.items}
    told = ((channel, i.sku, i.gtin, i.style, i.color, i.size, i.name, i.few) for i in items.values())
    connection.executemany(_PUT_ITEM, told)
    for sku in items:
        names.number(sku)
    shifts = [_adopted((channel, copy.location), copy, now, marks, names, connection) for copy in copies]
    skus = {row.sku for copy in copies for row in copy.rows}.union(items)
    many = len(items) > MOST_PATCHES
    return Outcome(
        Taken(len(skus)),
        tuple(shifts),
        frozenset(skus),
        tuple(items.values()),
        read_book(items_of(channel, connection), names) if many else None,
    )


def _adopted(key: Key, copy: Copy, now: float, marks: Ages, names: Names, connection: sqlite3.Connection) -> Shift:
    count = copy.head.count
    if copy.whole:
        connection.execute("DELETE FROM stock_shelf WHERE channel = ? AND location = ?", key)
    made = "INSERT OR IGNORE INTO stock_shelf(channel, location, epoch) VALUES (?, ?, ?)"
    connection.execute(made, (*key, count.epoch))
    (id,) = connection.execute("SELECT id FROM stock_shelf WHERE channel = ? AND location = ?", key).fetchone()
    few = not copy.whole and len(copy.rows) <= MOST_PATCHES
    patches = [_patch(id, row, names, connection) for row in copy.rows] if few else []
    connection.executemany(PUT_ROW, (_values(id, row, now) for row in copy.rows))
    connection.execute(
        "UPDATE stock_shelf SET n = ?, full_s = ?, taken = ?, watermark_s = coalesce(?, watermark_s) WHERE id = ?",
        (count.n, copy.head.full_s, now, marks.get(key[1]), id),
    )
    connection.execute("INSERT OR REPLACE INTO stock_copied VALUES (?, ?)", (id, count.v))
    sheet = None if few else read_sheet(id, names, connection)
    moved = bool(copy.rows) or copy.whole
    return Shift(key, count.epoch, count.n, copy.head.full_s, moved, patches, sheet, copy.items)


def _patch(shelf: int, row: Row, names: Names, connection: sqlite3.Connection) -> Patch:
    sql = "SELECT mark FROM stock_row WHERE shelf = ? AND sku = ?"
    (before,) = connection.execute(sql, (shelf, row.sku)).fetchone() or (0,)
    after = mark(row.sku, row.figures) if row.figures else 0
    return Patch(names.number(row.sku), row.sku, row.figures, row.revision, (after - before) & WRAP)


def _values(shelf: int, row: Row, now: float) -> tuple[object, ...]:
    value = signed(mark(row.sku, row.figures)) if row.figures else 0
    tail = (row.revision, row.figures is None, row.n, row.item_n, now, bucket(row.sku), value, row.way)
    return (shelf, row.sku, *(row.figures or _NOTHING), *tail)
