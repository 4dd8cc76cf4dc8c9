"""A shopper does not wait for a members' source longer than its budget."""

from __future__ import annotations

import asyncio

import pytest

from edge.members.profiles import profile_within
from edge.model import Profile
from edge.ports import MembersAway


class Source:
    """A Members that knows everybody, after ``pause`` seconds, unless it is away."""

    def __init__(self, pause: float = 0.0, away: bool = False) -> None:
        self.pause = pause
        self.away = away

    async def profile(self, ref: str) -> Profile | None:
        await asyncio.sleep(self.pause)
        if self.away:
            raise MembersAway("gone")
        return Profile(ref)


async def test_a_profile_in_time_is_used() -> None:
    assert await profile_within(Source(), "r") == Profile("r")


@pytest.mark.parametrize("source", [Source(pause=3600), Source(away=True)], ids=["slow", "away"])
async def test_a_slow_source_or_one_that_is_away_leaves_the_session_without_a_profile(source: Source) -> None:
    assert await profile_within(source, "r", seconds=0.01) is None


async def test_an_end_of_the_session_is_not_swallowed() -> None:
    asking = asyncio.create_task(profile_within(Source(pause=3600), "r", seconds=3600))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
