"""The loop of each screen, resolved again whenever content or the hour changes it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

from content.loop import loop_for
from content.model import Facts
from content.resolve import resolve
from edge.model import Loop
from edge.sessions.house import Library

LOOK_AGAIN = 5.0
"""Seconds: how late a daypart may begin."""


def loop_of(library: Library, screen: str, now: datetime) -> Loop:
    """What a screen plays now, when nobody is in front of it; its version is a digest of its items."""
    decision = resolve(library.campaigns(), screen, Facts(), now, library.media())
    items = loop_for(decision, library.media())
    return Loop(hashlib.sha256(repr(items).encode()).hexdigest()[:16], items)


async def keep_loops(
    library: Library,
    changes: Callable[[], AsyncIterator[None]],
    screens: Sequence[str],
    now: Callable[[], datetime],
    tell: Callable[[str, Loop], Awaitable[None]],
) -> None:
    """Tell each screen its loop whenever it is another than before."""
    told: dict[str, str] = {}
    changed = asyncio.Event()

    async def listen() -> None:
        async for _ in changes():
            changed.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(listen(), name="content changes")
        while True:
            changed.clear()
            for screen in screens:
                loop = loop_of(library, screen, now())
                if told.get(screen) != loop.version:
                    await tell(screen, loop)
                    told[screen] = loop.version
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await changed.wait()
            except TimeoutError:
                continue
