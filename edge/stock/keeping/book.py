"""Head office's book of wishes: each is written before its system is asked, so that no restart asks for one twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import sqlite_utils

from edge.db import Database, cause
from edge.stock.system import Keeping, Kept, Wish

KEEPS_S = 7 * 86_400.0
"""For how long a wish can be asked after; a system keeps a unit for a day or two."""

_T = TypeVar("_T")
_COLUMNS = "key, sku, location, channel, state, slip, until_s"
_OPEN = (Keeping.PENDING.value, Keeping.UNKNOWN.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One wish, the channel whose system was asked (empty: none could be), and what is known to have become of it."""

    wish: Wish
    channel: str
    kept: Kept

    @property
    def settled(self) -> bool:
        """Whether this is the last word on it."""
        return self.kept.state.value not in _OPEN


class BookAway(Exception):
    """The book cannot be written or read now."""


class Book:
    """The book over a database with its table (``migrate``). Raises BookAway where the disk refuses."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, wish: Wish, channel: str, now_s: float) -> Entry | None:
        """Write a wish as asked; None for a new one, the entry of one that was there before (then nothing is)."""
        return await _asked(self._db.write(partial(_begin, wish, channel, now_s)))

    async def settle(self, key: str, kept: Kept) -> Kept:
        """Write what became of a wish, unless the last word was said; what is known of it then."""
        return await _asked(self._db.write(partial(_settle, key, kept)))

    async def find(self, key: str) -> Entry | None:
        """A wish, if it was ever asked."""
        return await _asked(self._db.read(partial(_find, key)))


async def _asked(question: Awaitable[_T]) -> _T:
    try:
        return await question
    except sqlite3.Error as error:
        raise BookAway(cause(error)) from error


def migrate(db: sqlite_utils.Database) -> None:
    """Make the table if it is missing."""
    texts = dict.fromkeys(("key", "sku", "location", "channel", "state", "slip"), str)
    db.table("stock_wish").create(
        {**texts, "until_s": float, "asked_s": float},
        pk="key",
        not_null=(*texts, "until_s", "asked_s"),
        if_not_exists=True,
        strict=True,
    )


def _begin(wish: Wish, channel: str, now_s: float, connection: sqlite3.Connection) -> Entry | None:
    connection.execute("DELETE FROM stock_wish WHERE asked_s < ?", (now_s - KEEPS_S,))
    before = _find(wish.key, connection)
    if before is None:
        row = (wish.key, wish.sku, wish.location, channel, Keeping.PENDING.value, now_s)
        connection.execute("INSERT INTO stock_wish VALUES (?, ?, ?, ?, ?, '', 0.0, ?)", row)
    return before


def _settle(key: str, kept: Kept, connection: sqlite3.Connection) -> Kept:
    row = (kept.state.value, kept.slip, kept.until_s, key, *_OPEN)
    connection.execute("UPDATE stock_wish SET state = ?, slip = ?, until_s = ? WHERE key = ? AND state IN (?, ?)", row)
    found = _find(key, connection)
    return kept if found is None else found.kept


def _find(key: str, connection: sqlite3.Connection) -> Entry | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM stock_wish WHERE key = ?", (key,)).fetchone()  # noqa: S608
    if row is None:
        return None
    key, sku, location, channel, state, slip, until_s = row
    return Entry(Wish(key, sku, location), channel, Kept(Keeping(state), slip, until_s))
