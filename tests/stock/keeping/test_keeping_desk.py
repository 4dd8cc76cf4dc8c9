"""A kiosk's wish, word by word, and what other kiosks of the store see meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from edge.model import LANGUAGES
from edge.ports import StockAway, StockLevel, StockReport
from edge.stock.cache import StockCache
from edge.stock.keeping.desk import Patience, until
from edge.stock.keeping.shadows import Shadows
from edge.stock.level import sellable
from edge.stock.system import Keeping, Kept, Wish
from tests.stock.conftest import HandClock
from tests.stock.keeping.till import PLACE, SKU, desk, states, words

SOON = Kept(Keeping.CONFIRMED, "A-001", time.time() + 3600)
NO = Kept(Keeping.DECLINED)
NOBODY_KNOWS = Kept(Keeping.UNKNOWN)
WAITS = Kept(Keeping.PENDING)


@dataclass
class Tells:
    """A keeper that says one word after the other, None for being away; the last one for ever."""

    said: list[Kept | None]
    wishes: list[Wish] = field(default_factory=list)
    looks: int = 0

    def places(self) -> Collection[str]:
        return {PLACE}

    async def reserve(self, wish: Wish) -> Kept:
        self.wishes.append(wish)
        return self._next()

    async def reserved(self, wish: Wish) -> Kept:
        self.looks += 1
        return self._next()

    def _next(self) -> Kept:
        word = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if word is None:
            raise StockAway("nobody answers")
        return word


@dataclass
class Never(Tells):
    """A keeper that takes a wish and does not answer before it is let go."""

    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def reserve(self, wish: Wish) -> Kept:
        await self.go.wait()
        return await super().reserve(wish)


CASES = [
    ([SOON], ["pending", "confirmed"]),
    ([NO], ["pending", "declined"]),
    ([WAITS, WAITS, SOON], ["pending", "confirmed"]),
    ([None, NOBODY_KNOWS, NO], ["pending", "declined"]),
    ([None], ["pending", "unknown"]),
    ([NOBODY_KNOWS], ["pending", "unknown"]),
    ([Kept(Keeping.CONFIRMED, "\x1b", 0.0)], ["pending", "unknown"]),
    ([Kept(Keeping.CONFIRMED, "A", 1.0)], ["pending", "unknown"]),
    ([Kept(Keeping.CONFIRMED, "A", 0.0)], ["pending", "confirmed"]),
]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("said", "heard"), CASES)
async def test_a_shopper_reads_what_the_source_said(said: list[Kept | None], heard: list[str]) -> None:
    keeper = Tells(list(said))
    found = await words(desk(keeper, Patience(wait_s=60, poll_s=0, polls=5)))
    assert states(found) == heard
    assert len(keeper.wishes) == 1
    assert all((word.slip == "") or word.state == Keeping.CONFIRMED for word in found)


@pytest.mark.promise("K-3")
async def test_after_the_wait_a_wish_is_unknown_and_then_what_it_turns_out_to_be() -> None:
    keeper = Never([SOON])
    heard = []
    async for word in desk(keeper, Patience(wait_s=0.01, poll_s=0, polls=3)).keep(SKU, PLACE):
        heard.append(str(word.state))
        if word.state == Keeping.UNKNOWN:
            keeper.go.set()
    assert heard == ["pending", "unknown", "confirmed"]


async def test_a_shopper_who_leaves_is_asked_after_no_more() -> None:
    keeper = Never([SOON])
    words_ = desk(keeper, Patience(wait_s=0, poll_s=0, polls=3)).keep(SKU, PLACE)
    assert [str((await anext(words_)).state) for _ in range(2)] == ["pending", "unknown"]
    await words_.aclose()  # type: ignore[attr-defined]
    keeper.go.set()
    await asyncio.sleep(0)
    assert (keeper.wishes, keeper.looks) == ([], 0)


@pytest.mark.promise("K-3")
async def test_a_place_where_nobody_keeps_units_is_declined_at_once() -> None:
    assert states(await words(desk())) == ["pending", "declined"]
    assert states(await words(desk(Tells([SOON])), location="shibuya")) == ["pending", "declined"]


async def test_each_wish_has_a_key_of_its_own() -> None:
    keeper = Tells([SOON])
    for _ in range(3):
        await words(desk(keeper))
    assert len({wish.key for wish in keeper.wishes}) == 3


@pytest.mark.parametrize(
    ("end", "language", "said"),
    [
        ("2026-11-22 20:05", "ja", "本日20:05まで"),
        ("2026-11-24 09:00", "ja", "11月24日 9:00まで"),
        ("2026-11-22 20:05", "en", "today until 20:05"),
        ("2026-11-24 09:00", "en-GB", "until Nov 24, 9:00"),
        ("2026-11-24 09:00", "zh-TW", "11月24日 9:00前"),
        ("2026-11-22 20:05", "ko", "오늘 20:05까지"),
    ],
)
def test_a_shopper_reads_until_when_it_is_kept(end: str, language: str, said: str) -> None:
    now = datetime.fromisoformat("2026-11-22 15:00+09:00")
    assert until(datetime.fromisoformat(f"{end}+09:00"), now, language) == said


def left(cache: StockCache, now_s: float) -> int | None:
    level = cache.known(SKU, PLACE, now_s).level
    return None if level is None else sellable(level)


@pytest.mark.promise("K-3")
async def test_a_unit_that_one_kiosk_asks_for_is_not_offered_at_another(cache: StockCache, clock: HandClock) -> None:
    level = StockLevel(SKU, PLACE, 1)
    await cache.apply("shop", StockReport(frozenset({PLACE}), [level]), clock.wall)
    keeper = Never([NO])
    heard = desk(keeper, Patience(wait_s=0, poll_s=0), Shadows(cache.hold, seconds=60)).keep(SKU, PLACE)
    await anext(heard)
    before = left(cache, clock.wall)
    await anext(heard)
    asked = left(cache, clock.wall)
    keeper.go.set()
    assert [str(word.state) async for word in heard] == ["declined"]
    assert (before, asked, left(cache, clock.wall)) == (1, 0, 1)


async def test_a_shadow_ends_by_itself() -> None:
    told: list[int] = []
    shadows = Shadows(lambda _, __, units: told.append(units), seconds=0)
    shadows.cast(SKU, PLACE).fade()
    shadows.cast(SKU, PLACE).fade()
    while told[-1]:
        await asyncio.sleep(0)
    assert told == [1, 2, 1, 0]


async def test_a_slip_says_until_when_in_every_language() -> None:
    slip = (await words(desk(Tells([SOON]))))[-1]
    assert set(slip.until) == set(LANGUAGES)
    assert len(set(slip.until.values())) == len(LANGUAGES)
