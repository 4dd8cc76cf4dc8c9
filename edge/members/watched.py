"""A file that another program writes whole: kept in memory as what it says, read again when it changed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

from edge.members.table import BadTable

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
Signature = tuple[int, int, int]
T = TypeVar("T")


class Watched(Generic[T]):
    """What a table says of each ref, from memory, so that no shopper waits for a disk. A bad file replaces nothing.

    ``parse`` makes it of the file's bytes or raises BadTable; ``name`` is how a person calls the file.
    """

    def __init__(self, path: Path, name: str, parse: Callable[[bytes], Mapping[str, T]]) -> None:
        self._path = path
        self._name = name
        self._parse = parse
        self._rows: Mapping[str, T] | None = None
        self._read: Signature | None = None
        self._seen: Signature | None = None
        self._gone: asyncio.Queue[str] | None = None
        self.trouble = ""

    @property
    def rows(self) -> Mapping[str, T] | None:
        """What the last good file said, None while none could be read yet."""
        return self._rows

    def erased(self) -> AsyncIterator[str]:
        """Each ref whose row vanishes from now on, as soon as that was read; for ever, to the newest listener alone."""
        self._gone = asyncio.Queue()
        return _told(self._gone)

    async def look(self) -> None:
        """Read the file if it changed and is at rest (two looks saw it the same, or nothing was read yet)."""
        try:
            seen = await asyncio.to_thread(_signature, self._path)
            before, self._seen = self._seen, seen
            if seen == self._read:
                self._say("")  # it was away, or another, and is the one that was read
                return
            if seen != before and self._rows is not None:
                return
            rows = await asyncio.to_thread(_load, self._path, self._parse)
        except (OSError, BadTable) as error:
            self._say(f"{self._name} {self._path}: {error.strerror if isinstance(error, OSError) else error}")
            return
        if self._gone is not None:
            for ref in (self._rows or {}).keys() - rows.keys():
                self._gone.put_nowait(ref)
        self._rows, self._read = rows, seen
        self._say("")

    def _say(self, trouble: str) -> None:
        """Once when the file turns bad, once when it is good again; the last good rows stay in use."""
        if trouble and trouble != self.trouble:
            log.warning("%s; %s", trouble, "the last good one stays in use" if self._rows else "no profiles")
        elif self.trouble and not trouble:
            log.info("%s %s is good again", self._name, self._path)
        self.trouble = trouble


async def _told(queue: asyncio.Queue[str]) -> AsyncIterator[str]:
    while True:
        yield await queue.get()


def _signature(path: Path) -> Signature:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _load(path: Path, parse: Callable[[bytes], Mapping[str, T]]) -> Mapping[str, T]:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadTable(f"larger than {MAX_BYTES // 1024 // 1024} MiB")
    return parse(data)


async def _keep_looking(watched: Watched[T], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await watched.look()


@asynccontextmanager
async def looking(watched: Watched[T], seconds: float) -> AsyncIterator[Watched[T]]:
    """The file, read before this yields and looked at each ``seconds`` from then on."""
    await watched.look()
    task = asyncio.create_task(_keep_looking(watched, seconds), name="members' file")
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
