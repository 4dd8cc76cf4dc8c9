"""A member's profile within the time that a shopper's path can spare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.model import Profile
from edge.ports import Members, MembersAway

BUDGET = 0.4
"""Seconds: EC.md 2, the budget per source."""


async def profile_within(
    members: Members, ref: str, seconds: float = BUDGET, tell: Callable[[str], None] = lambda _: None
) -> Profile | None:
    """The profile, or None when the source does not know the member, is away or is too slow.

    ``tell`` hears why a source gave no answer, or an empty text if it did.
    """
    try:
        async with asyncio.timeout(seconds):
            found = await members.profile(ref)
    except TimeoutError:
        tell(f"no answer within {seconds * 1000:.0f} ms")
        return None
    except MembersAway as away:
        tell(str(away))
        return None
    tell("")
    return found
