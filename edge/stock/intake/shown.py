"""What screens show is read again before its turn, where nothing but a comparison would find that it was sold."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Sequence

from edge.stock.intake.pushes import Rows
from edge.stock.intake.windows import Urgency
from edge.stock.system import Key

MOST_KEYS = 50
"""Keys of one look: what Color Me Shop and EC-CUBE take in a call."""
MOST_SHOWN = 2000
"""So many of what a chain's screens show take turns; of more the latest."""
Shown = Callable[[], Sequence[str]]
"""Our SKUs that screens show or showed lately, the latest first."""
Looking = Callable[[], Collection[str]]
"""The channels that are asked now for what screens show before the rest, as nothing but comparisons vouches for it."""
Read = Callable[[dict[Key, Rows], Urgency], Awaitable[float]]
"""Reads keys, and tells what that took of the budgets."""
KeyOf = Callable[[str, str], Key | None]
"""What to read for a SKU of ours at a location of ours."""


class Looks:
    """One channel's: whose turn it is, and how many keys make about one call."""

    def __init__(self, shown: Shown, key: KeyOf) -> None:
        self._shown = shown
        self._key = key
        self._looked: dict[Key, int] = {}
        self._turn = 0
        self._size = 1

    async def look(self, locations: Collection[str], read: Read) -> float:
        """Read some; what it took of the budgets. Raises what ``read`` raises."""
        keys = self.next(locations)
        cost = await read(dict(keys), Urgency.POLL)
        self.took(keys, cost)
        return cost

    def next(self, locations: Collection[str]) -> dict[Key, Rows]:
        """Of what is shown, in its order, that which was looked at longest ago; what was never read has no key."""
        shown = self._keys(locations)
        self._looked = {key: at for key, at in self._looked.items() if key in shown}
        return {key: shown[key] for key in sorted(shown, key=lambda key: self._looked.get(key, -1))[: self._size]}

    def took(self, keys: Collection[Key], cost: float) -> None:
        """These were looked at, for so much of the budgets; a system that takes a call a key is asked for few."""
        self._turn += 1
        self._looked |= dict.fromkeys(keys, self._turn)
        if cost > 1:
            self._size = max(1, len(keys) // math.ceil(cost))
        elif len(keys) == self._size:
            self._size = min(MOST_KEYS, 2 * self._size)

    def _keys(self, locations: Collection[str]) -> dict[Key, Rows]:
        found: dict[Key, Rows] = {}
        for sku in self._shown()[:MOST_SHOWN]:
            for place in sorted(locations):
                if (key := self._key(sku, place)) is not None:
                    found.setdefault(key, set()).add((sku, place))
        return found
