"""Where the sample shop sells: an EC with its own database, and a till that rewrites its CSV file."""

from __future__ import annotations

import csv
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import sqlite_utils

from edge.db import Database, database
from edge.stock import document

LOCATION = "ec"


class SoldOut(Exception):
    """Nothing is left of the product."""


class Shop:
    """The EC's stock. A sale is on disk before it is confirmed; ``etag`` changes with each."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def buy(self, sku: str) -> int:
        """Sell one; gives what is left. Raises SoldOut, KeyError for an unknown SKU."""
        return await self._db.write(lambda connection: _sell(connection, sku))

    async def levels(self) -> tuple[dict[str, int], str]:
        """What is available of each SKU, and the ETag of that state."""
        return await self._db.read(_levels)

    async def answer(self) -> tuple[bytes, str]:
        """The document "tentou-stock/1" and its ETag."""
        levels, etag = await self.levels()
        return document.write([(LOCATION, levels.items())]), etag


def _sell(connection: sqlite3.Connection, sku: str) -> int:
    row = connection.execute("SELECT available FROM stock WHERE sku = ?", (sku,)).fetchone()
    if row is None:
        raise KeyError(sku)
    if row[0] < 1:
        raise SoldOut(sku)
    connection.execute("UPDATE stock SET available = available - 1 WHERE sku = ?", (sku,))
    connection.execute("UPDATE edition SET number = number + 1")
    return int(row[0]) - 1


def _levels(connection: sqlite3.Connection) -> tuple[dict[str, int], str]:
    edition = connection.execute("SELECT number FROM edition").fetchone()[0]
    return dict(connection.execute("SELECT sku, available FROM stock ORDER BY rowid")), f'"{edition}"'


@asynccontextmanager
async def shop(path: Path, opening: Mapping[str, int]) -> AsyncIterator[Shop]:
    """The EC over its database; a new one starts with the ``opening`` stock."""

    def migrate(db: sqlite_utils.Database) -> None:
        if db.table("stock").exists():
            return
        db.table("stock").create({"sku": str, "available": int}, pk="sku")
        db.table("stock").insert_all({"sku": sku, "available": count} for sku, count in opening.items())
        db.table("edition").insert({"number": 1})

    async with database(path, migrate) as db:
        yield Shop(db)


class Till:
    """The store's till: a CSV file (sku, location, available) that is replaced whole at each sale."""

    def __init__(self, path: Path, location: str) -> None:
        self.path = path
        self.location = location
        self._turn = threading.Lock()

    def levels(self) -> dict[str, int]:
        """What this store has of each SKU."""
        return {row["sku"]: int(row["available"]) for row in self._rows() if row["location"] == self.location}

    def sell(self, sku: str) -> int:
        """Sell one over the counter; gives what is left. Raises SoldOut, KeyError for an unknown SKU."""
        with self._turn:
            rows = self._rows()
            row = next((row for row in rows if row["sku"] == sku and row["location"] == self.location), None)
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
