"""One thread and one connection for each SQLite file, with natural group commit.

Writes that wait while a commit runs share the next one (MQTT.md 2.1: a timer only adds latency).
``synchronous=FULL`` is asserted at every open: WAL with NORMAL loses the last commits in a power cut
(RELIABILITY.md 2.2).
"""

from __future__ import annotations

import asyncio
import errno
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], Any]
Done = Callable[[Any, BaseException | None], None]
_Job = tuple[Act, bool, Done, asyncio.AbstractEventLoop]
_Settled = tuple[_Job, Any, BaseException | None]

MEMORY = Path(":memory:")
"""A database that no disk holds: what it keeps is gone with its close."""

_PRAGMAS = (
    "PRAGMA auto_vacuum=INCREMENTAL",  # before the first table, or never: a file made without it does not shrink
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=250",
    "PRAGMA journal_size_limit=1048576",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
)


_SUSPECT = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
"""After these a connection is not trusted: what the kernel's cache holds after a failed flush may never have reached
the disk, and one that fell back to reading would read for ever. It is closed, and another opened, before the next."""


class Database:
    """A SQLite file owned by one thread. ``write`` and ``read`` take a function of the connection.

    ``commits`` and ``undone`` count transactions in that thread, so that what an act remembers of the file besides
    the file itself can be known to hold (nothing was undone since) or be read again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits = 0
        self.undone = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"db {path.name}", daemon=True)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._migrate: Callable[[sqlite_utils.Database], None] = lambda _: None
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._suspect = False

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` in a transaction; returns its result once the commit is on disk."""
        return await self._ask(act, True)

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act``, which must not write, after the writes asked for before it."""
        return await self._ask(act, False)

    def post(self, act: Act, done: Done) -> None:
        """As ``write``, for who does not wait: ``done(result, error)`` is called in the running loop."""
        self._put(act, True, done)

    async def _ask(self, act: Callable[[sqlite3.Connection], T], writes: bool) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(act, writes, partial(_answer, answer))
        return await answer

    def _put(self, act: Act, writes: bool, done: Done) -> None:
        if self._closed:
            raise sqlite3.ProgrammingError(f"{self.path.name} is closed")
        self._jobs.put((act, writes, done, asyncio.get_running_loop()))

    def _work(self) -> None:
        try:
            self._connection = self._open()
        except Exception as error:  # noqa: BLE001 - whoever opens it is told, whatever a migration raised
            _tell([((_nothing, False, partial(_answer, self._ready), self._loop), None, error)])
            return
        _tell([((_nothing, False, partial(_answer, self._ready), self._loop), None, None)])
        running = True
        while running:
            jobs, running = self._take()
            if jobs:
                _tell(self._served(jobs))
        self._close()

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

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):  # a disk that fails still: what was committed is in the log beside the file
                self._connection.close()
            self._connection = None

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

    def _served(self, jobs: list[_Job]) -> list[_Settled]:
        """Jobs with what came of them, over a connection that is trusted."""
        try:
            return self._committed(self._trusted(), jobs)
        except (sqlite3.Error, OSError) as error:  # it cannot be opened again: the disk is still away
            return [(job, None, error) for job in jobs]

    def _trusted(self) -> sqlite3.Connection:
        if self._suspect:
            self._close()
        if self._connection is None:
            self.undone += 1
            self._connection = self._open()
        self._suspect = False
        return self._connection

    def _committed(self, connection: sqlite3.Connection, jobs: list[_Job]) -> list[_Settled]:
        """One transaction for all writes; a job that fails is undone alone and does not fail its neighbours.

        A transaction that fails as a whole fails its writes; its reads, which may have seen them, are done again.
        """
        writes = len([job for job in jobs if job[1]])
        try:
            if writes:
                connection.execute("BEGIN IMMEDIATE")
            settled = [self._done(connection, job, alone=writes == 1) for job in jobs]
            if connection.in_transaction:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._doubt(error)
            _roll_back(connection)
            reads = [job for job in jobs if not job[1]]
            failed: list[_Settled] = [(job, None, error) for job in jobs if job[1]]
            return failed + (self._committed(connection, reads) if reads else [])
        self.commits += 1
        return settled

    def _done(self, connection: sqlite3.Connection, job: _Job, alone: bool) -> _Settled:
        """One job. Raises sqlite3.Error if it undid the whole transaction, as a full disk may: nobody is told yes."""
        act, writes, _, _ = job
        try:
            return job, _in_savepoint(connection, act) if writes and not alone else act(connection), None
        except Exception as error:  # the caller's error goes to the caller
            self._doubt(error)
            if writes and not alone and not connection.in_transaction:
                if isinstance(error, sqlite3.Error):
                    raise
                raise sqlite3.OperationalError("an act undid its neighbours' transaction") from error
            if writes and alone:
                _roll_back(connection)
            return job, None, error

    def _doubt(self, error: Exception) -> None:
        self.undone += 1
        name = getattr(error, "sqlite_errorname", "")
        self._suspect |= name.startswith(_SUSPECT) and self.path != MEMORY


def _nothing(_: sqlite3.Connection) -> None:
    """What was asked for by the opening itself."""


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


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


def _answer(answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)


def _tell(settled: list[_Settled]) -> None:
    """Give the answers of one commit to each loop at once: waking it costs more than the rest."""
    for loop in {job[3] for job, _, _ in settled}:
        mine = [each for each in settled if each[0][3] is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:  # nobody waits any more: the loop is closed
            continue


def _settle(settled: list[_Settled]) -> None:
    for (_, _, done, _), result, error in settled:
        done(result, error)


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


@contextmanager
def looked(path: Path) -> Iterator[sqlite3.Connection]:
    """A file to be read alone, without taking part in its journal; raises sqlite3.Error.

    Where no journal lies it makes none either: of an outbox the next start would take an empty one for the one that a
    person deleted, and not miss the contacts that were in it.
    """
    way = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{way}", uri=True, timeout=5)) as connection:
        yield connection


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


def full(error: BaseException) -> bool:
    """Whether an error says that the disk has no room."""
    name = getattr(error, "sqlite_errorname", "")
    # A log's index that cannot be made is told as an error of the disk.
    return name in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE") or (
        isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    )


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
        "SQLITE_CANTOPEN": "the file cannot be opened",
        "SQLITE_IOERR_SHMSIZE": "the disk is full",
    }.get(name, f"the disk fails: {name}" if name.startswith("SQLITE_IOERR") else f"cannot write: {name}")


def quarantine(path: Path, wall: int) -> None:
    """Put a file, with all that lies beside it under its name, out of the way at ``wall`` (UNIX seconds)."""
    folder = path.parent / "quarantine" / f"{path.stem}-{wall}"
    folder.mkdir(parents=True, exist_ok=True)
    for each in path.parent.glob(f"{path.name}*"):
        each.rename(folder / each.name)
