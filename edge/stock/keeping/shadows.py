"""Units that a kiosk of this store is just asking for: no other kiosk offers them meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

SHADOW_S = 10.0
"""How long a unit counts as taken after the last word on it, until the source's next report tells."""

Hold = Callable[[str, str, int], None]
"""Told how many units of a SKU at a location are being asked for now."""


class Shadow:
    """One unit that is being asked for: it counts as taken until it is lifted, or has faded."""

    def __init__(self, move: Callable[[int], None], seconds: float) -> None:
        self._move = move
        self._seconds = seconds
        self._there = True
        self._end: asyncio.TimerHandle | None = None
        move(1)

    def fade(self) -> None:
        """Nothing more is asked about it: it ends once the source's next report surely tells of it."""
        if self._there and self._end is None:
            self._end = asyncio.get_running_loop().call_later(self._seconds, self.lift)

    def lift(self) -> None:
        """It is there for others from now on; nothing if it has ended."""
        if self._end is not None:
            self._end.cancel()
        if self._there:
            self._there = False
            self._move(-1)


class Shadows:
    """All units of this store that are being asked for."""

    def __init__(self, hold: Hold, seconds: float = SHADOW_S) -> None:
        self._hold = hold
        self._seconds = seconds
        self._units: Counter[tuple[str, str]] = Counter()

    def cast(self, sku: str, location: str) -> Shadow:
        """One more unit is being asked for."""
        return Shadow(partial(self._move, sku, location), self._seconds)

    def _move(self, sku: str, location: str, by: int) -> None:
        self._units[sku, location] += by
        units = self._units[sku, location]
        if not units:
            del self._units[sku, location]
        self._hold(sku, location, units)
