"""What bounds head office's questions about wishes, and how long a store counts a granted unit as gone."""

from __future__ import annotations

import asyncio

import pytest

from edge.stock.keeping import office
from edge.stock.keeping.book import Book
from edge.stock.keeping.office import Office
from edge.stock.keeping.shadows import Shadow, Shadows
from edge.stock.system import Keeping, Kept, Wish
from tests.stock.keeping.till import PATIENT, PLACE, SKU, Straight, Till, desk, room, words


class Silent:
    """A system that never answers a wish, and is asked after each."""

    def __init__(self) -> None:
        self.asked = 0
        self.looked = 0

    async def reserve(self, wish: Wish) -> Kept:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError

    async def reserved(self, key: str) -> Kept:
        self.looked += 1
        return Kept(Keeping.UNKNOWN)


class Unsure(Silent):
    """A system that does not know what became of a wish."""

    async def reserve(self, wish: Wish) -> Kept:
        self.asked += 1
        return Kept(Keeping.UNKNOWN)


async def test_a_wish_beyond_those_that_can_wait_at_once_is_declined_and_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(office, "MOST_AT_ONCE", 2)
    system = Silent()
    async with room(system, answer_s=0.01) as there:
        words = [await there.office.reserve(Wish(f"{n:032x}", SKU, PLACE)) for n in range(3)]
    assert [word.state for word in words] == [Keeping.PENDING, Keeping.PENDING, Keeping.DECLINED]
    assert system.asked == 2


async def test_a_system_is_asked_how_a_wish_stands_once_within_the_time_however_many_ask() -> None:
    system, now = Unsure(), [100.0]
    async with room(system) as there:
        bounded = Office(there.own, Book(there.db), monotonic=lambda: now[0], look_s=2.0)
        wish = Wish("a" * 32, SKU, PLACE)
        await bounded.reserve(wish)
        for _ in range(5):
            assert await bounded.standing(wish.key) == Kept(Keeping.UNKNOWN)
        assert system.looked == 1
        now[0] += 2.0
        await bounded.standing(wish.key)
    assert system.looked == 2


async def test_a_granted_unit_counts_as_gone_from_its_grant_on() -> None:
    lifted: list[bool] = []
    shadow = Shadow(lambda: lifted.append(True), 3600.0)
    first = shadow._end
    shadow.renew()
    assert first.cancelled()
    assert not shadow._end.cancelled()
    shadow.lift()
    assert lifted == [True]
    shadow.lift()
    assert lifted == [True]


class Cast(Shadow):
    """A shadow that tells what became of it."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def renew(self) -> None:
        self._told.append("renewed")

    def lift(self) -> None:
        self._told.append("lifted")


class Casts(Shadows):
    """What a store's desk does with the units that it asks for."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def cast(self, sku: str, location: str) -> Shadow:
        self.told.append("cast")
        return Cast(self.told)


@pytest.mark.parametrize(("units", "told"), [(1, ["cast", "renewed"]), (0, ["cast", "lifted"])])
async def test_a_unit_that_was_granted_is_kept_off_the_other_kiosks_until_the_source_says_so(
    units: int, told: list[str]
) -> None:
    casts = Casts()
    async with room(Till(units=units)) as there:
        await words(desk(Straight(there.office, there.own), PATIENT, casts))
    assert casts.told == told
