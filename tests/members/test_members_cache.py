"""Profiles kept for the next visit: at once what is kept, then what is true; erased when the source erases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from edge.members.cache import LONGEST_S, UNKNOWN_S, CachedMembers, Shelf, cached
from edge.model import Profile
from edge.ports import MembersAway

REF = "AAECAwQFBgcI"


def gold(tier: str = "gold", ttl: float = 600.0, at: float = 0.0, have: str = "tier") -> Profile:
    return Profile(REF, tier=tier, have=frozenset({"tier", have}), as_of={"tier": at}, ttl_s=ttl)


class Crm:
    """A source that gives what it is told to, when it is let; ``asked`` counts the questions."""

    def __init__(self, answer: Profile | Exception | None) -> None:
        self.answer = answer
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0
        self.gone: asyncio.Queue[str] = asyncio.Queue()

    async def profile(self, _: str) -> Profile | None:
        self.asked += 1
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def erased(self) -> AsyncIterator[str]:
        while True:
            yield await self.gone.get()


class Till:
    """A cache before a source, with clocks set by hand and what was told of the source."""

    def __init__(self, answer: Profile | Exception | None, budget: float = 3600.0) -> None:
        self.crm = Crm(answer)
        self.now = 0.0
        self.told: list[str] = []
        clock = lambda: self.now  # noqa: E731
        self.cache = CachedMembers(self.crm, self.told.append, budget, wall=clock, mono=clock)

    async def visit(self) -> list[str | None]:
        """The tiers that a session came to know, in order."""
        return [found.tier if found else None async for found in self.cache.profiles(REF)]


async def test_the_first_visit_waits_for_the_source_and_the_next_shows_what_is_kept_at_once() -> None:
    till = Till(gold())
    assert await till.visit() == ["gold"]
    till.crm.answer = gold("platinum")
    assert await till.visit() == ["gold", "platinum"]
    assert await till.visit() == ["platinum", "platinum"]


async def test_what_is_kept_comes_before_the_source_has_answered() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.open.clear()
    visit = till.cache.profiles(REF)
    first = await anext(visit)
    assert first is not None
    assert (first.tier, first.as_of, till.crm.asked) == ("gold", {"tier": 0.0}, 1)


async def test_a_source_that_is_away_leaves_what_is_kept_until_it_is_too_old() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.answer = MembersAway("the far side is away")
    till.now = 599.0
    assert await till.visit() == ["gold"]
    till.now = 600.0
    assert await till.visit() == []
    assert till.told == ["", "the far side is away", "the far side is away"]


@pytest.mark.parametrize("ttl", [0.0, 30.0])
async def test_no_profile_is_used_for_longer_than_its_source_says(ttl: float) -> None:
    till = Till(gold(ttl=ttl))
    await till.visit()
    till.crm.answer, till.now = MembersAway("away"), ttl + 1
    assert (await till.visit(), len(till.cache)) == ([], 0)


async def test_a_clock_set_back_makes_nothing_young() -> None:
    till = Till(gold(at=1000.0))
    till.cache._wall = lambda: 1000.0 - till.now
    await till.visit()
    till.crm.answer, till.now = MembersAway("away"), 601.0
    assert await till.visit() == []


async def test_a_block_that_fails_is_filled_from_the_last_visit() -> None:
    till = Till(replace(gold(have="segments"), segments=frozenset({"linen"}), as_of={"tier": 0.0, "segments": 0.0}))
    await till.visit()
    till.now, till.crm.answer = 100.0, gold("silver", at=100.0, have="segments")
    (found,) = [found async for found in till.cache.profiles(REF) if found and found.tier == "silver"]
    assert found.segments == frozenset({"linen"})
    assert found.as_of == {"tier": 100.0, "segments": 0.0}


async def test_what_was_filled_in_is_kept_no_longer_than_what_it_came_from() -> None:
    till = Till(gold(have="segments"))
    await till.visit()
    spoken = Profile(REF, have=frozenset({"tier"}), language="ja", as_of={"greet": 500.0}, ttl_s=600.0)
    till.now, till.crm.answer = 500.0, spoken
    assert await till.visit() == ["gold", "gold"]
    till.now, till.crm.answer = 601.0, MembersAway("away")
    assert await till.visit() == []


async def test_a_session_waits_no_longer_than_the_budget_and_the_next_visit_finds_the_late_answer() -> None:
    till = Till(gold(), budget=0.01)
    till.crm.open.clear()
    assert await till.visit() == []
    assert till.told == ["no answer within 10 ms"]
    till.crm.open.set()
    await asyncio.gather(*till.cache._asking.values())
    assert (await till.visit())[:1] == ["gold"]


async def test_two_screens_ask_once() -> None:
    till = Till(gold())
    visits = await asyncio.gather(till.visit(), till.visit())
    assert list(visits) == [["gold"], ["gold"]]
    assert till.crm.asked == 1


async def test_who_is_not_known_is_asked_for_again_after_a_minute() -> None:
    till = Till(None)
    assert (await till.visit(), await till.visit(), till.crm.asked) == ([], [], 1)
    till.now, till.crm.answer = UNKNOWN_S, gold(at=UNKNOWN_S)
    assert await till.visit() == ["gold"]


async def test_who_is_known_no_more_is_erased_and_the_session_is_told() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.answer = None
    assert await till.visit() == ["gold", None]
    till.crm.answer = MembersAway("away")
    till.now = UNKNOWN_S
    assert await till.visit() == []


async def test_consent_taken_back_replaces_what_was_kept() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.answer = Profile(REF, language="ja", as_of={"greet": 0.0})
    await till.visit()
    till.crm.answer = MembersAway("away")
    assert await till.visit() == [""]


async def test_a_forgotten_member_is_not_kept_by_an_answer_that_was_on_its_way() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.open.clear()
    visit = asyncio.create_task(till.visit())
    while till.crm.asked < 2:
        await asyncio.sleep(0)
    till.cache.forget(REF)
    till.crm.open.set()
    assert (await visit, len(till.cache)) == (["gold", None], 0)


async def test_whom_the_source_erases_is_forgotten_by_itself() -> None:
    crm = Crm(gold(at=2e9))
    async with cached(crm) as members:
        assert [found async for found in members.profiles(REF)]
        assert len(members) == 1
        crm.gone.put_nowait(REF)
        while len(members):
            await asyncio.sleep(0)


async def test_an_error_of_the_source_is_named_by_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    till = Till(ValueError(f"no {REF}"))
    with pytest.raises(ValueError):
        await till.visit()
    assert "the members' source failed: ValueError" in caplog.text
    assert REF not in caplog.text


async def test_a_session_that_ends_meanwhile_disturbs_nothing() -> None:
    till = Till(gold())
    till.crm.open.clear()
    visit = asyncio.create_task(till.visit())
    await asyncio.sleep(0)
    visit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await visit
    till.crm.open.set()
    await asyncio.gather(*till.cache._asking.values())
    assert len(till.cache) == 1


async def test_nothing_is_left_after_the_end() -> None:
    till = Till(gold())
    await till.visit()
    till.crm.open.clear()
    visit = asyncio.create_task(till.visit())
    await asyncio.sleep(0)
    await till.cache.close()
    assert (await visit, len(till.cache)) == (["gold", None], 0)


async def test_a_question_that_was_erased_ends_no_newer_one_of_the_same_member() -> None:
    till = Till(gold())
    till.crm.open.clear()
    first = asyncio.create_task(till.visit())
    while not till.crm.asked:
        await asyncio.sleep(0)
    till.cache.forget(REF)
    visits = [asyncio.create_task(till.visit()) for _ in range(2)]
    assert await first == []
    visits.append(asyncio.create_task(till.visit()))
    await asyncio.sleep(0)
    till.crm.open.set()
    assert (await asyncio.gather(*visits), till.crm.asked) == ([["gold"]] * 3, 2)


async def test_a_cache_that_is_left_keeps_nobody() -> None:
    async with cached(Crm(gold())) as members:
        assert [found async for found in members.profiles(REF)]
        assert len(members) == 1
    assert len(members) == 0


def test_who_was_away_longest_makes_room() -> None:
    shelf = Shelf(most=2)
    for ref in ("a", "b"):
        shelf.put(ref, gold(), 0)
    assert shelf.get("a", 0)
    shelf.put("c", gold(), 0)
    assert [bool(shelf.get(ref, 0)) for ref in "abc"] == [True, False, True]


def test_nothing_is_kept_for_longer_than_a_day_though_nobody_asks() -> None:
    shelf = Shelf()
    shelf.put("a", gold(ttl=1e9), 0)
    shelf.sweep(LONGEST_S - 1)
    assert len(shelf) == 1
    shelf.sweep(LONGEST_S)
    assert len(shelf) == 0


def test_no_repr_of_what_is_kept_names_a_member() -> None:
    shelf = Shelf()
    shelf.put(REF, gold(), 0)
    assert not {REF, "gold"} & set(repr((shelf, shelf.get(REF, 0))).split("'"))
