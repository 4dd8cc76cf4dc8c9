"""What a reader makes of one presentation: which frames it gets to see, and when it has read the code; pure.

Frames come at 15 a second and the latest wins, as in an eye: a reader that needs longer than a frame's time misses
those that came meanwhile. Its time is the CPU time of its call, so that a busy machine does not change what it sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.bench.figures import NEVER
from edge.ports import Gray

PERIOD_MS = 1000 / 15
"""From one frame to the next."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame that a reader saw: its place in the clip, what it read, its CPU time, and when it was done.

    Times are milliseconds, ``done_ms`` since the clip's first frame.
    """

    frame: int
    texts: frozenset[str]
    cpu_ms: float
    done_ms: float


@dataclass(frozen=True, slots=True)
class Presentation:
    """What came of it. ``first_ms`` is the time to first read, NEVER if the code left unread; ``wrong`` counts texts
    that nobody held up; ``hits`` are the CPU times of the frames in which the code was read."""

    degradation: str
    first_ms: float
    wrong: int
    hits: tuple[float, ...]


def glances(read: Callable[[Gray], tuple[frozenset[str], float]], frames: Sequence[Gray]) -> Iterator[Glance]:
    """The frames that a reader sees; ``read`` gives a frame's texts and the milliseconds it took."""
    free, frame = 0.0, 0
    while frame < len(frames):
        texts, spent = read(frames[frame])
        free = max(free, frame * PERIOD_MS) + spent
        yield Glance(frame, texts, spent, free)
        frame = max(frame + 1, int(free / PERIOD_MS))


def presentation(seen: Iterable[Glance], text: str, held: int, leaves: int, degradation: str) -> Presentation:
    """What came of a clip that shows ``text``, still from frame ``held`` on and on its way out from ``leaves`` on.

    The time to first read counts from the moment of frame ``held`` until the reader was done; it is 0 for a code
    that was read before it was held still, and NEVER for one that no frame before ``leaves`` gave.
    """
    seen = tuple(seen)
    hits = [glance for glance in seen if text in glance.texts]
    times = [max(0.0, glance.done_ms - held * PERIOD_MS) for glance in hits if glance.frame < leaves]
    wrong = {one for glance in seen for one in glance.texts} - {text}
    return Presentation(degradation, min(times, default=NEVER), len(wrong), tuple(one.cpu_ms for one in hits))
