"""One thread and one connection for each SQLite file."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils

from edge.db import database


def table(db: sqlite_utils.Database) -> None:
    db.table("t").create({"n": int}, pk="n", if_not_exists=True)


def put(n: int) -> Callable[[sqlite3.Connection], object]:
    return lambda db: db.execute("INSERT INTO t VALUES (?)", (n,)).lastrowid


async def test_many_writes_share_commits_and_all_are_there(tmp_path: Path) -> None:
    async with database(tmp_path / "a.sqlite", table) as db:
        await asyncio.gather(*(db.write(put(n)) for n in range(500)))
        assert await db.read(lambda c: c.execute("SELECT count(*) FROM t").fetchone()[0]) == 500
        assert await db.read(lambda c: c.execute("PRAGMA synchronous").fetchone()[0]) == 2


async def test_a_write_that_fails_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    async with database(tmp_path / "a.sqlite", table) as db:
        await db.write(put(1))
        answers = await asyncio.gather(*(db.write(put(n)) for n in (2, 1, 3)), return_exceptions=True)
        assert isinstance(answers[1], sqlite3.IntegrityError)
        rows = await db.read(lambda c: [n for (n,) in c.execute("SELECT n FROM t ORDER BY n")])
        assert rows == [1, 2, 3]


async def test_a_file_that_is_no_database_is_refused_when_opened(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        async with database(tmp_path / "a.sqlite", table):
            pass


def test_importing_a_module_starts_nothing() -> None:
    code = "import threading, edge.db, edge.config, edge.plug, edge.supervise; print(threading.active_count())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "1"
