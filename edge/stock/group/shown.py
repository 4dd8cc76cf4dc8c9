"""What screens show, told to any hub of a group, for the hub that asks the shop. No store, screen or person is named.

It goes through the group's database only where a channel that is asked for it is read by another hub. Nobody waits for
it: while the database is away each hub has what it was told itself, and stores tell again within 20 s.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress

from edge.ports import StockAway
from edge.stock.cache import Clock, StockCache
from edge.stock.group.leases import Leases
from edge.stock.group.server import QUESTION_S, Server
from edge.stock.intake.shown import MOST_SHOWN, Looking
from edge.stock.shelves.listeners import ASKED_FOR_S

EVERY_S = 1.0
"""A hub writes, and reads, so often at most, however many stores tell it. Each store tells every 15 s and what it shows
is read each ``poll_s``, 5 s: a second makes little of that later, and 1,000 stores' 67 words of it one."""
AGAIN_S = 60.0
"""What was written counts for ten minutes, so it is not written again sooner."""
NOTICE = "l"
_PUT = """INSERT INTO stock_shown SELECT unnest($1::text[]), clock_timestamp() + $2 * interval '1 second'
    ON CONFLICT (sku) DO UPDATE SET until = excluded.until"""
# What is further ahead was written before the server's clock was set back. Who deletes waits for nobody.
_OLD = """DELETE FROM stock_shown WHERE sku IN (SELECT sku FROM stock_shown WHERE until NOT BETWEEN clock_timestamp()
    AND clock_timestamp() + 2 * $1 * interval '1 second' FOR UPDATE SKIP LOCKED)"""
_READ = """SELECT sku, extract(epoch FROM until - clock_timestamp())::float8 FROM stock_shown
    WHERE until > clock_timestamp() + $1 * interval '1 second' ORDER BY until DESC LIMIT $2"""


class GroupShown:
    """``looking`` are the channels that are asked now for what screens show before the rest. ``run`` is to be kept."""

    def __init__(
        self,
        server: Server,
        leases: Leases,
        looking: Looking,
        cache: StockCache,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._server, self._leases, self._looking = server, leases, looking
        self._cache, self._monotonic = cache, monotonic
        self._told: set[str] = set()
        self._written: dict[str, float] = {}
        self._ends = math.inf
        self._news_s = self._read_s = -math.inf
        self._stirred = asyncio.Event()
        server.hear(self._notice)

    def show(self, skus: Sequence[str]) -> None:
        """A store's screens show these, the latest first: known here at once, and soon to the hub that needs it."""
        named = self._cache.show(skus)
        if all(self._leases.of(channel) for channel in self._looking()):
            return
        now = self._monotonic()
        new = [sku for sku in named if now - self._written.get(sku, -math.inf) >= AGAIN_S]
        self._told.update(new[: max(0, MOST_SHOWN - len(self._told))])
        if self._told:
            self._stirred.set()

    def wake(self) -> None:
        """A channel is read here from now on, or is asked for what is shown."""
        self._stirred.set()

    async def run(self) -> None:
        """Write what is told here and read what is told elsewhere, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ASKED_FOR_S):
                    await self._stirred.wait()
            self._stirred.clear()
            with suppress(StockAway):  # the server's own session tells of it
                await self.share()
            await asyncio.sleep(EVERY_S)

    async def share(self) -> None:
        """Once; raises StockAway, and what was to be written is told again by the stores."""
        await self._write()
        await self._read()

    async def _write(self) -> None:
        now, told = self._monotonic(), sorted(self._told)
        self._told = set()
        if not told and now < self._ends:
            return
        async with self._server.transaction() as db:
            if told:  # in one order at each hub, so that two never wait for each other
                await db.execute(_PUT, told, ASKED_FOR_S)
                await self._server.tell(db, NOTICE)
            await db.execute(_OLD, ASKED_FOR_S)
        self._ends = now + ASKED_FOR_S if told else math.inf
        self._written = {sku: at for sku, at in self._written.items() if now - at < AGAIN_S} | dict.fromkeys(told, now)

    async def _read(self) -> None:
        if self._news_s < self._read_s or not any(self._leases.of(channel) for channel in self._looking()):
            return
        await self._cache.loaded()
        now = self._monotonic()
        # Since the last reading and before, as what began earlier may have ended after it.
        since = min(ASKED_FOR_S, now - self._read_s + QUESTION_S)
        async with self._server.transaction() as db:
            found = await db.fetch(_READ, ASKED_FOR_S - since, MOST_SHOWN)
        self._read_s = now
        for sku, left_s in found:
            self._cache.show([sku], max(0.0, ASKED_FOR_S - left_s))

    def _notice(self, notice: str) -> None:
        if notice in ("", NOTICE):
            self._news_s = self._monotonic()
            self._stirred.set()
