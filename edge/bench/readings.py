"""From what readers read in still pictures to the figures of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.bench.figures import percentiles, ratio
from edge.bench.peers import OURS

WITH_CODES = ("photos", "stills")
GROUPS = (*WITH_CODES, "negatives", "empty")

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one picture. ``found`` says that it read every code there is; ``wrong`` counts other
    texts, ``accepted`` those of them that could be a member's; ``cpu_ms`` is its time."""

    group: str
    category: str
    reader: str
    found: bool
    wrong: int
    accepted: int
    cpu_ms: float


def summary(readings: Sequence[Reading]) -> dict[str, Figures]:
    """One reader's figures by group of pictures; a group without pictures is left out."""
    groups = {group: [one for one in readings if one.group == group] for group in GROUPS}
    return {group: _of_group(group, some) for group, some in groups.items() if some}


def _of_group(group: str, some: Sequence[Reading]) -> Figures:
    """``read`` counts the pictures without a code in which a text was read all the same."""
    times = [one.cpu_ms for one in some]
    what = (
        {"found": sum(one.found for one in some), "wrong": sum(one.wrong for one in some)}
        if group in WITH_CODES
        else {"read": sum(one.wrong > 0 for one in some), "accepted": sum(one.accepted for one in some)}
    )
    return {"n": len(some), **what, "cpu_ms": {**percentiles(times, (50, 95)), "max": round(max(times), 1)}}


def by_category(readings: Sequence[Reading]) -> dict[str, dict[str, Figures]]:
    """How many pictures there were and how many each reader found, by group and category."""
    found = Counter((one.group, one.category, one.reader) for one in readings if one.found)
    count = Counter((one.group, one.category) for one in readings if one.reader == OURS)
    names = list(dict.fromkeys(one.reader for one in readings))
    return {
        group: {
            kind: {"n": total, **{name: found[group, kind, name] for name in names}}
            for (of_group, kind), total in count.items()
            if of_group == group
        }
        for group in WITH_CODES
    }


def best_peer(by_reader: Mapping[str, Figures | None], group: str) -> str:
    """The peer that found most of a group."""
    found = {name: figures[group]["found"] for name, figures in by_reader.items() if figures and name != OURS}
    return max(found, key=lambda name: int(found[name]))


def ratios(measured: Mapping[str, Figures]) -> dict[str, float | None]:
    """Ours to the best peer in what is found, by group with codes; None for a group without pictures."""
    return {
        group: ratio(measured[OURS][group]["found"], measured[best_peer(measured, group)][group]["found"])
        if group in measured[OURS]
        else None
        for group in WITH_CODES
    }


def findings(measured: Mapping[str, Figures]) -> Iterator[str]:
    """What speaks against ours, in words."""
    for group, figures in measured[OURS].items():
        if group not in WITH_CODES:
            if figures["accepted"]:
                yield f"{group}: ours read {figures['accepted']} texts that could be a member's code"
            continue
        best = best_peer(measured, group)
        if figures["found"] < (theirs := measured[best][group]["found"]):
            yield f"{group}: ours found {figures['found']}, {best} {theirs}"
