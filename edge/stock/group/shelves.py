"""A group's shelves in its database: one numbering for all hubs, written by the one that has the channel's lease.

``n`` counts a shelf's changes as stores know them, ``v`` each writing of its rows, one of a revision alone too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from edge.ports import StockItem
from edge.stock.group.leases import Lease
from edge.stock.group.server import Server
from edge.stock.shelves.figures import Figures
from edge.stock.shelves.schema import epoch

_NOW = "extract(epoch FROM clock_timestamp())::float8"
_HEADS = f"""SELECT location, epoch, n, v, watermark, {_NOW} - watermark, full_s FROM stock_shelf
    WHERE channel = $1"""  # noqa: S608 - one expression
_COUNTS = """SELECT location, epoch, n, v FROM stock_shelf WHERE channel = $1 AND location = ANY($2::text[])
    ORDER BY location FOR UPDATE"""
_MOVE = f"""UPDATE stock_shelf SET n = x.n, v = x.v, full_s = x.full_s,
    watermark = coalesce({_NOW} - x.age, stock_shelf.watermark)
    FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[]) x(location, n, v, full_s, age)
    WHERE channel = $1 AND stock_shelf.location = x.location"""  # noqa: S608
_PUT = """INSERT INTO stock_row SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[],
    $6::boolean[], $7::bigint[], $8::bigint[], $9::smallint[], $10::bigint[]) ON CONFLICT (channel, location, sku)
    DO UPDATE SET figures = excluded.figures, revision = excluded.revision, gone = excluded.gone, n = excluded.n,
    item_n = excluded.item_n, way = excluded.way, v = excluded.v"""
_SAY = """INSERT INTO stock_item SELECT $1, * FROM unnest($2::text[], $3::text[]) ON CONFLICT (channel, sku)
    DO UPDATE SET said = excluded.said"""
_ROWS = """SELECT sku, figures, revision, gone, n, item_n, way FROM stock_row
    WHERE channel = $1 AND location = $2 AND v > $3"""
_ITEMS = """SELECT said FROM stock_item JOIN stock_row USING (channel, sku)
    WHERE channel = $1 AND location = $2 AND v > $3 AND item_n > $4 AND NOT gone"""
_VOUCH = f"""UPDATE stock_shelf SET watermark = {_NOW} - x.age FROM unnest($2::text[], $3::float8[]) x(location, age)
    WHERE channel = $1 AND stock_shelf.location = x.location"""  # noqa: S608
_MAKE = """INSERT INTO stock_shelf (channel, location, epoch)
    SELECT $1, * FROM unnest($2::text[], $3::bigint[]) ON CONFLICT DO NOTHING"""
_RENEW = """UPDATE stock_shelf SET epoch = $5 WHERE channel = $1 AND location = $2 AND epoch = $3 AND v < $4"""

_LEVEL = """WITH moved AS (UPDATE stock_row SET revision = $2, v = shelf.v + 1 FROM stock_shelf shelf
    WHERE stock_row.channel = $1 AND revision > $2 AND shelf.channel = $1 AND shelf.location = stock_row.location
    RETURNING stock_row.location)
    UPDATE stock_shelf SET v = v + 1 WHERE channel = $1 AND location IN (SELECT location FROM moved)"""


SLICE = 5_000
"""Rows of one statement: a shelf of any size is written within each statement's time."""
LONGEST_S = 60.0
_T = TypeVar("_T")


class Behind(Exception):
    """The shelf moved on in the database: what was planned is to be planned anew."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the database has it; ``figures`` None where it is gone."""

    sku: str
    figures: Figures | None
    revision: int
    n: int
    item_n: int
    way: int


