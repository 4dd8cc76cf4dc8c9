"""The clocks by which the intake works."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall (UNIX seconds) and monotonic time, and how to wait."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


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


async def _of(awaited: Awaitable[object]) -> object:
    return await awaited
