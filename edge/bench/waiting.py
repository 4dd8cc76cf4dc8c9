"""A store that starts with a great backlog: when it is ready, its memory, and how fast new contacts are accepted.

Three starts of the whole edge, with a real broker and hub: nothing waits; so many wait and go at the product's own
pace; so many wait and go as fast as they can, which no shop does, on a machine that broker and hub share.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from edge.bench.figures import NEVER, number, percentiles, ratio, table
from edge.bench.ledger_events import device, fill
from edge.bench.ledger_hub import hub
from edge.bench.ledger_store import ACCEPTED, CONTACTS, RATE
from edge.bench.mosquitto import broker
from edge.bench.store import Bench, NotStarted, running
from edge.bench.watch import Watch
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE

NOTHING, PACED, UNBOUND = "nothing waits", "at the product's pace", "as fast as it goes"
READY_S, RSS_MB = 3.0, 150
"""What promise L-6 and the ledger's design say of a start with a million waiting."""
LOOK_S = 0.02
PATIENCE_S = 120.0
MARGIN = 100_000
"""The queue's cap lies so far above what waits, so that nothing overflows here."""

Figures = dict[str, Any]


def measure(count: int) -> Figures:
    """One start each way."""
    measured = {
        NOTHING: _started(0, {}),
        PACED: _started(count, {}),
        UNBOUND: _started(count, {"drain": 0.0}),
    }
    paced, nothing = measured[PACED], measured[NOTHING]
    ratios = {
        "p99 of new contacts, paced to nothing": ratio(paced["accepted_ms"]["p99"], nothing["accepted_ms"]["p99"]),
        "time to ready": ratio(paced["ready_s"], nothing["ready_s"]),
    }
    return {
        "n": count,
        "ours": {PACED: paced, UNBOUND: measured[UNBOUND]},
        "peers": {NOTHING: nothing},
        "ratio": ratios,
        "findings": list(_findings({PACED: paced, UNBOUND: measured[UNBOUND]})),
    }


def _findings(ours: Mapping[str, Figures]) -> Iterator[str]:
    for name, one in ours.items():
        if one["ready_s"] > READY_S:
            yield f"ready after {one['ready_s']} s, above {READY_S:g} ({name})"
        if one["rss_mb"] > RSS_MB:
            yield f"{one['rss_mb']} MB resident, above {RSS_MB} ({name})"


def _started(count: int, pace: Mapping[str, float]) -> Figures:
    """One start with so many waiting."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as to, hub(Path(name) / "hub", to.port):
        settings = {
            "outbox": {"rows": count + MARGIN, "megabytes": 4096, **pace},
            "upstream": {"adapter": "mqtt", "settings": {"port": to.port}},
        }
        with running(["window"], settings, partial(_filled, count=count), ("edge.bench.ledger_store",)) as bench:
            began = time.monotonic()
            asyncio.run(_ready(bench))
            ready_s = time.monotonic() - began
            with Watch({"edge": bench.process.pid}) as watch:
                accepted = _accepted(bench)
    return {
        "ready_s": round(ready_s, 2),
        "rss_mb": round(max(watch.rss_mb()["edge"])),
        "accepted_ms": percentiles(accepted["waits_ms"], (50, 99)),
        "drained": max(0, count + CONTACTS - accepted["waiting"]),
    }


def _filled(folder: Path, count: int) -> None:
    async def lay() -> None:
        async with outbox(folder / "data" / FILE, device()) as book:
            await fill(book, device(), count)

    if count:
        asyncio.run(lay())
        os.sync()  # what was laid is on the disk before anything is timed


async def _ready(bench: Bench) -> None:
    async with aiohttp.ClientSession() as session:
        while bench.process.poll() is None:
            try:
                async with session.get(bench.url("/readyz")) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(LOOK_S)
    raise NotStarted(f"the edge did not start: {bench.last_words()}")


def _accepted(bench: Bench) -> Figures:
    until = time.monotonic() + PATIENCE_S
    while not (bench.folder / ACCEPTED).exists():
        if time.monotonic() > until or bench.process.poll() is not None:
            raise NotStarted(f"the edge accepted nothing: {bench.last_words()}")
        time.sleep(LOOK_S)
    found: Figures = json.loads((bench.folder / ACCEPTED).read_text())
    return found


def words(result: Figures) -> Iterator[str]:
    """The table."""
    yield from (f"drain: a start with {result['n']} waiting, on {result['machine']}", "")
    head = (
        f"{CONTACTS} contacts at {RATE} a second",
        "ready s",
        "most MB",
        "accepted p50 ms",
        "p99 ms",
        "sent meanwhile",
    )
    ways = {**result["peers"], **result["ours"]}
    yield from table(head, (_row(name, one) for name, one in ways.items()))
    yield from ("", *(f"  {name}: {number(value, 2)}" for name, value in result["ratio"].items()))


def _row(name: str, one: Figures) -> tuple[str, ...]:
    waits = (number(one["accepted_ms"].get(rank, NEVER)) for rank in ("p50", "p99"))
    return (name, number(one["ready_s"], 2), f"{one['rss_mb']}", *waits, f"{one['drained']}")
