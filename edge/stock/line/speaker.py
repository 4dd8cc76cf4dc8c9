"""What a hub says of its shelves: how far each is, how old its word, by the running clock of this start."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from edge.stock.cache import StockCache
from edge.stock.line.beat import Beat, Word, age_ms
from edge.stock.line.rows import Note
from edge.stock.shelves.shelf import Key, Rows, Standing

Clock = Callable[[], float]


def _all(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Voice:
    """Whose numbers a hub tells. Of hubs that count as one, ``numbering`` is what they have in common (16 hexadecimal
    digits), and ``reads`` tells which channels are this hub's to publish."""

    numbering: str = ""
    reads: Callable[[str], bool] = _all


class Speaker:
    """The hub's own voice. ``channels`` are those that go out, each with whether its system keeps a unit for who asks
    first; what no screen may show is not among them. A part of a channel stays here: nobody could tell it from one.
    ``looks`` are those that are asked now for what screens show before the rest.
    """

    def __init__(
        self,
        cache: StockCache,
        channels: Mapping[str, bool],
        wall: Clock = time.time,
        monotonic: Clock = time.monotonic,
        voice: Voice | None = None,
        looks: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        voice = voice or Voice()
        self.cache = cache
        self.boot = voice.numbering + secrets.token_hex(8)
        self.reads = voice.reads
        self.channels = dict(channels)
        self._looks = looks
        self._wall = wall
        self._monotonic = monotonic

    def shelves(self) -> dict[Key, Standing]:
        """The shelves that go out, as they stand."""
        return {key: standing for key, standing in self.cache.shelves().items() if key[0] in self.channels}

    def now(self) -> float:
        """Seconds of this start's clock."""
        return self._monotonic()

    def word(self, key: Key) -> Word:
        """This moment, and how old the shelf's word is."""
        return Word(self.boot, int(self._monotonic() * 1000), age_ms(self.cache.age(*key, self._wall())))

    def standing(self, key: Key) -> Standing | None:
        """How a shelf stands; None if it does not go out, or nobody ever spoke of it."""
        standing = self.cache.standing(*key) if key[0] in self.channels else None
        return standing if standing is not None and standing.epoch else None

    async def beat(self, key: Key) -> Beat | None:
        """How a shelf stands now; None if there is none. Its digest is left out if the shelf moved meanwhile."""
        before = self.standing(key)
        if before is None:
            return None
        digest = await self.cache.digest(*key)
        after = self.standing(key)
        if after is None:
            return None
        same = (before.epoch, before.n) == (after.epoch, after.n)
        says = self.channels[key[0]], key[0] in self._looks()
        return Beat(after.epoch, after.n, self.word(key), digest if same else None, after.rows, *says)

    def note(self, key: Key, rows: Rows, after: int) -> Note:
        """What changed, as a message that says how old the word is as well; of a shelf that moved on since, whose word
        speaks for more than is told here, it says nothing."""
        standing = self.standing(key)
        moved = standing is None or standing.epoch != rows.epoch or standing.n > rows.n
        word = None if moved else self.word(key)
        return Note(rows.epoch, rows.n, after, rows.levels, rows.gone, rows.items, word=word)
