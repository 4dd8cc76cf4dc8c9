"""How fast a backlog reaches head office's database, beside the bare publish rate of the same client and window.

An edge's outbox holds the events; a real mosquitto and a real hub with its SQLite sink take them; an event counts once
the hub has committed it, the edge has heard so, and its row is deleted. The floor is the product's own client that
publishes as many ready events with the same window to the same broker, with a subscriber that only counts, and without
one. Every part is a process of its own; its CPU is the kernel's.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench import ledger_bare, ledger_edge
from edge.bench.figures import number, ratio, table
from edge.bench.ledger_child import Child, child
from edge.bench.ledger_events import device, fill
from edge.bench.ledger_hub import committed, hub
from edge.bench.mosquitto import Broker, broker, received
from edge.bench.watch import Watch
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE

PARTS = ("edge", "broker", "hub")
SINGLE, BATCHED = "an event a message", "batches"
COUNTED, ALONE = "bare, with a subscriber", "bare, nobody listens"
LEAST, LEAST_BATCHED = 0.8, 5.0
"""What is promised: of the bare rate, and of the rate without batches."""
FLAT_MB = 16
"""So much more memory in the second half of a drain than in the first is growth."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: events a second, CPU ms a thousand events by part, bytes that came in at the broker an event, and
    resident MB by part: at the start, the most in the first half, the most in the second."""

    rate: float
    cpu_ms: Mapping[str, float]
    wire: float
    rss_mb: Mapping[str, tuple[float, float, float]]
    lost: int = 0


Runs = dict[str, list[Run]]


def measure(n: int, batch: int, rounds: int) -> Figures:
    """So many events, so often, each way in turn; medians of the rounds."""
    runs: Runs = {SINGLE: [], BATCHED: [], COUNTED: [], ALONE: []}
    for _ in range(rounds):
        runs[COUNTED].append(bare(n, counted=True))
        runs[SINGLE].append(drained(n, 1))
        runs[ALONE].append(bare(n, counted=False))
        runs[BATCHED].append(drained(n, batch))
    return {"n": n, "batch": batch, "rounds": rounds, **figures(runs)}


def figures(runs: Runs) -> Figures:
    """``ours``, ``peers``, ``ratio`` and ``findings`` of at least one run each way."""
    rates = {name: median(run.rate for run in of) for name, of in runs.items()}
    ratios = {
        f"{SINGLE}, to {COUNTED}": ratio(rates[SINGLE], rates[COUNTED]),
        f"{SINGLE}, to {ALONE}": ratio(rates[SINGLE], rates[ALONE]),
        f"{BATCHED}, to {SINGLE}": ratio(rates[BATCHED], rates[SINGLE]),
    }
    return {
        "ours": {name: _summed(runs[name]) for name in (SINGLE, BATCHED)},
        "peers": {name: _summed(runs[name]) for name in (COUNTED, ALONE)},
        "ratio": ratios,
        "findings": [*_slow(ratios), *_grown(runs), *_lost(runs)],
    }


def _slow(ratios: Mapping[str, float | None]) -> Iterator[str]:
    bounds = {f"{SINGLE}, to {COUNTED}": LEAST, f"{BATCHED}, to {SINGLE}": LEAST_BATCHED}
    for name, least in bounds.items():
        value = ratios[name]
        if value is not None and value < least:
            yield f"{name}: {value:.2f}, below {least:g}"


def _grown(runs: Runs) -> Iterator[str]:
    for name, of in runs.items():
        for part in ("edge", "hub"):
            grown = max((run.rss_mb[part][2] - run.rss_mb[part][1] for run in of if part in run.rss_mb), default=0.0)
            if grown > FLAT_MB:
                yield f"the {part}'s memory grew by {grown:.0f} MB in the second half ({name})"


def _lost(runs: Runs) -> Iterator[str]:
    if lost := sum(run.lost for of in runs.values() for run in of):
        yield f"{lost} events were deleted at the edge and are not in the sink"


def _summed(runs: Sequence[Run]) -> Figures:
    parts = runs[0].cpu_ms
    return {
        "a_second": round(median(run.rate for run in runs)),
        "cpu_ms_a_thousand": {part: round(median(run.cpu_ms[part] for run in runs), 1) for part in parts},
        "wire_bytes": round(median(run.wire for run in runs)),
        "rss_mb": {part: runs[-1].rss_mb[part] for part in runs[-1].rss_mb},
    }


def drained(n: int, batch: int) -> Run:
    """One drain of a new outbox to a new hub."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_filled(folder, n))
        with broker(folder) as to, hub(folder / "hub", to.port) as head:
            with child(folder, ledger_edge.__name__, folder, to.port, batch) as edge:
                edge.ready()
                watch = Watch({"edge": edge.process.pid, "broker": to.pid, "hub": head.pid})
                run = _run(n, to, edge, watch)
            return replace(run, lost=n - committed(folder / "hub"))


def bare(n: int, counted: bool) -> Run:
    """One run of the bare client; its subscriber takes the hub's place."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        to = stack.enter_context(broker(folder))
        publisher = stack.enter_context(child(folder, ledger_bare.__name__, "publish", to.port, n))
        publisher.ready()
        pids = {"edge": publisher.process.pid, "broker": to.pid}
        if not counted:
            return _run(n, to, publisher, Watch(pids))
        counter = stack.enter_context(child(folder, ledger_bare.__name__, "count", to.port, n))
        counter.ready()
        counter.go()
        return _run(n, to, publisher, Watch(pids | {"hub": counter.process.pid}), counter)


def _run(n: int, to: Broker, sender: Child, watch: Watch, until: Child | None = None) -> Run:
    """Let the sender go; its own time counts, but the processes are watched until the last part is through."""
    before = asyncio.run(received(to.port))
    with watch:
        sender.go()
        took = sender.result()["seconds"]
        if until is not None:
            until.result()
    wire = (asyncio.run(received(to.port)) - before) / n
    cpu = {part: 1e6 * seconds / n for part, seconds in watch.cpu_s().items()}
    return Run(n / took, cpu, wire, watch.rss_mb())


async def _filled(folder: Path, n: int) -> None:
    async with outbox(folder / FILE, device()) as book:
        await fill(book, device(), n)


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    what = f"{result['n']} events, batches of {result['batch']}, {result['rounds']} rounds"
    yield from (f"drain: {what}, on {result['machine']}", "")
    ways = {**{f"ours, {name}": one for name, one in result["ours"].items()}, **result["peers"]}
    head = ("", "a second", *(f"{part}, CPU ms a thousand" for part in PARTS), "bytes an event")
    yield from table(head, (_row(name, one) for name, one in ways.items()))
    yield ""
    head = ("resident MB: start, most in 1st half, in 2nd", *PARTS)
    yield from table(head, ((name, *_memory(one)) for name, one in ways.items()))
    yield from ("", *(f"  {name}: {number(value, 2)}" for name, value in result["ratio"].items()))


def _row(name: str, one: Figures) -> tuple[str, ...]:
    cpu = (number(one["cpu_ms_a_thousand"].get(part)) for part in PARTS)
    return (name, f"{one['a_second']}", *cpu, f"{one['wire_bytes']}")


def _memory(one: Figures) -> Iterator[str]:
    for part in PARTS:
        yield ", ".join(number(size) for size in one["rss_mb"].get(part, ())) or "-"
