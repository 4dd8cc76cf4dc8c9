"""One thread and one connection for each SQLite file, with natural group commit.

Writes that wait while a commit runs share the next one (MQTT.md 2.1: a timer only adds latency).
``synchronous=FULL`` is asserted at every open: WAL with NORMAL loses the last commits in a power cut
(RELIABILITY.md 2.2).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], Any]
_Job = tuple[Act, bool, "asyncio.Future[Any]", asyncio.AbstractEventLoop]

MEMORY = Path(":memory:")
"""A database that no disk holds: what it keeps is gone with its close."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=250",
    "PRAGMA journal_size_limit=1048576",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
)


class Database:
    """A SQLite file owned by one thread. ``write`` and ``read`` take a function of the connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"db {path.name}", daemon=True)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._migrate: Callable[[sqlite_utils.Database], None] = lambda _: None
        self._closed = False

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` in a transaction; returns its result once the commit is on disk."""
        return await self._ask(act, True)

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act``, which must not write, after the writes asked for before it."""
        return await self._ask(act, False)

    async def _ask(self, act: Callable[[sqlite3.Connection], T], writes: bool) -> T:
        if self._closed:
            raise sqlite3.ProgrammingError(f"{self.path.name} is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put((act, writes, answer, loop))
        return await answer

    def _work(self) -> None:
        try:
            connection = self._open()
        except Exception as error:  # noqa: BLE001 - whoever opens it is told, whatever a migration raised
            _tell(self._loop, self._ready, error=error)
            return
        _tell(self._loop, self._ready)
        running = True
        while running:
            jobs, running = self._take()
            self._commit(connection, jobs)
        connection.close()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, isolation_level=None, cached_statements=256)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._migrate(sqlite_utils.Database(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self) -> tuple[list[_Job], bool]:
        """Everything that waits now, at least one job; False once the database is to close."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) >= 512 or self._jobs.empty():
                return jobs, True
            job = self._jobs.get()
        return jobs, False

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        """One transaction for all writes; a job that fails is undone alone and does not fail its neighbours.

        A transaction that fails as a whole fails its writes; its reads, which may have seen them, are done again.
        """
        done: list[tuple[_Job, Any]] = []
        try:
            if any(writes for _, writes, _, _ in jobs):
                connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                act, writes, answer, loop = job
                try:
                    done.append((job, _in_savepoint(connection, act) if writes else act(connection)))
                except Exception as error:  # noqa: BLE001 - the caller's error goes to the caller
                    _tell(loop, answer, error=error)
            if connection.in_transaction:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            for _, writes, answer, loop in jobs:
                if writes:
                    _tell(loop, answer, error=error)
            self._commit(connection, [job for job in jobs if not job[1]])
            return
        for (_, _, answer, loop), result in done:
            _tell(loop, answer, result)


def _in_savepoint(connection: sqlite3.Connection, act: Act) -> Any:
    connection.execute("SAVEPOINT job")
    try:
        result = act(connection)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
        raise
    connection.execute("RELEASE job")
    return result


def _tell(
    loop: asyncio.AbstractEventLoop,
    answer: asyncio.Future[Any],
    result: Any = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    with suppress(RuntimeError):  # nobody waits any more: the loop is closed
        loop.call_soon_threadsafe(settle)


@asynccontextmanager
async def database(
    path: Path, migrate: Callable[[sqlite_utils.Database], None] = lambda _: None
) -> AsyncIterator[Database]:
    """Open a file, bring its schema up to date by ``migrate`` (idempotent, sqlite-utils), close it at the end.

    What is asked for after the end raises sqlite3.ProgrammingError.
    """
    opened = Database(path)
    opened._migrate = migrate
    opened._thread.start()
    try:
        await opened._ready
        yield opened
    finally:
        opened._closed = True
        opened._jobs.put(None)
        await asyncio.to_thread(opened._thread.join)


@asynccontextmanager
async def mended(
    path: Path, migrate: Callable[[sqlite_utils.Database], None], tell: Callable[[str], None]
) -> AsyncIterator[Database]:
    """As ``database``, for what no screen may wait for: it opens whatever the disk has done to the file.

    A broken file is moved to ``quarantine/`` and a new one begun; where the disk refuses, memory holds it until the
    next start. ``tell`` hears what was wrong, or an empty text.
    """
    async with database(await _usable(path, migrate, tell), migrate) as opened:
        yield opened


async def _usable(path: Path, migrate: Callable[[sqlite_utils.Database], None], tell: Callable[[str], None]) -> Path:
    said = ""
    try:
        if not await _whole(path, migrate):
            await asyncio.to_thread(quarantine, path, int(time.time()))
            said = "the file was broken; it lies in quarantine and a new one was begun"
            await _whole(path, migrate)
    except (sqlite3.Error, OSError) as error:
        tell(f"{cause(error)}: kept in memory, so a restart forgets it")
        return MEMORY
    tell(said)
    return path


async def _whole(path: Path, migrate: Callable[[sqlite_utils.Database], None]) -> bool:
    """Whether a file is a database in good order; raises what has nothing to do with its bytes."""
    try:
        async with database(path, migrate) as opened:
            return bool(await opened.read(lambda db: db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"))
    except sqlite3.DatabaseError as error:
        if broken(error):
            return False
        raise


def broken(error: sqlite3.Error) -> bool:
    """Whether an error says that the file's bytes are not those of a database."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def cause(error: sqlite3.Error | OSError) -> str:
    """What the disk said, without a path."""
    if isinstance(error, OSError):
        return f"cannot be opened: {error.strerror}"
    name = getattr(error, "sqlite_errorname", str(error))
    return {
        "SQLITE_FULL": "the disk is full",
        "SQLITE_READONLY": "the disk is read-only",
        "SQLITE_BUSY": "another process holds the file",
    }.get(name, f"cannot write: {name}")


def quarantine(path: Path, wall: int) -> None:
    """Put a file, with all that lies beside it under its name, out of the way at ``wall`` (UNIX seconds)."""
    folder = path.parent / "quarantine" / f"{path.stem}-{wall}"
    folder.mkdir(parents=True, exist_ok=True)
    for each in path.parent.glob(f"{path.name}*"):
        each.rename(folder / each.name)
