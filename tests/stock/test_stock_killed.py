"""A process that takes reports into the stock cache is killed at any moment: what it had taken is there, and in order.

``./run soak stocktruth --kills 100`` kills 100 times; here it is three times.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.db import database
from edge.stock.cache import stock_cache
from edge.stock.shelves.figures import BUCKETS, WRAP, bucket, figures, mark

KILLS = int(os.environ.get("TENTOU_SOAK_STOCK_KILLS", "3"))
SEED = int(os.environ.get("TENTOU_SOAK_SEED", "0")) or random.randrange(1, 1_000_000)

TAKER = """
import asyncio, json, random, sys, time
from pathlib import Path
from edge.db import database
from edge.ports import StockLevel, StockReport
from edge.stock.cache import stock_cache

path, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
HERE = frozenset(("ginza", "shinjuku"))

def levels(revision, most):
    rows = chance.sample([(f"LN-{n:04}", place) for n in range(400) for place in sorted(HERE)], chance.randint(1, most))
    return [StockLevel(sku, place, chance.randrange(50), revision=revision) for sku, place in rows]

async def main():
    async with database(path) as db, stock_cache(db) as cache:
        await cache.loaded()
        revision = int(sys.argv[3])
        while True:
            revision += 1
            told = levels(revision, 300 if revision % 5 == 0 else 20)
            gone = [] if revision % 5 == 0 else [(f"LN-{chance.randrange(400):04}", "ginza")]
            gone = [row for row in gone if row not in {(one.sku, one.location) for one in told}]
            report = StockReport(HERE, told, whole=revision % 5 == 0, gone=gone)
            said = {"revision": revision, "whole": report.whole, "gone": gone}
            said["levels"] = [[one.sku, one.location, one.available] for one in told]
            print(json.dumps({"begins": said}), flush=True)
            await cache.apply("core", report, time.time())
            n = {place: cache.standing("core", place).n for place in HERE}
            epoch = {place: cache.standing("core", place).epoch for place in HERE}
            print(json.dumps({"taken": revision, "n": n, "epoch": epoch}), flush=True)

asyncio.run(main())
"""
"""Takes reports for ever, of which every fifth is whole, and says each before it gives it and once it is taken."""

Rows = dict[tuple[str, str], int]


def after(rows: Rows, report: Mapping[str, Any]) -> Rows:
    """The rows after a report."""
    kept = {} if report["whole"] else {key: n for key, n in rows.items() if list(key) not in report["gone"]}
    return kept | {(sku, place): n for sku, place, n in report["levels"]}


async def killed(path: Path, seed: int, revision: int, after_s: float) -> list[dict[str, Any]]:
    """What a taker said until it was killed, so long after its first report was taken; a torn last line left out."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-c", TAKER, str(path), str(seed), str(revision)]
    taker = await asyncio.create_subprocess_exec(*command, stdout=pipe, limit=1 << 20)
    assert taker.stdout is not None
    lines = [await taker.stdout.readline(), await taker.stdout.readline()]
    reads = asyncio.create_task(taker.stdout.read())
    await asyncio.sleep(after_s)
    taker.kill()
    lines += (await reads).splitlines(keepends=True)
    await taker.wait()
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def found(path: Path) -> tuple[Rows, dict[str, tuple[int, ...]]]:
    """The rows that lie in the file, and the sums of each shelf's buckets by their marks there."""
    sums: dict[str, list[int]] = {}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = db.execute(
            "SELECT sku, location, available, mark FROM stock_row JOIN stock_shelf ON shelf = id WHERE NOT gone"
        ).fetchall()
        assert (
            db.execute("SELECT 1 FROM stock_row r JOIN stock_shelf s ON shelf = id WHERE r.n > s.n").fetchone() is None
        )
    for sku, place, _, drift in rows:
        each = sums.setdefault(place, [0] * BUCKETS)
        each[bucket(sku)] = (each[bucket(sku)] + drift) & WRAP
    return {(sku, place): n for sku, place, n, _ in rows}, {place: tuple(each) for place, each in sums.items()}


async def opened_again(
    path: Path, sums: Mapping[str, tuple[int, ...]], follower: Rows, numbers: Mapping[str, int]
) -> tuple[Rows, dict[str, tuple[int, int]]]:
    """What a follower that stood at these numbers comes to have of the file as it is opened again, and the epoch and
    number of each shelf, once its digests are those of its rows."""
    async with database(path) as db, stock_cache(db) as cache:
        await cache.loaded()
        for place, told in sums.items():
            anew = [0] * BUCKETS
            for level in (await cache.rows_of("core", place)).levels:
                anew[bucket(level.sku)] = (anew[bucket(level.sku)] + mark(level.sku, figures(level))) & WRAP
            assert told == tuple(anew) == await cache.digests("core", place)
        for place, n in numbers.items():
            since = await cache.rows_after("core", place, n, 10_000)
            follower = {key: n for key, n in follower.items() if key[1] != place or key[0] not in since.gone}
            follower |= {(level.sku, place): level.available or 0 for level in since.levels}
        return follower, {
            place: (cache.standing("core", place).epoch, cache.standing("core", place).n) for place in sums
        }


@pytest.mark.promise("K-2")
@pytest.mark.timeout(1800)
async def test_a_process_killed_while_it_takes_reports_loses_none_that_was_taken(tmp_path: Path) -> None:
    path, chance = tmp_path / "stock.sqlite", random.Random(SEED)
    rows: Rows = {}
    numbers: Mapping[str, int] = {}
    revision = taken = owed = 0
    for kill in range(KILLS):
        said = await killed(path, SEED + kill, revision, chance.uniform(0, 0.3))
        begun: Mapping[str, Any] = {}
        for line in said:
            if "begins" in line:
                begun = line["begins"]
            else:
                assert all(line["n"][place] >= n for place, n in numbers.items()), f"seed {SEED}: a number went back"
                rows, numbers, epochs, begun, taken = after(rows, begun), line["n"], line["epoch"], {}, taken + 1
        known, sums = found(path)
        could = [rows, after(rows, begun)] if begun else [rows]
        assert known in could, f"seed {SEED}, kill {kill}: after revision {said[-1]} the file has other rows"
        owed += bool(begun) and known == could[-1] != rows
        follower, standings = await opened_again(path, sums, rows, numbers)
        assert follower == known, f"seed {SEED}, kill {kill}: who follows by number comes to other rows"
        for place, (epoch, n) in standings.items():
            assert epoch == epochs[place], f"seed {SEED}, kill {kill}: another epoch at {place}"
            assert numbers[place] <= n <= numbers[place] + 1, f"seed {SEED}, kill {kill}: {n} after {numbers[place]}"
        rows, revision = known, revision + len(said)
        numbers = {place: n for place, (_, n) in standings.items()}
    assert taken >= KILLS
    sys.stdout.write(json.dumps({"seed": SEED, "kills": KILLS, "taken": taken, "on disk untold": owed}) + "\n")
