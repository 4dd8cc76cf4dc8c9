"""The intake of a hub of a group: budgets, deliveries and doubts in the group's database; every hub hears webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from edge import config
from edge.db import Database
from edge.health import Health
from edge.ports import StockAway
from edge.stock.group.doubts import GroupDoubts
from edge.stock.group.inbox import GroupInbox
from edge.stock.group.leases import Leases
from edge.stock.group.ledger import GroupLedger
from edge.stock.group.server import Server
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.desk import Intake
from edge.stock.intake.feeding import chosen
from edge.stock.intake.hooks import Listener
from edge.stock.intake.ledger import Ledger
from edge.stock.intake.opening import can_of
from edge.stock.intake.windows import Windows
from edge.stock.system import Answer, Call, Can, Push, Pushed


class GroupIntake(Intake):
    """As Intake, for a hub of a group."""

    def __init__(self, db: Database, health: Health, clocks: Clocks, server: Server, leases: Leases) -> None:
        self.handed = GroupInbox(db, clocks, server, leases)
        self.doubted = GroupDoubts(health, server, leases)
        super().__init__(db, health, clocks, self.handed, self.doubted)
        self._server = server

    async def ledger(self, module: ModuleType, can: Can, settings: Any, where: Path) -> Ledger:
        """As Intake; a contract is told by its token's file as the settings name it: each hub has its own folder."""
        return await super().ledger(module, can, settings, Path())

    def _book(self, contract: str, windows: Windows) -> Ledger:
        return GroupLedger(self._server, contract, windows, self.clocks, self.db)

    @contextmanager
    def hearing(self, channel: config.StockChannel, where: Path) -> Iterator[None]:
        """A channel's webhooks are taken here meanwhile, whoever reads it."""
        module, settings = chosen(channel)
        with ExitStack() as stack:
            if hasattr(module, "CAN") and can_of(module, settings).push is not Push.NONE:
                system = module.system(settings, where, _Silent())
                listener = Listener(system, settings.hook_url, lambda: True, _left)
                stack.enter_context(self.hooks.listening(channel.id, listener))
            yield


class _Silent:
    """A Caller that asks nothing: another hub reads the channel."""

    async def __call__(self, _: Call) -> Answer:
        raise StockAway("another hub of the group reads this channel")

    def hold(self, seconds: float) -> None:
        """There is nothing to hold."""

    def spent(self, cost: float) -> None:
        """There is nothing to spend."""


def _left(_: str, __: Pushed) -> None:
    """It lies in the database for the hub that reads the channel."""
