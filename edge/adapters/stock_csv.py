"""Stock from a CSV file (sku, location, available) that a till or a script writes: watched, read whole on a change."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from edge import config
from edge.config import Id
from edge.ports import StockAway, StockLevel, StockReport
from edge.stock import table

MAX_BYTES = 64 * 1024 * 1024
SETTLED_S = 2.0
"""A file untouched for so long is read at first sight; a younger one when two looks in a row see it the same."""
FUTURE_S = 60.0
Signature = tuple[int, int, int, int]
"""Inode, size, modified and changed (ns): what differs whenever a file was written or replaced."""


class Settings(config.Settings):
    """``path`` of the file; ``locations`` it speaks for (all that it names, if empty); its ``encoding``.

    With ``max_age_s`` a file that was not rewritten for longer counts as old as its last writing; without it the
    file's word is as fresh as the last look, each ``poll_s``.
    """

    path: Path
    locations: tuple[Id, ...] = ()
    encoding: Literal["utf-8", "cp932"] = "utf-8"
    poll_s: float = Field(0.5, ge=0.01, le=5)
    max_age_s: float | None = Field(None, gt=0)


class CsvStock:
    """A StockSource over one file. Half-written files are waited out, bad ones refused whole."""

    def __init__(
        self, path: Path, settings: Settings, wall: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._path = path
        self._settings = settings
        self._wall = wall
        self._monotonic = monotonic

    async def reports(self) -> AsyncIterator[StockReport]:
        """A report each ``poll_s`` while the file is readable and at rest, with levels when it changed."""
        read: Signature | None = None
        before: Signature | None = None
        locations: frozenset[str] = frozenset()
        since = self._monotonic()
        while True:
            looked = self._monotonic()
            now = await asyncio.to_thread(self._look)
            if now != before:
                since = self._monotonic()
            if now == read:
                yield self._report(locations, None, self._age(now, since, looked), looked)
            elif now == before or self._wall() - now[3] / 1e9 > SETTLED_S:
                levels = await asyncio.to_thread(self._read, now)
                if levels is not None:
                    locations = self._locations(levels)
                    read = now
                    yield self._report(locations, levels, self._age(now, since, looked), looked)
            before = now
            await asyncio.sleep(self._settings.poll_s)

    def _report(
        self, locations: frozenset[str], levels: tuple[StockLevel, ...] | None, age: float, looked: float
    ) -> StockReport:
        return StockReport(locations, levels, age, asked=self._monotonic() - looked)

    def _look(self) -> Signature:
        try:
            return _signature(self._path.stat())
        except OSError as error:
            raise StockAway(f"{self._path} cannot be read: {error.strerror}") from error

    def _read(self, expected: Signature) -> tuple[StockLevel, ...] | None:
        """The file's levels, None if it was touched meanwhile; raises StockAway."""
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
                after = _signature(os.fstat(file.fileno()))
        except OSError as error:
            raise StockAway(f"{self._path} cannot be read: {error.strerror}") from error
        if after != expected:
            return None
        if len(data) > MAX_BYTES:
            raise StockAway(f"{self._path} is larger than {MAX_BYTES // 1024 // 1024} MiB")
        try:
            return table.parse(data, self._settings.encoding)
        except table.BadTable as error:
            raise StockAway(f"{self._path} {error}; the last good file stays in use") from error

    def _locations(self, levels: tuple[StockLevel, ...]) -> frozenset[str]:
        named = frozenset(level.location for level in levels)
        spoken = frozenset(self._settings.locations) or named
        if not spoken:
            raise StockAway(f"{self._path} has no rows; name its locations in the settings if that is meant")
        if named - spoken:
            raise StockAway(f"{self._path} names '{min(named - spoken)}', which its setting 'locations' does not")
        return spoken

    def _age(self, file: Signature, since: float, looked: float) -> float:
        """The time since the look, or since the file was written if that is longer than allowed."""
        here = self._monotonic() - looked
        allowed = self._settings.max_age_s
        if allowed is None:
            return here
        by_wall = self._wall() - file[2] / 1e9
        if by_wall < -FUTURE_S:
            raise StockAway(f"{self._path} was written in the future; set the clock of this device or of the till")
        # A clock set back must not make the file young: it is at least as old as we have known it.
        age = max(by_wall, self._monotonic() - since)
        return age if age > allowed else here


def _signature(found: os.stat_result) -> Signature:
    if not stat.S_ISREG(found.st_mode):
        raise StockAway("the path of the stock file is no file")
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[CsvStock]:
    """The source for a file; a relative path is read against ``where``."""
    yield CsvStock(where / settings.path, settings, time.time, time.monotonic)
