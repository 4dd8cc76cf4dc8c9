"""The floor of ``bench outbox``: bare sqlite3 on the same table with the same pragmas, rows ready made."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.figures import NEVER

PRAGMAS = ("journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit", "secure_delete", "busy_timeout")
"""What of a connection's settings changes the price of a commit; asked of ours, set on the bare ones."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One stretch: rows a second, CPU ms of this process a thousand rows, each wait for a row to be durable in us
    (NEVER for a row that the busy timeout ended)."""

    rate: float
    cpu_ms: float
    waits_us: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What is taken over from ours: its table with what hangs on it, one row with the number left open, its pragmas."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    row: tuple[Any, ...]
    pragmas: Mapping[str, Any]


def sample(connection: sqlite3.Connection) -> Sample:
    """The table, the newest row and the pragmas of an outbox that has a row."""
    asked = "SELECT sql FROM sqlite_master WHERE tbl_name = 'outbox' AND sql IS NOT NULL ORDER BY type DESC"
    tables = tuple(sql for (sql,) in connection.execute(asked))
    columns = tuple(name for _, name, *_ in connection.execute("PRAGMA table_info(outbox)"))  # none that is computed
    newest = f"SELECT {', '.join(columns)} FROM outbox ORDER BY seq DESC LIMIT 1"  # noqa: S608 - our own columns
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    return Sample(tables, columns, (None, *connection.execute(newest).fetchone()[1:]), pragmas)


class Bare:
    """A file of its own with the outbox's tables."""

    def __init__(self, path: Path, taken: Sample) -> None:
        self._path, self._taken = path, taken
        names, marks = ", ".join(taken.columns), ", ".join("?" * len(taken.columns))
        self._insert = f"INSERT INTO outbox({names}) VALUES ({marks})"  # noqa: S608 - our own columns
        with closing(self._open()) as connection:
            for table in taken.tables:
                connection.execute(table)

    def apart(self, writers: int, seconds: float) -> Slice:
        """A thread and a connection a writer, a commit a row; one writer is one plain loop in this thread."""

        def write(until: float, waits: list[float]) -> None:
            with closing(self._open()) as connection:
                while not waits or time.perf_counter() < until:
                    began = time.perf_counter()
                    try:
                        connection.execute(self._insert, self._taken.row)
                    except sqlite3.OperationalError:  # locked out for the whole busy timeout by the other writers
                        waits.append(NEVER)
                        return
                    waits.append(time.perf_counter() - began)

        return _timed(write, writers, seconds)

    def together(self, rows: int, seconds: float) -> Slice:
        """One thread that puts so many rows into each commit."""
        batch = [self._taken.row] * rows

        def write(until: float, waits: list[float]) -> None:
            with closing(self._open()) as connection:
                while not waits or time.perf_counter() < until:
                    began = time.perf_counter()
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany(self._insert, batch)
                    connection.execute("COMMIT")
                    waits.extend([time.perf_counter() - began] * rows)

        return _timed(write, 1, seconds)

    async def behind(self, writers: int, seconds: float) -> Slice:
        """Tasks that await the one thread that holds the connection, a commit a row: as a service with a loop must."""
        loop, waits = asyncio.get_running_loop(), [list[float]() for _ in range(writers)]
        began, cpu = time.perf_counter(), time.process_time()

        async def write(mine: list[float]) -> None:
            while not mine or time.perf_counter() < began + seconds:
                start = time.perf_counter()
                await loop.run_in_executor(pool, connection.execute, self._insert, self._taken.row)
                mine.append(time.perf_counter() - start)

        with ThreadPoolExecutor(1) as pool, closing(self._open()) as connection:
            await asyncio.gather(*(write(mine) for mine in waits))
        return summed(waits, time.perf_counter() - began, time.process_time() - cpu)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for name, value in self._taken.pragmas.items():
            connection.execute(f"PRAGMA {name}={value}")
        return connection


def summed(waits: Sequence[Sequence[float]], took_s: float, cpu_s: float) -> Slice:
    """A slice of what each writer waited, in seconds; each has tried at least once."""
    flat = tuple(1e6 * wait for of in waits for wait in of)
    kept = sum(wait != NEVER for wait in flat)
    return Slice(kept / took_s, 1e6 * cpu_s / max(kept, 1), flat)


def _timed(write: Callable[[float, list[float]], None], writers: int, seconds: float) -> Slice:
    waits: list[list[float]] = [[] for _ in range(writers)]
    began, cpu = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=write, args=(began + seconds, each)) for each in waits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summed(waits, time.perf_counter() - began, time.process_time() - cpu)
