"""The hub's stock messages that are on their way over one connection, few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from edge.ports import Link, LinkLost, Message
from edge.stock.shelves.shelf import Key

ALOFT = 8
"""Messages without their PUBACK: fewer than any window, so that an acknowledgement of contacts never waits long."""
PROPERTIES_BYTES = 512
BAD = 0x80
NOT_AUTHORIZED = 0x87


class Refused(Exception):
    """The broker's access list does not let the hub write stock."""


class Flight:
    """``sent`` and ``taken`` count messages; ``land`` says which shelves' changes have to be told again; ``ended`` is
    called once nothing more can be sent."""

    def __init__(self, link: Link, ended: Callable[[], None] = lambda: None) -> None:
        self._ended = ended
        self.most_bytes = link.max_bytes - PROPERTIES_BYTES
        self.sent = self.taken = 0
        self._link = link
        self._aloft: dict[asyncio.Future[int], tuple[Key, tuple[int, int] | None]] = {}
        self._failed: dict[Key, tuple[int, int]] = {}
        self._broken: BaseException | None = None
        self._room = asyncio.Event()

    async def put(self, message: Message, key: Key, before: tuple[int, int] | None) -> None:
        """Send once fewer than ALOFT are on their way; ``before`` is how far its shelf was told until then, None for
        what need not be told again. Raises Refused, or LinkLost."""
        while len(self._aloft) >= ALOFT and self._broken is None:
            self._room.clear()
            await self._room.wait()
        self.check()
        self.sent += 1
        answer = asyncio.ensure_future(self._link.publish(message))
        self._aloft[answer] = (key, before)
        answer.add_done_callback(partial(self._answered, key, before))

    def busy(self) -> bool:
        """Whether something is on its way."""
        return bool(self._aloft)

    def check(self) -> None:
        """Raise Refused, or LinkLost, once nothing more can be sent."""
        if self._broken is not None:
            raise self._broken

    def _answered(self, key: Key, before: tuple[int, int] | None, answer: asyncio.Future[int]) -> None:
        self._room.set()
        if answer.cancelled():
            return
        self._aloft.pop(answer, None)
        error = answer.exception()
        code = BAD if error else answer.result()
        if code < BAD:
            self.taken += 1
            return
        self._fail(key, before)
        if isinstance(error, LinkLost):
            self._broken = error
        elif code == NOT_AUTHORIZED:
            self._broken = Refused()
        if self._broken is not None:
            self._ended()

    def _fail(self, key: Key, before: tuple[int, int] | None) -> None:
        if before is not None:
            self._failed[key] = min(before, self._failed.get(key, before))

    def land(self) -> dict[Key, tuple[int, int]]:
        """Shelves of which something did not arrive, and how far each was told before it. Nothing is waited for."""
        for answer, (key, before) in list(self._aloft.items()):
            self._fail(key, before)
            answer.cancel()
        self._aloft.clear()
        return dict(self._failed)
