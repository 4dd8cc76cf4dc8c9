"""From presentations and idle scenes to the figures of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.bench.figures import NEVER, mean, percent, percentiles, ratio
from edge.bench.peers import OURS, PYZBAR, ZXING
from edge.bench.presented import Presentation

KINDS = {"people": True, "still": False}
"""The kinds of idle scenes, and whether people move in them."""

SMALL = 1 / 6
"""A small part of what pyzbar costs on every frame of an idle camera is at most this."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Idle:
    """What a reader made of a shop in which nobody holds up a code: CPU ms of each frame, and texts read."""

    costs: tuple[float, ...]
    wrong: int


def summary(shown: Sequence[Presentation], people: Sequence[Idle], still: Sequence[Idle]) -> Figures:
    """One reader's figures: the share read, times to first read, mean CPU a frame, and texts that were not there."""
    times = [one.first_ms for one in shown]
    return {
        "read": round(sum(time != NEVER for time in times) / len(times), 4),
        "first_read_ms": percentiles(times, (50, 90)),
        "idle_people_cpu_ms": mean([cost for idle in people for cost in idle.costs]),
        "idle_still_cpu_ms": mean([cost for idle in still for cost in idle.costs]),
        "hit_cpu_ms": mean([cost for one in shown for cost in one.hits]),
        "wrong": sum(one.wrong for one in shown) + sum(one.wrong for one in (*people, *still)),
    }


def by_degradation(shown: Sequence[Mapping[str, Presentation]]) -> dict[str, Figures]:
    """The share read by each reader, and the number of clips, for each degradation that came."""
    counts = Counter(one[OURS].degradation for one in shown)
    read = Counter((one.degradation, name) for all_of in shown for name, one in all_of.items() if one.first_ms != NEVER)
    return {
        kind: {"n": counts[kind], **{name: round(read[kind, name] / counts[kind], 4) for name in shown[0]}}
        for kind in sorted(counts)
    }


def apart(shown: Sequence[Mapping[str, Presentation]]) -> Figures:
    """Where readers part: how many clips nobody read, how many ours alone, and which, by their place in the run,
    some peer read and ours did not."""
    readers = [{name for name, one in all_of.items() if one.first_ms != NEVER} for all_of in shown]
    return {
        "nobody": readers.count(set()),
        "ours_alone": readers.count({OURS}),
        "peers_alone": [place for place, names in enumerate(readers) if names and OURS not in names],
    }


def best_peer(by_reader: Mapping[str, Figures]) -> str:
    """The peer that read most."""
    return max(without_ours(by_reader), key=lambda name: float(by_reader[name]["read"]))


def ratios(by_reader: Mapping[str, Figures]) -> dict[str, float | None]:
    """Ours to the best peer in what is read, and to pyzbar and zxing-cpp in idle CPU."""
    ours = by_reader[OURS]
    idle = {
        f"idle_{kind}_to_{word}": ratio(ours[f"idle_{kind}_cpu_ms"], by_reader[name][f"idle_{kind}_cpu_ms"])
        for word, name in (("pyzbar", PYZBAR), ("zxing", ZXING))
        for kind in KINDS
    }
    return {"read_to_best_peer": ratio(ours["read"], by_reader[best_peer(by_reader)]["read"]), **idle}


def findings(by_reader: Mapping[str, Figures]) -> Iterator[str]:
    """What breaks promises V-1 and V-2, in words."""
    best, ours = best_peer(by_reader), by_reader[OURS]
    if ours["read"] < by_reader[best]["read"]:
        yield f"ours read {percent(ours['read'])} of presentations, {best} {percent(by_reader[best]['read'])}"
    if ours["wrong"]:
        yield f"ours read {ours['wrong']} texts that nobody held up"
    for name, value in ratios(by_reader).items():
        if name.endswith("to_pyzbar") and value is not None and value > SMALL:
            yield f"ours costs {percent(value)} of pyzbar alone ({name.split('_')[1]}), more than a sixth"


def without_ours(by_reader: Mapping[str, Figures]) -> dict[str, Figures]:
    """The peers alone."""
    return {name: figures for name, figures in by_reader.items() if name != OURS}