@dataclass(frozen=True, slots=True)
class Count:
    """How far a shelf is."""

    epoch: int = 0
    n: int = 0
    v: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """How a shelf stands. ``watermark`` is by the server's clock (0: nobody vouched yet), ``age`` seconds since it."""

    count: Count
    watermark: float
    age: float
    full_s: float


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to become of a shelf that stands at ``before``; ``age`` is of the word that vouches for it, if any."""

    location: str
    before: Count
    n: int
    full_s: float
    age: float | None
    rows: Sequence[Row]

    @property
    def after(self) -> Count:
        """How far it is then."""
        return Count(self.before.epoch, self.n, self.before.v + bool(self.rows))


@dataclass(frozen=True, slots=True)
class Copy:
    """What changed of a shelf since a hub looked, or all of it (``whole``)."""

    location: str
    head: Head
    whole: bool
    rows: Sequence[Row] = ()
    items: Sequence[StockItem] = ()


async def put(server: Server, lease: Lease, plans: Sequence[Planned], items: Iterable[StockItem]) -> None:
    """Write what was planned, all or nothing. Raises Behind, and StockAway where the lease is no longer ours."""
    before = {plan.location: plan.before for plan in plans}
    rows = [(plan.location, row, plan.after.v) for plan in plans for row in plan.rows]
    moves = [(plan.location, plan.n, plan.after.v, plan.full_s, plan.age) for plan in plans]
    async with server.transaction() as db:
        await lease.need(db)
        found = {place: Count(*count) for place, *count in await db.fetch(_COUNTS, lease.channel, [*before])}
        if found != before:
            raise Behind
        await db.execute(_MOVE, lease.channel, *_turned(moves, 5))
        for some in _slices(rows):
            await db.execute(_PUT, lease.channel, *_turned([(place, *_columns(row), v) for place, row, v in some], 9))
        for said in _slices(list(items)):
            await db.execute(_SAY, lease.channel, *_turned([(item.sku, _written(item)) for item in said], 2))
        if rows:
            await server.tell(db, f"s:{lease.channel}")


async def vouch(server: Server, lease: Lease, ages: Mapping[str, float]) -> None:
    """Write how old the word of shelves is now, whose rows stay as they are; raises StockAway."""
    async with server.transaction() as db:
        await lease.need(db)
        await db.execute(_VOUCH, lease.channel, *_turned([*ages.items()], 2))


async def make(server: Server, lease: Lease, locations: Collection[str]) -> None:
    """Shelves for these locations, where there are none; raises StockAway."""
    async with server.transaction() as db:
        await lease.need(db)
        await db.execute(_MAKE, lease.channel, *_turned([(place, epoch()) for place in sorted(locations)], 2))


async def level_off(server: Server, lease: Lease, now_ms: int) -> None:
    """Of a system without revisions rows have the moment of their reading by the clock of the hub that read them. What
    lies in the future by ours was read before now all the same, and our readings are later; raises StockAway."""
    async with server.transaction() as db:
        await lease.need(db)
        await db.execute(_LEVEL, lease.channel, now_ms)


async def renew(server: Server, channel: str, location: str, held: Count) -> None:
    """A database that forgot what it once told (a restored one) numbers anew; raises StockAway."""
    async with server.transaction() as db:
        await db.execute(_RENEW, channel, location, held.epoch, held.v, epoch())


async def news(server: Server, channel: str, held: Mapping[str, Count]) -> list[Copy]:
    """How all shelves of a channel stand, each with what changed since ``held``, as of one moment; raises StockAway."""
    async with server.transaction("repeatable_read") as db:
        heads = {row[0]: Head(Count(*row[1:4]), *row[4:]) for row in await db.fetch(_HEADS, channel)}
        return [await _copy(db, channel, place, head, held.get(place, Count())) for place, head in heads.items()]


async def _copy(db: Any, channel: str, location: str, head: Head, held: Count) -> Copy:
    if head.count == held:
        return Copy(location, head, whole=False)
    whole = head.count.epoch != held.epoch
    v, n = (-1, -1) if whole else (held.v, held.n)
    rows = await db.fetch(_ROWS, channel, location, v, timeout=LONGEST_S)
    items = await db.fetch(_ITEMS, channel, location, v, n, timeout=LONGEST_S)
    return await asyncio.to_thread(_read, location, head, whole, rows, items)


def _read(location: str, head: Head, whole: bool, rows: Sequence[Any], items: Sequence[Any]) -> Copy:
    said = [StockItem(*json.loads(row[0])) for row in items]
    return Copy(location, head, whole, [_row(row) for row in rows], said)


def _columns(row: Row) -> tuple[Any, ...]:
    figures = "" if row.figures is None else json.dumps(row.figures)
    return row.sku, figures, row.revision, row.figures is None, row.n, row.item_n, row.way


def _row(found: Sequence[Any]) -> Row:
    sku, figures, revision, gone, n, item_n, way = found
    return Row(sku, None if gone else tuple(json.loads(figures)), revision, n, item_n, way)


def _written(item: StockItem) -> str:
    said = (item.sku, item.gtin, item.style, item.color, item.size, item.name, item.few)
    return json.dumps(said, ensure_ascii=False)


def _slices(rows: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (rows[at : at + SLICE] for at in range(0, len(rows), SLICE))


def _turned(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(width)]
