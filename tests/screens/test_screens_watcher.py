"""A letter box keeps the newest of each kind, and one page's trouble is its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.screens.watcher import Watcher


async def delivered(watcher: Watcher, sent: list[str], count: int) -> list[str]:
    """Deliver until so many messages were sent."""
    task = asyncio.create_task(watcher.deliver())
    async with asyncio.timeout(60):
        while len(sent) < count:
            await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return sent


def letter_box() -> tuple[Watcher, list[str]]:
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)

    return Watcher(send, lambda number: f"beat {number}"), sent


@given(st.lists(st.tuples(st.sampled_from(("scene", "loop", "got")), st.integers()), min_size=1))
def test_only_the_newest_of_each_kind_waits(offers: list[tuple[str, int]]) -> None:
    async def run() -> list[str]:
        watcher, sent = letter_box()
        for kind, number in offers:
            watcher.offer(kind, f"{kind} {number}")
        return await delivered(watcher, sent, len(newest))

    newest = {kind: f"{kind} {number}" for kind, number in offers}
    assert sorted(asyncio.run(run())) == sorted(newest.values())


async def test_silence_is_filled_with_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.screens.watcher.BEAT_S", 0.01)
    watcher, sent = letter_box()
    assert await delivered(watcher, sent, 2) == ["beat 1", "beat 2"]


async def test_a_page_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.screens.watcher.SEND_S", 0.01)

    async def stuck(text: str) -> None:
        await asyncio.Event().wait()

    watcher = Watcher(stuck, str)
    watcher.offer("scene", "never read")
    with pytest.raises(TimeoutError):
        await watcher.deliver()
