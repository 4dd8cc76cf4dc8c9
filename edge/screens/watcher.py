"""One page that watches a screen: a letter box that keeps only the newest of each kind, emptied by one task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from edge.screens.wire import Vitals

BEAT_S = 1.0
"""A page that hears nothing for 2.5 s falls to its loop, so that one beat may be lost."""
SEND_S = 2.0
"""A page that does not take a message within this time is dropped (UI.md 2.5)."""


class Watcher:
    """Sends to one page. Never more than one message a kind waits: the newest scene wins, memory is bounded.

    ``vitals`` is what that page last said of itself.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]], beat: Callable[[int], str]) -> None:
        self._send = send
        self._beat = beat
        self.vitals: Vitals | None = None
        self._waiting: dict[str, str] = {}
        self._news = asyncio.Event()

    def offer(self, kind: str, text: str) -> None:
        """Have a message sent soon, in place of one of its kind that still waits; never blocks."""
        self._waiting.pop(kind, None)
        self._waiting[kind] = text
        self._news.set()

    async def deliver(self) -> None:
        """Send what is offered, and a heartbeat whenever a second brought nothing; ends when the page does not take it.

        Raises TimeoutError for a page that is stuck, ConnectionError for one that is gone.
        """
        beats = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._news.wait()
            self._news.clear()
            if not self._waiting:
                beats += 1
                self._waiting["hb"] = self._beat(beats)
            while self._waiting:
                text = self._waiting.pop(next(iter(self._waiting)))
                async with asyncio.timeout(SEND_S):
                    await self._send(text)
