"""Stock from a CSV file (sku, location, available) that a till or a script writes: watched, read whole on a change.

For a folder that files are dropped into over SFTP: a marker that says a file is whole, a time for which it must rest,
and files of changes besides the whole one.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from edge import config
from edge.config import Id
from edge.ports import Comparison, StockAway, StockItem, StockLevel, StockReport, Taken, Way
from edge.stock import table

MAX_BYTES = 64 * 1024 * 1024
SETTLED_S = 2.0
"""A file untouched for so long is read at first sight; a younger one when two looks in a row see it the same."""
FUTURE_S = 60.0
CUT_S = 10.0
"""A file whose last line has no end may be cut within a number; it is read once it lay untouched for so long."""
UNMARKED_S = 60.0
"""How long a file may lie without its marker before that is told as a fault."""

Signature = tuple[int, int, int, int]
"""Inode, size, modified and changed (ns): what differs whenever a file was written or replaced."""


class Settings(config.Settings):
    """``path`` of the file; ``locations`` it speaks for (all that it names, if empty); its ``encoding``.

    With ``max_age_s`` a file that was not rewritten for longer counts as old as its last writing; without it the
    file's word is as fresh as the last look, each ``poll_s``.

    ``done`` is what a marker's name has besides the file's (``.done``): a file counts once its marker is not older.
    ``rest_s`` is for how long it must lie untouched. ``deltas`` are files in the same folder (``stock-*.csv``) with
    rows that changed since the whole file, absolute too, each newer than it and taken in order of their names.
    """

    path: Path
    locations: tuple[Id, ...] = ()
    encoding: Literal["utf-8", "cp932"] = "utf-8"
    poll_s: float = Field(0.5, ge=0.01, le=5)
    max_age_s: float | None = Field(None, gt=0)
    done: str = Field("", pattern=r"^[^/\x00]{0,32}$")
    rest_s: float = Field(0.0, ge=0, le=3600)
    deltas: str = Field("", pattern=r"^[^/\x00]{0,128}$")


@dataclass(frozen=True, slots=True)
class Drop:
    """What lies there: the whole file, those of changes by name, and whether all have their markers."""

    file: Signature
    deltas: tuple[tuple[str, Signature], ...] = ()
    marked: bool = True

    @property
    def told(self) -> tuple[Signature, frozenset[tuple[str, Signature]]]:
        """What was read when this was read."""
        return self.file, frozenset(self.deltas)

    @property
    def all(self) -> tuple[Signature, ...]:
        """Every file's."""
        return self.file, *(one for _, one in self.deltas)

    @property
    def newest(self) -> Signature:
        """The file that was written last."""
        return max(self.all, key=lambda one: one[2])


