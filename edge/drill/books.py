"""The oracle: what the store said it keeps, held against what head office has. It reads events for itself.

It uses nothing of the product's own reading, so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
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


def audit(accepted: Mapping[str, Collection[Place]], arrived: Iterable[Arrived]) -> Verdict:
    """Hold what was accepted, each event's id with the places that it had, against what arrived.

    The id is what an event keeps when it is saved out of a spoilt file under another number.
    """
    rows = tuple(arrived)
    missing = set(accepted) - {row.id for row in rows}
    covered = _covered(rows)
    lost = {id for id in missing if not any(_within(covered, place) for place in accepted[id])}
    return Verdict(
        accepted=len(accepted),
        received=len(accepted) - len(missing),
        gaps=len(missing - lost),
        lost=len(lost),
        doubled=_doubled(rows),
        missing=tuple(sorted(place for id in lost for place in accepted[id])),
    )


def _covered(rows: Iterable[Arrived]) -> dict[str, list[tuple[int, int]]]:
    """The ranges that gaps account for, by stream."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        for stream, first, last in row.covers:
            found.setdefault(stream, []).append((first, last))
    return found


def _within(covered: Mapping[str, list[tuple[int, int]]], place: Place) -> bool:
    return any(first <= place[1] <= last for first, last in covered.get(place[0], ()))


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
