"""Which tokens are used up (MEMBER_CODES 5): asked in memory, kept in SQLite so that a restart forgets none."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable

import sqlite_utils

from edge.db import Database
from edge.members.mc1 import MAX_LIFE, SKEW


def migrate(db: sqlite_utils.Database) -> None:
    """The table of spent tokens; safe to run at each start."""
    db.execute("CREATE TABLE IF NOT EXISTS spent (hash BLOB PRIMARY KEY, exp INTEGER NOT NULL) WITHOUT ROWID")
    db.execute("CREATE INDEX IF NOT EXISTS spent_exp ON spent (exp)")


class Replay:
    """The spent tokens' hashes; open with ``await Replay.open(db)`` on a database that ``migrate`` prepared."""

    def __init__(self, db: Database, spent: dict[bytes, int]) -> None:
        self._db = db
        self._spent = spent

    @classmethod
    async def open(cls, db: Database) -> Replay:
        """All that was spent before the last stop."""
        rows = await db.read(lambda c: c.execute("SELECT hash, exp FROM spent").fetchall())
        return cls(db, dict(rows))

    def spent(self, token: bytes) -> bool:
        """Whether the token of this hash is used up."""
        return token in self._spent

    def spend(self, token: bytes, exp: float) -> Awaitable[None]:
        """Use a token up: in memory by the call, durably once awaited.

        Also for hashes learnt from the store's other edges. Tokens that are surely past go: who shows one that ends
        at ``exp`` does so at ``exp`` - 7260 s or later.
        """
        end, past = int(exp), int(exp) - MAX_LIFE - SKEW
        self._spent[token] = end
        for old in [old for old, ended in self._spent.items() if ended < past]:
            del self._spent[old]

        def act(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO spent VALUES (?, ?)", (token, end))
            connection.execute("DELETE FROM spent WHERE exp < ?", (past,))

        return self._db.write(act)
