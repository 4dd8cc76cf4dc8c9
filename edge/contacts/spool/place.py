"""Where an outbox is kept: its file with the sentinel beside it, or memory while the disk refuses."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.contacts.spool import schema
from edge.contacts.spool.quarantine import finish, put_away
from edge.contacts.spool.schema import Loaded
from edge.contacts.spool.sentinel import Mark, Sentinel, read_mark, sentinel_of, write_mark
from edge.contacts.spool.soundness import NO_DATABASE, at_once, judge
from edge.db import MEMORY, Database, broken, cause, database

log = logging.getLogger(__name__)


@dataclass
class Place:
    """An open file, or memory (no ``sentinel``). ``doubtful``: it is large, not all of it was looked at.

    ``trusted`` is False once the file is known to be damaged: then its own numbers are not believed at the end.
    """

    db: Database
    loaded: Loaded
    sentinel: Sentinel | None = None
    doubtful: bool = False
    trusted: bool = True
    remade: bool = False

    @property
    def reserve(self) -> Callable[[int], None]:
        """What an outbox asks before it gives a number."""
        return self.sentinel.reserve if self.sentinel is not None else lambda _: None

    def told_by(self, known: Callable[[], tuple[int, int]]) -> None:
        """``known`` gives the last committed number and the last confirmed one, for the sentinel."""
        if self.sentinel is not None:
            self.sentinel.known = known


@asynccontextmanager
async def in_memory(boot: str) -> AsyncIterator[Place]:
    """A place that is gone with the process."""
    async with database(MEMORY, schema.migrate) as db:
        yield Place(db, await db.write(lambda connection: schema.load(connection, boot)))


@asynccontextmanager
async def on_disk(path: Path, boot: str, wall: float) -> AsyncIterator[Place]:
    """The outbox's own file; one that is not what its sentinel says is put away and a new one begun.

    Raises sqlite3.Error or OSError if the disk refuses.
    """
    mark, doubtful = await asyncio.to_thread(_tidied, path, boot, wall)
    async with AsyncExitStack() as stack:
        db = await _opened(stack, path, boot, wall)
        loaded = await db.write(lambda connection: schema.load(connection, boot))
        place = Place(db, loaded, Sentinel(sentinel_of(path), _marked(mark, loaded, boot)), doubtful)
        place.remade = mark is None and loaded.last > 0
        await asyncio.to_thread(_set, sentinel_of(path), place.sentinel, mark)
        try:
            yield place
        finally:
            last, acked = await _numbers(place)
    await asyncio.to_thread(_closed, place, last, acked)


def _tidied(path: Path, boot: str, wall: float) -> tuple[Mark | None, bool]:
    """Finish what a cut interrupted, put away what is spoilt. What the sentinel said; whether more is to be read."""
    finish(path)
    mark = read_mark(sentinel_of(path))
    why = judge(path, mark)
    if why:
        put_away(path, why, wall, boot)
    return mark, not why and not at_once(path, mark)


async def _opened(stack: AsyncExitStack, path: Path, boot: str, wall: float) -> Database:
    try:
        return await stack.enter_async_context(database(path, schema.migrate))
    except sqlite3.DatabaseError as error:
        if not broken(error):
            raise
    await asyncio.to_thread(put_away, path, NO_DATABASE, wall, boot)
    return await stack.enter_async_context(database(path, schema.migrate))


def _marked(mark: Mark | None, loaded: Loaded, boot: str) -> Mark:
    """The sentinel of this file: the one that is there, if it knows of all numbers, or a new one."""
    if mark is not None and mark.stream == loaded.stream and mark.reserved >= loaded.last:
        return mark
    generation = mark.generation + (mark.stream != loaded.stream) if mark is not None else 1
    return Mark(
        stream=loaded.stream,
        generation=generation,
        reserved=loaded.last,
        last=loaded.last,
        acked=loaded.acked,
        clean=True,
        boot=boot,
    )


def _set(path: Path, sentinel: Sentinel | None, before: Mark | None) -> None:
    if sentinel is None or sentinel.mark == before:
        return
    try:
        write_mark(path, sentinel.mark)
    except OSError as error:  # no number is given before it could be written
        log.warning("the outbox's sentinel %s", cause(error))


async def _numbers(place: Place) -> tuple[int, int]:
    """The last number and the watermark at the end, and the sentinel told of them; no numbers if they are not sure."""
    if not place.trusted or place.sentinel is None:
        return 0, 0
    try:
        last, acked = await place.db.read(
            lambda connection: (schema.last_seq(connection), schema.acked_seq(connection))
        )
        if last >= max(place.sentinel.known()[0], place.sentinel.mark.last):
            await asyncio.to_thread(place.sentinel.close, last, acked, clean=False)
            return last, acked
    except (sqlite3.Error, OSError) as error:
        log.warning("the outbox was not closed in order: %s", cause(error))
    return 0, 0


def _closed(place: Place, last: int, acked: int) -> None:
    if last and place.sentinel is not None and last == place.sentinel.mark.reserved:
        with suppress(OSError):  # the next start looks through the file then
            place.sentinel.close(last, acked, clean=True)
