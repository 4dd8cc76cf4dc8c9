"""Head office's database in PostgreSQL, for hubs that share it: contacts cut by the month of their receipt.

A unique index over all months would need the month in its key, so once each is kept by the books
(``edge.contacts.office.books``) under a lock on the streams that a batch names; within a month an index keeps it, too.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from edge import postgres
from edge.config import Postgres
from edge.contacts.event import Range
from edge.contacts.office import books
from edge.contacts.office import postgres as tables
from edge.contacts.office.books import Place, Plan, Stream
from edge.contacts.office.counts import Count, Standing
from edge.contacts.office.sink import Arrival, Asked, Kept, SinkAway

try:
    import asyncpg
except ModuleNotFoundError:  # an extra: the settings say so where this adapter is chosen
    asyncpg = None

PART = 2_000
"""Contacts that are read at a time for an export; numbers that the watermark passes at a time."""
ERASED_AT_ONCE = 500
TRIES = 3
"""How often a batch is tried that another hub's lock undid."""
EXPORT_S = 3_600.0


class Settings(Postgres):
    """``password_file`` and ``ca`` are read against the hub's data folder."""


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[PostgresSink]:
    """The sink over its server, which need not answer yet."""
    sink = PostgresSink(settings, where)
    try:
        yield sink
    finally:
        await sink.close()


class PostgresSink:
    """contacts.sink.Sink, and all else that a sink may be."""

    def __init__(self, settings: Settings, where: Path) -> None:
        self._settings, self._where = settings, where
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._months: set[datetime] = set()
        self._streams: set[str] = set()

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """As contacts.sink.Sink; another hub that books the same streams waits for this one."""
        async with self._connection() as db:
            if not arrivals:
                return {}
            await self._prepare(db, arrivals)
            for _ in range(TRIES - 1):
                try:
                    return await _insert(db, arrivals)
                except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                    continue  # undone as a whole: the other hub's batch is in
            return await _insert(db, arrivals)

    async def erase(self, members: Collection[str]) -> int:
        """As contacts.sink.Erasing. First no hub takes them in any more, then what is here is changed."""
        async with self._connection() as db:
            async with db.transaction():
                await db.execute("SELECT pg_advisory_xact_lock($1)", tables.ERASING)
                await db.execute("INSERT INTO erased SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", [*members])
            changed = 0
            while part := await _erase(db, members):
                changed += part
            return changed

    async def counts(self) -> list[Count]:
        """As contacts.counts.Counting."""
        async with self._connection() as db:
            rows = await db.fetch("SELECT store, kind, contacts, latest FROM tallies ORDER BY store, kind")
        return [Count(*row) for row in rows]

    async def standings(self) -> list[Standing]:
        """As contacts.counts.Counting."""
        async with self._connection() as db:
            lost = await db.fetch("SELECT stream, reason, events FROM losses ORDER BY stream, reason")
            rows = await db.fetch(
                "SELECT stream, store, device, upto, highest, heard, hole, latest, contacts, duplicates, salvaged, "
                "unsynced FROM streams ORDER BY store, device, stream"
            )
        gaps: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for stream, reason, events in lost:
            gaps[stream][reason] = events
        return [replace(Standing(*row), gaps=gaps.get(row[0], {})) for row in rows]

    async def kept(self, asked: Asked) -> AsyncIterator[Sequence[Kept]]:
        """As contacts.sink.Exporting: one moment's view, by a cursor on the server."""
        bounds = (tables.moment(asked.since_ms), tables.moment(asked.until_ms), asked.store, asked.kind)
        async with self._connection() as db, db.transaction(isolation="repeatable_read", readonly=True):
            cursor = await db.cursor(tables.KEPT, *bounds, timeout=EXPORT_S)
            while rows := await cursor.fetch(PART, timeout=EXPORT_S):
                yield [Kept(*row) for row in rows]

    async def close(self) -> None:
        """Close what is open."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._opened()
            async with self._pool.acquire() as db:
                yield db
        except postgres.FAULTS as error:
            self._months.clear()  # whatever is there when it is back
            self._streams.clear()
            raise SinkAway(postgres.cause(error)) from error

    async def _opened(self) -> Any:
        """A pool of connections, its tables up to date."""
        return await postgres.pool(self._settings, self._where, tables.TABLES, 4, 60.0, application_name="tentou hub")

    async def _prepare(self, db: Any, arrivals: Sequence[Arrival]) -> None:
        """Months and streams that are new here, each in a commit of its own, so that no batch waits with locks held."""
        heads = books.heads(arrivals)
        new = [(stream, *owner) for stream, owner in heads.items() if stream not in self._streams]
        if new:
            add = "INSERT INTO streams (stream, store, device) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            await db.executemany(add, new)
            self._streams.update(heads)
        for month in {tables.month(each.received_ms) for each in arrivals} - self._months:
            await tables.partition(db, month)
            self._months.add(month)


async def _insert(db: Any, arrivals: Sequence[Arrival]) -> dict[str, int]:
    async with db.transaction():
        arrivals = books.redacted(arrivals, await _erased(db, {each.event.member for each in arrivals} - {""}))
        known = await _known(db, arrivals)
        made = books.plan(arrivals, await _here(db, books.doubtful(arrivals, known)), known)
        if made.fresh:
            await db.execute(tables.INSERT, *_columns(map(_row, made.fresh)))
            tallies = sorted((*key, *value) for key, value in books.tallies(made.fresh).items())
            await db.execute(tables.TALLY, *_columns(tallies))
        if made.losses:
            await db.execute(tables.LOSS, *_columns(sorted((*key, lost) for key, lost in made.losses.items())))
        moved = {stream: await _move(db, stream, before, made) for stream, before in known.items()}
        await db.execute(tables.HEADS, *_columns(_head(moved[stream], made, stream) for stream in known))
    return {stream: moved[stream].upto for stream in made.figures}


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _row(each: Arrival) -> tuple[Any, ...]:
    *told, received_ms = books.row(each)
    return (*told, tables.moment(received_ms))


def _head(after: Stream, made: Plan, stream: str) -> tuple[Any, ...]:
    told = made.figures[stream] if stream in made.figures else books.Figures()
    figures = (told.heard_ms, told.latest, told.contacts, told.duplicates, told.salvaged, told.unsynced)
    return (stream, after.upto, after.highest, after.hole_ms, *figures)


async def _known(db: Any, arrivals: Sequence[Arrival]) -> dict[str, Stream]:
    """The streams of a batch, locked in order until its commit: hubs wait for each other, and never in a ring."""
    rows = await db.fetch(
        "SELECT stream, store, device, upto, highest, hole FROM streams WHERE stream = ANY($1::text[]) "
        "ORDER BY stream FOR UPDATE",
        [*books.heads(arrivals)],
    )
    found = {row[0]: Stream((row[1], row[2]), *row[3:]) for row in rows}
    if found.keys() != books.heads(arrivals).keys():
        raise asyncpg.InterfaceError("streams were deleted by another hand")
    return found


async def _here(db: Any, places: Collection[Place]) -> set[Place]:
    return {tuple(row) for row in await db.fetch(tables.HERE, *_columns(places))} if places else set()


async def _move(db: Any, stream: str, before: Stream, made: Plan) -> Stream:
    """Book a stream's new numbers and gaps, and find how far it is whole now."""
    numbers, ranges = made.numbers.get(stream, set()), made.covers.get(stream, [])
    highest = max([before.highest, *numbers, *(last for _, last in ranges)])
    upto, left = books.run(before.upto, numbers)
    if left:
        add = "INSERT INTO seen SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING"
        await db.execute(add, stream, left)
    await _cover(db, stream, upto, books.beyond(ranges, upto))
    if highest > upto:
        upto = await _through(db, stream, upto)
    if before.highest > before.upto or left:
        await db.execute(tables.FORGET, stream, before.upto, upto)
    now_ms = made.figures[stream].heard_ms if stream in made.figures else 0
    return Stream(before.owner, upto, highest, books.hole_since(before, upto, highest, now_ms))


