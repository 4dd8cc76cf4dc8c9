"""What a screen has begun and does not wait for: a token being spent, a profile on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

log = logging.getLogger(__name__)

END_S = 1.0
"""How long the end waits for what is still on its way."""


class Errands:
    """Tasks of one screen, each with an end: that one failed is said, and the session goes on."""

    def __init__(self, screen: str) -> None:
        self._screen = screen
        self._running: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, work: Awaitable[None]) -> asyncio.Future[None]:
        """Do it beside everything else; what is given back can be cancelled."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def end(self) -> None:
        """Wait for what is on its way, for a moment; what takes longer is given up, and has a moment to say so."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=END_S)
            for errand in late:
                errand.cancel()
            if late:
                await asyncio.wait(late, timeout=END_S)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("%s: an errand failed: %s", self._screen, type(error).__name__)
