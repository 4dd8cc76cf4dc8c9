"""From an eye's looks to a stage: one presentation is one scan, however many frames show it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from edge.model import Code, Look, Sight
from edge.vision.presence import Presence, step, tick

SILENCE = 0.5
"""Seconds without a look after which time alone may say that a code is gone."""


async def follow(looks: asyncio.Queue[Look], candidate: Callable[[Code], bool], tell: Callable[[Sight], None]) -> None:
    """Take an eye's looks for ever and tell what they mean."""
    presence = Presence()
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                look = await looks.get()
        except TimeoutError:
            presence, sights = tick(presence, time.monotonic())
        else:
            presence, sights = step(presence, look, candidate)
        for sight in sights:
            tell(sight)
