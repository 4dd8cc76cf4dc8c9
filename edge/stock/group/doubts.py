"""What comparisons found out about a channel's system, in the group's database: its next reader knows it too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from edge.health import Health
from edge.ports import StockAway
from edge.stock.group.leases import Leases
from edge.stock.group.server import Server
from edge.stock.intake.doubts import Doubts, Told

_AGE = """SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM stock_doubt
    WHERE channel = $1 AND told = $2"""
_KEEP = """INSERT INTO stock_doubt VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (channel, told) DO UPDATE SET at = excluded.at"""
_FORGET = "DELETE FROM stock_doubt WHERE channel = $1 AND told = $2"


class GroupDoubts(Doubts):
    """As Doubts, for all hubs of a group; written by the hub that reads the channel, under its term."""

    def __init__(self, health: Health, server: Server, leases: Leases) -> None:
        self._health = health
        self._server, self._leases = server, leases
        self._tasks: set[asyncio.Task[None]] = set()

    async def _found(self, channel: str, told: Told, now_s: float) -> float | None:
        async with self._server.transaction() as db:
            age = await db.fetchval(_AGE, channel, str(told))
        return None if age is None else now_s - max(0.0, age)

    def _keep(self, channel: str, told: Told, now_s: float) -> None:
        task = asyncio.create_task(_unheard(self._write(_KEEP, channel, told)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forget(self, channel: str, told: Told) -> None:
        await self._write(_FORGET, channel, told)

    async def _write(self, sql: str, channel: str, told: Told) -> None:
        lease = self._leases.of(channel)
        if lease is None:
            raise StockAway("another hub of the group reads this channel")
        async with self._server.transaction() as db:
            await lease.need(db)
            await db.execute(sql, channel, str(told))


async def _unheard(work: Coroutine[Any, Any, None]) -> None:
    """Should the database not hear it, the channel is found out again by whoever reads it next."""
    try:
        await work
    except StockAway:
        return