async def _cover(db: Any, stream: str, upto: int, ranges: list[Range]) -> None:
    if not ranges:
        return
    end = max(last for _, last in ranges) + 1
    ask = "SELECT first, last FROM covered WHERE stream = $1 AND first > $2 AND first <= $3"
    old = {(first, last) for first, last in await db.fetch(ask, stream, upto, end)}
    new = set(books.merged([*old, *ranges]))
    gone, more = sorted(old - new), sorted(new - old)
    await db.execute(
        "DELETE FROM covered WHERE stream = $1 AND first = ANY($2::bigint[])", stream, [r[0] for r in gone]
    )
    add = "INSERT INTO covered SELECT $1, * FROM unnest($2::bigint[], $3::bigint[])"
    await db.execute(add, stream, [first for first, _ in more], [last for _, last in more])


async def _through(db: Any, stream: str, upto: int) -> int:
    numbers = "SELECT seq FROM seen WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    gap = "SELECT last FROM covered WHERE stream = $1 AND first <= $2 ORDER BY first DESC LIMIT 1"
    while True:
        rows = await db.fetch(numbers, stream, upto, PART)
        reached, _ = books.run(upto, [row[0] for row in rows])
        reached = max(reached, await db.fetchval(gap, stream, reached + 1) or 0)
        if reached == upto:
            return upto
        upto = reached


async def _erased(db: Any, members: Collection[str]) -> set[str]:
    """Whom this batch must not name; until its commit nobody more is erased."""
    if not members:
        return set()
    await db.execute("SELECT pg_advisory_xact_lock_shared($1)", tables.ERASING)
    asked = sorted({books.plain(member) for member in members})
    return {row[0] for row in await db.fetch("SELECT member FROM erased WHERE member = ANY($1::text[])", asked)}


async def _erase(db: Any, members: Collection[str]) -> int:
    """Take members out of some contacts; how many."""
    ask = "SELECT stream, seq, received, body FROM contacts WHERE member = ANY($1::text[]) LIMIT $2 FOR UPDATE"
    put = "UPDATE contacts SET member = '', session = '', body = $4 WHERE stream = $1 AND seq = $2 AND received = $3"
    async with db.transaction():
        rows = await db.fetch(ask, [*members], ERASED_AT_ONCE)
        await db.executemany(put, [(*row[:3], books.redacted_body(row[3])) for row in rows])
    return len(rows)
