"""Stock from head office's hub: its beats and changes by the edge's own line to the broker, the rest over HTTP."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import Field, field_validator

from edge import asking
from edge.config import Id
from edge.stock.line import showing
from edge.stock.line.asker import Asker, Reach
from edge.stock.line.source import Follow, HubStock

HEARS = True
"""``open`` takes what it follows: the ear by which it hears the edge's line, and the cache whose rows it compares."""


class Settings(asking.Settings):
    """``url`` is the hub's, ``token_file`` holds its ``stock_token``.

    ``locations`` are those that are followed; without it, those of the store's settings. ``poll_s`` is how often the
    hub is asked while the broker brings no word of it, ``spread_s`` over how long a chain's edges spread their first
    questions after a start in common.
    """

    locations: tuple[Id, ...] = ()
    poll_s: float = Field(3.0, ge=0.01, le=3600)
    spread_s: float = Field(60.0, ge=0, le=3600)
    timeout_s: float = Field(10.0, gt=0, le=60)

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        return asking.safe(text)


@asynccontextmanager
async def open(settings: Settings, where: Path, follow: Follow | None = None) -> AsyncIterator[HubStock | Reach]:
    """The source of one hub, with an HTTP session of its own; without ``follow`` what can only be tried."""
    # Connections are kept: a question comes every few seconds, and of one that breaks off the next is soon enough.
    async with asking.session(settings, where, settings.timeout_s, limit=2, keep=True) as session:
        asker = Asker(settings, where, session)
        if follow is None:
            yield Reach(asker, settings.locations)
        else:
            source = HubStock(asker, follow, settings.spread_s, settings.poll_s)
            told = showing.tell(source, follow.cache.shown, asyncio.sleep, random.random, follow.say)
            telling = asyncio.create_task(told, name=f"stock {follow.channel_id} shown")
            try:
                yield source
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
