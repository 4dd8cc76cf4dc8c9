"""A channel's source, whatever kind of adapter it has: a shop's system behind the intake, or a source of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from edge import asking
from edge.ports import StockAway, StockSource
from edge.stock.intake import names
from edge.stock.intake.caller import ShopCaller
from edge.stock.intake.desk import Intake, Open
from edge.stock.intake.hooks import Listener
from edge.stock.intake.names import BadNames, Names, Rows
from edge.stock.intake.reader import Channel
from edge.stock.intake.running import Marks, Running
from edge.stock.intake.shown import Shown
from edge.stock.shops.shop import Settings
from edge.stock.system import Can, Since

CONNECTIONS = 4


def unlisted(_: str) -> str:
    """The catalogue of who has none."""
    return ""


@asynccontextmanager
async def source(
    module: ModuleType,
    settings: Any,
    where: Path,
    channel_id: str,
    intake: Intake,
    marks: Marks = dict,
    catalogue: Callable[[str], str] = unlisted,
    shown: Shown = tuple,
) -> AsyncIterator[StockSource]:
    """The StockSource of a channel: of an adapter with ``CAN`` its system, called within its budgets, listening to its
    webhooks at ``POST /hooks/{channel_id}``; of any other what its ``open`` gives. ``settings`` are its own, checked.

    ``marks`` are the watermarks that the cache has of this channel by location, ``catalogue`` our SKU for a GTIN,
    ``shown`` what screens show.
    Raises StockAway where a file that the settings name cannot be used.
    """
    if not hasattr(module, "CAN"):
        counted = (await intake.ledger(module, Can(), settings, where), intake.clocks) if counts(module) else ()
        async with module.open(settings, where, *counted) as opened:
            yield opened
        return
    async with _system(module, settings, where, channel_id, intake, marks, catalogue, shown) as running:
        yield running


@asynccontextmanager
async def _system(
    module: ModuleType,
    settings: Settings,
    where: Path,
    id: str,
    intake: Intake,
    marks: Marks,
    catalogue: Callable[[str], str],
    shown: Shown,
) -> AsyncIterator[Running]:
    can = can_of(module, settings)
    named = Names(await _rows(settings, where), catalogue)
    ledger = await intake.ledger(module, can, settings, where)
    async with asking.session(settings, where, settings.timeout_s, CONNECTIONS, keep=True) as session:
        call = ShopCaller(settings, session, ledger, intake.clocks)
        system = module.system(settings, where, call)
        channel = Channel(id, can, settings)
        running = Running(
            channel, system, call, named, intake.inbox, intake.doubts, intake.health, intake.clocks, marks, shown
        )
        await running.restore()
        listener = Listener(system, settings.hook_url, running.pushes.room, running.pushes.add)
        intake.open[id] = Open(can, settings, system, named.theirs)
        try:
            with ledger.shared(), intake.hooks.listening(id, listener):
                yield running
        finally:
            del intake.open[id]


def counts(module: ModuleType) -> bool:
    """Whether an adapter's calls are counted in the intake's book."""
    return hasattr(module, "CAN") or bool(getattr(module, "COUNTED", False))


def can_of(module: ModuleType, settings: Any) -> Can:
    """What a system can under these settings."""
    can: Can = module.can(settings) if hasattr(module, "can") else module.CAN
    vowed: Since | None = settings.vowed
    return replace(can, since=vowed) if vowed is not None and can.since is not Since.NONE else can


async def _rows(settings: Settings, where: Path) -> Rows:
    if settings.names is None:
        return Rows()
    try:
        return await asyncio.to_thread(names.read, where / settings.names)
    except BadNames as error:
        raise StockAway(str(error)) from error
