"""What all channels of one process share of the intake: its file on disk, the way in for webhooks, open systems."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlite_utils

from edge.db import Database
from edge.health import Health
from edge.stock.inquiry.watch import Watch
from edge.stock.intake import doubts, inbox, ledger
from edge.stock.intake.caller import doing
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.doubts import Doubts
from edge.stock.intake.hooks import Hooks
from edge.stock.intake.inbox import Inbox
from edge.stock.intake.ledger import Ledger
from edge.stock.intake.windows import Urgency, Windows
from edge.stock.shops.shop import Settings
from edge.stock.system import Can, Kept, StockSystem, Wish

FILE = "intake.sqlite"


@dataclass(frozen=True, slots=True)
class Open:
    """A channel whose system can be asked now; ``theirs`` gives its own name for a SKU of ours."""

    can: Can
    settings: Settings
    system: StockSystem
    theirs: Callable[[str], str] = str


class Intake:
    """The intake of one process, over a file of its own (``FILE`` in the data folder)."""

    def __init__(
        self, db: Database, health: Health, clocks: Clocks, inbox: Inbox | None = None, doubts: Doubts | None = None
    ) -> None:
        self.db = db
        self.health = health
        self.clocks = clocks
        self.inbox = inbox or Inbox(db, clocks)
        self.doubts = doubts or Doubts(db, health)
        self.watch = Watch()
        self.hooks = Hooks(self.inbox, health, clocks, self.watch)
        self.open: dict[str, Open] = {}
        self._ledgers: dict[str, Ledger] = {}

    async def ledger(self, module: ModuleType, can: Can, settings: Any, where: Path) -> Ledger:
        """The budgets of a contract: one for all channels of the same adapter, address and token."""
        contract = contract_of(module, settings, where)
        if contract not in self._ledgers:
            book = self._book(contract, ledger.windows(can.budgets, settings.calls_per_hour))
            await book.restore()
            self._ledgers.setdefault(contract, book)
        return self._ledgers[contract]

    def _book(self, contract: str, windows: Windows) -> Ledger:
        return Ledger(self.db, contract, windows, self.clocks)

    async def reserve(self, channel: str, wish: Wish) -> Kept:
        """Ask a channel's system to keep one, before all else that waits for its budgets; raises StockAway.

        Only a channel of ``open`` whose ``can.reserve`` is atomic may be asked; raises KeyError for one not open.
        """
        with doing(Urgency.RESERVE, self.clocks):
            asked = self.open[channel]
            return await asked.system.reserve(replace(wish, sku=asked.theirs(wish.sku)))

    async def reserved(self, channel: str, key: str) -> Kept:
        """How a wish that was asked before stands; as ``reserve``."""
        with doing(Urgency.RESERVE, self.clocks):
            return await self.open[channel].system.reserved(key)


def contract_of(module: ModuleType, settings: Any, where: Path) -> str:
    """What tells a contract from another; nothing of it can be read out."""
    token = where / settings.token_file if settings.token_file else ""
    whole = f"{module.__name__}\n{settings.url}\n{token}"
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def migrate(db: sqlite_utils.Database) -> None:
    """The intake's tables, made if they are missing."""
    inbox.migrate(db)
    ledger.migrate(db)
    doubts.migrate(db)


@asynccontextmanager
async def intake(db: Database, health: Health, clocks: Clocks | None = None) -> AsyncIterator[Intake]:
    """The intake over a database with its tables (``migrate``)."""
    yield Intake(db, health, clocks or Clocks())
