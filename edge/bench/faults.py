"""Faults of cameras and of eyes, each done to a real eye's process: when it is named, in which words, when it is over.

Beside the struck eye another one looks on, in the same service; what it, and the service's own loop, notice of
each fault stands in the same line (promises V-4 and V-5).
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge.bench.driver import HEIGHT, WIDTH
from edge.bench.figures import NEVER, number, table
from edge.config import Camera
from edge.health import Health, State
from edge.vision.eyes import Eye

PROGRAM = ("-P", "-m", "edge.bench.driver")
DEVICES = "/dev/shm"  # noqa: S108 - a device's path begins with /dev; nothing secret lies there
MEMORY_MB = 1024
PATIENCE_S = 40.0
NAMED_S, BACK_S, AGAIN_S = 5.0, 10.0, 1.0
"""What V-5 and V-4 promise: named, recovered, and a new process after one that has ended."""
GAP_S = 1.0
"""The other eye notices a fault if it reads nothing for longer."""
CALM_S = 0.8
TICK_S = 0.01
FINE = "fine"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done: a signal to the eye's process, or a word to its camera; ``says`` stands in the health's detail."""

    name: str
    says: str
    signal: int = 0
    word: str = ""


FAULTS = (
    Fault("killed (SIGKILL)", "the eye ended (signal 9)", signal.SIGKILL),
    Fault("crashed (SIGSEGV)", "the eye ended (signal 11)", signal.SIGSEGV),
    Fault("stopped (SIGSTOP)", "silent for over 2 s", signal.SIGSTOP),
    Fault("reader aborts", "the eye ended (signal 6)", word="dies"),
    Fault("reader hangs", "silent for over 2 s", word="hangs"),
    Fault("reader raises", "the reader fails at every picture", word="raises"),
    Fault("memory outgrown", f"it needs more than its {MEMORY_MB} MB of memory", word="leaks"),
    Fault("unplugged", "is unplugged", word="unplugged"),
    Fault("busy", "is busy", word="busy"),
    Fault("driver hangs", "the camera gives no picture", word="silent"),
    Fault("frozen", "the picture is frozen", word="frozen"),
    Fault("black", "the picture is black", word="black"),
    Fault("blown out", "the picture is blown out", word="blown out"),
    Fault("covered", "the lens is covered", word="covered"),
    Fault("16 bits a pixel", "the camera's pictures cannot be read", word="16 bit"),
    Fault("no pictures", "the camera's pictures cannot be read", word="no pictures"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault, in seconds: ``named_s`` from the stroke until health says it, ``back_s`` from its end (a process's:
    from the stroke) until the eye reads again, ``away_s`` from the end of a process to the next one's start.

    ``other_fps`` is the least that the other eye told meanwhile, ``other_gap_s`` its longest time between two looks
    at its code, ``late_s`` the longest that the service's loop was late.
    """

    fault: str
    says: str
    todo: str
    named_s: float
    back_s: float
    away_s: float | None
    other_fps: float
    other_gap_s: float
    other_restarts: int
    late_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What the health page said of a camera, and when (monotonic seconds)."""

    at: float
    name: str
    state: State
    detail: str
    todo: str
    figures: Mapping[str, float]


class NeverSaid(Exception):
    """What a fault should have led to did not come."""


class Noted(Health):
    """The book of all parts, with every entry kept."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def set(
        self,
        kind: str,
        name: str,
        state: State,
        detail: str = "",
        todo: str = "",
        figures: Mapping[str, float] | None = None,
    ) -> None:
        """Note how a part is, and when."""
        super().set(kind, name, state, detail, todo, figures)
        self.entries.append(Entry(time.monotonic(), name, state, detail, todo, dict(figures or {})))

    async def entry(self, name: str, state: State, says: str, after: float) -> Entry:
        """The first such entry after a time; raises NeverSaid."""
        patient_until = time.monotonic() + PATIENCE_S
        while time.monotonic() < patient_until:
            mine = [one for one in self.entries if one.name == name and one.at > after]
            if found := [one for one in mine if one.state is state and says in one.detail]:
                return found[0]
            await asyncio.sleep(TICK_S)
        said = sorted({f"{one.state}: {one.detail}" for one in mine})
        raise NeverSaid(f"the {name} eye was never {state} '{says}', but {said}")


class Watched:
    """An eye in the drill: its camera's file, and when it read the code that is held before it."""

    def __init__(self, name: str, folder: Path, health: Noted) -> None:
        self.name, self._device = name, folder / name
        settings = {"source": str(self._device), "width": WIDTH, "height": HEIGHT}
        camera = Camera(id=name, screen="s", adapter="opencv", settings=settings, memory_mb=MEMORY_MB)
        self.eye = Eye(camera, folder, ("qrcode",), health, program=PROGRAM)
        self.read_at: list[float] = []
        self.lives: list[tuple[float, int | None]] = []
        self.becomes(FINE)

    def becomes(self, word: str) -> None:
        """The camera is so from now on."""
        if word == "unplugged":
            self._device.unlink()
            return
        new = self._device.with_suffix(".new")
        new.write_text(word)
        new.replace(self._device)

    def suffers(self, fault: Fault) -> None:
        """Do it to the camera, or to the eye's process."""
        if fault.word:
            self.becomes(fault.word)
        else:
            assert self.eye.pid is not None
            os.kill(self.eye.pid, fault.signal)

    def away_s(self, after: float) -> float | None:
        """The longest time without a process after a time, in seconds; None if it lived on."""
        lives = [life for life in self.lives if life[0] > after]
        gaps = [later - at for (at, pid), (later, _) in pairwise(lives) if pid is None]
        return round(max(gaps), 2) if gaps else None

    async def listen(self) -> None:
        """Keep the times at which it read the code."""
        while True:
            if (await self.eye.looks.get()).codes:
                self.read_at.append(time.monotonic())

    async def reads(self, after: float) -> float:
        """When it first read the code after a time; raises NeverSaid."""
        patient_until = time.monotonic() + PATIENCE_S
        while time.monotonic() < patient_until:
            if later := [at for at in self.read_at if at > after]:
                return later[0]
            await asyncio.sleep(TICK_S)
        raise NeverSaid(f"the {self.name} eye never read its code")


class Drill:
    """Eyes in one service: some to be struck, and one beside them that must notice nothing."""

    def __init__(self, folder: Path, eyes: int) -> None:
        self.health = Noted()
        self.other = Watched("other", folder, self.health)
        self.struck = [Watched(f"struck-{number}", folder, self.health) for number in range(1, eyes + 1)]
        self.late: list[tuple[float, float]] = []

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """All look; at the end no process is left."""
        loops = [loop for one in (self.other, *self.struck) for loop in (one.eye.run, one.listen)]
        tasks = [asyncio.create_task(loop()) for loop in (*loops, self._tick)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tick(self) -> None:
        """Note how late the service's own loop is, and every change of a struck eye's process."""
        while True:
            due = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self.late.append((due, time.monotonic() - due))
            for one in self.struck:
                if not one.lives or one.eye.pid != one.lives[-1][1]:
                    one.lives.append((time.monotonic(), one.eye.pid))

    async def outcome(self, fault: Fault, struck: Watched) -> Outcome:
        """Do it, wait until it is named, undo it, wait until the eye reads again; raises NeverSaid."""
        for one in (struck, self.other):
            await one.reads((await self.health.entry(one.name, State.UP, "", time.monotonic())).at)
        await asyncio.sleep(CALM_S)
        began = time.monotonic()
        struck.suffers(fault)
        named = await self.health.entry(struck.name, State.DOWN, fault.says, began)
        undone = time.monotonic() if fault.word else began
        if fault.word:
            struck.becomes(FINE)
        up = await self.health.entry(struck.name, State.UP, "", max(named.at, undone))
        back = max(up.at, await struck.reads(undone))
        said = (fault.name, named.detail, named.todo, round(named.at - began, 2), round(back - undone, 2))
        fps, gap, restarts, late = self._beside(began, back)
        return Outcome(*said, struck.away_s(began), fps, gap, restarts, late)

    def _beside(self, began: float, back: float) -> tuple[float, float, int, float]:
        """What the other eye and the loop noticed between two times."""
        told = [one.figures["fps"] for one in self.health.entries if one.name == "other" and began < one.at < back]
        reads = [began, *(at for at in self.other.read_at if began < at < back), back]
        late = max(late for due, late in self.late if began < due < back)
        gap = max(after - at for at, after in pairwise(reads))
        return min(told, default=0.0), round(gap, 2), self.other.eye.restarts, round(late, 3)


def measure(faults: Sequence[Fault] = FAULTS, beside: int = 1) -> dict[str, Any]:
    """Every fault in turn, ``beside`` of them at a time; ``findings`` are the promises that this run broke."""
    return figures(asyncio.run(drilled(faults, beside)))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The outcomes as a benchmark tells them."""
    ours = {one.fault: {key: value for key, value in asdict(one).items() if key != "fault"} for one in outcomes}
    return {"n": len(outcomes), "ours": ours, "peers": {}, "ratio": None, "findings": list(_findings(outcomes))}


async def drilled(faults: Sequence[Fault], beside: int) -> list[Outcome]:
    """The outcomes, in the order of the faults; of one that is never named or never over the times are NEVER."""
    outcomes: dict[str, Outcome] = {}

    async def chain(mine: Sequence[Fault], struck: Watched) -> None:
        for fault in mine:
            try:
                outcomes[fault.name] = await drill.outcome(fault, struck)
            except NeverSaid as never:
                outcomes[fault.name] = Outcome(fault.name, str(never), "", NEVER, NEVER, None, 0.0, 0.0, 0, 0.0)
                struck.becomes(FINE)

    with tempfile.TemporaryDirectory(dir=DEVICES, prefix="tentou-drill-") as name:
        drill = Drill(Path(name), beside)
        async with drill.looking(), asyncio.TaskGroup() as group:
            for turn, struck in enumerate(drill.struck):
                group.create_task(chain(faults[turn::beside], struck))
    return [outcomes[fault.name] for fault in faults]


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.named_s > NAMED_S:
            yield f"{one.fault}: named after {number(one.named_s)} s, promised within {NAMED_S:.0f} s"
        if one.back_s > BACK_S:
            yield f"{one.fault}: read again after {number(one.back_s)} s, promised within {BACK_S:.0f} s"
        if one.away_s is not None and one.away_s > AGAIN_S:
            yield f"{one.fault}: started again after {one.away_s} s, promised within {AGAIN_S:.0f} s"
        if one.other_restarts or one.other_gap_s > GAP_S:
            yield f"{one.fault}: the other eye noticed ({one.other_gap_s} s without a look)"


def words(result: Mapping[str, Any]) -> Iterator[str]:
    """What was measured, as a table."""
    yield f"{result['name']}: {result['n']} faults, each to a real eye's process, on {result['machine']}"
    head = ("fault", "named s", "back s", "process s", "other fps", "its gap s", "loop late s", "health says")
    yield from table(head, (_cells(name, figures) for name, figures in result["ours"].items()))


def _cells(name: str, of: Mapping[str, Any]) -> tuple[str, ...]:
    figures = (of["named_s"], of["back_s"], of["away_s"], of["other_fps"], of["other_gap_s"], of["late_s"])
    return (name, *(number(figure, 2) for figure in figures), of["says"])
