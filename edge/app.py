"""The store's composition root: the one place where all parts of an edge meet.

The screens and their loop come first and need nothing but the disk; eyes, stock, members and the uplink are loops
that are kept alive beside them, so that none of them can hold up the start (promise X-1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from edge import config, fitting
from edge.contacts.line.dial import Pace
from edge.loops import loops
from edge.members.profiles import usable
from edge.model import Matrix, Profile, Wished
from edge.parts import Parts as Parts
from edge.parts import open_parts
from edge.sessions.handoff import Way
from edge.sessions.house import House
from edge.sessions.stage import Stage
from edge.site import create_app, site
from edge.stock.words.matrix import called, matrix
from edge.supervise import kept


async def serve(folder: Path) -> None:
    """Run a store's edge until cancelled; raises config.BadConfig, plug.UnknownAdapter."""
    settings = config.read_store(folder)
    fitting.need(settings, folder)
    async with running(settings, folder):
        await asyncio.Event().wait()


@asynccontextmanager
async def running(store: config.Store, folder: Path, pace: Pace | None = None) -> AsyncIterator[Parts]:
    """An edge that runs: its pages answer before anything that could be away is asked for. ``pace`` is its uplink's."""
    async with AsyncExitStack() as stack:
        parts = await open_parts(stack, store, folder)
        parts.pace = pace or Pace(drain=store.outbox.drain, batch=store.outbox.batch)
        parts.stages = {screen.id: Stage(screen, _house(parts, screen.id)) for screen in store.screen}
        await stack.enter_async_context(site(create_app(parts), store.web, parts.screens))
        await stack.enter_async_context(kept(loops(parts)))
        yield parts


async def _profiles(parts: Parts, ref: str) -> AsyncIterator[Profile | None]:
    """A member's profile as it comes, with the coupons that count here today."""
    if parts.profiles is None:
        return
    async for found in parts.profiles.profiles(ref):
        yield found and usable(found, parts.store.device.store, parts.now().date())


def _house(parts: Parts, screen: str) -> House:
    """What a screen's stage needs of the rest."""

    return House(
        classify=parts.desk.classify,
        spend=parts.letters.spend,
        profile=partial(_profiles, parts),
        library=parts.library,
        lines=lambda sku, language: parts.stock.lines(sku, parts.store.location, language, time.time()),
        show=parts.screens.show,
        note=parts.ledger.note,
        now=parts.now,
        mono=time.monotonic,
        segments={number: name for name, number in parts.store.member_code.segments.items()},
        tiers={number: name for name, number in parts.store.member_code.tiers.items()},
        handoff=_way(parts.store),
        judge=parts.desk.judge,
        offers=parts.offers,
        matrix=partial(_matrix, parts),
        keep=partial(_keep, parts, screen),
        bell=parts.bell,
    )


def _keep(parts: Parts, screen: str, sku: str, location: str) -> AsyncIterator[Wished]:
    """Ask a place to keep one; staff read of it from the first moment on."""
    return parts.keeping.keep(sku, location, parts.bell.wish(screen, sku, location))


def _matrix(parts: Parts, sku: str, language: str) -> Matrix | None:
    """The sizes by colours of a product's style, where its sources name one, as the settings call them."""
    stock, now_s, item = parts.stock, time.time(), parts.stock.item(sku)
    if item is None or not item.style:
        return None
    found = matrix(stock.style(item.style), parts.store.location, lambda each, place: stock.known(each, place, now_s))
    return found and called(found, parts.store.variants, language)


def _way(store: config.Store) -> Way | None:
    """The way on to shoppers' phones, where the settings have one."""
    return Way(store.handoff.url, store.handoff.kinds, store.device.store) if store.handoff else None
