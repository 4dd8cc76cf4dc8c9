"""How room is made when the outbox or its disk is full: a ladder of steps, the dearest contacts last (RELIABILITY 2.7).

Pure: what there is comes as a ``Space``, what may go as ``Caps``; the writer climbs what ``rungs`` allows, in order.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from edge.config import Outbox

MIB = 1_048_576


class Step(Enum):
    """One rung. Its value is the class of contacts that goes; the ballast is none."""

    DIAGNOSIS = 3
    IMPRESSIONS = 2
    STATE = 1
    BALLAST = -1
    CONTACTS = 0


RUNGS: tuple[tuple[Step, float], ...] = (
    (Step.DIAGNOSIS, 1.0),
    (Step.IMPRESSIONS, 0.75),
    (Step.STATE, 0.5),
    (Step.BALLAST, 0.25),
    (Step.CONTACTS, 0.0),
)
"""The ladder: each step with the share of the disk's floor below which it is climbed."""

FLOOR = 64 * MIB
"""Bytes that should stay free on the outbox's partition, at most a twentieth of it."""

SPARE = MIB // 4
"""Bytes of free pages within the file that make new rows need none of the disk's."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What the outbox may take: rows, bytes of its file, bytes of ballast; ``overflow`` says what gives way at last."""

    rows: int = 1_000_000
    size: int = 1_024 * MIB
    ballast: int = 16 * MIB
    overflow: Literal["drop_oldest", "refuse_new"] = "drop_oldest"

    def pages(self, page_size: int) -> int:
        """The hard end of the file, a little above the cap, so that gaps and acknowledgements still find a page."""
        return (self.size + self.size // 20 + SPARE) // page_size


USUAL = Caps()


def caps_of(settings: Outbox) -> Caps:
    """The caps of a store's settings."""
    return Caps(settings.rows, settings.megabytes * MIB, settings.ballast_mb * MIB, settings.overflow)


@dataclass(frozen=True, slots=True)
class Space:
    """What there is: rows that wait, bytes in use and free within the file, free and all bytes of its partition."""

    rows: int
    used: int
    spare: int
    free: int
    whole: int

    @property
    def floor(self) -> int:
        """Bytes that should stay free on this partition."""
        return min(FLOOR, self.whole // 20)


class Refused(sqlite3.OperationalError):
    """The outbox is full and its settings say that new contacts give way (``overflow = "refuse_new"``)."""


def over(space: Space, caps: Caps) -> bool:
    """Whether the outbox holds more than it may."""
    return space.rows > caps.rows or space.used > caps.size


def rungs(space: Space, caps: Caps, full: bool = False) -> tuple[Step, ...]:
    """The steps that may be climbed now, in order; all of them after the disk said that it is ``full``."""
    beyond, tight = over(space, caps), space.spare < SPARE
    return tuple(
        step
        for step, share in RUNGS
        if full or (beyond and step is not Step.BALLAST) or (tight and space.free < share * space.floor)
    )


def share_of(space: Space, caps: Caps) -> int:
    """How many rows go at once: each stretch costs a gap, and gaps stay."""
    return max(space.rows - caps.rows, min(max(space.rows // 50, 16), 1_000))
