"""Wishes at the hubs of a group: one book for all, so that a wish which is sent to two is one wish.

The hub that a store asks writes the wish down; the one that reads the channel asks its system, once. The first tells
the other by the book, and waits for what the other writes there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from edge.ports import StockAway
from edge.stock.group.leases import Lease
from edge.stock.group.server import Server
from edge.stock.intake.desk import Intake
from edge.stock.keeping import wire
from edge.stock.keeping.book import KEEPS_S, Book, BookAway, Entry
from edge.stock.keeping.keeper import Own
from edge.stock.keeping.office import ASK_S, UNKNOWN
from edge.stock.system import Keeping, Kept, Wish

LOOK_S = 0.5
HANDED_S = 25.0
"""A wish that no hub has taken up for so long is asked of nobody any more: whoever made it has left the kiosk."""
LOOKED_S = 3.0
_OPEN = "('pending', 'unknown')"
_BEGIN = """INSERT INTO stock_wish (key, sku, location, channel, state, wanted) VALUES ($1, $2, $3, $4, 'pending', '')
    ON CONFLICT DO NOTHING RETURNING 1"""
_FORGET = "DELETE FROM stock_wish WHERE asked < clock_timestamp() - $1 * interval '1 second'"
_FIND = "SELECT key, sku, location, channel, state, slip, until_s, wanted FROM stock_wish WHERE key = $1"
_SETTLE = f"UPDATE stock_wish SET state = $2, slip = $3, until_s = $4 WHERE key = $1 AND state IN {_OPEN}"  # noqa: S608
_HAND = """UPDATE stock_wish SET wanted = $2, asked = CASE $2 WHEN 'ask' THEN clock_timestamp() ELSE asked END
    WHERE key = $1 AND wanted = ''"""
_DROP = "UPDATE stock_wish SET wanted = '', state = 'declined' WHERE key = $1 AND wanted = 'ask'"
_TAKE = """WITH due AS (SELECT key, wanted FROM stock_wish WHERE channel = $1 AND wanted <> '' FOR UPDATE SKIP LOCKED)
    UPDATE stock_wish SET wanted = '' FROM due WHERE stock_wish.key = due.key RETURNING stock_wish.key,
    sku, location, due.wanted, extract(epoch FROM clock_timestamp() - asked)::float8"""


class GroupBook(Book):
    """As Book, over the group's database."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._news = asyncio.Event()
        server.hear(self._notice)

    async def begin(self, wish: Wish, channel: str, now_s: float) -> Entry | None:
        async with _Asked(), self._server.transaction() as db:
            await db.execute(_FORGET, KEEPS_S)
            if await db.fetchval(_BEGIN, wish.key, wish.sku, wish.location, channel):
                return None
            return _entry(await db.fetchrow(_FIND, wish.key))

    async def settle(self, key: str, kept: Kept) -> Kept:
        async with _Asked(), self._server.transaction() as db:
            await db.execute(_SETTLE, key, kept.state.value, kept.slip, kept.until_s)
            row = await db.fetchrow(_FIND, key)
            await self._server.tell(db, f"w:{row[3] if row else ''}")
        return kept if row is None else _entry(row).kept

    async def find(self, key: str) -> Entry | None:
        return (await self.look(key))[0]

    async def look(self, key: str) -> tuple[Entry | None, str]:
        """A wish, and what another hub is still to do about it: ask, look or nothing."""
        async with _Asked(), self._server.transaction() as db:
            row = await db.fetchrow(_FIND, key)
        return (None, "") if row is None else (_entry(row), row[7])

    async def hand(self, channel: str, key: str, wanted: str) -> None:
        """Let the hub that reads the channel ask its system, or look how a wish stands there."""
        async with _Asked(), self._server.transaction() as db:
            await db.execute(_HAND, key, wanted)
            await self._server.tell(db, f"w:{channel}")

    async def drop(self, key: str) -> None:
        """A wish that nobody took up is asked of nobody any more, and so declined."""
        async with _Asked(), self._server.transaction() as db:
            await db.execute(_DROP, key)

    async def take(self, lease: Lease) -> list[tuple[Wish, str, float]]:
        """What is to be done about a channel's wishes, each once: the wish, ask or look, and its age in seconds."""
        async with _Asked(), self._server.transaction() as db:
            await lease.need(db)
            rows = await db.fetch(_TAKE, lease.channel)
        return [(Wish(*row[:3]), row[3], row[4]) for row in rows]

    async def news(self) -> None:
        """Until something was written, or may have been."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()

    def _notice(self, notice: str) -> None:
        if not notice or notice.startswith("w:"):
            self._news.set()
            self._news = asyncio.Event()


class _Asked:
    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, StockAway):
            raise BookAway(str(error)) from error


class GroupOwn(Own):
    """As Own, for all channels of the group: ``places`` gives where each keeps units. Others are asked by the book."""

    def __init__(self, intake: Intake, places: Mapping[str, Sequence[str]], book: GroupBook) -> None:
        super().__init__(intake, tuple(places))
        self._of, self._book = dict(places), book

    def channel(self, location: str) -> str:
        return next((channel for channel, places in self._of.items() if location in places), "")

    async def ask(self, channel: str, wish: Wish) -> Kept:
        if channel in self._intake.open:
            return await self._intake.reserve(channel, wish)
        try:
            await self._book.hand(channel, wish.key, "ask")
            kept = await self._done(wish.key, HANDED_S)
            if kept is not None:
                return kept
            await self._book.drop(wish.key)
            return await self._known(wish.key)
        except BookAway as away:
            raise StockAway(str(away)) from away

    async def standing(self, channel: str, key: str) -> Kept:
        try:
            _, wanted = await self._book.look(key)
            if wanted == "ask":
                return Kept(Keeping.PENDING)
            if channel in self._intake.open:
                return await self._intake.reserved(channel, key)
            await self._book.hand(channel, key, "look")
            return await self._done(key, LOOKED_S) or await self._known(key)
        except BookAway as away:
            raise StockAway(str(away)) from away

    async def _done(self, key: str, seconds: float) -> Kept | None:
        """What the other hub wrote, None if it did not within this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    entry, wanted = await self._book.look(key)
                    if entry is not None and (entry.settled or (not wanted and entry.kept.state is Keeping.UNKNOWN)):
                        return entry.kept
                    await self._book.news()
        return None

    async def _known(self, key: str) -> Kept:
        entry = await self._book.find(key)
        return UNKNOWN if entry is None else entry.kept


