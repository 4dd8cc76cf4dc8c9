"""The library's tables: things as JSON, and every act on them with what was there before, so that it can be undone.

Functions of a connection, for the edge's one database thread and for the command alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlite_utils

FILE = "content.sqlite"
"""The database's name inside the library's folder."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing as an act leaves it; ``body`` None means that it is gone."""

    kind: str
    id: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the audit log. ``at`` is UNIX seconds; ``undoes`` the act that it takes back; ``undone`` by which."""

    id: int
    at: float
    who: str
    verb: str
    title: str
    undoes: int | None = None
    undone: int | None = None
    last: bool = False


class CannotUndo(Exception):
    """Something that the act touched was touched again since, or the act was undone already."""


def migrate(db: sqlite_utils.Database) -> None:
    """Bring the schema up to date; idempotent."""
    things = db.table("things")
    if not things.exists():
        things.create({"kind": str, "id": str, "body": str}, pk=("kind", "id"))
        acts = db.table("acts")
        acts.create({"id": int, "at": float, "who": str, "verb": str, "title": str, "undoes": int}, pk="id")
        changes = db.table("changes")
        changes.create({"act": int, "kind": str, "id": str, "before": str, "after": str}, pk=("act", "kind", "id"))
        changes.create_index(["kind", "id", "act"])


def perform(
    connection: sqlite3.Connection,
    at: float,
    who: str,
    verb: str,
    title: str,
    changes: Sequence[Change],
    undoes: int | None = None,
) -> int:
    """Write an act and its changes; returns its id."""
    cursor = connection.execute(
        "INSERT INTO acts (at, who, verb, title, undoes) VALUES (?, ?, ?, ?, ?)", (at, who, verb, title, undoes)
    )
    act = int(cursor.lastrowid or 0)
    for change in changes:
        connection.execute(
            "INSERT INTO changes (act, kind, id, before, after) VALUES (?, ?, ?, ?, ?)",
            (act, change.kind, change.id, body(connection, change.kind, change.id), change.body),
        )
        _put(connection, change)
    return act


def _put(connection: sqlite3.Connection, change: Change) -> None:
    if change.body is None:
        connection.execute("DELETE FROM things WHERE kind = ? AND id = ?", (change.kind, change.id))
        return
    connection.execute(
        "INSERT INTO things (kind, id, body) VALUES (?, ?, ?)"
        " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
        (change.kind, change.id, change.body),
    )


def undo(connection: sqlite3.Connection, act: int, at: float, who: str) -> int:
    """Put back what an act changed, as an act of its own. Raises CannotUndo if that would undo somebody else's too."""
    row = connection.execute("SELECT title FROM acts WHERE id = ?", (act,)).fetchone()
    if row is None or act not in _undoable(connection):
        raise CannotUndo
    before = connection.execute("SELECT kind, id, before FROM changes WHERE act = ?", (act,)).fetchall()
    changes = [Change(kind, thing, text) for kind, thing, text in before]
    return perform(connection, at, who, "undo", row[0], changes, undoes=act)


_LAST_TOUCH = """
SELECT act FROM changes GROUP BY act HAVING NOT EXISTS (
    SELECT 1 FROM changes AS mine JOIN changes AS later
    ON mine.kind = later.kind AND mine.id = later.id AND later.act > mine.act WHERE mine.act = changes.act)
AND NOT EXISTS (
    SELECT 1 FROM changes AS made JOIN things AS user
    ON user.kind <> made.kind AND instr(user.body, '"' || made.id || '"')
    WHERE made.act = changes.act AND made.before IS NULL AND made.kind IN ('media', 'playlist'))
"""


def _undoable(connection: sqlite3.Connection) -> frozenset[int]:
    """The acts whose things nobody has touched or used since, and which are not themselves an undoing."""
    untouched = {row[0] for row in connection.execute(_LAST_TOUCH)}
    undoing = {row[0] for row in connection.execute("SELECT id FROM acts WHERE undoes IS NOT NULL")}
    return frozenset(untouched - undoing)


def acts(connection: sqlite3.Connection, limit: int = 50) -> tuple[Act, ...]:
    """The newest acts first; ``last`` marks those that can still be undone."""
    undoable = _undoable(connection)
    rows = connection.execute(
        "SELECT id, at, CAST(who AS BLOB), CAST(verb AS BLOB), CAST(title AS BLOB), undoes,"
        " (SELECT id FROM acts AS other WHERE other.undoes = acts.id) FROM acts ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return tuple(
        Act(act, at, _text(who), _text(verb), _text(title), undoes=undoes, undone=undone, last=act in undoable)
        for act, at, who, verb, title, undoes, undone in rows
    )


def things(connection: sqlite3.Connection) -> Iterator[tuple[str, str, bytes]]:
    """Kind, id and body of everything there is, in order of ids.

    The body comes as it lies there: a byte that the disk spoilt would else keep SQLite from giving any of them.
    """
    rows = connection.execute(
        "SELECT CAST(kind AS BLOB), CAST(id AS BLOB), CAST(body AS BLOB) FROM things ORDER BY kind, id"
    )
    yield from ((_text(kind), _text(id), body or b"") for kind, id, body in rows)


def _text(raw: bytes | None) -> str:
    """A word as it is read, a byte that is no UTF-8 as �: one of them must not hide all the others."""
    return (raw or b"").decode(errors="replace")


def body(connection: sqlite3.Connection, kind: str, thing: str) -> str | None:
    """One thing's body, None if it is not there."""
    found = "SELECT CAST(body AS BLOB) FROM things WHERE kind = ? AND id = ?"
    row = connection.execute(found, (kind, thing)).fetchone()
    return None if row is None else _text(row[0])


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has written to the file."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
