"""A desk over the files of a service that does not run: nothing is written, and what it says is never live.

The shelves, and the rows of what is asked for, are copied into memory, so that the cache's own functions read them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from edge import config
from edge.db import MEMORY, Database, broken, cause, database, looked
from edge.stock import gtin
from edge.stock.cache import stock_cache
from edge.stock.inquiry import lags, standing
from edge.stock.inquiry.desk import Desk, Shop
from edge.stock.inquiry.explained import Offers
from edge.stock.intake import desk as intake_desk
from edge.stock.intake import feeding
from edge.stock.shelves import schema
from edge.stock.shelves.shelf import Key, channel_of

FILE = "stock.sqlite"
Offering = Callable[[Desk], Offers]

_SHELF = "id, channel, location, epoch, n, watermark_s, full_s, taken"
_ROW = """shelf, sku, available, on_hand, reserved, hold, safety, status, incoming, incoming_on, sold_daily, revision,
    gone, n, item_n, taken, bucket, mark"""
_ITEM = "channel, sku, gtin, style, color, size, name, few"


@asynccontextmanager
async def afield(shop: Shop, data: Path, query: str = "", offering: Offering | None = None) -> AsyncIterator[Desk]:
    """The desk; raises config.BadConfig, in plain words, where there is no file yet or it cannot be read."""
    path = data / FILE
    if not path.exists():
        raise config.BadConfig(f"{path}: no stock yet; it is written when the service runs")
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database(MEMORY, schema.migrate))
        try:
            with looked(path) as file:
                copied = _copied(file, query)
                bare = standing.bare(file)
                counted, seen = _counts(file, {channel.id for channel in shop.channels}), lags.read(file)
                skus = tuple(row[0] for row in file.execute("SELECT DISTINCT sku FROM stock_row WHERE NOT gone"))
        except sqlite3.DatabaseError as error:
            why = (
                "it is no stock file of this version, or damaged"
                if broken(error) or "no such" in str(error)
                else cause(error)
            )
            raise config.BadConfig(f"{path}: {why}; look at what `tentou check` says of this disk") from error
        await db.write(partial(_put, copied))
        cache = await stack.enter_async_context(stock_cache(db, keep=[each.id for each in shop.channels]))
        cache.hide(feeding.undisplayed(shop.channels))
        await cache.loaded()
        desk = Desk(shop, cache, db, await _calls(stack, data), rows=counted, skus=skus, bare=bare)
        desk.watch.lags.take(seen)
        yield replace(desk, offers=offering(desk)) if offering else desk


async def _calls(stack: AsyncExitStack, data: Path) -> Database | None:
    """What is written of calls and deliveries, in memory; None where there is no such file, or none to be read."""
    path = data / intake_desk.FILE
    if not path.exists():
        return None
    try:
        with looked(path) as file:
            spent = file.execute("SELECT contract, until_s, cost FROM spent").fetchall()
            owed = file.execute("SELECT channel, id, came_s, owed FROM delivery WHERE owed != ''").fetchall()
    except sqlite3.DatabaseError:
        return None
    db = await stack.enter_async_context(database(MEMORY, intake_desk.migrate))

    def put(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO spent(contract, until_s, cost) VALUES (?, ?, ?)", spent)
        connection.executemany("INSERT INTO delivery(channel, id, came_s, owed) VALUES (?, ?, ?, ?)", owed)

    await db.write(put)
    return db


Copied = dict[str, list[tuple[object, ...]]]


def _copied(file: sqlite3.Connection, query: str) -> Copied:
    """All shelves, and the rows and items of a SKU (or of the one that a GTIN names) and of its style."""
    skus = _meant(file, query) if query else []
    marks = ", ".join("?" * len(skus))
    has_way = any(row[1] == "way" for row in file.execute("PRAGMA table_info(stock_row)"))
    row = f"{_ROW}, {'way' if has_way else '0'}"
    return {
        "stock_shelf": file.execute(f"SELECT {_SHELF} FROM stock_shelf").fetchall(),  # noqa: S608 - our own names
        "stock_row": file.execute(f"SELECT {row} FROM stock_row WHERE sku IN ({marks})", skus).fetchall(),  # noqa: S608
        "stock_item": file.execute(f"SELECT {_ITEM} FROM stock_item WHERE sku IN ({marks})", skus).fetchall(),  # noqa: S608
    }


def _meant(file: sqlite3.Connection, query: str) -> list[str]:
    number = gtin.checked(query)
    named = file.execute("SELECT sku FROM stock_item WHERE gtin = ?", (number,)).fetchall() if number else []
    return [query, *(row[0] for row in named)]


def _put(copied: Copied, connection: sqlite3.Connection) -> None:
    for table, columns in (("stock_shelf", _SHELF), ("stock_row", f"{_ROW}, way"), ("stock_item", _ITEM)):
        marks = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO {table}({columns}) VALUES ({marks})", copied[table])  # noqa: S608


def _counts(file: sqlite3.Connection, channels: Collection[str]) -> dict[Key, int]:
    """How many rows each shelf of these channels lists."""
    found = file.execute(
        "SELECT channel, location, (SELECT count(*) FROM stock_row WHERE shelf = id AND NOT gone) FROM stock_shelf"
    )
    return {(channel, location): count for channel, location, count in found if channel_of(channel) in channels}
