"""What the outbox accepts in a second, beside bare sqlite3; and what of it is gone when the process is killed.

Bare is what one would write by hand: the same table and pragmas, as many threads as there are writers, each with its
own connection and a commit a row; one thread that tasks of a loop wait for, as a service whose screens must not wait
for the disk has it; and, as a harder floor, one thread that puts as many rows as there are writers into each commit.
Their rows are ready made, while ours makes each event. Slices of all take turns, so that the disk's moods hit them
alike; rates are medians of the slices.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench.bare_rows import Bare, Slice, sample, summed
from edge.bench.figures import NEVER, number, percent, percentiles, ratio, table
from edge.bench.ledger_events import contact, device
from edge.bench.ledger_kill import RATES, killed
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox

WRITERS = (1, 10, 100)
SLICES = 5
LEAST = 0.8
"""The share of bare sqlite3 that is promised."""
OURS, GATEWAY = "ours", "thingsboard-gateway"
APART, BEHIND, TOGETHER = "bare, a commit a row", "bare, one thread behind a loop", "bare, one commit for all"
BARE = (APART, BEHIND, TOGETHER)

Figures = dict[str, Any]
Ways = dict[str, list[Slice]]


def measure(seconds: float, deaths: int, peer: Path | None) -> Figures:
    """So many seconds for each number of writers and each way, then so many kills a rate, of ours and of the peer.

    ``peer`` is a folder that holds thingsboard-gateway; without it the peer's figures are None.
    """
    slices = asyncio.run(_slices(seconds / SLICES))
    lost = {OURS: killed(deaths, RATES, None), GATEWAY: killed(deaths, RATES, peer) if peer else None}
    speeds = {name: {f"{writers}": _speed(ways[name]) for writers, ways in slices.items()} for name in _NAMES}
    ratios = {
        f"{writers} writers to {name}": ratio(_rate(ways[OURS]), _rate(ways[name]))
        for writers, ways in slices.items()
        for name in BARE
    }
    return {
        "n": sum(len(one.waits_us) for ways in slices.values() for one in ways[OURS]),
        "ours": {"speed": speeds[OURS], "killed": lost[OURS]},
        "peers": {**{name: speeds[name] for name in BARE}, GATEWAY: lost[GATEWAY]},
        "ratio": ratios,
        "findings": list(_findings(ratios, lost[OURS] or {})),
    }


def _findings(ratios: Mapping[str, float | None], ours: Figures) -> Iterator[str]:
    for name, value in ratios.items():
        if name.endswith(APART) and value is not None and value < LEAST:
            yield f"{name}: {percent(value)}, below {percent(LEAST)}"
    for rate, one in ours.items():
        if one["lost"]:
            yield f"{one['lost']} of {one['accepted']} accepted at {rate} a second were gone after a kill"


async def _slices(seconds: float) -> dict[int, Ways]:
    measured: dict[int, Ways] = {}
    with tempfile.TemporaryDirectory() as name:
        async with outbox(Path(name) / "ours.sqlite", device()) as ours:
            await ours.record(contact(1.0))
            bare = Bare(Path(name) / "bare.sqlite", await ours.act(sample))
            for writers in WRITERS:
                ways: Ways = {way: [] for way in _NAMES}
                for _ in range(SLICES):
                    ways[OURS].append(await _ours(ours, writers, seconds))
                    ways[APART].append(await asyncio.to_thread(bare.apart, writers, seconds))
                    ways[BEHIND].append(await bare.behind(writers, seconds))
                    ways[TOGETHER].append(await asyncio.to_thread(bare.together, writers, seconds))
                measured[writers] = ways
    return measured


async def _ours(outbox: Outbox, writers: int, seconds: float) -> Slice:
    """So many tasks, each of which records a contact and waits until it is durable, then the next."""
    waits: list[list[float]] = [[] for _ in range(writers)]

    async def write(until: float, mine: list[float]) -> None:
        while not mine or time.perf_counter() < until:
            began = time.perf_counter()
            await outbox.record(contact(1.0))
            mine.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write(began + seconds, mine) for mine in waits))
    return summed(waits, time.perf_counter() - began, time.process_time() - cpu)


def _rate(slices: Sequence[Slice]) -> float:
    return median(one.rate for one in slices)


def _speed(slices: Sequence[Slice]) -> Figures:
    rate = _rate(slices)
    waits = percentiles((wait for one in slices for wait in one.waits_us), (50, 99))
    locked = sum(wait == NEVER for one in slices for wait in one.waits_us)
    return {
        "a_second": round(rate, None if rate >= 10 else 2),
        **{f"{rank}_ms": wait if wait == NEVER else round(wait / 1000, 3) for rank, wait in waits.items()},
        "cpu_ms_a_thousand": round(median(one.cpu_ms for one in slices), 1),
        "locked": locked,
    }


_NAMES = (OURS, *BARE)


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    yield from (f"outbox: {result['n']} events accepted, on {result['machine']}", "")
    yield from table(
        ("writers, and how", "a second", "p50 ms", "p99 ms", "CPU ms a thousand", "locked out"), _speeds(result)
    )
    yield from ("", *(f"  {name}: {percent(value)}" for name, value in result["ratio"].items()), "")
    head = ("kill -9 while it accepts", "a second", "kills", "accepted", "lost", "most in one", "on disk after ms")
    kinds = {OURS: result["ours"]["killed"], GATEWAY: result["peers"][GATEWAY]}
    yield from table(head, (_killed(name, rate, of) for name, of in kinds.items() for rate in RATES))


def _speeds(result: Figures) -> Iterator[tuple[str, ...]]:
    speeds = {OURS: result["ours"]["speed"], **{name: result["peers"][name] for name in BARE}}
    return (_row(f"{writers}, {name}", of[f"{writers}"]) for writers in WRITERS for name, of in speeds.items())


def _row(name: str, one: Figures) -> tuple[str, ...]:
    waits = (number(one.get(key), 2) for key in ("p50_ms", "p99_ms"))
    return (name, f"{one['a_second']}", *waits, number(one["cpu_ms_a_thousand"]), f"{one['locked']}")


def _killed(name: str, rate: int, of: Figures | None) -> tuple[str, ...]:
    if of is None:
        return (name, f"{rate}", *["not here"] * 5)
    one = of[f"{rate}"]
    return (name, f"{rate}", *(f"{one[key]}" for key in ("kills", "accepted", "lost", "most")), number(one["seen_ms"]))
