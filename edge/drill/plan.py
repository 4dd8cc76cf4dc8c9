"""What is broken, when and for how long: all of it from the seed, so that a drill can be done again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault: what it is done to, the least and the most seconds that it lasts, and in words."""

    target: str
    least_s: float
    most_s: float
    words: str
    spoils: bool = False


FAULTS: Mapping[str, Kind] = {
    "kill-store": Kind("store", 0.0, 0.5, "the store's process is killed (SIGKILL)"),
    "kill-broker": Kind("broker", 0.0, 1.0, "the broker is killed (SIGKILL)"),
    "kill-hub": Kind("hub", 0.0, 0.5, "head office's process is killed (SIGKILL)"),
    "stop-store": Kind("store", 0.5, 2.0, "the store's process stands still (SIGSTOP)"),
    "stop-broker": Kind("broker", 0.5, 4.0, "the broker stands still (SIGSTOP)"),
    "stop-hub": Kind("hub", 0.5, 3.0, "head office's process stands still (SIGSTOP)"),
    "cut": Kind("line", 0.2, 3.0, "the store's line is cut"),
    "flap": Kind("line", 1.0, 3.0, "the store's line is cut again and again"),
    "half-open": Kind("line", 1.0, 4.0, "the store's line is dead and neither end is told"),
    "slow": Kind("line", 1.0, 3.0, "the store's line has 300 ms more each way and 2,000 bytes a second"),
    "loss": Kind("line", 1.0, 3.0, "the store's line loses nine tenths"),
    "full-disk": Kind("disk", 1.0, 3.0, "the store's disk is full", spoils=True),
    "header": Kind("store", 0.0, 0.2, "the outbox's file loses its header while the store is down", spoils=True),
    "page": Kind("store", 0.0, 0.2, "a page of the outbox's file is overwritten while the store is down", spoils=True),
    "truncate": Kind("store", 0.0, 0.2, "the outbox's file is cut short while the store is down", spoils=True),
    "wal": Kind("store", 0.0, 0.2, "the outbox's log (-wal) is deleted while the store is down", spoils=True),
}
"""By the name that ``--faults`` takes. ``spoils``: what was accepted may have to go, so a gap is no wonder."""

KILLS = ("kill-store", "kill-broker", "kill-hub")
LEAST_PAUSE_S, MOST_PAUSE_S = 0.2, 1.6
"""Between two faults; they overlap where they strike different parts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault: ``at`` seconds after the start for ``lasts`` seconds; ``dice`` decides its details."""

    at: float
    fault: str
    lasts: float
    dice: int


def steps(seed: int, faults: Sequence[str]) -> Iterator[Step]:
    """Faults for ever: each once in a random order, then each again, and so on."""
    dice, at = Random(seed), 0.0  # noqa: S311 - to be had again
    while True:
        for fault in dice.sample(faults, len(faults)):
            kind = FAULTS[fault]
            at += dice.uniform(LEAST_PAUSE_S, MOST_PAUSE_S)
            yield Step(round(at, 2), fault, round(dice.uniform(kind.least_s, kind.most_s), 2), dice.getrandbits(32))


def plan(seed: int, faults: Sequence[str], seconds: float) -> tuple[Step, ...]:
    """The faults that begin within so many seconds."""
    found = []
    for step in steps(seed, faults):
        if step.at > seconds:
            break
        found.append(step)
    return tuple(found)


def plan_of_kills(seed: int, faults: Sequence[str], kills: int) -> tuple[Step, ...]:
    """The faults until so many processes were killed; ``faults`` must hold a kill."""
    found: list[Step] = []
    for step in steps(seed, faults):
        found.append(step)
        kills -= step.fault in KILLS
        if kills <= 0:
            break
    return tuple(found)
