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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], Any]
_Job = tuple[Act, bool, "asyncio.Future[Any]", asyncio.AbstractEventLoop]

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

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` in a transaction; returns its result once the commit is on disk."""
        return await self._ask(act, True)

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act``, which must not write, after the writes asked for before it."""
        return await self._ask(act, False)

    async def _ask(self, act: Callable[[sqlite3.Connection], T], writes: bool) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put((act, writes, answer, loop))
        return await answer

    def _work(self) -> None:
        try:
            connection = self._open()
        except (sqlite3.Error, OSError) as error:
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
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        self._migrate(sqlite_utils.Database(connection))
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
        """One transaction for all writes; a job that fails is undone alone and does not fail its neighbours."""
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
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for _, _, answer, loop in jobs:
                _tell(loop, answer, error=error)
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

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


@asynccontextmanager
async def database(
    path: Path, migrate: Callable[[sqlite_utils.Database], None] = lambda _: None
) -> AsyncIterator[Database]:
    """Open a file, bring its schema up to date by ``migrate`` (idempotent, sqlite-utils), close it at the end."""
    opened = Database(path)
    opened._migrate = migrate
    opened._thread.start()
    await opened._ready
    try:
        yield opened
    finally:
        opened._jobs.put(None)
        await asyncio.to_thread(opened._thread.join)
