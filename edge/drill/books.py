"""The oracle: what the store said it keeps, held against what head office has. It reads events for itself.

It uses nothing of the product's own reading, so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

Place = tuple[str, int]
"""A stream and a number in it."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event in head office's database: where it stands, where it stood first, and what it accounts for if a gap."""

    place: Place
    id: str
    origin: Place
    covers: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Numbers of events. ``lost`` were accepted, have not arrived, and no gap tells of them."""

    accepted: int
    received: int
    gaps: int
    lost: int
    doubled: int
    missing: tuple[Place, ...] = ()

    @property
    def clean(self) -> bool:
        """Nothing is lost and nothing is there twice."""
        return not self.lost and not self.doubled


def audit(accepted: Mapping[str, int], arrived: Iterable[Arrived]) -> Verdict:
    """Hold what each stream accepted (its numbers from 1 to the one given) against what arrived."""
    rows = tuple(arrived)
    there = {row.place for row in rows} | {row.origin for row in rows}
    told = {place for row in rows for place in _told(row, accepted)}
    every = {(stream, seq) for stream, last in accepted.items() for seq in range(1, last + 1)}
    missing = every - there
    lost = missing - told
    return Verdict(
        accepted=len(every),
        received=len(every & there),
        gaps=len(missing & told),
        lost=len(lost),
        doubled=_doubled(rows),
        missing=tuple(sorted(lost)),
    )


def _told(row: Arrived, accepted: Mapping[str, int]) -> Iterator[Place]:
    """The places that a gap accounts for; beyond what was accepted there is nothing to account for."""
    for stream, first, last in row.covers:
        for seq in range(max(1, first), min(last, accepted.get(stream, 0)) + 1):
            yield stream, seq


def _doubled(rows: Iterable[Arrived]) -> int:
    """Events beyond the first of one place, of one place of origin, or of one id."""
    seen: set[Place | str] = set()
    doubled = 0
    for row in rows:
        names: set[Place | str] = {row.place, row.origin, row.id}
        doubled += not names.isdisjoint(seen)
        seen |= names
    return doubled


def arrived(body: bytes) -> Arrived:
    """What an event's bytes say of themselves (CloudEvents, edge/contacts/schemas)."""
    event = json.loads(body)
    place = event["stream"], int(event["sequence"])
    origin = place
    if "salvagedstream" in event:
        origin = event["salvagedstream"], int(event["salvagedsequence"])
    data = event["data"]
    gap_of = data.get("stream", event["stream"])
    ranges = data.get("ranges", ()) if ".gap." in event["type"] else ()
    return Arrived(place, event["id"], origin, tuple((gap_of, first, last) for first, last in ranges))


def in_sink(path: Path) -> list[Arrived]:
    """All that stands in head office's database; nothing while it is only being made."""
    return [arrived(body) for (body,) in _asked(path, "SELECT body FROM contacts")]


def count_in_sink(path: Path) -> int:
    """How many events stand there."""
    rows = _asked(path, "SELECT count(*) FROM contacts")
    return int(rows[0][0]) if rows else 0


def _asked(path: Path, question: str) -> list[tuple[bytes]]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute(question).fetchall()
    except sqlite3.OperationalError:
        return []
