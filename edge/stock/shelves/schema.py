"""The tables of the stock cache, and what an older device's file is carried over from."""

from __future__ import annotations

import secrets
import sqlite3

import sqlite_utils

from edge.ports import StockAway, StockLevel
from edge.stock.inquiry import lags
from edge.stock.shelves.figures import WRAP, bucket, figures, mark

_TABLES = (
    """CREATE TABLE IF NOT EXISTS stock_shelf(
        id INTEGER PRIMARY KEY, channel TEXT NOT NULL, location TEXT NOT NULL,
        epoch INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0,
        watermark_s REAL NOT NULL DEFAULT 0, full_s REAL NOT NULL DEFAULT 0, taken REAL NOT NULL DEFAULT 0,
        UNIQUE(channel, location)) STRICT""",
    """CREATE TABLE IF NOT EXISTS stock_row(
        shelf INTEGER NOT NULL REFERENCES stock_shelf(id) ON DELETE CASCADE, sku TEXT NOT NULL,
        available INTEGER, on_hand INTEGER, reserved INTEGER NOT NULL, hold INTEGER NOT NULL, safety INTEGER NOT NULL,
        status TEXT NOT NULL, incoming INTEGER NOT NULL, incoming_on TEXT NOT NULL, sold_daily REAL,
        revision INTEGER NOT NULL, gone INTEGER NOT NULL, n INTEGER NOT NULL, item_n INTEGER NOT NULL,
        taken REAL NOT NULL, bucket INTEGER NOT NULL, mark INTEGER NOT NULL, way INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(shelf, sku)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS stock_row_n ON stock_row(shelf, n)",
    """CREATE TABLE IF NOT EXISTS stock_item(
        channel TEXT NOT NULL, sku TEXT NOT NULL, gtin TEXT NOT NULL, style TEXT NOT NULL, color TEXT NOT NULL,
        size TEXT NOT NULL, name TEXT NOT NULL, few INTEGER,
        PRIMARY KEY(channel, sku)) STRICT, WITHOUT ROWID""",
)

PUT_ROW = f"""INSERT INTO stock_row VALUES ({", ".join("?" * 19)})
    ON CONFLICT(shelf, sku) DO UPDATE SET available = excluded.available, on_hand = excluded.on_hand,
    reserved = excluded.reserved, hold = excluded.hold, safety = excluded.safety, status = excluded.status,
    incoming = excluded.incoming, incoming_on = excluded.incoming_on, sold_daily = excluded.sold_daily,
    revision = excluded.revision, gone = excluded.gone, n = excluded.n, item_n = excluded.item_n,
    taken = excluded.taken, mark = excluded.mark, way = excluded.way"""  # noqa: S608 - question marks alone
"""Which word counts is weighed before (``guard``), in the same transaction."""


def migrate(db: sqlite_utils.Database) -> None:
    """Make the tables if they are missing, and what an older file lacks."""
    for table in _TABLES:
        db.execute(table)
    if "way" not in db.table("stock_row").columns_dict:
        db.execute("ALTER TABLE stock_row ADD COLUMN way INTEGER NOT NULL DEFAULT 0")
    lags.migrate(db)


def epoch() -> int:
    """A new epoch: 1 to 2^53, so that it is a number in JSON too."""
    return 1 + secrets.randbelow((1 << 53) - 1)


def signed(value: int) -> int:
    """A mark as SQLite keeps it, in 64 bits with a sign."""
    return value - (1 << 64) if value >> 63 else value & WRAP


def carry(connection: sqlite3.Connection) -> None:
    """Take over the counts and watermarks of the first edition's two tables, and drop these."""
    db = sqlite_utils.Database(connection)
    if not db.table("stock_level").exists() or not db.table("stock_mark").exists():
        return
    marks = connection.execute("SELECT channel, location, watermark_s FROM stock_mark").fetchall()
    for channel, location, watermark_s in marks:
        given = (channel, location, epoch(), 1, watermark_s)
        put = "INSERT OR IGNORE INTO stock_shelf(channel, location, epoch, n, watermark_s) VALUES (?, ?, ?, ?, ?)"
        if connection.execute(put, given).rowcount != 1:
            continue
        (shelf,) = connection.execute("SELECT last_insert_rowid()").fetchone()
        rows = connection.execute(
            "SELECT sku, available FROM stock_level WHERE channel = ? AND location = ?", (channel, location)
        )
        kept = (_carried(shelf, sku, location, available) for sku, available in rows.fetchall())
        connection.executemany(PUT_ROW, (row for row in kept if row))
    db.table("stock_level").drop()
    db.table("stock_mark").drop()


def _carried(shelf: int, sku: str, location: str, available: int) -> tuple[object, ...]:
    """An old row as a new one; nothing for one that no source could give today."""
    try:
        found = figures(StockLevel(sku, location, available))
    except StockAway:
        return ()
    return (shelf, sku, *found, 0, 0, 1, 0, 0.0, bucket(sku), signed(mark(sku, found)), 0)
