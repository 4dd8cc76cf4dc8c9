"""Where an edge's stock messages wait: whoever listens can be told to stop at any moment."""

from __future__ import annotations

import asyncio

import pytest

from edge.stock.line.ear import Ear


async def listen(ear: Ear) -> None:
    while True:
        await ear.next(60.0)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("later", range(8))
async def test_who_is_told_to_stop_just_as_a_message_comes_stops(later: int) -> None:
    ear = Ear(())
    listening = asyncio.create_task(listen(ear))
    await turns(5)
    ear.arrived("topic", b"")
    await turns(later)
    listening.cancel()
    await turns(20)
    stopped = listening.cancelled()
    listening.cancel()  # so that a failure ends
    await asyncio.gather(listening, return_exceptions=True)
    assert stopped
