"""Head office's end: takes stores' wishes, asks the system that keeps units at a place once, and remembers its word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from aiohttp import hdrs, web

from edge.ports import StockAway
from edge.stock.keeping import wire
from edge.stock.keeping.book import Book, BookAway, Entry
from edge.stock.keeping.keeper import Own
from edge.stock.system import Keeping, Kept, Wish
from edge.web import need

ANSWER_S = 4.0
"""A store hears within this time, if only that the system has not answered yet; a shopper looks at it for 5 s."""
ASK_S = 30.0
"""A system that does not answer for so long has said nothing; it is asked after the wish from then on."""
LOOK_S = 2.0
"""A system is asked how a wish stands at most so often, however many ask us."""
MOST_AT_ONCE = 64
UNKNOWN = Kept(Keeping.UNKNOWN)


class Another(Exception):
    """The key of a wish belongs to another wish."""


class Office:
    """Wishes by key. A wish is asked of its system once, whatever comes twice, late, or after a restart."""

    def __init__(
        self,
        own: Own,
        book: Book,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        answer_s: float = ANSWER_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._own = own
        self._book = book
        self._wall = wall
        self._monotonic = monotonic
        self._answer_s = answer_s
        self._look_s = look_s
        self._flying: dict[str, asyncio.Task[Kept]] = {}
        self._looked: dict[str, float] = {}

    async def reserve(self, wish: Wish) -> Kept:
        """What became of a wish, new or repeated; raises Another, BookAway (then nothing was asked)."""
        channel = self._own.channel(wish.location)
        before = await self._book.begin(wish, channel, self._wall())
        if before is not None:
            if before.wish != wish:
                raise Another
            return await self._stands(before)
        if not channel or len(self._flying) >= MOST_AT_ONCE:
            return await self._book.settle(wish.key, Kept(Keeping.DECLINED))
        return await self._flown(wish.key, self._ask(channel, wish))

    async def standing(self, key: str) -> Kept | None:
        """How a wish stands; None for one that was never asked here."""
        entry = await self._book.find(key)
        return None if entry is None else await self._stands(entry)

    async def _stands(self, entry: Entry) -> Kept:
        key = entry.wish.key
        if entry.settled:
            return entry.kept
        if key in self._flying:
            return await self._flown(key)
        if len(self._flying) >= MOST_AT_ONCE or self._monotonic() - self._looked.get(key, -self._look_s) < self._look_s:
            return UNKNOWN
        self._looked = {each: at for each, at in self._looked.items() if self._monotonic() - at < self._look_s}
        self._looked[key] = self._monotonic()
        return await self._flown(key, self._look(entry))

    async def _flown(self, key: str, question: Coroutine[Any, Any, Kept] | None = None) -> Kept:
        """What a question under way brings in time; it goes on by itself where it takes longer."""
        if question is not None:
            self._flying[key] = asyncio.create_task(question, name="stock wish")
            self._flying[key].add_done_callback(partial(self._landed, key))
        flight = self._flying[key]
        done, _ = await asyncio.wait({flight}, timeout=self._answer_s)
        return flight.result() if done else Kept(Keeping.PENDING)

    def _landed(self, key: str, flight: asyncio.Task[Kept]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]

    async def _ask(self, channel: str, wish: Wish) -> Kept:
        return await self._heard(wish.key, self._own.ask(channel, wish))

    async def _look(self, entry: Entry) -> Kept:
        return await self._heard(entry.wish.key, self._own.standing(entry.channel, entry.wish.key))

    async def _heard(self, key: str, question: Coroutine[Any, Any, Kept]) -> Kept:
        """The system's word, written down; unknown where it gave none that can be believed."""
        try:
            async with asyncio.timeout(ASK_S):
                kept = wire.believed(await question, self._wall())
        except (StockAway, TimeoutError):
            kept = UNKNOWN
        with suppress(BookAway):  # the system's word holds without our book; who asks again asks it again
            return await self._book.settle(key, kept)
        return kept

    async def close(self) -> None:
        """End what is under way; the book has it as asked."""
        flying = list(self._flying.values())
        for flight in flying:
            flight.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    def routes(self, token: str, open_: bool) -> list[web.RouteDef]:
        """``POST /v1/stock/reserve`` and ``GET /v1/stock/reserve/{key}``; ``open_`` is whether others than this machine
        can ask: without a token they are told to set one."""
        pages = _Pages(self, token, open_)
        return [web.post(wire.PATH, pages.reserve), web.get(f"{wire.PATH}/{{key}}", pages.standing, allow_head=False)]


class _Pages:
    def __init__(self, office: Office, token: str, open_: bool) -> None:
        self._office = office
        self._token = token
        self._open = open_

    async def reserve(self, request: web.Request) -> web.Response:
        """Take a wish and tell what became of it so far."""
        self._admit(request)
        if (request.content_length or 0) > wire.MOST:
            raise web.HTTPRequestEntityTooLarge(wire.MOST, request.content_length or 0)
        try:
            wish = wire.read_wish(await request.read())
            return _answer(await self._office.reserve(wish))
        except wire.BadWord as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        except Another:
            raise web.HTTPConflict(text="this key belongs to another wish; take a new one\n") from None
        except BookAway:
            raise web.HTTPServiceUnavailable(text="wishes cannot be written down now; nothing was asked\n") from None

    async def standing(self, request: web.Request) -> web.Response:
        """Tell how a wish stands; 404 for one that never came."""
        self._admit(request)
        key = request.match_info["key"]
        try:
            kept = await self._office.standing(key) if wire.KEY.fullmatch(key) else None
        except BookAway:
            raise web.HTTPServiceUnavailable(text="wishes cannot be read now\n") from None
        if kept is None:
            return _answer(UNKNOWN, 404)
        return _answer(kept)

    def _admit(self, request: web.Request) -> None:
        if self._open and not self._token:
            raise web.HTTPForbidden(text="units are kept for nobody without a token; set stock_token\n")
        need(request, self._token)


def _answer(kept: Kept, status: int = 200) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=status, body=wire.write_kept(kept), content_type="application/json", headers=headers)


@asynccontextmanager
async def office(own: Own, book: Book) -> AsyncIterator[Office]:
    """The office until its end, which waits for no system."""
    opened = Office(own, book)
    try:
        yield opened
    finally:
        await opened.close()
