"""Events written anew where they wait: a time that is put right, a member who is taken out. Number and id stay."""

from __future__ import annotations

import json
import mmap
import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge.contacts.event import body_of
from edge.model import Contact

CHUNK = 500
"""Rows that one transaction looks at, some 10 ms: what is recorded meanwhile waits no longer."""

REDACTION = "redaction"
ERASED = "erased"

Change = Callable[[bytes], bytes | None]
"""An event's bytes as they should be; None where they are right as they are."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows: those of ``table`` of which ``where``, SQL over its columns with ``values``, is true."""

    table: Literal["outbox", "dead"]
    where: str = "TRUE"
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one chunk came to: the last number that was looked at, None once there are no more, and how many changed."""

    upto: int | None
    changed: int = 0


def rewrite(connection: sqlite3.Connection, rows: Rows, change: Change, after: int = 0, limit: int = CHUNK) -> Part:
    """Change the next ``limit`` of the rows above a number, each with its CRC anew; a spoilt row is left as it is.

    To be called again from where it got to, each time in a transaction.
    """
    crc = "crc" if rows.table == "outbox" else "NULL"
    found = connection.execute(
        f"SELECT seq, body, {crc} FROM {rows.table} WHERE seq > ? AND ({rows.where}) ORDER BY seq LIMIT ?",  # noqa: S608
        (after, *rows.values, limit),
    ).fetchall()
    changed = 0
    for seq, body, kept in found:
        whole = kept is None or zlib.crc32(body) == kept
        fresh = _changed(change, body) if whole else None
        if fresh is not None:
            _put(connection, rows.table, seq, fresh)
            changed += 1
    return Part(found[-1][0] if found else None, changed)


def _changed(change: Change, body: bytes) -> bytes | None:
    try:
        return change(body)
    except (ValueError, KeyError, TypeError, AttributeError):  # among the dead there are bytes that are no event
        return None


def _put(connection: sqlite3.Connection, table: str, seq: int, body: bytes) -> None:
    if table == "outbox":
        connection.execute("UPDATE outbox SET body = ?, crc = ? WHERE seq = ?", [body, zlib.crc32(body), seq])
    else:
        connection.execute("UPDATE dead SET body = ? WHERE seq = ?", [body, seq])


def cut_log(connection: sqlite3.Connection) -> bool:
    """Bring the write-ahead log into the file and make it empty, so that no row lies there as it was before.

    False if it cannot be now: a transaction runs, or somebody else reads the file. Nobody is waited for.
    """
    if connection.in_transaction:
        return False
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(patience)}")


NAMING = Rows("outbox", "instr(body, CAST(? AS BLOB))", ('"member":"',))
NAMING_DEAD = replace(NAMING, table="dead")
"""The rows that name a member at all: most are plays, which name nobody."""

_MEMBER = re.compile(rb'"member":"([^"\\]*)"')


def taken_out(members: Collection[str]) -> Change:
    """The change that takes these members and their sessions out of an event's data, and says so there."""
    named = {member.encode() for member in members}

    def change(body: bytes) -> bytes | None:
        if named.isdisjoint(_MEMBER.findall(body)):
            return None
        event = json.loads(body)
        data = event["data"]
        if data.get("member") not in members:
            return None
        return body_of(event | {"data": _without(data)})

    return change


def names(file: Path, members: Collection[str]) -> bool:
    """Whether an event in a file names one of these, wherever in it and however spoilt it is; raises OSError."""
    with file.open("rb") as held:
        if not os.fstat(held.fileno()).st_size:
            return False
        with mmap.mmap(held.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            return any(found[1].decode("ascii", "replace") in members for found in _MEMBER.finditer(raw))


def unnamed(contact: Contact, members: Collection[str]) -> Contact:
    """A contact that is still to be recorded, without its member and session if that is one of these."""
    if not contact.member or contact.member not in members:
        return contact
    return replace(contact, data=_without(contact.data), member="", session="")


def _without(data: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in ("member", "session")} | {REDACTION: ERASED}
