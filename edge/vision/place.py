"""A place of the frame in which a code could be that no plain read finds: its frames, and the looks it has had."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, cycle, islice

import numpy as np

from edge.ports import Gray
from edge.vision.fusion import Fusion
from edge.vision.looks import ALWAYS, IN_TURN, Look
from edge.vision.readers import Found, Reader
from edge.vision.region import Box

STEADY = 0.6
"""A place that overlaps one of an earlier frame by so much is the same, held still."""
HELD = 4
"""Who walks by is elsewhere after so many frames."""
WIDER, DRIFTED = 1.35, 1.6
"""A place grows when it is found to be wider by the first factor; by the second it moved rather than grew."""
ROOM = 0.05
"""What grew is given so much of its size more to each side, within the frame."""
MISSED = 4
"""A place is kept for so many frames in which nothing was found to be dense there."""
PLACES = 3
FUSING = 5
"""The work of laying one more frame over the others, in plain reads of the place."""
GLANCE = 200_000
"""The most work for the first frame of a place, in pixels of a plain read; so much more each time it is found again, as
who walks by is soon elsewhere."""
PATIENCE, SELDOM = 12_000_000, 15
"""The work after which a place is no code that can be read: a coat, a shelf. It gets looks once in so many frames."""

WALKS, LIES, SURELY, SOME = 170, 0.3, 0.5, 2
"""Who walks by moves by more than a 170th of the frame's height from frame to frame, 4 pixels at 720p; what lies or
stands, by less than 0.3 pixels; so surely must frames be alike to tell, and so many there must be (simulated)."""


class Place:
    """A box that is kept to while the place is held still, so that its frames can be laid over each other."""

    def __init__(self, box: Box, order: Sequence[Look] = IN_TURN) -> None:
        self.box, self.met, self.missed = box, 0, 0
        self._fusion = Fusion()
        self._looks = cycle(order)
        self.helped: Look | None = None
        """The look that found a code."""
        self._frames, self.spent = 0, 0.0
        self._followed = False

    @property
    def steady(self) -> bool:
        """It was found in more frames than one."""
        return self.met > 0

    @property
    def doubt(self) -> float:
        """How likely it only passes by: 1 for a new place, 0 for one found as often as one that is held up."""
        return max(0.0, 1 - self.met / HELD)

    @property
    def tired(self) -> bool:
        """So much was tried in vain that it is no code that can be read."""
        return self.spent > PATIENCE

    def held(self, shape: tuple[int, ...]) -> bool:
        """Whether a hand holds it: between its last frames it moved, by less than who walks by."""
        seen = self._fusion
        alike = self._followed and seen.frames >= SOME and seen.alike > SURELY
        return alike and LIES < seen.moved <= shape[0] / WALKS

    def picture(self, gray: Gray, fused: bool) -> Gray | None:
        """Its part of the last frame or the mean of several, None of too few."""
        return self._fusion.picture() if fused else np.ascontiguousarray(self.box.of(gray))

    def meet(self, boxes: Sequence[Box], shape: tuple[int, ...]) -> None:
        """It was found again as these boxes, or not in this frame; what is larger than was known begins anew."""
        if not boxes:
            self.missed += 1
            return
        self.met, self.missed = self.met + 1, 0
        whole = self.box.united(boxes[0])
        if whole.area > WIDER * self.box.area:
            self.box = (whole if whole.area < DRIFTED * boxes[0].area else boxes[0]).around(ROOM, shape)
            self._fusion = Fusion()

    def fuse(self, gray: Gray, allowed: float) -> float:
        """Lay the next frame over the others of a place that is held still; the work of it, at most ``allowed``."""
        work = FUSING * float(self.box.area)
        self._followed = False
        if not self.steady or self.tired or work > allowed:
            return 0.0
        self._followed = True
        self._fusion.add(np.ascontiguousarray(self.box.of(gray)))
        self.spent += work
        return work

    def look(self, gray: Gray, allowed: float, read: Reader) -> tuple[list[Found], float]:
        """Looks at the next frame in turn, until one finds a code or the ``allowed`` work is done; what was done."""
        self._frames += 1
        if self.tired and self._frames % SELDOM:
            return [], 0.0
        left = min(allowed, GLANCE * (1 + self.met))
        used = 0.0
        on = {fused: self.picture(gray, fused) for fused in (False, True)}
        for look in chain(ALWAYS, islice(self._looks, len(IN_TURN))):
            cost, chosen = look.cost * self.box.area, on[look.fused]
            if chosen is None or used + cost > left:
                continue
            used += cost
            found = read(look.change(chosen))
            if found:
                self.helped = look
                return [Found(one.code, self.box) for one in found], used
        self.spent += used
        return [], used


def kept(
    places: Sequence[Place],
    boxes: Sequence[Box],
    read: Sequence[Box],
    shape: tuple[int, ...],
    order: Sequence[Look] = IN_TURN,
) -> list[Place]:
    """The places after one more frame: those that were found again, new ones, and for a while those that were not.

    Where a code was ``read`` nothing is left to look for.
    """
    boxes = [box for box in boxes if not any(_within(one, box) for one in read)]
    places = [place for place in places if not any(_within(one, place.box) for one in read)]
    for place in places:
        place.meet([box for box in boxes if box.overlap(place.box) >= STEADY], shape)
    stay: list[Place] = []
    for place in sorted((place for place in places if place.missed < MISSED), key=lambda place: -place.met):
        if all(place.box.overlap(other.box) < STEADY for other in stay):
            stay.append(place)
    new = [Place(box, order) for box in boxes if all(box.overlap(place.box) < STEADY for place in stay)]
    steady = [place for place in stay if place.steady]
    return (steady + new + [place for place in stay if not place.steady])[:PLACES]


def _within(code: Box, place: Box) -> bool:
    """Whether a code that was read lies in a place."""
    middle, level = (code.left + code.right) / 2, (code.top + code.bottom) / 2
    return place.left <= middle <= place.right and place.top <= level <= place.bottom
