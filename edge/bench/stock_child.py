"""One side of ``bench stock`` in a process of its own: ``python -m edge.bench.stock_child ours FILE N SECONDS SEED``.

Bare is what one would write by hand: one table, the same pragmas, everything read into a dictionary at the start,
the rows of a style by one query of the file.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from os import getpid
from pathlib import Path
from typing import Any

from edge.bench import stock_goods as goods
from edge.bench.figures import percentiles
from edge.bench.processes import process
from edge.db import database, mended
from edge.ports import StockLevel, StockReport
from edge.stock.cache import StockCache, migrate, stock_cache

MESSAGE = 100
"""Deltas a message, as a line to head office brings them after it was cut."""
UPSERTS_A_SECOND = 50.0
FIRST, LATER, LAST = 1_795_000_000_000, 1_795_000_100_000, 1_795_000_200_000
_TABLE = """CREATE TABLE row(place TEXT, sku TEXT, style TEXT, on_hand INTEGER, reserved INTEGER, sold REAL,
    revision INTEGER, PRIMARY KEY(place, sku)) WITHOUT ROWID"""
_PUT = """INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(place, sku) DO UPDATE SET
    on_hand = excluded.on_hand, revision = excluded.revision WHERE excluded.revision > row.revision"""
_STYLE = "SELECT sku, place, on_hand, reserved FROM row WHERE style = ?"
Report = dict[str, Any]


async def fill(path: Path, n: int, seed: int) -> None:
    """The rows of both sides, each in its file: ``path`` is ours, ``path`` with ``.bare`` the other's."""
    levels = goods.levels(n, seed, FIRST)
    async with database(path, migrate) as db, stock_cache(db) as cache:
        report = StockReport(frozenset(goods.PLACES), levels, items=goods.items(n))
        await cache.apply("pos", report, time.time())
    with closing(_bare(path)) as file:
        file.execute(_TABLE)
        file.execute("CREATE INDEX style ON row(style)")
        file.execute("BEGIN")
        file.executemany(_PUT, map(_row, levels))
        file.execute("COMMIT")


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path}.bare", isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=250", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _row(level: StockLevel) -> tuple[object, ...]:
    style = goods.style(int(level.sku[3:]))
    return (level.location, level.sku, style, level.on_hand, level.reserved, level.sold_daily, level.revision)


async def ours(path: Path, n: int, seconds: float, seed: int) -> Report:
    """What our cache takes."""
    deltas, before = goods.deltas(n, goods.missed(n), seed, LATER), _rss()
    began = time.perf_counter()
    async with mended(path, migrate, _unsaid) as db, stock_cache(db) as cache:
        first = time.perf_counter() - began
        await cache.loaded()
        cold, rss = time.perf_counter() - began, _rss()
        began = time.perf_counter()
        for start in range(0, len(deltas), MESSAGE):
            await _take(cache, deltas[start : start + MESSAGE])
        took = time.perf_counter() - began
        waits = await _looked(cache, n, seconds, seed)
        idle_ms = await _stalls(lambda: asyncio.sleep(seconds / 4))
        whole = goods.levels(n, seed + 1, LAST)
        began = time.perf_counter()
        report = StockReport(frozenset(goods.PLACES), whole)
        stall_ms = await _stalls(lambda: cache.apply("pos", report, time.time()))
        whole_s = time.perf_counter() - began
    figures = _figures(cold, took, waits, rss, before)
    more = {"first_answer_s": first, "whole_s": whole_s, "stall_ms": stall_ms, "idle_stall_ms": idle_ms}
    return figures | {name: round(value, 3) for name, value in more.items()}


async def _take(cache: StockCache, levels: Sequence[StockLevel]) -> None:
    report = StockReport(frozenset(goods.PLACES), levels, whole=False, vouches=False)
    await cache.apply("pos", report, time.time())


