"""What a fleet costs broker and hub: many simulated edges against a real mosquitto and a real hub on loopback.

They connect (plain, and some with certificates on both sides), send contacts steadily, lose the broker by kill -9 and
come back with and without jitter, and bring a backlog, single and in batches. The edges are simulated in this process,
which shares the machine's cores; broker and hub are processes whose CPU is the kernel's.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench.certificates import lay, listener
from edge.bench.figures import number, percentiles, ratio, table
from edge.bench.fleet_edge import Edge, Place, Tally
from edge.bench.ledger_hub import hub
from edge.bench.mosquitto import Broker, broker
from edge.bench.ports import free_port
from edge.bench.watch import Watch
from edge.contacts.line.dial import Pace, redial_pause
from edge.contacts.line.dial import spread as spread_over

AT_ONCE = 100
"""So many edges of a first start connect at the same moment; what comes at once on purpose is the storm."""
DOWN_S = 2.0
PERIOD_S = 5.0
"""Each edge sends a contact so often in the steady part."""
PING_S = 10.0
SECURE = 4
"""One edge in so many connects with certificates."""
PLAIN, TLS = "plain", "certificates on both sides"
AT_ONCE_AGAIN, JITTER, SPREAD = "all after 1 s, again and again", "the product's jitter", "spread by head office"
OURS = (JITTER, SPREAD)
SINGLE, BATCHED = "an event a message", "batches of 50"
BATCH = 50
SHARES = {SINGLE: 10, BATCHED: 50}
"""Events an edge brings as a backlog."""

Figures = dict[str, Any]
Pause = Callable[[int], float]


def measure(edges: int, seconds: float, spread: float) -> Figures:
    """So many edges; the steady part takes so many seconds, the last storm's return is spread over ``spread``."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls, port = lay(folder), free_port()
        for file in folder.iterdir():
            file.chmod(0o644)
        with broker(folder, listener(folder, port)) as to, hub(folder / "hub", to.port) as head:
            parts = asyncio.run(_fleet(to, head.pid, edges, seconds, Place(port, tls), spread))
    storms = parts["storm"]
    none = storms[AT_ONCE_AGAIN]
    ratios = {
        **{
            f"broker's busiest moment, {name}, to none": ratio(storms[name]["busiest"], none["busiest"])
            for name in OURS
        },
        **{f"attempts, {name}, to none": ratio(storms[name]["attempts"], none["attempts"]) for name in OURS},
        "backlog, batches to single": ratio(parts["drain"][BATCHED]["a_second"], parts["drain"][SINGLE]["a_second"]),
    }
    return {
        "n": edges,
        "seconds": seconds,
        "spread": spread,
        "ours": {**parts, "storm": {name: storms[name] for name in OURS}},
        "peers": {AT_ONCE_AGAIN: none},
        "ratio": ratios,
        "core": _core(parts),
        "findings": [f"{lost} edges did not come back" for one in storms.values() if (lost := edges - one["back"])],
    }


def _core(parts: Figures) -> Figures:
    """What one core carries by CPU, from the cost of each thing alone."""
    steady, drain = parts["steady"], parts["drain"]
    return {
        "broker: contacts a second": _each(steady["broker_ms_a_thousand"]),
        "broker: contacts a second in batches": _each(drain[BATCHED]["broker_ms_a_thousand"]),
        "broker: connections a second, plain": _each(parts["connect"][PLAIN]["broker_ms_a_thousand"]),
        "broker: connections a second, certificates": _each(parts["connect"][TLS]["broker_ms_a_thousand"]),
        "hub: contacts a second": _each(drain[SINGLE]["hub_ms_a_thousand"]),
        "hub: contacts a second in batches": _each(drain[BATCHED]["hub_ms_a_thousand"]),
    }


def _each(ms_a_thousand: float) -> int | None:
    return round(1e6 / ms_a_thousand) if ms_a_thousand else None


