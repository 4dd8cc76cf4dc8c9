"""Values as they come, and a sign when none came for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def with_gaps(values: AsyncIterator[T], patience_s: float) -> AsyncGenerator[T | None, None]:
    """Each value, and None after every ``patience_s`` seconds without one; the source is never interrupted for it."""
    while True:
        coming = asyncio.ensure_future(_next(values))
        try:
            while not (await asyncio.wait({coming}, timeout=patience_s))[0]:
                yield None
            found = coming.result()
        finally:
            if coming.cancel():
                await asyncio.gather(coming, return_exceptions=True)
        if found is None:
            return
        yield found


async def _next(values: AsyncIterator[T]) -> T | None:
    return await anext(values, None)
