"""Head office's table of streams: what each lacks, since when, and the worst first; pure, with time as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from edge.contacts import topics
from edge.contacts.office.counts import Standing
from edge.contacts.office.roster import Told

HOLE_S = 30.0
"""A hole that lasts longer is told (RELIABILITY.md 2.6): what is on its way comes sooner."""
LATE_S = 3_600.0
"""An edge that is online and has had contacts waiting for so long is late."""
PAGE = 50
DEAD = frozenset({"poison", "too large", "corrupt", "refused topic", "refused payload"})
"""Reasons of gaps for events that were set aside in the store, where they still lie."""


class Trouble(StrEnum):
    """What is wrong with a stream, the worst first."""

    HOLE = "hole"
    LATE = "late"
    OFFLINE = "offline"
    CLOCK = "clock"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Line:
    """A stream as head office sees it. ``lag`` is how many events are known to exist and are not here, ``lag_s`` how
    old the newest one here is while others wait; times are UNIX seconds, 0 for never. ``gaps`` are events by reason,
    ``dead`` those of them that lie set aside in the store. ``past`` says that the device has a newer stream."""

    store: str
    device: str
    stream: str
    online: bool | None
    upto: int
    highest: int
    lag: int
    lag_s: float
    heard_s: float
    hole_s: float
    contacts: int
    duplicates: int
    salvaged: int
    gaps: Mapping[str, int]
    dead: int
    clock_wrong: bool
    past: bool
    troubles: Sequence[Trouble] = field(default=())


def lines(standings: Iterable[Standing], told: Mapping[str, Told], now_s: float) -> list[Line]:
    """A line for each stream, the worst first. A stream that ended whole is no trouble any more."""
    every = list(standings)
    newest: dict[tuple[str, str], Standing] = {}
    for each in sorted(every, key=lambda one: one.heard_ms):
        newest[each.store, each.device] = each
    made = [_line(each, told, newest[each.store, each.device] is not each, now_s) for each in every]
    return sorted(made, key=_badness)


def _line(each: Standing, told: Mapping[str, Told], past: bool, now_s: float) -> Line:
    word = told.get(topics.edge_of(each.store, each.device))
    present = word is not None and word.stream == each.stream
    past = word.stream != each.stream if word is not None and word.stream else past
    known = max(each.highest, word.last) if word is not None and present else each.highest
    lag = known - each.upto
    lag_s = max(now_s - _seconds(each.latest), 0.0) if lag and each.latest else 0.0
    hole_s = max(now_s - each.hole_ms / 1000, 0.0) if each.hole_ms else 0.0
    online = word.online if word is not None and present else None
    troubles = [
        trouble
        for trouble, so in (
            (Trouble.HOLE, hole_s > HOLE_S),
            (Trouble.LATE, online is True and lag > 0 and lag_s > LATE_S),
            (Trouble.OFFLINE, online is False),
            (Trouble.CLOCK, each.unsynced and not past),
            (Trouble.LOST, bool(each.gaps)),
        )
        if so
    ]
    return Line(
        each.store, each.device, each.stream, online, each.upto, each.highest, lag, lag_s, each.heard_ms / 1000, hole_s,
        each.contacts, each.duplicates, each.salvaged, each.gaps,
        sum(number for reason, number in each.gaps.items() if reason in DEAD), each.unsynced, past, troubles,
    )  # fmt: skip


def _badness(line: Line) -> tuple[Any, ...]:
    worst = min((list(Trouble).index(each) for each in line.troubles), default=len(Trouble))
    return (worst, -line.hole_s, -line.lag_s, -line.lag, line.store, line.device, line.past, line.stream)


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """Which lines: of stores that begin so, or with trouble alone; from ``after`` on, so many."""

    store: str = ""
    troubled: bool = False
    after: int = 0
    most: int = PAGE


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of those asked for, how many these are, and where the next begin, None after the last."""

    lines: Sequence[Line]
    total: int
    after: int
    next: int | None


def part(every: Sequence[Line], asked: Asking) -> Part:
    """What was asked for; whole streams of the past are left out unless a store is named."""
    found = [
        line
        for line in every
        if line.store.startswith(asked.store)
        and (line.troubles or not asked.troubled)
        and (asked.store or line.troubles or not line.past)
    ]
    end = asked.after + asked.most
    return Part(found[asked.after : end], len(found), asked.after, end if end < len(found) else None)


def figures(every: Sequence[Line]) -> dict[str, float]:
    """The sums for health and metrics: as many figures whatever the number of stores."""
    return {
        "streams": len(every),
        "streams_with_holes": sum(line.hole_s > HOLE_S for line in every),
        "streams_late": sum(Trouble.LATE in line.troubles for line in every),
        "edges_offline": sum(Trouble.OFFLINE in line.troubles for line in every),
        "clocks_wrong": sum(Trouble.CLOCK in line.troubles for line in every),
        "oldest_hole_seconds": max((line.hole_s for line in every), default=0.0),
        "events_waiting": sum(line.lag for line in every),
        "events_lost": sum(sum(line.gaps.values()) for line in every),
        "events_dead": sum(line.dead for line in every),
        "contacts_received": sum(line.contacts for line in every),
        "duplicates_received": sum(line.duplicates for line in every),
        "contacts_salvaged": sum(line.salvaged for line in every),
    }


def told_of(every: Sequence[Line]) -> str:
    """Which streams have lacked something for too long, in words; empty if none."""
    holes = [line for line in every if Trouble.HOLE in line.troubles]
    if not holes:
        return ""
    first = holes[0]
    return (
        f"{first.store} {first.device} has lacked event {first.upto + 1} for {first.hole_s:.0f} s while later ones are "
        f"here; streams that lack one: {len(holes)}"
    )


def as_json(line: Line) -> dict[str, Any]:
    """A line of ``/ledger.json``."""
    return {**asdict(line), "gaps": dict(line.gaps), "troubles": list(line.troubles)}