class CsvStock:
    """A StockSource over one file. Half-written files are waited out, bad ones refused whole."""

    def __init__(
        self, path: Path, settings: Settings, wall: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._path = path
        self._settings = settings
        self._wall = wall
        self._monotonic = monotonic
        self._wanted = False
        self.comparison = Comparison()

    def compare(self) -> None:
        """Read the whole file again, though it did not change."""
        self._wanted = True

    def taken(self, report: StockReport, taken: Taken) -> None:
        """A whole file is in the cache: that is a comparison."""
        if report.whole and report.levels is not None:
            begun = self.comparison.begun
            self.comparison = Comparison(begun, begun, len(report.levels), taken.changed, self._wall())

    async def reports(self) -> AsyncIterator[StockReport]:
        """A report each ``poll_s`` while the file is readable and at rest, with levels when it changed."""
        read: Drop | None = None
        before: Drop | None = None
        locations: frozenset[str] = frozenset()
        since = self._monotonic()
        while True:
            looked = self._monotonic()
            file = await asyncio.to_thread(self._look)
            now = Drop(file, *await asyncio.to_thread(self._beside, file))
            if now != before:
                since = self._monotonic()
            age = self._age(now.newest, since, looked)
            if self._wanted:
                read, self._wanted = None, False
            if read is not None and now.told == read.told:
                read = now
                yield self._report(locations, None, age, looked)
            elif self._rests(now, before, since):
                found = await asyncio.to_thread(self._table, now, read)
                if found is not None:
                    levels, items = found.levels, found.items
                    whole = read is None or read.file != now.file
                    self.comparison = replace(self.comparison, begun=self.comparison.begun + whole)
                    locations = self._locations(levels) if whole else self._named(levels, locations)
                    read = now
                    yield replace(self._report(locations, levels, age, looked), whole=whole, items=items)
            before = now
            await asyncio.sleep(self._settings.poll_s)

    def _rests(self, now: Drop, before: Drop | None, since: float) -> bool:
        """Whether all files are whole; raises StockAway for one whose marker does not come."""
        if not now.marked:
            if self._monotonic() - since > UNMARKED_S:
                raise StockAway(f"{self._path} or a file beside it lies there without its '{self._settings.done}'")
            return False
        untouched = self._wall() - max(one[3] for one in now.all) / 1e9
        if untouched < self._settings.rest_s and self._monotonic() - since < self._settings.rest_s:
            return False
        return now == before or untouched > SETTLED_S

    def _beside(self, file: Signature) -> tuple[tuple[tuple[str, Signature], ...], bool]:
        """The files of changes that are not older than the whole one, and whether all have their markers."""
        folder, pattern, done = self._path.parent, self._settings.deltas, self._settings.done
        try:
            named = sorted(folder.glob(pattern)) if pattern else []
            paths = [path for path in named if path != self._path and not (done and path.name.endswith(done))]
            found = [(path, one) for path in paths if (one := _there(path)) is not None]
            deltas = [(path, one) for path, one in found if one[2] >= file[2]]
            marked = all(self._marked(path, one) for path, one in [(self._path, file), *deltas])
        except OSError as error:
            raise StockAway(f"{folder} cannot be read: {error.strerror}") from error
        return tuple((path.name, one) for path, one in deltas), marked

    def _marked(self, path: Path, file: Signature) -> bool:
        if not self._settings.done:
            return True
        try:
            return path.with_name(path.name + self._settings.done).stat().st_mtime_ns >= file[2]
        except FileNotFoundError:
            return False

    def _table(self, now: Drop, read: Drop | None) -> table.Table | None:
        """What the whole file with its changes says, or the changes that are new and those behind them; None if
        a file was touched meanwhile. Raises StockAway."""
        known = set(read.deltas) if read is not None and read.file == now.file else None
        rows: dict[tuple[str, str], StockLevel] = {}
        items: dict[str, StockItem] = {}
        names = [(self._path.name, now.file)] if known is None else []
        first = next((n for n, delta in enumerate(now.deltas) if delta not in (known or ())), len(now.deltas))
        for name, expected in [*names, *now.deltas[first:]]:
            found = self._read(expected, self._path.with_name(name))
            if found is None:
                return None
            rows |= {(level.sku, level.location): level for level in found.levels}
            items |= {item.sku: item for item in found.items}
        return table.Table(tuple(rows.values()), tuple(items.values()))

    def _report(
        self, locations: frozenset[str], levels: tuple[StockLevel, ...] | None, age: float, looked: float
    ) -> StockReport:
        return StockReport(locations, levels, age, asked=self._monotonic() - looked, way=Way.FILE)

    def _look(self) -> Signature:
        try:
            return _signature(self._path.stat())
        except OSError as error:
            raise StockAway(f"{self._path} cannot be read: {error.strerror}") from error

    def _read(self, expected: Signature, path: Path) -> table.Table | None:
        """What a file says, None if it was touched meanwhile or may be cut short; raises StockAway."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
                after = _signature(os.fstat(file.fileno()))
        except OSError as error:
            raise StockAway(f"{path} cannot be read: {error.strerror}") from error
        if after != expected:
            return None
        if not data.endswith((b"\n", b"\r")) and 0 <= self._wall() - after[3] / 1e9 < CUT_S:
            return None
        if len(data) > MAX_BYTES:
            raise StockAway(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MiB")
        try:
            return table.parse(data, self._settings.encoding)
        except table.BadTable as error:
            raise StockAway(f"{path} {error}; the last good file stays in use") from error

    def _locations(self, levels: tuple[StockLevel, ...]) -> frozenset[str]:
        named = frozenset(level.location for level in levels)
        spoken = frozenset(self._settings.locations) or named
        if not spoken:
            raise StockAway(f"{self._path} has no rows; name its locations in the settings if that is meant")
        if named - spoken:
            raise StockAway(f"{self._path} names '{min(named - spoken)}', which its setting 'locations' does not")
        return spoken

    def _named(self, levels: tuple[StockLevel, ...], spoken: frozenset[str]) -> frozenset[str]:
        """The places that are spoken for; raises StockAway where changes name another."""
        if others := frozenset(level.location for level in levels) - spoken:
            raise StockAway(f"a file of changes beside {self._path} names '{min(others)}', which that file does not")
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


def _there(path: Path) -> Signature | None:
    """A file of changes, None for one that was taken away since its folder was read; raises OSError, StockAway."""
    try:
        return _signature(path.stat())
    except FileNotFoundError:
        return None


def _signature(found: os.stat_result) -> Signature:
    if not stat.S_ISREG(found.st_mode):
        raise StockAway("the path of the stock file is no file")
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[CsvStock]:
    """The source for a file; a relative path is read against ``where``."""
    yield CsvStock(where / settings.path, settings, time.time, time.monotonic)
