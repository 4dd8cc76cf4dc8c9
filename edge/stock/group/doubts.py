"""What comparisons found out about a channel's system, in the group's database: its next reader knows it too, and so
do the hubs that stores may ask meanwhile whether to tell what their screens show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

from edge.health import Health
from edge.ports import StockAway
from edge.stock.group.leases import Leases
from edge.stock.group.server import Server
from edge.stock.intake.doubts import Doubts, Told

EVERY_S = 1.0
"""A hub writes, and reads, so often at most."""
NOTICE = "u"
_AGE = """SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM stock_doubt
    WHERE channel = $1 AND told = $2"""
_ALL = "SELECT channel, told FROM stock_doubt"
_KEEP = """INSERT INTO stock_doubt VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (channel, told) DO UPDATE SET at = excluded.at"""
_FORGET = "DELETE FROM stock_doubt WHERE channel = $1 AND told = $2"


class GroupDoubts(Doubts):
    """As Doubts, for all hubs of a group; written by the hub that reads the channel, under its term. ``run`` is to be
    kept."""

    def __init__(self, health: Health, server: Server, leases: Leases) -> None:
        self._health = health
        self._server, self._leases = server, leases
        self._doubted: set[tuple[str, str]] = set()
        self._unwritten: set[tuple[str, str]] = set()
        self._news = asyncio.Event()
        server.hear(self._notice)

    async def run(self, heard: Callable[[], None]) -> NoReturn:
        """Write what is found out here and read what is elsewhere, for ever; ``heard`` is told after each reading."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.share()
            except StockAway:  # the server's own session tells of it
                self._news.set()
            else:
                heard()
            await asyncio.sleep(EVERY_S)

    async def share(self) -> None:
        """Once; raises StockAway. Of a channel that is read here what is known here counts."""
        for channel, told in sorted(self._unwritten):
            if self._leases.of(channel) is not None:  # else whoever reads it finds it out again
                await self._write(_KEEP, channel, told)
            self._unwritten.discard((channel, told))
        async with self._server.transaction() as db:
            found = await db.fetch(_ALL)
        ours = {each for each in self._doubted if self._leases.of(each[0]) is not None}
        self._doubted = ours | {(channel, told) for channel, told in found if self._leases.of(channel) is None}

    async def _found(self, channel: str, told: Told, now_s: float) -> float | None:
        if (channel, told) in self._unwritten:
            return now_s
        async with self._server.transaction() as db:
            age = await db.fetchval(_AGE, channel, str(told))
        return None if age is None else now_s - max(0.0, age)

    def _keep(self, channel: str, told: Told, now_s: float) -> None:
        self._unwritten.add((channel, str(told)))
        self._news.set()

    async def _forget(self, channel: str, told: Told) -> None:
        self._unwritten.discard((channel, told))
        await self._write(_FORGET, channel, told)

    async def _write(self, sql: str, channel: str, told: str) -> None:
        lease = self._leases.of(channel)
        if lease is None:
            raise StockAway("another hub of the group reads this channel")
        async with self._server.transaction() as db:
            await lease.need(db)
            await db.execute(sql, channel, str(told))
            await self._server.tell(db, NOTICE)

    def _notice(self, notice: str) -> None:
        if notice in ("", NOTICE):
            self._news.set()
