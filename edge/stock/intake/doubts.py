"""The channels whose system was found to miss changes though its documentation says that it tells all; on disk."""

from __future__ import annotations

import sqlite3

import sqlite_utils

from edge.db import Database
from edge.health import Health

KIND = "stock"


def migrate(db: sqlite_utils.Database) -> None:
    """The table, made if it is missing."""
    columns = {"channel": str, "at_s": float}
    db.table("doubt").create(columns, pk="channel", not_null=("at_s",), if_not_exists=True, strict=True)


class Doubts:
    """Kept until somebody says anew whether the system is to be believed."""

    def __init__(self, db: Database, health: Health) -> None:
        self._db = db
        self._health = health

    async def known(self, channel: str) -> bool:
        """Whether a channel was found out before; health says so again."""
        sql = "SELECT 1 FROM doubt WHERE channel = ?"
        found = await self._db.read(lambda connection: connection.execute(sql, (channel,)).fetchone())
        if found:
            self._tell(channel)
        return bool(found)

    def note(self, channel: str, now_s: float) -> None:
        """A channel was found out; should the disk not hear it, it is found out again after a restart."""
        sql = "INSERT OR IGNORE INTO doubt(channel, at_s) VALUES (?, ?)"
        self._db.post(lambda connection: connection.execute(sql, (channel, now_s)) and None, _unheard)
        self._tell(channel)

    async def drop(self, channel: str) -> None:
        """Somebody said anew what is to be believed. Where the disk refuses, nothing changes."""
        try:
            await self._db.write(
                lambda connection: connection.execute("DELETE FROM doubt WHERE channel = ?", (channel,))
            )
        except sqlite3.Error:
            return
        self._health.forget(KIND, f"{channel} since")

    def _tell(self, channel: str) -> None:
        detail = "a comparison found changes that asking what changed does not tell, so that no longer vouches"
        todo = (
            f"Nothing need be done: everything is compared more often. In the settings of [[stock]] '{channel}' set "
            "since = 'blind' to agree, or 'sure' once the system tells every change."
        )
        self._health.down(KIND, f"{channel} since", detail, todo)


def _unheard(_: object, __: BaseException | None) -> None:
    """Nobody waits for it."""
