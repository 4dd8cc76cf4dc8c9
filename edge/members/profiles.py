"""A member's profile within the time that a shopper's path can spare."""

from __future__ import annotations

import asyncio

from edge.model import Profile
from edge.ports import Members, MembersAway

BUDGET = 0.4
"""Seconds: EC.md 2, the budget per source."""


async def profile_within(members: Members, ref: str, seconds: float = BUDGET) -> Profile | None:
    """The profile, or None when the source does not know the member, is away or is too slow."""
    try:
        async with asyncio.timeout(seconds):
            return await members.profile(ref)
    except (TimeoutError, MembersAway):
        return None
