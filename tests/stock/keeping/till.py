"""A shop that keeps units with a real check, the lines that lead to it, and what stands between it and a kiosk."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlite_utils

from edge.db import MEMORY, Database, database
from edge.health import Health
from edge.model import Wished
from edge.ports import StockAway
from edge.stock.intake import desk as intake_desk
from edge.stock.intake.desk import Intake, Open, intake
from edge.stock.keeping import book
from edge.stock.keeping.book import Book
from edge.stock.keeping.desk import Desk, Patience
from edge.stock.keeping.keeper import Keeper, Own
from edge.stock.keeping.office import Office
from edge.stock.keeping.shadows import Shadows
from edge.stock.shops.shop import Settings
from edge.stock.system import Can, Keeping, Kept, Reserve, Wish

SHOP, PLACE, SKU = "shop", "ginza", "LN-09-M"
HASTY = Patience(wait_s=0.05, poll_s=0.01, polls=30)
PATIENT = Patience(wait_s=600.0, poll_s=0.01, polls=60_000)
HASTY_S = 0.02


@dataclass
class Till:
    """A shop with some units of one SKU: of two that ask for the last one gets it; the same key is the same wish."""

    units: int = 1
    slips: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def reserve(self, wish: Wish) -> Kept:
        self.asked.append(wish.key)
        if len(self.slips) >= self.units and wish.key not in self.slips:
            self.refused.add(wish.key)
        elif wish.key not in self.refused:
            self.slips.setdefault(wish.key, f"A-{len(self.slips) + 1:03}")
        return await self.reserved(wish.key)

    async def reserved(self, key: str) -> Kept:
        if key not in self.slips:
            return Kept(Keeping.DECLINED if key in self.refused else Keeping.UNKNOWN)
        return Kept(Keeping.CONFIRMED, self.slips[key], time.time() + 3600)

    def hands_over(self, slip: str) -> bool:
        """What a shopper hears who shows this slip at the counter."""
        kept = slip in self.slips.values() and slip not in self.handed
        self.handed.add(slip)
        return kept


@dataclass
class Wire:
    """A line that is slow, loses questions and answers, doubles, and garbles. ``bad`` is how often it does each."""

    chance: random.Random
    bad: float = 0.15
    slow_s: float = 0.01

    async def carry(self, question: Callable[[], Awaitable[Kept]]) -> Kept:
        await self._pause()
        if self._fault():
            raise StockAway("the question was lost")
        if self._fault():
            return (await asyncio.gather(question(), question()))[0]
        answer = await question()
        await self._pause()
        if self._fault():
            raise StockAway("the answer was lost")
        if self._fault():
            return Kept(answer.state, "\x07" * 40, -1.0)
        return answer

    def _fault(self) -> bool:
        return self.chance.random() < self.bad

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.random() * self.slow_s * (10 if self._fault() else 1))


@dataclass
class System:
    """The shop as head office's adapter reaches it, over a line."""

    till: Till
    wire: Wire

    async def reserve(self, wish: Wish) -> Kept:
        return await self.wire.carry(lambda: self.till.reserve(wish))

    async def reserved(self, key: str) -> Kept:
        return await self.wire.carry(lambda: self.till.reserved(key))


@dataclass
class Along:
    """A keeper at the other end of a line."""

    keeper: Keeper
    wire: Wire

    def places(self) -> Collection[str]:
        return self.keeper.places()

    async def reserve(self, wish: Wish) -> Kept:
        return await self.wire.carry(lambda: self.keeper.reserve(wish))

    async def reserved(self, wish: Wish) -> Kept:
        return await self.wire.carry(lambda: self.keeper.reserved(wish))


@dataclass
class Straight:
    """Head office's desk without a network between."""

    office: Office
    own: Own

    def places(self) -> Collection[str]:
        return self.own.places()

    async def reserve(self, wish: Wish) -> Kept:
        return await self.office.reserve(wish)

    async def reserved(self, wish: Wish) -> Kept:
        return await self.office.standing(wish.key) or await self.office.reserve(wish)


def migrate(db: sqlite_utils.Database) -> None:
    intake_desk.migrate(db)
    book.migrate(db)


def settings(**more: object) -> Settings:
    return Settings.model_validate({"url": "https://shop.example", "locations": {"*": PLACE}} | more)


@dataclass
class Room:
    """Head office with one shop behind it."""

    intake: Intake
    own: Own
    db: Database
    office: Office


@asynccontextmanager
async def room(
    system: object, reserve: Reserve = Reserve.ATOMIC, path: Path = MEMORY, answer_s: float = 600.0
) -> AsyncIterator[Room]:
    """Head office, whose one channel has this system; a store hears at the latest after ``answer_s``."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(database(path, migrate))
        calls = await stack.enter_async_context(intake(db, Health()))
        calls.open[SHOP] = Open(Can(reserve=reserve), settings(), system)  # type: ignore[arg-type]
        own = Own(calls, [SHOP])
        opened = Room(calls, own, db, Office(own, Book(db), answer_s=answer_s, look_s=0.0))
        yield opened
        await opened.office.close()


def desk(keeper: Keeper | None = None, patience: Patience = HASTY, shadows: Shadows | None = None) -> Desk:
    """A store's desk that asks one keeper."""
    made = Desk(shadows or Shadows(lambda *_: None, seconds=0.01), ZoneInfo("Asia/Tokyo"), patience)
    if keeper is not None:
        made._keepers["keeper"] = keeper
    return made


async def words(desk: Desk, location: str = PLACE) -> list[Wished]:
    """All that a kiosk hears of one wish."""
    return [word async for word in desk.keep(SKU, location)]


def states(heard: list[Wished]) -> list[str]:
    return [str(word.state) for word in heard]
