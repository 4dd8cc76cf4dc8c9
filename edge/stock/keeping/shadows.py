"""Units that a kiosk of this store is just asking for: no other kiosk offers them meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

SHADOW_S = 10.0
"""How long a unit counts as taken without its source's word, which comes with the next report (EC.md 4.2)."""

Hold = Callable[[str, str, int], None]
"""Told how many units of a SKU at a location are being asked for now."""


class Shadow:
    """One unit that is being asked for."""

    def __init__(self, lift: Callable[[], None], seconds: float) -> None:
        self._lift = lift
        self._seconds = seconds
        self._end = asyncio.get_running_loop().call_later(seconds, lift)

    def renew(self) -> None:
        """Its source granted it: it counts as taken until the source's next report surely says so."""
        self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(self._seconds, self._lift)

    def lift(self) -> None:
        """It was refused: it is there for others at once."""
        if not self._end.cancelled():
            self._end.cancel()
            self._lift()


class Shadows:
    """All units of this store that are being asked for."""

    def __init__(self, hold: Hold, seconds: float = SHADOW_S) -> None:
        self._hold = hold
        self._seconds = seconds
        self._units: Counter[tuple[str, str]] = Counter()

    def cast(self, sku: str, location: str) -> Shadow:
        """One more unit is being asked for."""
        self._move(sku, location, 1)
        return Shadow(lambda: self._move(sku, location, -1), self._seconds)

    def _move(self, sku: str, location: str, by: int) -> None:
        self._units[sku, location] += by
        units = self._units[sku, location]
        if not units:
            del self._units[sku, location]
        self._hold(sku, location, units)
