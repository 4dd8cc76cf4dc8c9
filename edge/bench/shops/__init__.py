"""Real shops for tests and benchmarks, each in processes and an environment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol


class Clerk(Protocol):
    """Who edits and sells in a shop, by its own ways. Products and places count from 1."""

    async def edit(self, number: int, place: int, count: int) -> float:
        """Set how many are there; UNIX seconds of the shop's answer."""

    async def sell(self, number: int, place: int) -> float:
        """Sell one; UNIX seconds of the shop's answer."""


class Shop(Protocol):
    """A real shop. ``adapter`` names ours for it; ``sales`` is which share of changes it bears as sales."""

    adapter: ClassVar[str]
    sales: ClassVar[float]

    def running(self) -> AbstractContextManager[object]:
        """Its server, furnished, once it answers; raises edge.bench.store.NotStarted."""

    def clerk(self) -> AbstractAsyncContextManager[Clerk]:
        """Somebody who works in it."""

    def sku(self, number: int) -> str:
        """The SKU of a product."""

    async def truth(self) -> Mapping[tuple[str, str], int]:
        """How many of (SKU, place by the shop's own id) can be sold, by the shop itself."""

    def settings(self, folder: Path, locations: Mapping[str, str]) -> dict[str, Any]:
        """The adapter's settings for it; the files that they name are written into ``folder``."""
