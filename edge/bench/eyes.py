"""How many cameras a machine carries: a whole ``tentou run`` with so many eyes at 15 frames a second, and bare
loops on the same pictures beside it.

Everything else of an edge is on: a screen a camera, the sample shop's library, members, stock and an upstream. The
figures are those that the edge itself tells at ``/readyz``, and the kernel's of each process. The floor decodes each
JPEG to gray and gives it to zxing-cpp alone; the usual loop decodes it to colours, turns those gray and asks pyzbar;
a third, where tapirscan is installed, gives the gray of the floor to it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from edge.bench import film, processes
from edge.bench.bare import bare
from edge.bench.carried import FPS, Eye, Figures, Look, eye, figures, looks, share
from edge.bench.figures import number, percent, table
from edge.bench.processes import Process
from edge.bench.sample import MEMORY_MB, furnish, screens, settings
from edge.bench.store import Bench, NotStarted, answers, running

LOOK_S = 0.5
SETTLE_S = 3.0
"""From the moment when every eye is up until it counts."""
UP_S = 60.0
"""So long eyes may take until all are up."""
FLOOR_FRAMES = 100
"""So many frames of the film, evenly over it, the bare loops are given."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The edge over the time: every look at each camera, and the processes at both ends, the service's as ""."""

    looks: Mapping[str, list[Look]]
    before: Mapping[str, Process]
    after: Mapping[str, Process]
    seconds: float


def measure(n: int, seconds: float, size: str, seed: int) -> Figures:
    """``n`` eyes for so long. Raises NotStarted if they do not all come up."""
    with tempfile.TemporaryDirectory() as name:
        shot = film.shot(Path(name) / "film", size, seconds, seed)
        folders = [Path(name) / f"camera-{turn}" for turn in range(n)]
        film.dealt(shot, folders)
        with running(screens(n), settings(folders, FPS), furnish) as bench:
            watched = asyncio.run(_watch(bench, n, seconds))
        floors = bare(shot[:: max(1, len(shot) // FLOOR_FRAMES)])
    measured = figures(_eyes(watched), _service(watched), floors)
    return {"n": n, "seconds": round(watched.seconds, 1), "size": size, "seed": seed, **measured}


async def _watch(bench: Bench, n: int, seconds: float) -> Watched:
    await answers(bench)
    async with aiohttp.ClientSession() as session:
        await _all_up(session, bench, n)
        await asyncio.sleep(SETTLE_S)
        told: dict[str, list[Look]] = {}
        began, before = time.monotonic(), _processes(bench)
        while time.monotonic() - began < seconds:
            for look in await _look(session, bench):
                told.setdefault(look.camera, []).append(look)
            await asyncio.sleep(LOOK_S)
        return Watched(told, before, _processes(bench), time.monotonic() - began)


async def _all_up(session: aiohttp.ClientSession, bench: Bench, n: int) -> None:
    until = time.monotonic() + UP_S
    while time.monotonic() < until:
        if sum(look.up for look in await _look(session, bench)) == n:
            return
        await asyncio.sleep(LOOK_S)
    raise NotStarted(f"not every one of {n} eyes was up within {UP_S:.0f} s: {bench.last_words()}")


async def _look(session: aiohttp.ClientSession, bench: Bench) -> list[Look]:
    async with session.get(bench.url("/readyz")) as answer:
        return list(looks((await answer.json())["parts"]))


def _processes(bench: Bench) -> dict[str, Process]:
    """The eyes' processes by camera, told apart by their bounds, and the service's own."""
    service = processes.process(bench.process.pid)
    eyes = {f"cam-{processes.bound_mb(one.pid) - MEMORY_MB}": one for one in processes.children(bench.process.pid)}
    return eyes if service is None else {**eyes, "": service}


def _eyes(watched: Watched) -> list[Eye]:
    return [
        eye(camera, told, watched.before.get(camera), watched.after.get(camera), watched.seconds)
        for camera, told in watched.looks.items()
    ]


def _service(watched: Watched) -> Figures:
    before, after = watched.before.get(""), watched.after.get("")
    return {"cpu": share(before, after, watched.seconds), "rss_mb": after.rss_mb if after is not None else None}


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    what = f"{result['n']} at {result['size']} for {result['seconds']} s, seed {result['seed']}"
    yield from (f"eyes: {what}, on {result['machine']}", "")
    ours = result["ours"]
    service = ("the service", "", "", percent(ours["service"]["cpu"]), number(ours["service"]["rss_mb"]), "")
    head = ("", "fps at worst", "mean", "share of a core", "memory, MB", "restarts")
    yield from table(head, (*(_row(one) for one in ours["eyes"]), service))
    each = {"ours, beside the service": ours, **result["peers"]}
    lines = ((name, number(one["cpu_ms_a_frame"], 2), number(one["cameras"])) for name, one in each.items())
    yield ""
    yield from table(("by CPU, at 15 frames a second", "ms a frame", "cameras on two cores"), lines)
    yield from ("", *(f"  {name}: {number(value, 3)}" for name, value in result["ratio"].items()))


def _row(one: Figures) -> tuple[str, ...]:
    fps = (number(one["fps_min"], 2), number(one["fps_mean"], 2))
    return (one["id"], *fps, percent(one["cpu"]), number(one["rss_mb"]), str(one["restarts"]))
