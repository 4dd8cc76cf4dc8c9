"""What each camera sees within a few seconds, for the doctor: each through an eye of its own, without its picture."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from edge.config import WHOLE, Camera, Zone
from edge.health import Health, Part, State
from edge.vision import meters
from edge.vision.eyes import Eye
from edge.vision.wire import View

CAMERA_S = 15.0
"""How long a camera may take from the start of its eye to its first picture; a stream's own time-out is 5 s."""
HOLD_S = 4.0
"""How long a camera that gives pictures is looked through for a code that somebody holds before it."""
LOOK_AGAIN_S = 0.2
SHADES = str.maketrans("01234", " ░▒▓█")


@dataclass(slots=True)
class Seen:
    """One camera: what health says of it, and since when it sees what; ``view.codes`` is the most of all views."""

    part: Part
    view: View | None = None
    since: float = 0.0

    def enough(self, now: float) -> bool:
        """Nothing more is to be waited for."""
        if self.view is None or self.part.state is State.STARTING:
            return self.part.state is State.DOWN
        return self.view.codes > 0 or now - self.since > HOLD_S

    @property
    def figures(self) -> dict[str, float]:
        """The figures of the view, and ``codes``; none without a view."""
        return {**self.view.figures, "codes": self.view.codes} if self.view else {}

    def in_words(self) -> tuple[str, str]:
        """What is seen, in a line, and what to do."""
        if self.view is None:
            return self.part.detail or "it gives no picture", self.part.todo
        said, todo = in_words(self.view.figures, self.view.codes)
        return ", ".join(filter(None, (self.part.detail, said))), self.part.todo or todo


async def survey(
    cameras: Iterable[Camera], folder: Path, zones: Mapping[str, Zone], symbologies: Collection[str] = ("qrcode",)
) -> list[Seen]:
    """Look through all cameras at once, each until a code was read or some seconds have passed."""
    health = Health()
    eyes = [Eye(camera, folder, symbologies, health) for camera in cameras]
    seen = {eye.id: Seen(Part("camera", eye.id, State.STARTING, 0.0)) for eye in eyes}
    for eye in eyes:
        eye.aim(zones.get(eye.id, WHOLE))
    loops = [asyncio.create_task(loop) for eye in eyes for loop in (eye.run(), _watch(eye, seen[eye.id]))]
    for _ in range(round(CAMERA_S / LOOK_AGAIN_S)):
        await asyncio.sleep(LOOK_AGAIN_S)
        for part in health.parts():
            seen[part.name].part = part
        if all(one.enough(time.monotonic()) for one in seen.values()):
            break
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return list(seen.values())


async def _watch(eye: Eye, seen: Seen) -> None:
    async with aclosing(eye.views(False)) as views:
        async for view in views:
            seen.since = seen.since or time.monotonic()
            seen.view = replace(view, codes=max(view.codes, seen.view.codes if seen.view else 0))


def in_words(figures: Mapping[str, float], codes: int | None = None) -> tuple[str, str]:
    """The figures in a line, and what to do about those that are not good; ``codes`` None if that is not known."""
    rows = meters.meters(codes or 0, figures)
    if codes is None:
        rows = tuple(row for row in rows if row.id not in ("code", "distance"))
    said = [" ".join(filter(None, (row.label.lower(), row.value, f"({row.word})" if row.word else ""))) for row in rows]
    if "motion" in figures:
        said.append(f"motion {figures['motion']:.0%} of the time")
    return ", ".join(said), meters.advice(rows)


def sketch(shades: str) -> list[str]:
    """A view's shades as lines to be printed, light on dark."""
    return shades.translate(SHADES).split("\n")
