"""Where the sample shop sells: an EC with its own database, a till that rewrites its CSV file, and what both keep."""

from __future__ import annotations

import csv
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from edge.db import Database, database

LOCATION = "ec"


class SoldOut(Exception):
    """Nothing is left of the product."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that a store keeps for whoever tells its ``slip``, until ``until_s`` (UNIX seconds)."""

    slip: str
    sku: str
    location: str
    until_s: float


class Shop:
    """The EC: its stock, and the book of what stores keep. A sale is on disk before it is confirmed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def buy(self, sku: str) -> int:
        """Sell one; gives what is left. Raises SoldOut, KeyError for an unknown SKU."""
        return await self._db.write(lambda connection: _sell(connection, sku))

    async def levels(self) -> dict[str, int]:
        """What is available of each SKU."""
        return await self._db.read(_levels)

    async def keep(self, key: str, sku: str, till: Till, location: str, until_s: float) -> Unit:
        """Keep one at a store for a wish, the same one however often it is asked with this key.

        Wishes are taken one after another, so of two who ask for the last one gets it. Raises SoldOut, KeyError.
        """
        return await self._db.write(lambda connection: _keep(connection, key, sku, till, location, until_s))

    async def kept(self, key: str) -> Unit | None:
        """What is kept for a wish, None for one that is not known."""
        return await self._db.read(lambda connection: _kept(connection, key))

    async def waiting(self, location: str) -> tuple[Unit, ...]:
        """All that a store keeps, the oldest first."""
        asked = "SELECT slip, sku, location, until_s FROM kept WHERE location = ? ORDER BY rowid"
        return await self._db.read(
            lambda connection: tuple(Unit(*row) for row in connection.execute(asked, [location]))
        )


def _sell(connection: sqlite3.Connection, sku: str) -> int:
    row = connection.execute("SELECT available FROM stock WHERE sku = ?", (sku,)).fetchone()
    if row is None:
        raise KeyError(sku)
    if row[0] < 1:
        raise SoldOut(sku)
    connection.execute("UPDATE stock SET available = available - 1 WHERE sku = ?", (sku,))
    return int(row[0]) - 1


def _levels(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT sku, available FROM stock ORDER BY rowid"))


def _keep(connection: sqlite3.Connection, key: str, sku: str, till: Till, location: str, until_s: float) -> Unit:
    if (known := _kept(connection, key)) is not None:
        return known
    number = connection.execute("SELECT count(*) FROM kept").fetchone()[0] + 1
    unit = Unit(f"K-{number:04d}", sku, location, until_s)
    till.sell(sku, location)
    row = (key, unit.slip, unit.sku, unit.location, unit.until_s)
    connection.execute("INSERT INTO kept(key, slip, sku, location, until_s) VALUES (?, ?, ?, ?, ?)", row)
    return unit


def _kept(connection: sqlite3.Connection, key: str) -> Unit | None:
    row = connection.execute("SELECT slip, sku, location, until_s FROM kept WHERE key = ?", (key,)).fetchone()
    return Unit(*row) if row else None


@asynccontextmanager
async def shop(path: Path, opening: Mapping[str, int]) -> AsyncIterator[Shop]:
    """The EC over its database; a new one starts with the ``opening`` stock, an older one gets what is new in it."""

    def migrate(db: sqlite_utils.Database) -> None:
        db.table("stock").create({"sku": str, "available": int}, pk="sku", if_not_exists=True)
        db.table("stock").insert_all(({"sku": sku, "available": count} for sku, count in opening.items()), ignore=True)
        columns = {"key": str, "slip": str, "sku": str, "location": str, "until_s": float}
        db.table("kept").create(columns, pk="key", if_not_exists=True)

    async with database(path, migrate) as db:
        yield Shop(db)


class Till:
    """The stores' till: a CSV file (sku, location, available) that is replaced whole at each sale; ``location`` is the
    store in which it stands."""

    def __init__(self, path: Path, location: str) -> None:
        self.path = path
        self.location = location
        self._turn = threading.Lock()

    def levels(self, location: str = "") -> dict[str, int]:
        """What a store has of each SKU, this one unless another is named."""
        wanted = location or self.location
        return {row["sku"]: int(row["available"]) for row in self._rows() if row["location"] == wanted}

    def sell(self, sku: str, location: str = "") -> int:
        """Take one off a store's stock; gives what is left. Raises SoldOut, KeyError for an unknown SKU."""
        wanted = location or self.location
        with self._turn:
            rows = self._rows()
            row = next((row for row in rows if row["sku"] == sku and row["location"] == wanted), None)
            if row is None:
                raise KeyError(sku)
            if int(row["available"]) < 1:
                raise SoldOut(sku)
            row["available"] = str(int(row["available"]) - 1)
            self._replace(rows)
            return int(row["available"])

    def _rows(self) -> list[dict[str, str]]:
        with self.path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _replace(self, rows: list[dict[str, str]]) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["sku", "location", "available"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
