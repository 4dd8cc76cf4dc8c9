"""Deliveries that were taken: each once within a day, none forgotten by a restart before it was worked off.

What is kept of one is a digest, and what to read again; never its body, which may name a person.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import sqlite_utils

from edge.db import Database
from edge.stock.intake.clocks import Clocks
from edge.stock.system import Key, Pushed

KEPT_S = 86_400.0
PRUNE_EVERY = 1024


@dataclass(frozen=True, slots=True)
class Owed:
    """What a delivery that was taken, and not worked off, asks to be read again. ``id`` is its digest."""

    id: str
    keys: tuple[Key, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    everything: bool = False


class NotKept(Exception):
    """A delivery could not be written down, so the system is to send it again."""


def migrate(db: sqlite_utils.Database) -> None:
    """The table, made if it is missing."""
    db.table("delivery").create(
        {"channel": str, "id": str, "came_s": float, "owed": str},
        pk=("channel", "id"),
        not_null=("came_s", "owed"),
        if_not_exists=True,
        strict=True,
    )
    db.table("delivery").create_index(["came_s"], if_not_exists=True)


class Inbox:
    """The deliveries of all channels."""

    def __init__(self, db: Database, clocks: Clocks) -> None:
        self._db = db
        self._clocks = clocks
        self._taken = 0

    async def take(self, channel: str, id: str, pushed: Pushed) -> bool:
        """Write down that a delivery came, on disk before it returns; False if it had come before.

        Raises NotKept when the disk refuses.
        """
        now_s = self._clocks.wall()
        self._taken += 1
        prune = self._taken % PRUNE_EVERY == 1

        def put(connection: sqlite3.Connection) -> bool:
            if prune:
                connection.execute("DELETE FROM delivery WHERE came_s < ?", (now_s - KEPT_S,))
            return connection.execute(_PUT, (channel, id, now_s, _written(pushed))).rowcount == 1

        try:
            return await self._db.write(put)
        except sqlite3.Error as error:
            raise NotKept(str(error)) from error

    async def owed(self, channel: str) -> list[Owed]:
        """What was taken before this start and not worked off."""
        sql = "SELECT id, owed FROM delivery WHERE channel = ? AND owed != '' ORDER BY came_s"
        rows = await self._db.read(lambda connection: connection.execute(sql, (channel,)).fetchall())
        return [_read(id, text) for id, text in rows]

    def settled(self, channel: str, ids: Collection[str]) -> None:
        """These are worked off; should the disk not hear it, they are read again after a restart."""
        rows = [(channel, id) for id in ids]
        sql = "UPDATE delivery SET owed = '' WHERE channel = ? AND id = ?"
        if rows:
            self._db.post(lambda connection: connection.executemany(sql, rows) and None, _unheard)


_PUT = """INSERT INTO delivery(channel, id, came_s, owed) VALUES (?, ?, ?, ?) ON CONFLICT(channel, id) DO NOTHING"""


def digest(pushed: Pushed, body: bytes) -> str:
    """What tells a delivery from its repeats: the system's own id; else, of figures with an order, its bytes.

    Nothing tells one that merely says what is to be read: a second sale of a product has the same bytes, and to read
    once more than need be is no harm.
    """
    if pushed.id:
        return _hashed(pushed.id.encode(errors="replace"), b"id")
    return _hashed(body, b"body") if _ordered(pushed) else secrets.token_hex(16)


def _hashed(known: bytes, person: bytes) -> str:
    return hashlib.blake2b(known, digest_size=16, person=person).hexdigest()


def _ordered(pushed: Pushed) -> bool:
    """Whether figures with an order are all that it says."""
    more = pushed.gone or pushed.keys or pushed.everything
    return bool(pushed.levels) and not more and all(level.revision for level in pushed.levels)


def _written(pushed: Pushed) -> str:
    rows = {(level.sku, level.location) for level in pushed.levels} | set(pushed.gone)
    keys = [[key.item, key.place] for key in pushed.keys]
    return json.dumps({"keys": keys, "rows": sorted(rows), "everything": pushed.everything})


def _read(id: str, text: str) -> Owed:
    found = json.loads(text)
    keys = tuple(Key(item, place) for item, place in found["keys"])
    return Owed(id, keys, tuple((sku, location) for sku, location in found["rows"]), bool(found["everything"]))


def _unheard(_: object, __: BaseException | None) -> None:
    """Nobody waits for it."""
