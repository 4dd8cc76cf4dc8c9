"""From an eye's looks to a stage: one presentation is one scan, however many frames show it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from edge.model import Look, Sight
from edge.sessions import goods
from edge.sessions.goods import Goods, Wares
from edge.vision.presence import Presence, Whose, lingering, step, tick

SILENCE = 0.5
"""Seconds without a look after which time alone may say that a code is gone."""


NO_WARES = Wares()


def untold(_: float) -> None:
    """Nobody wants to know."""


async def follow(
    looks: asyncio.Queue[Look],
    whose: Whose,
    tell: Callable[[Sight], None],
    lingers: Callable[[float], None] = untold,
    wares: Wares = NO_WARES,
) -> None:
    """Take an eye's looks for ever and tell what they mean: members' codes, and beside them products (``wares``).

    The two neither crowd nor hide each other; a code that could be a member's is no product's. Whatever is neither
    (most of it never left the eye, see ``vision.forms``) is dropped here: not kept, counted or logged.
    ``lingers`` hears for how many seconds a poster has been in view, once a minute, and 0 when none is any more.
    """
    presence, shelf, said = Presence(), Goods(), 0
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                look = await looks.get()
        except TimeoutError:
            presence, sights = tick(presence, time.monotonic())
            shelf, moves = goods.tick(shelf, time.monotonic())
        else:
            # No look is from the future: what a broken eye says of its clock must not keep anybody in view.
            look = replace(look, at=min(look.at, time.monotonic()))
            presence, sights = step(presence, look, whose)
            others = tuple(code for code in look.codes if not whose(code))
            shelf, moves = goods.step(shelf, replace(look, codes=others), wares)
        for sight in (*sights, *moves):
            tell(sight)
        if (minutes := int(lingering(presence) // 60)) != said:
            said = minutes
            lingers(60.0 * minutes)