async def _looked(cache: StockCache, n: int, seconds: float, seed: int) -> list[float]:
    """Milliseconds for each style read, a style every few milliseconds, while single rows come in."""
    moving = asyncio.create_task(_upserts(cache, n, seconds, seed), name="upserts")
    waits: list[float] = []
    turn = 0
    while not moving.done():
        turn += 1
        began = time.perf_counter()
        now_s = time.time()
        cells = [
            cache.known(item.sku, place, now_s)
            for item in cache.style(goods.style(turn * goods.CELLS % n))
            for place in goods.PLACES
        ]
        waits.append(1000 * (time.perf_counter() - began))
        assert cells
        await asyncio.sleep(0.005)
    await moving
    return waits


async def _upserts(cache: StockCache, n: int, seconds: float, seed: int) -> None:
    began = time.perf_counter()
    for turn, level in enumerate(goods.deltas(n, int(seconds * UPSERTS_A_SECOND), seed + 2, LATER + n)):
        await asyncio.sleep(max(0.0, began + turn / UPSERTS_A_SECOND - time.perf_counter()))
        await _take(cache, [level])


async def _stalls(work: Callable[[], Awaitable[object]]) -> float:
    """The longest that the loop stood still meanwhile, in milliseconds."""
    worst, over = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        while not over.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - began - 0.001)

    watching = asyncio.create_task(watch(), name="watch")
    await work()
    over.set()
    await watching
    return 1000 * worst


def bare(path: Path, n: int, seconds: float, seed: int) -> Report:
    """What the same takes by hand."""
    deltas, before = goods.deltas(n, goods.missed(n), seed, LATER), _rss()
    began = time.perf_counter()
    with closing(_bare(path)) as file:
        kept = {(row[0], row[1]): row[2:] for row in file.execute("SELECT * FROM row")}
        cold, rss = time.perf_counter() - began, _rss()
        began = time.perf_counter()
        for start in range(0, len(deltas), MESSAGE):
            file.execute("BEGIN")
            file.executemany(_PUT, map(_row, deltas[start : start + MESSAGE]))
            file.execute("COMMIT")
        took = time.perf_counter() - began
        waits = _looked_by_hand(path, file, n, seconds, seed)
    assert len(kept) == n * len(goods.PLACES)
    return _figures(cold, took, waits, rss, before)


def _looked_by_hand(path: Path, file: sqlite3.Connection, n: int, seconds: float, seed: int) -> list[float]:
    def write() -> None:
        with closing(_bare(path)) as other:
            for level in goods.deltas(n, int(seconds * UPSERTS_A_SECOND), seed + 2, LATER + n):
                other.execute(_PUT, _row(level))
                time.sleep(1 / UPSERTS_A_SECOND)

    writer = threading.Thread(target=write, name="upserts")
    writer.start()
    waits: list[float] = []
    while writer.is_alive():
        began = time.perf_counter()
        assert file.execute(_STYLE, (goods.style(len(waits) * goods.CELLS % n),)).fetchall()
        waits.append(1000 * (time.perf_counter() - began))
        time.sleep(0.005)
    writer.join()
    return waits


def _figures(cold_s: float, deltas_s: float, waits_ms: Sequence[float], rss_mb: float, before_mb: float) -> Report:
    ranks = {rank: wait / 1000 for rank, wait in percentiles((1000 * wait for wait in waits_ms), (50, 99)).items()}
    return {
        "cold_start_s": round(cold_s, 3),
        "deltas_s": round(deltas_s, 3),
        "lookup_p50_ms": round(ranks["p50"], 3),
        "lookup_p99_ms": round(ranks["p99"], 3),
        "lookups": len(waits_ms),
        "rss_mb": rss_mb,
        "rows_mb": round(rss_mb - before_mb, 1),
    }


def _rss() -> float:
    here = process(getpid())
    return here.rss_mb if here else 0.0


def _unsaid(said: str) -> None:
    if said:
        raise SystemExit(said)


def main(kind: str, file: str, n: str, seconds: str, seed: str) -> None:
    """Measure one side and print it as JSON."""
    given = (Path(file), int(n), float(seconds), int(seed))
    sys.stdout.write(json.dumps(asyncio.run(ours(*given)) if kind == "ours" else bare(*given)))


if __name__ == "__main__":
    main(*sys.argv[1:])
