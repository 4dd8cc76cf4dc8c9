"""A contract's budgets over all hubs of a group: each call is counted in the database before it goes (promise K-4).

Calls are noted in the order in which they may go, under a lock on the contract; a hub reads what others noted before
it weighs its own next call. Another hub's call counts until the latest moment in which the system can have seen it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from edge.ports import StockAway
from edge.stock.group.server import Server, alive
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.ledger import PRUNE_EVERY, Ledger
from edge.stock.intake.windows import Urgency, Windows

LONGEST_HOLD_S = 3600.0
MOST_AHEAD_S = 60.0
"""A call that another hub noted ends at the latest so long from now, whatever the server's clock did since."""
_NOW = "extract(epoch FROM clock_timestamp())::float8"
_LOCK = f"""INSERT INTO stock_contract (contract) VALUES ($1) ON CONFLICT (contract) DO UPDATE
    SET held = stock_contract.held RETURNING held - {_NOW}"""  # noqa: S608 - one expression
_NEWS = f"""SELECT no, until - {_NOW}, cost FROM stock_spent
    WHERE contract = $1 AND no > $2 AND until > {_NOW} - $3 ORDER BY no"""  # noqa: S608
_PUT = f"INSERT INTO stock_spent (contract, until, cost, hub) VALUES ($1, {_NOW} + $2, $3, $4) RETURNING no"  # noqa: S608
_OLD = f"DELETE FROM stock_spent WHERE contract = $1 AND until < {_NOW} - $2"  # noqa: S608
_HOLD = f"""INSERT INTO stock_contract VALUES ($1, {_NOW} + $2) ON CONFLICT (contract)
    DO UPDATE SET held = greatest(stock_contract.held, excluded.held)"""  # noqa: S608


class GroupLedger(Ledger):
    """As Ledger, over the group's database. A hub whose session is lost makes no call."""

    def __init__(self, server: Server, contract: str, windows: Windows, clocks: Clocks, db: Any) -> None:
        super().__init__(db, contract, windows, clocks)
        self._server = server
        self._read = 0
        self._made = 0
        self._ours: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def restore(self) -> None:
        """What was used before is read with the first call."""

    def hold(self, seconds: float) -> None:
        self._windows.hold(seconds, self._clocks.monotonic())
        self._later(self._told(_HOLD, self._contract, min(max(seconds, 0.0), LONGEST_HOLD_S)))
        self._wake()

    def spent(self, cost: float) -> None:
        self._windows.add(cost, self._clocks.monotonic())
        self._later(self._noted(cost))
        self._wake()

    async def _go(self, ticket: tuple[int, int], cost: float, urgency: Urgency, longest_s: float) -> float:
        pause = self._pause(ticket, cost, urgency)
        if pause > 0:
            return pause
        session = await self._server.session()
        async with self._server.transaction() as db:
            held_s = await db.fetchval(_LOCK, self._contract)
            if not await alive(db, session):
                session.lost.set()
                raise StockAway("the session with PostgreSQL is lost; another hub may read this channel")
            await self._hear(db, held_s)
            pause = self._windows.wait(cost, urgency, self._clocks.monotonic())
            if pause <= 0:
                self._ours.add(await db.fetchval(_PUT, self._contract, longest_s, cost, self._server.hub))
                await self._prune(db)
        if pause <= 0:
            self._windows.begin(cost)
        return pause

    async def _hear(self, db: Any, held_s: float) -> None:
        """What other hubs, and earlier starts of this one, noted since."""
        rows = await db.fetch(_NEWS, self._contract, self._read, self._windows.longest_s)
        now = self._clocks.monotonic()
        self._windows.hold(held_s, now)
        for no, until_s, cost in rows:
            if no not in self._ours:
                self._windows.add(cost, now + min(until_s, MOST_AHEAD_S))
            self._read = no
        self._ours = {no for no in self._ours if no > self._read}

    async def _prune(self, db: Any) -> None:
        self._made += 1
        if self._made % PRUNE_EVERY == 1:
            await db.execute(_OLD, self._contract, self._windows.longest_s)

    async def _note(self, cost: float, longest_s: float) -> None:
        """It was noted as it was allowed."""

    async def _noted(self, cost: float) -> None:
        """Under the contract's lock too, so that numbers are given in the order of the commits."""
        async with self._server.transaction() as db:
            await db.fetchval(_LOCK, self._contract)
            self._ours.add(await db.fetchval(_PUT, self._contract, 0.0, cost, self._server.hub))

    async def _told(self, sql: str, *given: Any) -> None:
        async with self._server.transaction() as db:
            await db.execute(sql, *given)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """What is noted besides: memory holds it for this run."""
        task = asyncio.create_task(_unheard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _unheard(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except StockAway:
        return
