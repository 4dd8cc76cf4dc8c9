"""What a contract's budgets were used for, on disk before a call goes, so that a restart allows no burst."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import sqlite_utils

from edge.db import Database
from edge.ports import StockAway
from edge.stock.intake.clocks import Clocks, moved_or
from edge.stock.intake.windows import Urgency, Windows
from edge.stock.system import Budget

PRUNE_EVERY = 256


def migrate(db: sqlite_utils.Database) -> None:
    """The tables, made if they are missing: each call with the latest moment in which the source can have seen it."""
    columns = {"contract": str, "until_s": float, "cost": float}
    db.table("spent").create(columns, not_null=("contract", "until_s", "cost"), if_not_exists=True, strict=True)
    db.table("spent").create_index(["contract", "until_s"], if_not_exists=True)
    columns = {"contract": str, "until_s": float}
    db.table("held").create(columns, pk="contract", not_null=("until_s",), if_not_exists=True, strict=True)


class Ledger:
    """One contract's budgets, shared by all that call under it; who is more urgent goes first."""

    def __init__(self, db: Database, contract: str, windows: Windows, clocks: Clocks) -> None:
        self._db = db
        self._contract = contract
        self._windows = windows
        self._clocks = clocks
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._moved = asyncio.Event()
        self._calls = 0
        self._sharers = 0

    async def restore(self) -> None:
        """Read what was used before this start. What lies in the future was used just now: the clock was set back."""
        now_s, now = self._clocks.wall(), self._clocks.monotonic()

        def read(connection: sqlite3.Connection) -> tuple[list[tuple[float, float]], float]:
            rows = connection.execute(
                "SELECT until_s, cost FROM spent WHERE contract = ? AND until_s > ? ORDER BY until_s",
                (self._contract, now_s - self._windows.longest_s),
            ).fetchall()
            held = connection.execute("SELECT until_s FROM held WHERE contract = ?", (self._contract,)).fetchone()
            return rows, held[0] if held else -math.inf

        rows, held_s = await self._db.read(read)
        for until_s, cost in rows:
            self._windows.add(cost, now - max(0.0, now_s - until_s))
        self._windows.hold(held_s - now_s, now)

    @asynccontextmanager
    async def call(self, cost: float, urgency: Urgency, longest_s: float) -> AsyncIterator[None]:
        """The time of one call that takes at most ``longest_s``, once the budgets allow it. Raises StockAway."""
        if not self._windows.affords(cost):
            raise StockAway("one question costs more than the whole budget of calls; ask for less at once")
        await self._turn(cost, urgency, longest_s)
        try:
            await self._note(cost, longest_s)
            yield
        finally:
            self._windows.end(cost, self._clocks.monotonic())
            self._wake()

    def hold(self, seconds: float) -> None:
        """The source asked to be left alone for so long; kept over a restart too."""
        self._windows.hold(seconds, self._clocks.monotonic())
        row = (self._contract, self._clocks.wall() + min(max(seconds, 0.0), 3600.0))
        sql = """INSERT INTO held(contract, until_s) VALUES (?, ?)
            ON CONFLICT(contract) DO UPDATE SET until_s = max(until_s, excluded.until_s)"""
        self._db.post(lambda connection: connection.execute(sql, row) and None, _unheard)
        self._wake()

    def spent(self, cost: float) -> None:
        """So much more was used than was said before (below 0: less)."""
        self._windows.add(cost, self._clocks.monotonic())
        row = (self._contract, self._clocks.wall(), cost)
        self._db.post(lambda connection: connection.execute(_PUT, row) and None, _unheard)
        self._wake()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """One more channel calls under this contract meanwhile, for ever and evenly."""
        self._sharers += 1
        try:
            yield
        finally:
            self._sharers -= 1

    def even_s(self, calls: float, share: float) -> float:
        """How far apart one channel's rounds of so many calls lie, spread evenly over its part of such a share."""
        return self._windows.even_s(calls, share) * max(1, self._sharers)

    async def _turn(self, cost: float, urgency: Urgency, longest_s: float) -> None:
        ticket = (int(urgency), next(self._numbers))
        heapq.heappush(self._waiting, ticket)
        try:
            while (pause := await self._go(ticket, cost, urgency, longest_s)) > 0:
                await self._until(pause)
        finally:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
            self._wake()

    async def _go(self, ticket: tuple[int, int], cost: float, urgency: Urgency, longest_s: float) -> float:
        """Begin a call if it is its turn, else for how long to wait."""
        pause = self._pause(ticket, cost, urgency)
        if pause <= 0:
            self._windows.begin(cost)
        return pause

    def _pause(self, ticket: tuple[int, int], cost: float, urgency: Urgency) -> float:
        if self._waiting[0] != ticket:
            return math.inf
        return self._windows.wait(cost, urgency, self._clocks.monotonic())

    async def _until(self, pause: float) -> None:
        """Wait so long, or until something moved."""
        await moved_or(self._moved, pause, self._clocks.sleep)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _note(self, cost: float, longest_s: float) -> None:
        """On disk before it goes. Raises StockAway where the disk refuses: an uncounted call could break the budget."""
        if not self._windows.longest_s:
            return
        now_s, longest = self._clocks.wall(), self._windows.longest_s
        row = (self._contract, now_s + longest_s, cost)
        self._calls += 1
        prune = self._calls % PRUNE_EVERY == 1

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT, row)
            if prune:
                old = (self._contract, now_s - longest)
                connection.execute("DELETE FROM spent WHERE contract = ? AND until_s < ?", old)

        try:
            await self._db.write(put)
        except sqlite3.Error as error:
            raise StockAway("the book of calls cannot be written; make room on the disk of this machine") from error


_PUT = "INSERT INTO spent(contract, until_s, cost) VALUES (?, ?, ?)"


def _unheard(_: object, __: BaseException | None) -> None:
    """What is noted besides: memory holds it for this run."""


def windows(budgets: Sequence[Budget], calls_per_hour: int | None) -> Windows:
    """The documented budgets, and the settings' own besides."""
    own = (Budget(float(calls_per_hour), 3600.0),) if calls_per_hour else ()
    return Windows((*budgets, *own))
