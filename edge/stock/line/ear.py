"""Where an edge's stock messages wait between its one connection to the broker and the source that reads them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection

from edge.stock.line import topics

MOST = 2_000
MOST_BYTES = 16 * 1024 * 1024
Sleep = Callable[[float], Awaitable[None]]


class Ear:
    """Messages as they came, bounded; what there is no room for is counted, and found missing by its number.

    ``topics`` are what the edge's connection is to hear for these locations.
    """

    def __init__(self, locations: Collection[str]) -> None:
        self.locations = frozenset(locations)
        self.topics = topics.heard(locations)
        self.counted: Counter[str] = Counter()
        self._came: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._some = asyncio.Event()

    def arrived(self, topic: str, payload: bytes) -> None:
        """A message came; never waits."""
        if len(self._came) >= MOST or self._bytes + len(payload) > MOST_BYTES:
            self.counted["unread"] += 1
            return
        self._came.append((topic, payload))
        self._bytes += len(payload)
        self._some.set()

    def empty(self) -> bool:
        """Whether all that came has been read."""
        return not self._came

    async def next(self, seconds: float, sleep: Sleep = asyncio.sleep) -> tuple[str, bytes] | None:
        """The next message, in order, None after so many seconds without one."""
        if not self._came and seconds > 0:
            self._some.clear()
            heard = asyncio.ensure_future(self._some.wait())
            waited = asyncio.ensure_future(sleep(seconds))
            try:
                await asyncio.wait((heard, waited), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (heard, waited):
                    task.cancel()
                # Gathered, as whoever is cancelled while these two end must hear of it.
                await asyncio.gather(heard, waited, return_exceptions=True)
        if not self._came:
            await asyncio.sleep(0)
            return None
        topic, payload = self._came.popleft()
        self._bytes -= len(payload)
        return topic, payload
