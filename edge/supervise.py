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


async def apart(work: Awaitable[None]) -> None:
    """Do what holds a task group in a task of its own, so that no cancellation is lost in it.

    A group of Python 3.11 that is cancelled in the moment in which one of its tasks fails tells of the failure alone:
    who takes that for a lost line dials again, and whoever waits for its end waits for ever.
    """
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait([doing])
    except asyncio.CancelledError:
        doing.cancel()
        await asyncio.wait([doing])
        if not doing.cancelled() and doing.exception() is not None:
            log.debug("failed while it was cancelled: %s", type(doing.exception()).__name__)
        raise
    doing.result()


async def keep(name: str, loop: Callable[[], Awaitable[None]], first_pause: float = 0.2) -> None:
    """Run ``loop`` for ever: an error is logged with its trace and the loop starts again after a growing pause.

    A loop that returns is finished. A CancelledError that nobody asked this task for (a library gave up a future of
    its own) is an error like any other. The pause doubles to 30 s, with jitter, and is forgiven after 60 s of health.
    """
    clock, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    pause = first_pause
    while True:
        started = clock.time()
        try:
            await apart(loop())
            return
        except (Exception, asyncio.CancelledError):
            if me.cancelling():
                raise
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
