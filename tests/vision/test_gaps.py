"""Values as they come, and a sign when none came for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from edge.vision.gaps import with_gaps


async def test_a_sign_comes_while_no_value_does_and_no_value_is_lost() -> None:
    go = asyncio.Event()

    async def slow() -> AsyncIterator[int]:
        yield 1
        await go.wait()
        yield 2

    seen = []
    async for value in with_gaps(slow(), 0.01):
        seen.append(value)
        if seen.count(None) == 2:
            go.set()
    assert (seen[:3], seen[-1]) == ([1, None, None], 2)


async def test_the_source_is_left_as_soon_as_nobody_wants_values() -> None:
    ended = False

    async def endless() -> AsyncIterator[int]:
        nonlocal ended
        try:
            yield 1
            await asyncio.sleep(3600)
        finally:
            ended = True

    async with aclosing(with_gaps(endless(), 0.01)) as values:
        assert [await anext(values), await anext(values)] == [1, None]
    assert ended


async def test_one_who_is_cancelled_ends_wherever_that_finds_it() -> None:
    async def busy() -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0)
            yield 1

    async def take() -> None:
        async for _ in with_gaps(busy(), 1.0):
            await asyncio.sleep(0)

    for steps in range(20):
        task = asyncio.create_task(take())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.cancelled()
