"""One scene shown to every reader, one reader after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from edge.bench import scenes
from edge.bench.figures import spent
from edge.bench.outcome import Idle
from edge.bench.peers import OURS, Read, our_stream, peers
from edge.bench.presented import Presentation, glances, presentation
from edge.bench.scenes.light import sensed
from edge.bench.scenes.scene import staged
from edge.ports import Gray

SECOND = 15
"""Frames."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene to show to every reader: a clip, or so many idle frames; ``models`` is the folder of WeChat's."""

    seed: int
    size: str
    models: Path | None
    people: bool = False
    frames: int = 0


def clip(scene: Scene) -> dict[str, Presentation]:
    """One presentation, by every reader."""
    shown = scenes.clip(scene.seed, scenes.SIZES[scene.size])
    ours = our_stream()
    for gray in _before(scene, shown.degradation):
        ours(gray)
    return {
        name: presentation(
            glances(partial(_timed, read), shown.frames), shown.text, shown.held, shown.leaves, shown.degradation
        )
        for name, read in {OURS: ours, **peers(scene.models)}.items()
    }


def _before(scene: Scene, degradation: str) -> Iterator[Gray]:
    """The second before the hand comes: the clip's own shop and sensor, with noise of its own."""
    dice = np.random.default_rng((scene.seed, SECOND))
    _, made = staged(scene.seed, degradation, scenes.SIZES[scene.size], moving=True)
    for _ in range(SECOND):
        yield sensed(dice, made.shop, made.conditions.sensor)


def idle(scene: Scene) -> dict[str, Idle]:
    """One shop without codes, by every reader."""
    frames = list(scenes.idle(scene.seed, scenes.SIZES[scene.size], scene.people, scene.frames))
    return {name: _watched(read, frames) for name, read in {OURS: our_stream(), **peers(scene.models)}.items()}


def _watched(read: Read, frames: Sequence[Gray]) -> Idle:
    glimpses = [_timed(read, gray) for gray in frames]
    wrong = {text for texts, _ in glimpses for text in texts}
    return Idle(tuple(cost for _, cost in islice(glimpses, SECOND, None)), len(wrong))


def _timed(read: Read, gray: Gray) -> tuple[frozenset[str], float]:
    return spent(lambda: read(gray))
