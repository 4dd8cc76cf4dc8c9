"""What is up, what is down, since when, and what to do about it: said once when it changes, kept for ``/it/``."""

from __future__ import annotations

import logging
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

log = logging.getLogger(__name__)

SAME_S = 60.0
"""A reason that flaps floods no log."""
_RUNNING = re.compile(r"(?<!line )\b[0-9][0-9.,]*")
"""Numbers within a reason run on (ages, counts); a line of a file tells where the fault is."""


class State(StrEnum):
    """How a part is. An expected absence (a broker in a power cut) is ``down``, too: health says so, the log once."""

    UP = "up"
    DOWN = "down"
    STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the edge. ``since_s`` is UNIX time; ``todo`` says what a person can do; ``figures`` are numbers."""

    kind: str
    name: str
    state: State
    since_s: float
    detail: str = ""
    todo: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


Tally = tuple[str, tuple[tuple[str, str], ...]]
"""What is counted: a name and labels, each a pair."""


class Health:
    """The book of all parts. A change of state is logged, so a cable pulled for a week is two lines; so is another
    reason why a part stays down, once it has lasted or come again, each part's at most once in SAME_S."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._logged: dict[tuple[str, str], tuple[str, float]] = {}
        self._parts: dict[tuple[str, str], Part] = {}
        self.tallies: Counter[Tally] = Counter()

    def set(
        self,
        kind: str,
        name: str,
        state: State,
        detail: str = "",
        todo: str = "",
        figures: Mapping[str, float] | None = None,
    ) -> None:
        """Note how a part is. ``detail`` must name no person and hold no secret."""
        old = self._parts.get((kind, name))
        same = old is not None and old.state == state
        since = old.since_s if old is not None and same else time.time()
        kept = figures if figures is not None else (old.figures if old else {})
        self._parts[kind, name] = Part(kind, name, state, since, detail, todo, dict(kept))
        if not same or (state is State.DOWN and self._is_news((kind, name), detail)):
            level = logging.WARNING if state is State.DOWN else logging.INFO
            log.log(level, "%s %s is %s%s", kind, name, state, f": {detail}" if detail else "")
            self._logged[kind, name] = _reason(detail), self._monotonic()

    def _is_news(self, part: tuple[str, str], detail: str) -> bool:
        """Whether a part that stays down is so for another reason than the last one that was logged, a while ago."""
        reason, at = self._logged.get(part, ("", -math.inf))
        return _reason(detail) != reason and self._monotonic() - at >= SAME_S

    def up(self, kind: str, name: str, detail: str = "", figures: Mapping[str, float] | None = None) -> None:
        """The part works."""
        self.set(kind, name, State.UP, detail, "", figures)

    def down(
        self, kind: str, name: str, detail: str, todo: str = "", figures: Mapping[str, float] | None = None
    ) -> None:
        """The part does not work; ``todo`` is the next step for a person."""
        self.set(kind, name, State.DOWN, detail, todo, figures)

    def teller(self, kind: str, name: str, todo: str) -> Callable[[str], None]:
        """What says why the part does not work, or by an empty text that it does."""

        def tell(why: str) -> None:
            if why:
                self.down(kind, name, why, todo)
            else:
                self.up(kind, name)

        return tell

    def count(self, kind: str, figures: Mapping[str, float]) -> None:
        """Newer figures of every part of a kind; how it is stays."""
        for key, part in self._parts.items():
            if part.kind == kind:
                self._parts[key] = replace(part, figures={**part.figures, **figures})

    def figures(self, kind: str, name: str, figures: Mapping[str, float]) -> None:
        """Newer figures of one part, if it is known; how it is stays."""
        if (part := self._parts.get((kind, name))) is not None:
            self._parts[kind, name] = replace(part, figures={**part.figures, **figures})

    def tally(self, name: str, **labels: str) -> None:
        """Count one more. A label is a word of an enum, never anything that came from outside."""
        self.tallies[name, tuple(sorted(labels.items()))] += 1

    def forget(self, kind: str, name: str) -> None:
        """The part is no longer expected."""
        self._parts.pop((kind, name), None)
        self._logged.pop((kind, name), None)

    def parts(self) -> list[Part]:
        """All parts, by kind and name."""
        return [self._parts[key] for key in sorted(self._parts)]


def _reason(detail: str) -> str:
    """A text without the numbers that run on in it."""
    return _RUNNING.sub("0", detail)