async def _fleet(to: Broker, head: int, count: int, seconds: float, secure: Place, spread: float) -> Figures:
    plain = Place(to.port)
    first = [Edge(turn, plain) for turn in range(count - count // SECURE)]
    second = [Edge(turn, secure) for turn in range(count - count // SECURE, count)]
    edges = [*first, *second]
    pids = {"broker": to.pid, "hub": head}
    async with _kept(edges):
        connect = {PLAIN: await _connected(first, pids), TLS: await _connected(second, pids)}
        steady = await _steady(edges, pids, seconds)
        drain = {way: await _drained(edges, pids, way) for way in (SINGLE, BATCHED)}
        wide = spread_over(Pace(), spread)
        pauses: dict[str, Pause] = {
            AT_ONCE_AGAIN: lambda _: 1.0,
            JITTER: lambda attempt: redial_pause(attempt, Pace()),
            SPREAD: lambda attempt: redial_pause(attempt, wide),
        }
        storm = {name: await _storm(edges, to, pause) for name, pause in pauses.items()}
    return {"connect": connect, "steady": steady, "drain": drain, "storm": storm}


@asynccontextmanager
async def _kept(edges: Sequence[Edge]) -> AsyncIterator[None]:
    """Their lines are kept alive, and hung up after."""

    async def ping() -> None:
        while True:
            await asyncio.sleep(PING_S)
            for edge in edges:
                if edge.connected and edge.wire is not None:
                    edge.wire.ping()

    task = asyncio.create_task(ping())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for edge in edges:
            edge.close()
        await asyncio.sleep(0)  # until the loop has closed them


async def _connected(edges: Sequence[Edge], pids: dict[str, int]) -> Figures:
    """The first start, so many at once; memory and CPU of the broker for each connection."""
    tally, gate, began = Tally(), asyncio.Semaphore(AT_ONCE), time.perf_counter()

    async def one(edge: Edge) -> None:
        async with gate:
            await edge.redial(tally, lambda _: 0.0)

    with Watch(pids) as watch:
        await asyncio.gather(*(one(edge) for edge in edges))
    took = time.perf_counter() - began
    start, *later = watch.rss_mb()["broker"]
    return {
        "edges": len(edges),
        "a_second": round(len(edges) / took),
        "broker_ms_a_thousand": _ms(watch, "broker", len(edges)),
        "broker_kb_each": round(1024 * (max(later) - start) / len(edges), 1),
    }


async def _steady(edges: Sequence[Edge], pids: dict[str, int], seconds: float) -> Figures:
    """A contact an edge and period; each wait is from its sending to head office's word that it is committed."""
    sent = 0
    with Watch(pids) as watch:
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            due = max(1, round(now * len(edges) / PERIOD_S))
            for turn in range(sent, due):
                edges[turn % len(edges)].send()
            sent = max(sent, due)
            await asyncio.sleep(0.01)
        await asyncio.gather(*(edge.settle() for edge in edges))
    waits = [1000 * wait for edge in edges for wait in edge.waits]
    return {"contacts": sent, "acked_ms": percentiles(waits, (50, 99)), **_cost(watch, sent)}


async def _drained(edges: Sequence[Edge], pids: dict[str, int], way: str) -> Figures:
    """Every edge brings its backlog at once, unpaced."""
    share, batch = SHARES[way], BATCH if way == BATCHED else 1
    began, count = time.perf_counter(), share * len(edges)
    with Watch(pids) as watch:
        await asyncio.gather(*(edge.drain(share, batch, Pace().window) for edge in edges))
    took = time.perf_counter() - began
    return {"contacts": count, "seconds": round(took, 1), "a_second": round(count / took), **_cost(watch, count)}


async def _storm(edges: Sequence[Edge], to: Broker, pause: Pause) -> Figures:
    """The broker is killed, comes again after a while, and everybody wants it."""
    tally = Tally()
    back: list[float] = []

    async def one(edge: Edge) -> None:
        await edge.redial(tally, pause)
        back.append(time.perf_counter())

    coming = [asyncio.create_task(one(edge)) for edge in edges]
    await asyncio.sleep(0)
    await asyncio.to_thread(to.kill)
    await asyncio.sleep(DOWN_S)
    began = time.perf_counter()
    await asyncio.to_thread(to.start)
    with Watch({"broker": to.pid}) as watch:
        await asyncio.gather(*coming)
    return {
        "back": sum(edge.connected for edge in edges),
        "half_s": round(median(back) - began, 1),
        "all_s": round(max(back) - began, 1),
        "attempts": tally.attempts,
        "failed": tally.failed,
        "connected_ms": percentiles((1000 * seconds for seconds in tally.seconds), (50, 99)),
        "busiest": round(watch.busiest().get("broker", 0.0), 2),
    }


def _cost(watch: Watch, count: int) -> Figures:
    return {f"{part}_ms_a_thousand": _ms(watch, part, count) for part in ("broker", "hub")}


def _ms(watch: Watch, part: str, count: int) -> float:
    return round(1e6 * watch.cpu_s()[part] / count, 1)


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    ours = result["ours"]
    times = f"{result['seconds']:g} s steady, a return spread over {result['spread']:g} s"
    yield from (f"fleet: {result['n']} edges, {times}, on {result['machine']}", "")
    head = ("connecting", "edges", "a second", "broker, CPU ms a thousand", "KB each")
    keys = ("edges", "a_second", "broker_ms_a_thousand", "broker_kb_each")
    yield from table(head, ((name, *(f"{one[key]}" for key in keys)) for name, one in ours["connect"].items()))
    yield ""
    columns = ("contacts", "sent", "a second", "broker, CPU ms a thousand", "hub", "confirmed p50 ms", "p99 ms")
    yield from table(columns, (_sent(name, one) for name, one in {"steady": ours["steady"], **ours["drain"]}.items()))
    yield ""
    titles = ("storm", "half back s", "all back s", "attempts", "failed", "connected p99 ms", "broker at most")
    storms = {**result["peers"], **ours["storm"]}
    yield from table(titles, (_storms(name, one) for name, one in storms.items()))
    yield from ("", *(f"  {name}: {number(value, 2)}" for name, value in result["ratio"].items()))
    yield from ("", "one core, by CPU:", *(f"  {name}: {value or '-'}" for name, value in result["core"].items()))


def _sent(name: str, one: Figures) -> tuple[str, ...]:
    waits = (number(one.get("acked_ms", {}).get(rank)) for rank in ("p50", "p99"))
    cost = (f"{one[f'{part}_ms_a_thousand']}" for part in ("broker", "hub"))
    return (name, f"{one['contacts']}", f"{one.get('a_second', '-')}", *cost, *waits)


def _storms(name: str, one: Figures) -> tuple[str, ...]:
    times = (f"{one[key]}" for key in ("half_s", "all_s", "attempts", "failed"))
    return (name, *times, number(one["connected_ms"].get("p99")), f"{one['busiest']}")
