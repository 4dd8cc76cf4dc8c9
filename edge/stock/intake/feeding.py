"""The channels of the settings, each fed from its source for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from edge import config, plug
from edge.ports import StockAway
from edge.stock.cache import StockCache
from edge.stock.channel import KIND, feed
from edge.stock.intake.belief import said
from edge.stock.intake.desk import Intake
from edge.stock.intake.doubts import Doubts, Told
from edge.stock.intake.opening import can_of, source, unlisted
from edge.stock.intake.shown import Looking

PAUSE_S = 10.0


async def keep(
    channel: config.StockChannel,
    where: Path,
    cache: StockCache,
    intake: Intake,
    catalogue: Callable[[str], str] = unlisted,
) -> None:
    """Feed a channel until cancelled. Raises config.BadConfig, plug.UnknownAdapter for settings that cannot be."""
    module, settings = chosen(channel)
    await cache.loaded()

    def marks() -> dict[str, float]:
        return {place: standing.watermark_s for (id, place), standing in cache.shelves().items() if id == channel.id}

    while True:
        try:
            async with source(module, settings, where, channel.id, intake, marks, catalogue, cache.shown) as opened:
                await feed(channel.id, opened, cache, intake.health, watch=intake.watch)
        except StockAway as away:
            todo = f"Mend the file, or the settings of [[stock]] '{channel.id}'; it is read again by itself."
            intake.health.down(KIND, channel.id, str(away), todo)
        await asyncio.sleep(PAUSE_S)


def chosen(channel: config.StockChannel) -> tuple[ModuleType, Any]:
    """A channel's adapter and its settings, checked; raises config.BadConfig, plug.UnknownAdapter."""
    module = plug.adapter("stock", channel.adapter)
    return module, config.checked(module.Settings, channel.settings, f"stock.{channel.id}")


def looking(channels: Iterable[config.StockChannel], doubts: Doubts) -> Looking:
    """Which of these are asked for what screens show before the rest: those of which nothing is believed now."""
    says = {channel.id: told for channel in channels if (told := _says(*chosen(channel))) is not None}
    return lambda: frozenset(id for id, all_ in says.items() if all(doubts.doubted(id, told) for told in all_))


def _says(module: ModuleType, settings: Any) -> frozenset[Told] | None:
    """By what a channel's system says that it tells every change; None of a source that is read whole alone."""
    return said(can_of(module, settings)) if hasattr(module, "CAN") else None


def undisplayed(channels: Iterable[config.StockChannel]) -> frozenset[str]:
    """The channels whose contract keeps what they say off every screen."""
    return frozenset(channel.id for channel in channels if not _displayed(*chosen(channel)))


def _displayed(module: ModuleType, settings: Any) -> bool:
    if not hasattr(module, "CAN"):
        return True
    return bool(can_of(module, settings).display and settings.display_allowed)
