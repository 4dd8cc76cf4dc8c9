"""The ways by which a channel's system is asked: one that fails is told on the health page, and rests a while."""

from __future__ import annotations

import random

from edge.health import Health
from edge.stock.intake.clocks import Clocks

KIND = "stock"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0


class Ways:
    """One channel's, by their names."""

    def __init__(self, channel_id: str, health: Health, clocks: Clocks) -> None:
        self._channel_id = channel_id
        self._health = health
        self._clocks = clocks
        self._pauses: dict[str, float] = {}
        self._wrong: dict[str, str] = {}

    async def failed(self, way: str, why: str) -> None:
        """It failed: told, then a rest with jitter, twice as long each time."""
        self.tell(way, why)
        pause = self._pauses.get(way, FIRST_PAUSE_S)
        self._pauses[way] = min(pause * 2, LONGEST_PAUSE_S)
        await self._clocks.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret

    def worked(self, way: str) -> None:
        """It led to its end."""
        self._pauses.pop(way, None)
        self.tell(way, "")

    def tell(self, way: str, why: str) -> None:
        """Health knows which of the ways fails, and hears when that changes; an empty reason is none."""
        if self._wrong.get(way) == why:
            return
        self._wrong[way] = why
        wrong = "; ".join(f"{name}: {text}" for name, text in sorted(self._wrong.items()) if text)
        name = f"{self._channel_id} intake"
        if wrong:
            todo = f"Put right what the detail names, or the settings of [[stock]] '{self._channel_id}'."
            self._health.down(KIND, name, wrong, todo)
        else:
            self._health.up(KIND, name)
