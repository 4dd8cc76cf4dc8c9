"""One camera's reading over time: which part of a frame is read, which is looked at again, and what comes of it.

Every frame the places are read where a code was lately and where fine detail is new; the whole frame only in turn. A
place that gave nothing gets second looks, on its last frame and on several laid over each other, as many as a budget
of work allows: what nobody before the camera costs is bounded, whoever walks by in whatever clothes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from edge.model import Code
from edge.ports import Gray
from edge.vision import gate, region
from edge.vision.deep import Deep
from edge.vision.looks import IN_TURN, learnt
from edge.vision.passes import turned
from edge.vision.place import STEADY, Place, kept
from edge.vision.readers import Found, Reader, distinct, reader
from edge.vision.region import Box
from edge.vision.symbology import LINEAR

MOVING_EVERY, STILL_EVERY = 4, 6
"""The whole frame is read once in so many frames, while something moves and while nothing does; where bars are wanted,
which no place promises, also once on its side."""
REMEMBERED = 15
"""For so many frames after a code was read its place is read again, every frame."""
BESIDE = 0.5
"""How much more than the code's own size is read around its last place, to each side."""
BESIDE_EVERY = 5
"""While a code is read plainly, what could be another is looked at again once in so many frames."""
MAP_EVERY, LEARN_EVERY = 2, 4
"""While something moves, where detail is new is looked for in every frame, or one of so many once there is a place to
look at; while nothing does, what is usual is learnt from one in so many."""
STANDING_EVERY, STANDING_FOR = 6, 60
"""While nothing is new, a place that was dense all along gets a glance in every sixth frame, another each 4 s."""
EARNED, SAVED = 100_000, 24_000_000
"""Work for second looks, in pixels of a plain read: what a frame earns, and how much can be saved up."""
AT_ONCE = 1_500_000
"""The most of it for one frame, some 2 ms: the savings last for as long as a code is held up."""
RESERVE = 0.5
"""A place that is new may use what is over this share of the savings; the rest is for one that is held still."""

TINY = 48
"""A frame with fewer pixels to a side, a zone drawn too small, is read plainly and has no places."""


class Stream:
    """Reads the frames of one camera in their order; every frame costs as little as what it shows allows.

    Of a source of ``stills``, each picture another, the whole of every frame is read.
    """

    def __init__(self, symbologies: Collection[str], engine: str = "zxing", stills: bool = False) -> None:
        self._stills = stills
        wanted = frozenset(symbologies)
        self._bars = bool(wanted & LINEAR)
        self._read = reader(engine, wanted)
        self._dense = reader(engine, wanted - LINEAR)
        """For places that are dense both ways, as no bars are."""
        self._deep = Deep(wanted)
        self._gate = gate.Gate()
        self._regions = region.Regions()
        self._seen: dict[Code, tuple[Box, int]] = {}
        self._places: list[Place] = []
        self._standing: Place | None = None
        self._order = IN_TURN
        """The looks in turn, those first that lately helped at this camera: its light and lens are always the same."""
        self._savings = float(SAVED)
        self.thumbnail: Gray = np.zeros((1, 1), np.uint8)
        """The last frame, small: for the figures of the picture."""

    @property
    def moving(self) -> bool:
        """Something moved before the camera within the last second."""
        return self._gate.open

    def look(self, gray: Gray) -> tuple[Code, ...]:
        """The codes of the next frame (height x width, uint8), each text once."""
        self.thumbnail = gate.thumbnail(gray)
        if min(gray.shape) < TINY:
            return distinct(one.code for one in self._read(gray))
        self._gate = gate.step(self._gate, self.thumbnail)
        if self._gate.frames % self._map_every == 0:
            self._regions = region.step(self._regions, gray)
        self._savings = min(self._savings + EARNED, SAVED)
        found = self._first(gray)
        found += self._again(gray, found)
        self._remember(found)
        return distinct(one.code for one in found)

    @property
    def _map_every(self) -> int:
        if not self._gate.open:
            return LEARN_EVERY
        return MAP_EVERY if self._places or self._seen else 1

    def _first(self, gray: Gray) -> list[Found]:
        """What a plain read gives, of the whole frame when its turn has come, else of the places that promise one."""
        upright, on_its_side = self._turn
        if upright or on_its_side:
            return [*(self._read(gray) if upright else ()), *(self._on_its_side(gray) if on_its_side else ())]
        lately = {box for box, _ in self._seen.values()}
        new = [box for box in self._regions.boxes if all(box.overlap(one) < STEADY for one in lately)]
        return [*_parts(gray, lately, self._read), *_parts(gray, new, self._dense)]

    @property
    def _turn(self) -> tuple[bool, bool]:
        """Whether the whole frame is read now, and whether it is on its side, for bars that lie for the reader."""
        frames, bars = self._gate.frames, self._bars
        if self._stills or self._gate.abrupt:
            return True, bars
        if not self._gate.open:
            return frames % STILL_EVERY == 1, bars and frames % STILL_EVERY == 1
        return frames % MOVING_EVERY == 1, bars and frames % MOVING_EVERY == MOVING_EVERY // 2 + 1

    def _on_its_side(self, gray: Gray) -> list[Found]:
        width = gray.shape[1]
        found = [(one.code, one.box) for one in self._read(turned(gray))]
        return [Found(code, Box(width - box.bottom, box.left, width - box.top, box.right)) for code, box in found]

    def _again(self, gray: Gray, found: list[Found]) -> list[Found]:
        """Second looks at the places in which nothing was read, now or lately, until one finds a code."""
        read = [one.box for one in found] + [box for box, _ in self._seen.values()]
        self._places = kept(self._places, self._regions.boxes, read, gray.shape, self._order)
        places = sorted(self._places or self._shop(gray, read), key=lambda place: place.spent)
        self._savings -= sum(place.fuse(gray, self._may_spend(place) / 2) for place in places)
        if found and self._gate.frames % BESIDE_EVERY:
            return []
        left = float(AT_ONCE)
        for place in places:
            codes, used = place.look(gray, min(self._may_spend(place), left), self._dense)
            self._savings, left = self._savings - used, left - used
            if codes:
                self._order = learnt(self._order, place.helped)
                return codes
        return self._deep.look(gray, places)

    def _may_spend(self, place: Place) -> float:
        return self._savings - RESERVE * SAVED * place.doubt

    def _shop(self, gray: Gray, read: list[Box]) -> list[Place]:
        """While nothing is new, now and then one of the places that were dense all along."""
        if self._gate.frames % STANDING_EVERY:
            return []
        if self._gate.frames % STANDING_FOR == 0 or self._standing is None:
            boxes = kept([], region.standing(self._regions, gray), read, gray.shape, self._order)
            self._standing = boxes[self._gate.frames // STANDING_FOR % len(boxes)] if boxes else None
        return [] if self._standing is None else [self._standing]

    def _remember(self, found: list[Found]) -> None:
        """Where codes were read, for some frames."""
        now = self._gate.frames
        self._seen = {code: (box, at) for code, (box, at) in self._seen.items() if now - at < REMEMBERED}
        shape = self._regions.shape
        self._seen |= {one.code: (one.box.around(BESIDE, shape), now) for one in found}


def _parts(gray: Gray, boxes: Iterable[Box], read: Reader) -> Iterator[Found]:
    """What is read in parts of a frame, as it lies in the frame."""
    for box in boxes:
        yield from (one.moved(box) for one in read(np.ascontiguousarray(box.of(gray))))
