"""A drill from its plan to its verdict: break, mend, wait until all has arrived, and hold the books together."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from edge.drill.books import Verdict
from edge.drill.plan import FAULTS, Step
from edge.drill.shop import Shop, shop
from edge.drill.strikes import strike

CALM_S = 1.0
"""People go on for so long after the last fault."""
PATIENCE_S = 60.0
"""So long may pass without anything more arriving until what waits counts as lost."""
LOOK_S = 0.2


class Teller(Protocol):
    """Hears how a drill goes."""

    def began(self, shop: Shop, step: Step) -> None:
        """A fault begins."""

    def ended(self, shop: Shop, step: Step) -> None:
        """A fault is over."""

    def looked(self, shop: Shop) -> None:
        """Some time has passed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill came to. ``deaths``: processes that ended though nobody had killed them; ``spoilt``: a fault was
    among its own that can destroy what was accepted."""

    seed: int
    verdict: Verdict
    faults: Counter[str]
    deaths: Counter[str]
    broker: str
    spoilt: bool = False

    def line(self) -> dict[str, object]:
        """The last line of ``--json``."""
        found = self.verdict
        return {
            "seed": self.seed,
            "accepted": found.accepted,
            "received": found.received,
            "gaps": found.gaps,
            "lost": found.lost,
            "doubled": found.doubled,
            "faults": dict(sorted(self.faults.items())),
        }


async def drill(home: Path, seed: int, steps: Sequence[Step], broker: str, tell: Teller) -> Outcome:
    """Do the plan in ``home``; raises shop.NotStarted, brokers.NoBroker."""
    async with shop(home, broker, Random(seed)) as running:  # noqa: S311 - to be had again
        await running.open()
        looking = asyncio.create_task(_look(running, tell))
        try:
            await _strike_all(running, steps, tell)
            await asyncio.sleep(CALM_S)
            running.scanners.rest()
            verdict = await _settled(running)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        deaths = Counter({name: process.deaths for name, process in running.processes.items() if process.deaths})
        faults = Counter(step.fault for step in steps)
        return Outcome(seed, verdict, faults, deaths, running.broker, any(FAULTS[name].spoils for name in faults))


async def _strike_all(running: Shop, steps: Sequence[Step], tell: Teller) -> None:
    """Each at its time; two that strike the same part come one after the other, others overlap."""
    turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
    clock = asyncio.get_running_loop()
    started = clock.time()

    async def one(step: Step) -> None:
        await asyncio.sleep(started + step.at - clock.time())
        async with turns[FAULTS[step.fault].target]:
            tell.began(running, step)
            await strike(running, step)
            tell.ended(running, step)

    async with asyncio.TaskGroup() as tasks:
        for step in steps:
            tasks.create_task(one(step), name=step.fault)


async def _settled(running: Shop) -> Verdict:
    """The verdict once nothing waits and nothing is missing, or once nothing moves any more."""
    clock = asyncio.get_running_loop()
    seen, patience = (-1, -1), clock.time() + PATIENCE_S
    while True:
        await asyncio.sleep(LOOK_S)
        now = running.books.waiting, running.arrived()
        if now != seen:
            seen, patience = now, clock.time() + PATIENCE_S
        late = clock.time() > patience
        if late or not running.books.waiting:
            verdict = running.verdict()
            if late or not verdict.lost:
                return verdict


async def _look(running: Shop, tell: Teller) -> None:
    while True:
        tell.looked(running)
        await asyncio.sleep(LOOK_S)
