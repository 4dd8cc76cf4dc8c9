"""Presentations before a camera: which reader reads them, how soon, and what it costs while nobody holds up a code.

Every reader gets the same clips of ``edge.bench.scenes``, in the same process, one reader after the other. Ours is a
new camera for each clip and is first shown a second of the clip's own shop before the hand comes, so that it has a
history as in life and no cut wakes it; what it learned in one clip does not help it in the next. The first second of
an idle scene is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.bench import showing
from edge.bench.figures import number, percent, seeds, table
from edge.bench.outcome import KINDS, Figures, Idle, apart, by_degradation, findings, ratios, summary
from edge.bench.peers import OURS, PEERS
from edge.bench.presented import Presentation
from edge.bench.showing import SECOND, Scene
from edge.bench.spread import spread

IDLE_SCENES, IDLE_FRAMES = 4, 6 * SECOND
"""At most so many shops of each kind, each watched for so long, its first second not counted."""
FEW = 10
"""A run of fewer clips watches one shop of each kind, for two seconds."""


def measure(n: int, sizes: Sequence[str], seed: int, models: Path | None) -> Figures:
    """``n`` presentations a size: ``ours``, ``peers`` and ``ratio``, each by size, ``by_degradation``, ``findings``.

    A peer that is not on this machine is None.
    """
    shown = {size: _presented(n, size, seed, models) for size in sizes}
    measured = {size: _figures(shown[size], _idled(n, size, seed, models)) for size in sizes}
    return {
        "n": n,
        "seed": seed,
        "ours": {size: by_reader[OURS] for size, by_reader in measured.items()},
        "peers": {size: {name: by_reader.get(name) for name in PEERS} for size, by_reader in measured.items()},
        "ratio": {size: ratios(by_reader) for size, by_reader in measured.items()},
        "apart": {size: apart(presented) for size, presented in shown.items()},
        "by_degradation": {size: by_degradation(presented) for size, presented in shown.items()},
        "findings": [f"{size}: {found}" for size, by_reader in measured.items() for found in findings(by_reader)],
    }


def _presented(n: int, size: str, seed: int, models: Path | None) -> list[dict[str, Presentation]]:
    clips = [Scene(one, size, models) for one in seeds(seed, f"clips {size}", n)]
    return spread(showing.clip, clips, f"clips at {size}")


def _idled(n: int, size: str, seed: int, models: Path | None) -> dict[str, list[dict[str, Idle]]]:
    """What each reader made of each shop, by the kind of idle scene."""
    shops, frames = (min(IDLE_SCENES, n // 5), IDLE_FRAMES) if n >= FEW else (1, 2 * SECOND)
    jobs = [
        Scene(one, size, models, people, frames)
        for kind, people in KINDS.items()
        for one in seeds(seed, f"{kind} {size}", shops)
    ]
    done = spread(showing.idle, jobs, f"idle scenes at {size}")
    return {kind: [one for job, one in zip(jobs, done, strict=True) if job.people is KINDS[kind]] for kind in KINDS}


def _figures(shown: list[dict[str, Presentation]], idled: dict[str, list[dict[str, Idle]]]) -> dict[str, Figures]:
    return {
        name: summary([one[name] for one in shown], *([one[name] for one in idled[kind]] for kind in KINDS))
        for name in shown[0]
    }


def words(result: Figures) -> Iterator[str]:
    """The tables."""
    n = result["n"]
    yield f"stream: {n} presentations a size, seed {result['seed']}, on {result['machine']}; one is {percent(1 / n)}"
    for size in result["ours"]:
        by_reader = {OURS: result["ours"][size], **result["peers"][size]}
        yield from ("", f"{size}: times in ms; first read counts from the frame that holds the code still; CPU a frame")
        yield from table(HEAD, (_row(name, figures) for name, figures in by_reader.items()))
        yield from ("", f"  ours to the others at {size}")
        yield from (
            f"    {name.replace('_', ' ')}: {number(value, 3)}" for name, value in result["ratio"][size].items()
        )
        parted = result["apart"][size]
        yield f"    clips that nobody read: {parted['nobody']}, ours alone: {parted['ours_alone']}, " + (
            f"a peer and not ours: {len(parted['peers_alone'])}"
        )
        shares = result["by_degradation"][size]
        present = [name for name, figures in by_reader.items() if figures is not None]
        yield from ("", f"  presentations read at {size}, by what was wrong with the picture")
        yield from table(
            ("", "clips", *present),
            ([kind, str(one["n"]), *(percent(one[name]) for name in present)] for kind, one in shares.items()),
        )


HEAD = ("", "read", "first read p50", "p90", "idle, people", "idle, still", "on hits", "wrong texts")


def _row(name: str, figures: Figures | None) -> list[str]:
    if figures is None:
        return [name, "not here", *[""] * (len(HEAD) - 2)]
    times = (number(figures["first_read_ms"].get(rank)) for rank in ("p50", "p90"))
    costs = (number(figures[f"{kind}_cpu_ms"], 2) for kind in ("idle_people", "idle_still", "hit"))
    return [name, percent(figures["read"]), *times, *costs, str(figures["wrong"])]
