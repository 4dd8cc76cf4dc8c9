"""The channels whose system was found to miss changes though it says that it tells all; on disk."""

from __future__ import annotations

import math
import sqlite3
from enum import StrEnum

import sqlite_utils

from edge.db import Database
from edge.health import Health

KIND = "stock"


class Told(StrEnum):
    """By what a system says that it tells every change; the name under which health knows of a doubt."""

    SINCE = "since"
    PUSHES = "pushes"


CLEAN_S = {Told.SINCE: math.inf, Told.PUSHES: 86_400.0}
"""After so long without another change that was not told a system is believed again. What asking finds is how a system
is made, and stays; a push that is missing may be one import past its hooks."""
_DETAIL = {
    Told.SINCE: "a comparison found changes that asking what changed does not tell, so that no longer vouches",
    Told.PUSHES: "a comparison found changes that no webhook told though they are numbered, so they no longer vouch",
}
_ADVICE = {
    Told.SINCE: "In the settings of [[stock]] '{}' set since = 'blind' to agree, or 'sure' once the system tells every "
    "change.",
    Told.PUSHES: "Those of [[stock]] '{}' are believed again after a day without such a change: look for what changes "
    "stock past the system's own ways, such as an import.",
}


def name(channel: str, told: Told) -> str:
    """Under which health knows that a channel is doubted."""
    return f"{channel} {told}"


def migrate(db: sqlite_utils.Database) -> None:
    """The table, made if it is missing; an older one knew of asking alone."""
    columns = {"channel": str, "told": str, "at_s": float}
    table = db.table("doubt")
    table.create(columns, pk=("channel", "told"), not_null=("at_s",), if_not_exists=True, strict=True)
    if "told" not in table.columns_dict:
        table.add_column("told", str, not_null_default=Told.SINCE.value)
        table.transform(pk=("channel", "told"))


class Doubts:
    """Kept until somebody says anew whether the system is to be believed, or it told all for long enough."""

    def __init__(self, db: Database, health: Health) -> None:
        self._db = db
        self._health = health
        self._doubted: set[tuple[str, str]] = set()

    def doubted(self, channel: str, told: Told) -> bool:
        """Whether a channel is doubted in this now, as far as it is known here."""
        return (channel, told) in self._doubted

    async def known(self, channel: str, told: Told, now_s: float) -> float | None:
        """When a channel was last found out (UNIX seconds, ``now_s`` at the latest), None if it never was; health says
        so again. Raises StockAway where nobody can tell now."""
        at_s = await self._found(channel, told, now_s)
        if at_s is None:
            self._doubted.discard((channel, told))
        else:
            self._tell(channel, told)
        return at_s

    def note(self, channel: str, told: Told, now_s: float) -> None:
        """A channel was found out; should the disk not hear it, it is found out again after a restart."""
        self._keep(channel, told, now_s)
        self._tell(channel, told)

    async def drop(self, channel: str, told: Told) -> None:
        """It is to be believed. Where this cannot be written, it is doubted again after a restart."""
        await self._forget(channel, told)
        self._doubted.discard((channel, told))
        self._health.forget(KIND, name(channel, told))

    async def _found(self, channel: str, told: Told, now_s: float) -> float | None:
        sql = "SELECT min(at_s, ?) FROM doubt WHERE channel = ? AND told = ?"
        given = (now_s, channel, str(told))
        found = await self._db.read(lambda connection: connection.execute(sql, given).fetchone())
        return float(found[0]) if found else None

    def _keep(self, channel: str, told: Told, now_s: float) -> None:
        sql = "INSERT OR REPLACE INTO doubt(channel, told, at_s) VALUES (?, ?, ?)"
        given = (channel, str(told), now_s)
        self._db.post(lambda connection: connection.execute(sql, given) and None, _unheard)

    async def _forget(self, channel: str, told: Told) -> None:
        sql, given = "DELETE FROM doubt WHERE channel = ? AND told = ?", (channel, str(told))
        try:
            await self._db.write(lambda connection: connection.execute(sql, given))
        except sqlite3.Error:
            return

    def _tell(self, channel: str, told: Told) -> None:
        self._doubted.add((channel, told))
        todo = f"Nothing need be done: everything is compared more often. {_ADVICE[told].format(channel)}"
        self._health.down(KIND, name(channel, told), _DETAIL[told], todo)


def _unheard(_: object, __: BaseException | None) -> None:
    """Nobody waits for it."""
