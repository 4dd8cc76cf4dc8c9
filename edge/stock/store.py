"""The cache's two tables: levels and watermarks by channel and location. Runs in the database's own thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import sqlite_utils

from edge.ports import StockAway, StockLevel
from edge.stock.freshness import Shelf
from edge.stock.level import sellable

Key = tuple[str, str]
"""A channel and a location."""
Shelves = dict[Key, Shelf]

EMPTY = Shelf(MappingProxyType({}), 0.0)

_PUT_LEVEL = """INSERT INTO stock_level(channel, location, sku, available) VALUES (?, ?, ?, ?)
    ON CONFLICT(channel, location, sku) DO UPDATE SET available = excluded.available"""
_DROP_LEVEL = "DELETE FROM stock_level WHERE channel = ? AND location = ? AND sku = ?"
_PUT_MARK = """INSERT INTO stock_mark(channel, location, watermark_s) VALUES (?, ?, ?)
    ON CONFLICT(channel, location) DO UPDATE SET watermark_s = excluded.watermark_s"""


def migrate(db: sqlite_utils.Database) -> None:
    """Make the tables if they are missing."""
    db.table("stock_level").create(
        {"channel": str, "location": str, "sku": str, "available": int},
        pk=("channel", "location", "sku"),
        not_null=("available",),
        if_not_exists=True,
        strict=True,
    )
    db.table("stock_mark").create(
        {"channel": str, "location": str, "watermark_s": float},
        pk=("channel", "location"),
        not_null=("watermark_s",),
        if_not_exists=True,
        strict=True,
    )


def load(connection: sqlite3.Connection) -> Shelves:
    """Everything on disk, none of it heard in this run."""
    levels: dict[Key, dict[str, int]] = {}
    for channel, location, sku, available in connection.execute(
        "SELECT channel, location, sku, available FROM stock_level"
    ):
        levels.setdefault((channel, location), {})[sku] = available
    marks = connection.execute("SELECT channel, location, watermark_s FROM stock_mark")
    return {
        (channel, location): Shelf(MappingProxyType(levels.get((channel, location), {})), watermark_s)
        for channel, location, watermark_s in marks
    }


def replace(
    old: Mapping[Key, Shelf],
    channel: str,
    locations: Collection[str],
    levels: Sequence[StockLevel],
    watermark_s: float,
    connection: sqlite3.Connection,
) -> tuple[Shelves, set[str]]:
    """Write where a channel's whole report differs from ``old``; its shelves and the SKUs that changed.

    A shelf whose counts are as before keeps its mapping object. Raises StockAway before anything is written if a
    level lies outside ``locations``.
    """
    found: dict[str, dict[str, int]] = {location: {} for location in locations}
    for level in levels:
        if level.location not in found:
            raise StockAway(f"the source names a level at '{level.location}', which it does not speak for")
        found[level.location][level.sku] = sellable(level) or 0
    shelves: Shelves = {}
    skus: set[str] = set()
    for location, counts in found.items():
        before = old.get((channel, location), EMPTY).levels
        changed = _differing(before, counts)
        puts = ((channel, location, sku, counts[sku]) for sku in changed if sku in counts)
        connection.executemany(_PUT_LEVEL, puts)
        connection.executemany(_DROP_LEVEL, ((channel, location, sku) for sku in changed if sku not in counts))
        shelves[channel, location] = Shelf(MappingProxyType(counts) if changed else before, watermark_s)
        skus |= changed
    save_marks(shelves, connection)
    return shelves, skus


def save_marks(shelves: Mapping[Key, Shelf], connection: sqlite3.Connection) -> None:
    """Write the watermarks of shelves."""
    connection.executemany(_PUT_MARK, ((*key, shelf.watermark_s) for key, shelf in shelves.items()))


def keep_only(channels: Sequence[str], connection: sqlite3.Connection) -> None:
    """Delete what channels other than these have said."""
    known = [row[0] for row in connection.execute("SELECT DISTINCT channel FROM stock_mark")]
    gone = [(channel,) for channel in known if channel not in channels]
    connection.executemany("DELETE FROM stock_level WHERE channel = ?", gone)
    connection.executemany("DELETE FROM stock_mark WHERE channel = ?", gone)


def _differing(before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """SKUs that one of two shelves has and the other has not, or has in another count."""
    return {sku for sku in before if sku not in after} | {sku for sku, n in after.items() if before.get(sku) != n}
