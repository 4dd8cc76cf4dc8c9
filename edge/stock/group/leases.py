"""Who reads a channel: the hub that has its lock, under a term that every write of its rows is held against."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from edge.ports import StockAway
from edge.stock.group import tables
from edge.stock.group.server import Server, Session, alive

TRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A channel that is this hub's for as long as its session lasts, and until somebody begins a later term."""

    channel: str
    term: int
    session: Session

    @property
    def held(self) -> bool:
        """Whether it is ours, as far as this hub knows."""
        return not self.session.lost.is_set()

    async def need(self, db: Any) -> None:
        """Hold the term until the transaction ends; raises StockAway where another hub began one, or the lock went."""
        term = await db.fetchval("SELECT term FROM stock_channel WHERE channel = $1 FOR SHARE", self.channel)
        if term != self.term or not await alive(db, self.session):
            self.session.lost.set()
            raise StockAway("another hub of the group reads this channel now")


class Leases:
    """The channels that this hub reads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._held: dict[str, Lease] = {}

    def of(self, channel: str) -> Lease | None:
        """The lease of a channel, if it is ours."""
        lease = self._held.get(channel)
        return lease if lease is not None and lease.held else None

    @asynccontextmanager
    async def holding(self, channel: str) -> AsyncIterator[Lease]:
        """A channel's lease, once it is ours. Raises StockAway if it is lost while it begins."""
        key = tables.lock(self._server.schema, channel)
        session = await self._locked(key)
        try:
            lease = Lease(channel, await self._begun(channel, session), session)
            self._held[channel] = lease
            yield lease
        finally:
            self._held.pop(channel, None)
            with suppress(StockAway):  # a session that is lost holds nothing
                await session.ask("SELECT pg_advisory_unlock($1)", key)

    async def _locked(self, key: int) -> Session:
        while True:
            session = await self._server.session()
            if await session.ask("SELECT pg_try_advisory_lock($1)", key):
                return session
            await asyncio.sleep(TRY_S)

    async def _begun(self, channel: str, session: Session) -> int:
        """A new term: whoever wrote under an older one writes no more."""
        sql = """INSERT INTO stock_channel VALUES ($1, 1, $2, clock_timestamp()) ON CONFLICT (channel)
            DO UPDATE SET term = stock_channel.term + 1, hub = $2, since = clock_timestamp() RETURNING term"""
        async with self._server.transaction() as db:
            term = int(await db.fetchval(sql, channel, self._server.hub))
            if not await alive(db, session):
                raise StockAway("the session with PostgreSQL is lost")
            return term


async def while_held(lease: Lease, work: Awaitable[None]) -> None:
    """Do something until it ends or the lease does."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(lease.session.lost.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
