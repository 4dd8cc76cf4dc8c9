"""From looks at a running edge to how many cameras its machine carries; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge.bench.figures import mean, ratio
from edge.bench.processes import Process

FPS, LEAST_FPS, CORES = 15, 14.0, 2
WINDOW = 10
"""The slowest stretch of an eye is taken over so many looks: one look may fall on a pulse of six frames or of seven."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What the edge told of one camera at one moment."""

    camera: str
    up: bool
    fps: float
    restarts: int


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye over the whole time. ``cpu`` is its share of one core, None for an eye whose process did not last;
    ``fps_min`` the mean of its slowest stretch."""

    id: str
    fps_min: float
    fps_mean: float
    cpu: float | None
    rss_mb: float | None
    restarts: int


def looks(parts: Sequence[Mapping[str, Any]]) -> Iterator[Look]:
    """The cameras among the parts that ``/readyz`` tells of."""
    for part in parts:
        if part["kind"] == "camera":
            figures = part["figures"]
            up = part["state"] == "up" and figures.get("fps", 0.0) > 0
            yield Look(part["name"], up, figures.get("fps", 0.0), int(figures.get("restarts", 0)))


def eye(camera: str, told: Sequence[Look], before: Process | None, after: Process | None, seconds: float) -> Eye:
    """One eye's figures from the looks at it, its process at both ends, and the seconds between."""
    fps = [look.fps for look in told]
    restarts = told[-1].restarts - told[0].restarts
    rss = after.rss_mb if after is not None else None
    return Eye(camera, slowest(fps), round(sum(fps) / len(fps), 2), share(before, after, seconds), rss, restarts)


def slowest(fps: Sequence[float], window: int = WINDOW) -> float:
    """The lowest mean of so many looks in a row; of all of them if there are fewer."""
    starts = range(max(1, len(fps) - window + 1))
    return round(min(sum(fps[start : start + window]) / len(fps[start : start + window]) for start in starts), 2)


def share(before: Process | None, after: Process | None, seconds: float) -> float | None:
    """The share of one core that a process took, None unless it is the same process."""
    if before is None or after is None or before.pid != after.pid:
        return None
    return round((after.cpu_s - before.cpu_s) / seconds, 4)


def figures(eyes: Sequence[Eye], service: Figures, floors: Mapping[str, float]) -> Figures:
    """``ours``, ``peers``, ``ratio`` and ``findings``; ``floors`` are the bare loops' CPU ms a frame.

    ``cameras`` is how many at 15 frames a second two cores carry by CPU: ours beside the service, a loop alone.
    """
    each = mean([one.cpu for one in eyes if one.cpu is not None])
    frames = mean([one.fps_mean for one in eyes])
    ours: Figures = {
        "eyes": [asdict(one) for one in eyes],
        "service": service,
        "cpu_ms_a_frame": round(1000 * each / frames, 2) if each and frames else None,
        "cameras": round((CORES - (service["cpu"] or 0.0)) / each, 1) if each else None,
    }
    peers = {
        name: {"cpu_ms_a_frame": round(ms, 2), "cameras": round(CORES * 1000 / (FPS * ms), 1)}
        for name, ms in floors.items()
    }
    compared = {f"cameras, ours to {name}": ratio(ours["cameras"], one["cameras"]) for name, one in peers.items()}
    return {"ours": ours, "peers": peers, "ratio": compared, "findings": list(findings(eyes))}


def findings(eyes: Sequence[Eye]) -> Iterator[str]:
    """Eyes that were too slow or did not last."""
    for one in eyes:
        if one.fps_min < LEAST_FPS:
            yield f"{one.id} fell to {one.fps_min} frames a second, below {LEAST_FPS:g}"
        if one.restarts or one.cpu is None:
            yield f"{one.id} did not last: {one.restarts} restarts"
