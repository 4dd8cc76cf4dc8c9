"""Who waits to hear which SKUs read differently now, each at its own speed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from weakref import WeakSet

from edge.stock.shelves.shelf import Move

ASKED_FOR_S = 600.0
"""How long a SKU counts as on a screen after it was asked for; a session ends after 180 s at most."""

Turn = Mapping[tuple[str, str], int | None]
"""How each channel's word of each location reads now: live, minutes old, too old."""
Turns = Callable[[], Turn]
MOST_MOVES = 10_000
"""Moves that wait for one reader; of one that is slower the oldest are dropped, which it sees by their numbers."""


class _Listener:
    """SKUs not yet heard by one reader."""

    def __init__(self) -> None:
        self.pending: set[str] = set()
        self.some = asyncio.Event()

    def tell(self, skus: Collection[str]) -> None:
        self.pending.update(skus)
        if self.pending:
            self.some.set()

    async def take(self, seconds: float) -> frozenset[str]:
        """What is pending, after at most ``seconds``; possibly nothing."""
        try:
            async with asyncio.timeout(seconds):
                await self.some.wait()
        except TimeoutError:
            return frozenset()
        taken = frozenset(self.pending)
        self.pending.clear()
        self.some.clear()
        return taken


class Listeners:
    """All readers of changes, and the SKUs that screens asked for lately (SKU to monotonic seconds)."""

    def __init__(self) -> None:
        self._all: WeakSet[_Listener] = WeakSet()
        self._asked: dict[str, float] = {}

    def asked(self, sku: str, at: float) -> None:
        """A screen showed this SKU at that time; what is heard late makes nothing older."""
        self._asked[sku] = max(at, self._asked.pop(sku, at))

    def tell(self, skus: Collection[str]) -> None:
        """These SKUs have another count."""
        for listener in self._all:
            listener.tell(skus)

    def tell_all(self) -> None:
        """Everything that screens asked for reads differently."""
        self.tell(self._asked)

    def listen(self, turns: Turns, monotonic: Callable[[], float], tick_s: float) -> AsyncIterator[frozenset[str]]:
        """Changes from this call on; when ``turns``, looked at every ``tick_s``, differs, all SKUs asked for."""
        listener = _Listener()
        self._all.add(listener)
        return self._heard(listener, turns, turns(), monotonic, tick_s)

    async def _heard(
        self, listener: _Listener, turns: Turns, seen: Turn, monotonic: Callable[[], float], tick_s: float
    ) -> AsyncIterator[frozenset[str]]:
        while True:
            skus = await listener.take(tick_s)
            now = turns()
            if now != seen:
                seen = now
                skus |= self._recent(monotonic())
            if skus:
                yield skus

    def shown(self, now: float) -> tuple[str, ...]:
        """What screens asked for lately, the latest first; of one moment that which was heard last."""
        self._recent(now)
        return tuple(sorted(self._asked, key=self._asked.__getitem__))[::-1]

    def _recent(self, now: float) -> frozenset[str]:
        self._asked = {sku: at for sku, at in self._asked.items() if now - at <= ASKED_FOR_S}
        return frozenset(self._asked)


class Readers:
    """All who follow each move of each shelf."""

    def __init__(self) -> None:
        self._all: WeakSet[asyncio.Queue[Move]] = WeakSet()

    def __bool__(self) -> bool:
        return bool(self._all)

    def tell(self, move: Move) -> None:
        """This was committed."""
        for queue in self._all:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(move)

    def listen(self) -> AsyncIterator[Move]:
        """Moves from this call on, of each shelf in the order of its numbers."""
        queue: asyncio.Queue[Move] = asyncio.Queue(MOST_MOVES)
        self._all.add(queue)
        return _moves(queue)


async def _moves(queue: asyncio.Queue[Move]) -> AsyncIterator[Move]:
    while True:
        yield await queue.get()