class Errands:
    """What the hub that reads a channel does for wishes that came to others."""

    def __init__(self, intake: Intake, book: GroupBook) -> None:
        self._intake, self._book = intake, book
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, lease: Lease) -> None:
        """Do what is wanted, for as long as the channel is ours; what is under way at the end goes on by itself."""
        while True:
            if lease.channel in self._intake.open:
                with suppress(BookAway):
                    for wish, wanted, age in await self._book.take(lease):
                        self._begin(self._do(lease.channel, wish, wanted, age))
            await self._book.news()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="stock wish")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, channel: str, wish: Wish, wanted: str, age: float) -> None:
        if wanted == "ask" and age > HANDED_S:
            kept = Kept(Keeping.DECLINED)
        else:
            kept = await self._asked(channel, wish, wanted)
        with suppress(BookAway):  # whoever asks again asks the system after it
            await self._book.settle(wish.key, kept)

    async def _asked(self, channel: str, wish: Wish, wanted: str) -> Kept:
        try:
            async with asyncio.timeout(ASK_S):
                if wanted == "ask":
                    kept = await self._intake.reserve(channel, wish)
                else:
                    kept = await self._intake.reserved(channel, wish.key)
                return wire.believed(kept, self._intake.clocks.wall())
        except (StockAway, TimeoutError, KeyError):
            return UNKNOWN


def _entry(row: Sequence[Any]) -> Entry:
    key, sku, location, channel, state, slip, until_s, _ = row
    return Entry(Wish(key, sku, location), channel, Kept(Keeping(state), slip, until_s))
