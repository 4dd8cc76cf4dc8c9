"""Which tokens are used up (MEMBER_CODES 5): asked in memory, kept in SQLite so that a restart forgets none."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Sequence

import sqlite_utils

from edge.db import Database
from edge.members.mc1 import MAX_LIFE, SKEW

Spent = tuple[bytes, int]
"""A token's hash and the UNIX second at which it ends: all that is ever kept or told of it."""


def migrate(db: sqlite_utils.Database) -> None:
    """The table of spent tokens; safe to run at each start."""
    db.execute("CREATE TABLE IF NOT EXISTS spent (hash BLOB PRIMARY KEY, exp INTEGER NOT NULL) WITHOUT ROWID")
    db.execute("CREATE INDEX IF NOT EXISTS spent_exp ON spent (exp)")


class Replay:
    """The spent tokens' hashes; open with ``await Replay.open(db)`` on a database that ``migrate`` prepared."""

    def __init__(self, db: Database, spent: dict[bytes, int]) -> None:
        self._db = db
        self._spent = spent
        self._past = 0

    @classmethod
    async def open(cls, db: Database) -> Replay:
        """All that was spent before the last stop."""
        rows = await db.read(lambda c: c.execute("SELECT hash, exp FROM spent").fetchall())
        return cls(db, dict(rows))

    def spent(self, token: bytes) -> bool:
        """Whether the token of this hash is used up."""
        return token in self._spent

    def spend(self, token: bytes, exp: float) -> Awaitable[None]:
        """Use a token up that verified here: in memory by the call, durably once awaited.

        Tokens that are surely past go: who shows one that ends at ``exp`` does so at ``exp`` - 7260 s or later.
        """
        return self._add([(token, int(exp))], int(exp) - MAX_LIFE - SKEW)

    def learn(self, spent: Sequence[Spent], now: float) -> Awaitable[None]:
        """What the store's other edges used up, as ``peers`` let it in, at ``now`` (UNIX seconds).

        Nothing verified here stands behind it, so it lets nothing go but by the time: a token that ended long before
        ``now``, which is never later than the real time.
        """
        return self._add(spent, int(now) - MAX_LIFE - SKEW)

    def _add(self, spent: Sequence[Spent], past: int) -> Awaitable[None]:
        self._spent.update(spent)
        if past > self._past:
            self._past = past
            for old in [old for old, ended in self._spent.items() if ended < past]:
                del self._spent[old]

        def act(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO spent VALUES (?, ?)", spent)
            connection.execute("DELETE FROM spent WHERE exp < ?", (past,))

        return self._db.write(act)
