"""The clocks by which the intake works."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall (UNIX seconds) and monotonic time, and how to wait."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def until(self, moment: float) -> None:
        """Wait for a moment of the monotonic clock; of one that has passed only give way."""
        await self.sleep(max(0.0, moment - self.monotonic()))


async def moved_or(event: asyncio.Event, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Until an event, or until so many seconds have passed (infinity: never)."""
    if seconds == math.inf:
        await event.wait()
        return
    waits = [asyncio.create_task(_of(event.wait())), asyncio.create_task(_of(sleep(seconds)))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def closable(pages: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Pages whose generator is closed with them, so that no connection is held till later."""
    try:
        async for page in pages:
            yield page
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()


async def guarded(loop: Coroutine[Any, Any, None], fault: Callable[[Exception], Awaitable[None]]) -> None:
    """A loop without an end whose fault, one that nobody expects, is handed to whoever keeps it."""
    try:
        await loop
    except Exception as error:  # noqa: BLE001 - handed on whole
        await fault(error)


async def _of(awaited: Awaitable[object]) -> object:
    return await awaited
