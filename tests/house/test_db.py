"""One thread and one connection for each SQLite file."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils

from edge.db import database, mended


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


async def test_a_migration_that_fails_in_any_way_is_told_to_whoever_opens(tmp_path: Path) -> None:
    def unlucky(_: sqlite_utils.Database) -> None:
        raise ValueError("a column too many")

    with pytest.raises(ValueError, match="a column too many"):
        async with asyncio.timeout(5), database(tmp_path / "a.sqlite", unlucky):
            pass


async def test_a_closed_database_says_so_at_once(tmp_path: Path) -> None:
    async with database(tmp_path / "a.sqlite", table) as db:
        pass
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        async with asyncio.timeout(5):
            await db.write(put(1))


async def test_a_commit_that_fails_fails_its_writes_and_neither_its_reads_nor_the_next(tmp_path: Path) -> None:
    def tables(db: sqlite_utils.Database) -> None:
        table(db)
        db.execute("CREATE TABLE IF NOT EXISTS c (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)")

    async with database(tmp_path / "a.sqlite", tables) as db:
        orphan = db.write(lambda c: c.execute("INSERT INTO c VALUES (7)").rowcount)
        count = db.read(lambda c: c.execute("SELECT count(*) FROM c").fetchone()[0])
        answers = await asyncio.gather(orphan, count, return_exceptions=True)
        assert isinstance(answers[0], sqlite3.IntegrityError)
        assert answers[1] == 0
        assert await db.write(put(1)) == 1


async def test_an_act_that_undoes_its_neighbours_fails_them_and_not_who_comes_after(tmp_path: Path) -> None:
    def undoes(c: sqlite3.Connection) -> None:
        c.execute("ROLLBACK")
        raise ValueError("of its own")

    waiting = threading.Event()
    async with asyncio.timeout(60), database(tmp_path / "a.sqlite", table) as db:
        first = asyncio.ensure_future(db.read(lambda _: waiting.wait(60)))
        await asyncio.sleep(0)
        together = asyncio.gather(db.write(put(1)), db.write(undoes), return_exceptions=True)
        await asyncio.sleep(0)
        waiting.set()
        assert [type(each) for each in await together] == [sqlite3.OperationalError] * 2
        assert (await first, await db.write(put(2))) == (True, 2)
        assert await db.read(lambda c: c.execute("SELECT n FROM t").fetchall()) == [(2,)]


async def said_and_kept(path: Path) -> tuple[list[str], int]:
    """What is said of the file at the start, and how many rows it has after one more."""
    said: list[str] = []
    async with mended(path, table, said.append) as db:
        await db.write(lambda c: c.execute("INSERT INTO t VALUES (NULL)").rowcount)
        return said, await db.read(lambda c: c.execute("SELECT count(*) FROM t").fetchone()[0])


async def test_a_good_file_is_opened_as_it_is(tmp_path: Path) -> None:
    await said_and_kept(tmp_path / "a.sqlite")
    assert await said_and_kept(tmp_path / "a.sqlite") == ([""], 2)


@pytest.mark.promise("X-1")
@pytest.mark.parametrize("spoilt", ["all", "a page"])
async def test_a_broken_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "a.sqlite"
    await said_and_kept(path)
    data = path.read_bytes()
    path.write_bytes(b"no database " * 99 if spoilt == "all" else data[:4096] + b"\xff" * (len(data) - 4096))
    said, rows = await said_and_kept(path)
    assert (said, rows) == (["the file was broken; it lies in quarantine and a new one was begun"], 1)
    assert len(list((tmp_path / "quarantine").rglob("a.sqlite"))) == 1
    assert await said_and_kept(path) == ([""], 2)


@pytest.mark.promise("X-1")
async def test_where_the_disk_refuses_memory_serves(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said, rows = await said_and_kept(tmp_path / "file" / "a.sqlite")
    assert ("memory" in said[0], rows) == (True, 1)


def test_importing_a_module_starts_nothing() -> None:
    code = "import threading, edge.db, edge.config, edge.plug, edge.supervise; print(threading.active_count())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "1"
