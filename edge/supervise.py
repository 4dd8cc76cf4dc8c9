"""Loops that are restarted when they fail: the one place where an exception of any kind is caught."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0


async def keep(name: str, loop: Callable[[], Awaitable[None]], first_pause: float = 0.2) -> None:
    """Run ``loop`` for ever: an error is logged with its trace and the loop starts again after a growing pause.

    A loop that returns is finished. The pause doubles to 30 s, with full jitter, and is forgiven after 60 s of health.
    """
    clock = asyncio.get_running_loop()
    pause = first_pause
    while True:
        started = clock.time()
        try:
            await loop()
            return
        except Exception:
            log.exception("%s failed and starts again", name)
        if clock.time() - started > HEALTHY_AFTER:
            pause = first_pause
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, LONGEST_PAUSE)


@asynccontextmanager
async def kept(loops: dict[str, Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Keep loops by name in the background; cancelled and awaited at the end."""
    tasks = [asyncio.create_task(keep(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
