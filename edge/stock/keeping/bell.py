"""The staff's side of a kiosk: who rang for them, what was kept or refused, and what they have seen to.

All of it is in memory, so that no touch and no page waits for a disk; the file beside it is for the next start.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from content.model import Call, CallState
from edge.db import Database, cause
from edge.stock.keeping import calls
from edge.stock.system import Keeping, Kept

HEEDED_S = 15.0
"""A page of the studio asks every two seconds; after so long without one nobody would see a call."""
SWEEP_S = 3600.0
JOINS_S = 180.0
"""So long who rings again there joins who waits, which is as long as a session lasts. What waits longer was forgotten,
or is another day's, which no page shows: whoever rings then is somebody else, and staff are told anew."""

_STATES = {
    Keeping.PENDING: CallState.PENDING,
    Keeping.CONFIRMED: CallState.CONFIRMED,
    Keeping.DECLINED: CallState.DECLINED,
    Keeping.UNKNOWN: CallState.UNKNOWN,
}


class Bell:
    """Made by ``bell``. ``here`` are this store's own locations; ``tell`` hears what is wrong with the file, or "",
    ``crowd`` that more wait than can be taken, or "".

    ``version`` rises with each change, and begins elsewhere at each start.
    """

    def __init__(
        self,
        db: Database,
        zone: ZoneInfo,
        here: Collection[str],
        tell: Callable[[str], None],
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
        crowd: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.version = secrets.randbits(40)
        self._db, self._zone, self._here, self._tell = db, zone, frozenset(here), tell
        self._wall, self._mono, self._crowd = wall, mono, crowd
        self._crowded = False
        self._calls: dict[str, Call] = {}
        self._heard: float | None = None
        self._missed: set[str] = set()
        self._news: set[asyncio.Event] = set()

    def heed(self) -> None:
        """A page of the staff's asks for news now."""
        self._heard = self._mono()

    def heeded(self) -> bool:
        """Whether somebody's page would show a call: where none does, nobody is told that staff are called."""
        return self._heard is not None and self._mono() - self._heard < HEEDED_S and not self.full()

    def full(self) -> bool:
        """Whether so many wait that no more are called: none who waits is forgotten for one who comes."""
        return len(self._calls) >= calls.MOST and sum(call.waits for call in self.today()) >= calls.MOST

    def ring(self, screen: str, sku: str) -> str:
        """Call the staff to a screen about a product; the call's key. Whoever rings again there joins who waits."""
        now_s = self._wall()
        for call in self._calls.values():
            same = (call.state, call.screen, call.sku) == (CallState.CALLING, screen, sku)
            if same and call.waits and 0 <= now_s - call.asked_s < JOINS_S:
                return call.key
        return self._begin(CallState.CALLING, screen, sku).key

    def answered(self, key: str) -> bool:
        """Whether staff said that they see to a call."""
        return key in self._calls and self._calls[key].settled_s > 0

    def wish(self, screen: str, sku: str, location: str) -> Callable[[Kept], None]:
        """A wish to have one kept; what is given back hears each word on it."""
        begun = self._begin(CallState.PENDING, screen, sku, "" if location in self._here else location)
        return partial(self._hear, begun)

    def today(self) -> tuple[Call, ...]:
        """The shop's day, the newest first; what is kept from the day before for as long as it is kept.

        In the order in which they came: a clock that was set back hides none behind an older one.
        """
        first_s, now_s = self._since()
        return tuple(call for call in reversed(self._calls.values()) if calls.stands(call, first_s, now_s))

    def settle(self, key: str, done: bool) -> None:
        """Staff have seen to it, or take that back; what is gone stays gone."""
        call = self._calls.get(key)
        if call is not None and done != (call.settled_s > 0):
            self._put(replace(call, settled_s=self._wall() if done else 0.0))

    async def changes(self) -> AsyncIterator[None]:
        """Yields at once, as something may have changed since its reader looked, and after changes, several in a row
        perhaps as one; old rows go meanwhile."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            yield
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await news.wait()
                news.clear()
                self.sweep()
                yield
        finally:
            self._news.discard(news)

    def sweep(self) -> None:
        """Forget what is older than the day before this one and kept no longer, and of too many what is done first."""
        (first_s, now_s), (today_s, _) = self._since(before=1), self._since()
        found = [call for call in self._calls.values() if calls.stands(call, first_s, now_s)]
        kept = calls.kept(found, lambda call: call.waits and calls.stands(call, today_s, now_s))
        gone = self._calls.keys() - {call.key for call in kept}
        self._calls = {call.key: call for call in kept}
        self._db.post(partial(calls.keep, first_s, now_s, gone), partial(self._written, ""))
        self._look()

    def _since(self, before: int = 0) -> tuple[float, float]:
        """When the shop's day began, or that so many days before, and now."""
        now_s = self._wall()
        return calls.began(datetime.fromtimestamp(now_s, self._zone), before), now_s

    def _look(self) -> None:
        """Say it once when too many wait, and once when fewer do."""
        if (full := self.full()) != self._crowded:
            self._crowded = full
            self._crowd(f"{calls.MOST} calls wait; kiosks call nobody until some are seen to" if full else "")

    async def remember(self) -> None:
        """What was there before the start; nobody awaits an answer to what was asked then."""
        found = await self._db.read(calls.read)
        self._calls = {call.key: call for call in found}
        for call in found:
            if call.state is CallState.PENDING:
                self._put(replace(call, state=CallState.UNKNOWN))
        self.sweep()

    def _begin(self, state: CallState, screen: str, sku: str, elsewhere: str = "") -> Call:
        made = Call(secrets.token_hex(8), state, sku, screen, self._wall(), elsewhere)
        self._put(made)
        return made

    def _hear(self, begun: Call, kept: Kept) -> None:
        """A word on a wish; one that had to make room meanwhile is there again: its unit may be kept."""
        call = self._calls.get(begun.key, begun)
        self._put(replace(call, state=_STATES[kept.state], slip=kept.slip, until_s=kept.until_s))

    def _put(self, call: Call) -> None:
        if self._calls.get(call.key) == call:
            return
        self._calls[call.key] = call
        self.version += 1
        for news in self._news:
            news.set()
        self._post(call)
        self._look()

    def _post(self, call: Call, again: bool = False) -> None:
        self._db.post(partial(calls.put, call), partial(self._written, call.key, again=again))

    def _written(self, key: str, _: Any, error: BaseException | None, again: bool = False) -> None:
        """What the disk said of a row; with each that it takes it gets those that it missed ``again``, once."""
        if error is not None:
            self._missed.add(key)
            self._tell(cause(error) if isinstance(error, sqlite3.Error | OSError) else type(error).__name__)
        elif self._missed:
            self._missed = (self._missed & self._calls.keys()) - {key}
            if not self._missed:
                self._tell("")
            for missed in self._missed if not again else ():
                self._post(self._calls[missed], again=True)


@asynccontextmanager
async def bell(
    db: Database,
    zone: ZoneInfo,
    here: Collection[str],
    tell: Callable[[str], None],
    wall: Callable[[], float] = time.time,
    mono: Callable[[], float] = time.monotonic,
    crowd: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Bell]:
    """The bell with what the file remembers; a disk that cannot be read costs no more than that."""
    made = Bell(db, zone, here, tell, wall, mono, crowd)
    try:
        await made.remember()
    except (sqlite3.Error, OSError) as error:
        tell(cause(error))
    yield made
