"""How a batch of arrivals is booked, whatever database keeps the books: what is new, what it accounts for.

The books of a stream are its watermark ``upto``, the numbers that are here above it or inside a gap (``seen``), and the
ranges for which a gap accounts (``covered``). A number up to the watermark is here unless a gap covers it and it was
not seen. So no index over all contacts is needed to have each once, and a table of contacts may be cut by months.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge.contacts.event import Range, Received
from edge.contacts.office.sink import Arrival

Place = tuple[str, int]
Owner = tuple[str, str]
REASON = re.compile(r"[a-z][a-z -]{0,39}")
OTHER = "other"
"""A gap whose reason is no plain word of ours."""

_UNSYNCED = b'"clocksync":false'


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's head in the books: whose it is, its watermark, the highest number named, since when a hole is next
    to the watermark (UNIX ms, 0 for none)."""

    owner: Owner
    upto: int = 0
    highest: int = 0
    hole_ms: int = 0


@dataclass(slots=True)
class Figures:
    """What a batch adds to a stream's figures; ``latest`` is the newest time of an event, ``unsynced`` whether the
    device doubts its clock, None if nothing of its own came."""

    contacts: int = 0
    duplicates: int = 0
    salvaged: int = 0
    heard_ms: int = 0
    latest: str = ""
    unsynced: bool | None = None


@dataclass(slots=True)
class Plan:
    """What is to be written for a batch. ``numbers`` are those newly here, ``covers`` those newly accounted for."""

    fresh: list[Arrival] = field(default_factory=list)
    numbers: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    covers: defaultdict[str, list[Range]] = field(default_factory=lambda: defaultdict(list))
    figures: defaultdict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    losses: Counter[tuple[str, str]] = field(default_factory=Counter)


def heads(arrivals: Iterable[Arrival]) -> dict[str, Owner]:
    """The streams that a batch speaks of, in order, each with who speaks first: its owner if nobody knows it yet."""
    found: dict[str, Owner] = {}
    for each in arrivals:
        event = each.event
        owner = (event.store, event.device)
        found.setdefault(event.stream, owner)
        if event.salvaged:
            found.setdefault(event.salvaged[0], owner)
        if event.gap_stream:
            found.setdefault(event.gap_stream, owner)
    return dict(sorted(found.items()))


def doubtful(arrivals: Iterable[Arrival], known: Mapping[str, Stream]) -> set[Place]:
    """The places that may be here already, so that only they are looked up: none above a stream's highest number."""
    places = {(each.event.stream, each.event.seq) for each in arrivals}
    places |= {each.event.salvaged for each in arrivals if each.event.salvaged}
    return {(stream, seq) for stream, seq in places if seq <= known[stream].highest}


def plan(arrivals: Iterable[Arrival], here: Collection[Place], known: Mapping[str, Stream]) -> Plan:
    """What a batch adds to the books, where ``here`` are those of its doubtful places that are here already."""
    made, taken = Plan(), set(here)
    for each in arrivals:
        event = each.event
        figures, place = made.figures[event.stream], (event.stream, event.seq)
        old = _salvaged(event, known)
        _hear(figures, each)
        if place in taken or old in taken:
            figures.duplicates += 1
        else:
            made.fresh.append(each)
            figures.contacts += 1
            figures.salvaged += old is not None
            _account(made, each, known)
        for stream, seq in (place, old) if old else (place,):
            if (stream, seq) not in taken:
                made.numbers[stream].add(seq)
                taken.add((stream, seq))
    return made


def _salvaged(event: Received, known: Mapping[str, Stream]) -> Place | None:
    """Where a salvaged event stood before; a device speaks for streams of its own alone."""
    if event.salvaged is None or known[event.salvaged[0]].owner != (event.store, event.device):
        return None
    return event.salvaged


def _hear(figures: Figures, each: Arrival) -> None:
    figures.heard_ms = max(figures.heard_ms, each.received_ms)
    figures.latest = max(figures.latest, plain(each.event.time))
    figures.unsynced = _UNSYNCED in each.body


def _account(made: Plan, each: Arrival, known: Mapping[str, Stream]) -> None:
    event = each.event
    if event.kind != "gap":
        return
    reason, lost = loss(each.body)
    made.losses[event.stream, reason] += lost
    if event.gap_stream == event.stream or known[event.gap_stream].owner == (event.store, event.device):
        made.covers[event.gap_stream].extend(event.ranges)


def run(upto: int, numbers: Iterable[int]) -> tuple[int, list[int]]:
    """How far a watermark moves over numbers without a hole, and which lie beyond one, or below in a gap."""
    left = []
    for number in sorted(numbers):
        if number == upto + 1:
            upto = number
        else:
            left.append(number)
    return upto, left


def beyond(ranges: Iterable[Range], upto: int) -> list[Range]:
    """Ranges without what the watermark has passed: that is here, or another gap's already."""
    return [(max(first, upto + 1), last) for first, last in ranges if last > upto]


def hole_since(before: Stream, upto: int, highest: int, now_ms: int) -> int:
    """Since when the number after the watermark is missing while a higher one is here; 0 if none is."""
    if highest <= upto:
        return 0
    return before.hole_ms if before.hole_ms and upto == before.upto else now_ms


def loss(body: bytes) -> tuple[str, int]:
    """A gap's reason and how many events it accounts for; a foreign text becomes ``other``."""
    data = json.loads(body).get("data")
    said = data if isinstance(data, dict) else {}
    reason, counts = said.get("reason"), said.get("counts")
    known = isinstance(reason, str) and REASON.fullmatch(reason)
    numbers = counts.values() if isinstance(counts, dict) else ()
    lost = sum(min(number, 10**12) for number in numbers if type(number) is int and number > 0)
    return (str(reason) if known else OTHER), lost


def tallies(fresh: Iterable[Arrival]) -> dict[tuple[str, str], tuple[int, str]]:
    """How many came of a store and kind, and the latest time."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for each in fresh:
        key = (each.event.store, each.event.kind)
        count, latest = found.get(key, (0, ""))
        found[key] = (count + 1, max(latest, plain(each.event.time)))
    return found


def row(each: Arrival) -> tuple[Any, ...]:
    """What a database keeps of an arrival: stream, seq, id, type, kind, time, store, device, touchpoint, member,
    session, body, delivery, received (UNIX ms)."""
    event = each.event
    names = (plain(event.id), event.type, event.kind, plain(event.time), event.store, event.device)
    told = (plain(event.touchpoint), plain(event.member), plain(event.session))
    return (event.stream, event.seq, *names, *told, each.body, each.delivery, each.received_ms)


def plain(text: str) -> str:
    """A text that every database takes: no NUL, no half of a surrogate pair."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode().replace("\0", "?")


def redacted(arrivals: Sequence[Arrival], erased: Collection[str]) -> list[Arrival]:
    """The same without the erased members and their sessions."""
    return [_redacted(each) if each.event.member in erased else each for each in arrivals] if erased else [*arrivals]


def _redacted(each: Arrival) -> Arrival:
    return replace(each, body=redacted_body(each.body), event=replace(each.event, member="", session=""))


def redacted_body(body: bytes) -> bytes:
    """An event without its member and session, and with the word that they were taken out."""
    event = json.loads(body)
    kept = {name: value for name, value in event["data"].items() if name not in ("member", "session")}
    return json.dumps(
        {**event, "data": {**kept, "redaction": "erased"}}, ensure_ascii=False, separators=(",", ":")
    ).encode(errors="replace")


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers in ranges that neither meet nor touch, in order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
