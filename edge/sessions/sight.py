"""From an eye's looks to a stage: one presentation is one scan, however many frames show it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from edge.model import Look, Sight
from edge.vision.presence import Presence, Whose, lingering, step, tick

SILENCE = 0.5
"""Seconds without a look after which time alone may say that a code is gone."""


def untold(_: float) -> None:
    """Nobody wants to know."""


async def follow(
    looks: asyncio.Queue[Look],
    whose: Whose,
    tell: Callable[[Sight], None],
    lingers: Callable[[float], None] = untold,
) -> None:
    """Take an eye's looks for ever and tell what they mean.

    ``lingers`` hears for how many seconds a poster has been in view, once a minute, and 0 when none is any more.
    """
    presence, said = Presence(), 0
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                look = await looks.get()
        except TimeoutError:
            presence, sights = tick(presence, time.monotonic())
        else:
            # No look is from the future: what a broken eye says of its clock must not keep anybody in view.
            presence, sights = step(presence, replace(look, at=min(look.at, time.monotonic())), whose)
        for sight in sights:
            tell(sight)
        if (minutes := int(lingering(presence) // 60)) != said:
            said = minutes
            lingers(60.0 * minutes)
