"""A channel's source, whatever kind of adapter it has: a shop's system behind the intake, or a source of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from edge.ports import StockSource
from edge.stock.intake.desk import Intake


@asynccontextmanager
async def source(
    module: ModuleType, settings: Any, where: Path, channel_id: str, intake: Intake
) -> AsyncIterator[StockSource]:
    """The StockSource of a channel: of an adapter with ``CAN`` its system, called within its budgets, listening to its
    webhooks at ``POST /hooks/{channel_id}``; of any other what its ``open`` gives. ``settings`` are its own, checked.
    """
    async with module.open(settings, where) as opened:
        yield opened
