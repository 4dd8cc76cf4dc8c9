"""The store's end of 取り置き: a touch becomes a wish with a key of its own, and its words come back to the glass.

Confirmed is said only when the place's own source said so (K-3); a wish is sent once and from then on only asked after.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from edge.model import LANGUAGES, Wished, spoken
from edge.ports import StockAway
from edge.stock.keeping.keeper import Keeper
from edge.stock.keeping.shadows import Shadows
from edge.stock.keeping.wire import believed
from edge.stock.system import Keeping, Kept, Wish

_UNTIL = {
    "ja": ("本日{time}まで", "{month}月{day}日 {time}まで"),
    "en": ("today until {time}", "until {month_name} {day}, {time}"),
    "zh": ("今天{time}前", "{month}月{day}日 {time}前"),
    "ko": ("오늘 {time}까지", "{month}월 {day}일 {time}까지"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Patience:
    """After ``wait_s`` without a word a wish is called unknown; it is asked after every ``poll_s``, so many
    ``polls`` long, which is longer than a shopper stands there."""

    wait_s: float = 5.0
    poll_s: float = 1.0
    polls: int = 90


class Desk:
    """Takes wishes of this store's screens to whoever can grant them."""

    def __init__(self, shadows: Shadows, zone: ZoneInfo, patience: Patience | None = None) -> None:
        self._shadows = shadows
        self._zone = zone
        self._patience = patience or Patience()
        self._keepers: dict[str, Keeper] = {}

    @contextmanager
    def through(self, name: str, keeper: Keeper) -> Iterator[None]:
        """Ask this keeper, too, while it is open; of two for one place the earlier one."""
        self._keepers[name] = keeper
        try:
            yield
        finally:
            del self._keepers[name]

    def reserving(self) -> frozenset[str]:
        """The locations where a unit can be kept now."""
        return frozenset(place for keeper in self._keepers.values() for place in keeper.places())

    async def keep(
        self, sku: str, location: str, hear: Callable[[Kept], None] = lambda _: None
    ) -> AsyncIterator[Wished]:
        """Ask to have one kept: pending at once, then confirmed, declined or unknown, and what unknown turns out to be.

        Where nobody keeps units it is declined. Who stops listening gives the wish up unheard;
        ``hear`` is told each word that is not pending, unknown among them where the wish is given up without any.
        """
        yield Wished(sku, location, Keeping.PENDING)
        keeper = next((each for each in self._keepers.values() if location in each.places()), None)
        if keeper is None:
            hear(Kept(Keeping.DECLINED))
            yield Wished(sku, location, Keeping.DECLINED)
            return
        wish, shadow = Wish(secrets.token_hex(16), sku, location), self._shadows.cast(sku, location)
        asked = asyncio.create_task(self._settled(keeper, wish), name="stock wish")
        last = Kept(Keeping.PENDING)
        try:
            async for last in self._words(asked):
                hear(last)
                if last.state is Keeping.CONFIRMED:
                    shadow.fade()
                elif last.state is Keeping.DECLINED:
                    shadow.lift()
                yield self._wished(wish, last)
        finally:
            if last.state is Keeping.PENDING:
                hear(Kept(Keeping.UNKNOWN))
            shadow.fade()
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    async def _words(self, asked: asyncio.Task[Kept]) -> AsyncIterator[Kept]:
        """The last word of a wish, with unknown before it where it takes too long."""
        await asyncio.wait({asked}, timeout=self._patience.wait_s)
        if not asked.done():
            yield Kept(Keeping.UNKNOWN)
            if (await asked).state is Keeping.UNKNOWN:
                return
        yield asked.result()

    async def _settled(self, keeper: Keeper, wish: Wish) -> Kept:
        """Confirmed or declined once the keeper says so; unknown where it does not in all the time there is."""
        kept = await self._word(keeper.reserve(wish))
        for _ in range(self._patience.polls):
            if kept.state in (Keeping.CONFIRMED, Keeping.DECLINED):
                return kept
            await asyncio.sleep(self._patience.poll_s)
            kept = await self._word(keeper.reserved(wish))
        return Kept(Keeping.UNKNOWN)

    async def _word(self, question: Coroutine[Any, Any, Kept]) -> Kept:
        try:
            return believed(await question, datetime.now(self._zone).timestamp())
        except StockAway:
            return Kept(Keeping.UNKNOWN)

    def _wished(self, wish: Wish, kept: Kept) -> Wished:
        said = {language: self._until(kept.until_s, language) for language in LANGUAGES} if kept.until_s else {}
        return Wished(wish.sku, wish.location, kept.state, kept.slip, said)

    def _until(self, until_s: float, language: str) -> str:
        return until(datetime.fromtimestamp(until_s, self._zone), datetime.now(self._zone), language)


def until(end: datetime, now: datetime, language: str) -> str:
    """Until when one is kept, as a shopper reads it; both by the store's clock."""
    today, other = _UNTIL[spoken(language)]
    values = {"month": end.month, "day": end.day, "month_name": _MONTHS[end.month - 1]}
    return (today if end.date() == now.date() else other).format(time=f"{end.hour}:{end.minute:02}", **values)
