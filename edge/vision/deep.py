"""The last resort for a code that is held up and that no look finds: the stronger reader, as often as a purse allows.

Who walks by moves by more from frame to frame than a hand that holds a phone still, and a shelf not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np

from edge.ports import Gray
from edge.vision.passes import Pass, crisp, focused
from edge.vision.place import Place
from edge.vision.readers import Found
from edge.vision.strong import Efforts, strong


@dataclass(frozen=True, slots=True)
class Effort:
    """One way to ask the stronger reader: how hard, after which pass, on the last frame or on several as one."""

    how: Efforts
    change: Pass
    fused: bool = False


EFFORTS = (
    (Effort("medium", np.ascontiguousarray), Effort("low", crisp, True), Effort("high", np.ascontiguousarray, True)),
    (Effort("low", focused(3.5)), Effort("low", focused(2.9)), Effort("low", focused(4.2))),
)
"""Of each row one a frame, in turn. Measured on 46 simulated presentations that no look had given: the first row alone
gives 24 of them; and on 25 of a lens out of focus, of which the second row gives 22."""
SAVED_S, EARNED_S = 0.5, 0.0003
"""Seconds of this process's work that can be saved up, and what a frame earns: an ask takes some 0.01 to 0.06 s, at
low and medium effort of pure noise 0.13 s at most (measured)."""
DEAREST, CHEAP_S = "high", 0.03
"""This effort takes up to 0.7 s of noise, and an eye that says nothing for 2 s is killed: it is asked only where the
ask before took no longer than so."""


class Deep:
    """The stronger reader of one camera; nothing at all where it is not installed.

    ``clock`` tells the seconds that this process has worked.
    """

    def __init__(self, symbologies: Collection[str], clock: Callable[[], float] = time.thread_time) -> None:
        readers = {one.how: strong(one.how, symbologies) for row in EFFORTS for one in row}
        self._readers = {how: read for how, read in readers.items() if read is not None}
        self._clock, self._purse, self._turn = clock, SAVED_S, 0
        self._took_s = CHEAP_S

    def look(self, gray: Gray, places: Iterable[Place]) -> list[Found]:
        """What the asks of one frame find in the place that is held still the longest."""
        self._purse = min(self._purse + EARNED_S, SAVED_S)
        held = [place for place in places if place.held(gray.shape)]
        if not self._readers or self._purse <= 0 or not held:
            return []
        place = max(held, key=lambda place: place.met)
        self._turn += 1
        asks = (self._ask(gray, place, row[self._turn % len(row)]) for row in EFFORTS)
        return next((found for found in asks if found), [])

    def _ask(self, gray: Gray, place: Place, effort: Effort) -> list[Found]:
        picture = place.picture(gray, effort.fused)
        if picture is None or (effort.how == DEAREST and self._took_s > CHEAP_S):
            return []
        began = self._clock()
        found = self._readers[effort.how](effort.change(picture))
        self._took_s = self._clock() - began
        self._purse -= self._took_s
        return [Found(one.code, place.box) for one in found]
