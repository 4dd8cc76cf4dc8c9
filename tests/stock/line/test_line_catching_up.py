"""An edge that is behind its hub while it asks: what it takes meanwhile speaks for nothing that it does not hold."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from edge.db import MEMORY, database
from edge.ports import StockLevel, StockReport, Taken
from edge.stock.cache import stock_cache
from edge.stock.intake.clocks import closable
from edge.stock.line import following
from edge.stock.line.asker import Answer, Asker, Gone
from edge.stock.line.beat import DRIFT, Beat, HubClock, Word, age_ms
from edge.stock.line.ear import Ear
from edge.stock.line.follower import CATCH_UPS, NOBODY_KNOWS_S, Follower, Hub, digests_of
from edge.stock.line.following import Place
from edge.stock.line.rows import Note
from edge.stock.line.source import Follow, HubStock
from edge.stock.shelves.figures import bucket

if TYPE_CHECKING:
    from edge.stock.shelves.shelf import Key

BOOT = "aaaaaaaa"
KEY = ("pos", "ginza")


def beat(n: int) -> Beat:
    return Beat(1, n, Word(BOOT, 1000, 0))


def level(count: int) -> StockLevel:
    return StockLevel("A", "ginza", count)


@dataclass
class Behind:
    """A hub that is at ``at``, and gives one change an answer."""

    at: int
    asked: list[int] = field(default_factory=list)

    async def whole(self, key: Key) -> tuple[Answer, Note]:
        return Answer(1.0, beat(self.at), b""), Note(1, 1, 0, (level(1),))

    async def changes(self, key: Key, epoch: int, after: int) -> tuple[Answer, Note]:
        self.asked.append(after)
        return Answer(1.0, beat(self.at), b""), Note(1, after + 1, after, (level(after + 1),))


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with database(MEMORY) as db, stock_cache(db) as cache:
        chance = random.Random(6).random
        asker = cast(Asker, Behind(at=8))
        yield Hub(asker, cache, "hub", 60.0, 3.0, lambda: 2.0, chance, Counter())


async def told(reports: AsyncIterator[StockReport]) -> list[StockReport]:
    return [report async for report in reports]


@pytest.mark.promise("K-1")
async def test_changes_speak_for_the_shelf_only_once_none_is_missing(hub: Hub) -> None:
    follower = Follower(KEY, hub)
    follower._place = Place(1, 5, BOOT)
    reports = await told(follower.beat(beat(8)))
    assert [(report.levels, report.vouches) for report in reports] == [
        ((level(6),), False),
        ((level(7),), False),
        ((level(8),), True),
    ]


@pytest.mark.promise("K-1")
async def test_a_whole_shelf_that_the_hub_outruns_is_of_no_known_age(hub: Hub) -> None:
    cast(Behind, hub.asker).at = 100
    (report,) = await told(Follower(KEY, hub)._whole())
    assert (report.levels, report.age) == ((level(1 + CATCH_UPS),), NOBODY_KNOWS_S)


@pytest.mark.promise("K-1")
async def test_a_whole_shelf_with_what_changed_since_is_as_fresh_as_the_hubs_word(hub: Hub) -> None:
    cast(Behind, hub.asker).at = 5
    (report,) = await told(Follower(KEY, hub)._whole())
    assert (report.levels, report.whole) == ((level(5),), True)
    assert 1.0 <= report.age < 1.1


def test_a_beat_of_another_epoch_speaks_for_nobody() -> None:
    assert following.vouched(Place(1, 5), beat(5))
    assert not following.vouched(Place(2, 9), beat(5))


@dataclass
class Lost(Behind):
    """A hub whose shelf has only the product A left, though it was never heard that B went."""

    async def digests(self, key: Key) -> tuple[Answer, Place, tuple[int, ...]]:
        return Answer(1.0, beat(self.at), b""), Place(1, self.at, BOOT), digests_of([level(1)])

    async def changes(self, key: Key, epoch: int, after: int) -> tuple[Answer, Note]:
        return Answer(1.0, beat(self.at), b""), Note(1, self.at, after)

    async def buckets(self, key: Key, buckets: Iterable[int]) -> tuple[Answer, Note]:
        self.asked += buckets
        return Answer(1.0, beat(self.at), b""), Note(1, self.at)


@pytest.mark.promise("K-2")
async def test_what_the_hub_has_no_more_is_dropped_by_a_comparison_of_its_bucket_alone(hub: Hub) -> None:
    hub.asker = cast(Asker, Lost(at=5))
    rows = [level(1), StockLevel("B", "ginza", 9)]
    await hub.cache.apply("hub", StockReport(frozenset({"ginza"}), rows, part="pos"), 0.0)
    follower = Follower(KEY, hub)
    follower._place, follower.told = Place(1, 5, BOOT), beat(5)
    for report in await told(follower.compare()):
        await hub.cache.apply("hub", report, 0.0)
    assert hub.cache.levels("hub/pos", "ginza") == {"A": 1}
    assert cast(Lost, hub.asker).asked == [bucket("B")]


@pytest.mark.promise("K-2")
async def test_after_a_restart_rows_of_a_bucket_that_differs_are_the_hubs_and_all_others_stay(hub: Hub) -> None:
    hub.asker, hub.spread_s = cast(Asker, Lost(at=5)), 0.0
    rows = [level(1), StockLevel("B", "ginza", 9)]
    await hub.cache.apply("hub", StockReport(frozenset({"ginza"}), rows, part="pos"), 0.0)
    async with stock_cache(hub.cache._db) as hub.cache:
        first, *_ = await told(Follower(KEY, hub).compare())
    assert (first.whole, first.levels) == (True, (level(1),))


async def test_what_comes_after_a_comparison_that_broke_off_does_not_count_as_found_by_it(hub: Hub) -> None:
    hub.asker = cast(Asker, Lost(at=5))
    rows = [level(1), StockLevel("B", "ginza", 9)]
    await hub.cache.apply("hub", StockReport(frozenset({"ginza"}), rows, part="pos"), 0.0)
    source, follower = HubStock(hub.asker, Follow("hub", Ear(()), hub.cache)), Follower(KEY, hub)
    follower._place, follower.told, follower.compare_at = Place(1, 5, BOOT), beat(5), 0.0
    source._shelves, source._looked = {KEY: follower}, math.inf
    async with aclosing(closable(source.reports())) as reports:
        report = await anext(reports)
    before = source.comparison
    source.taken(report, Taken(changed=1))
    assert source.comparison == before


@dataclass
class Dropping(Behind):
    """A hub from whose shelf B goes while the whole shelf is on its way."""

    async def whole(self, key: Key) -> tuple[Answer, Note]:
        return Answer(1.0, beat(2), b""), Note(1, 1, 0, (level(1), StockLevel("B", "ginza", 9)))

    async def changes(self, key: Key, epoch: int, after: int) -> tuple[Answer, Note]:
        return Answer(1.0, beat(2), b""), Note(1, 2, after, (), ("B",))


@pytest.mark.promise("K-2")
async def test_what_went_while_a_whole_shelf_was_on_its_way_is_not_in_it(hub: Hub) -> None:
    hub.asker = cast(Asker, Dropping(at=2))
    (report,) = await told(Follower(KEY, hub)._whole())
    assert report.levels == (level(1),)


@pytest.mark.promise("K-1")
async def test_a_note_in_parts_speaks_for_the_shelf_with_its_last_part(hub: Hub) -> None:
    hub.read(HubClock(BOOT, 1000, 1.0))
    follower, word = Follower(KEY, hub), Word(BOOT, 1000, 0)
    follower._place = Place(1, 5, BOOT)
    parts = [Note(1, 6, 5, (level(part),), part=part, parts=2, word=word) for part in (1, 2)]
    found = [report.vouches for part in parts for report in await told(follower.note(part))]
    assert found == [False, True]


class Anew(Behind):
    """A hub whose file is another one."""

    async def changes(self, key: Key, epoch: int, after: int) -> tuple[Answer, Note]:
        raise Gone


async def test_an_edge_whose_numbers_the_hub_does_not_know_holds_none_and_compares(hub: Hub) -> None:
    hub.asker = cast(Asker, Anew(at=8))
    follower = Follower(KEY, hub)
    follower._place = Place(1, 5, BOOT)
    assert await told(follower.beat(beat(8))) == []
    assert vars(follower)["_place"] is None
    assert 2.0 < follower.compare_at < 2.0 + 2 * hub.poll_s


@pytest.mark.promise("K-1")
def test_an_age_by_the_hubs_clock_is_rounded_up_by_what_two_clocks_part() -> None:
    found = HubClock(BOOT, 1000, 1.0).age(Word(BOOT, 1000, 0), 1001.0)
    assert found == pytest.approx(1000.0 * (1 + DRIFT))


@pytest.mark.parametrize(
    ("age", "told_ms"), [(1.0001, 1001), (0.0, 0), (-1.0, None), (float("nan"), None), (None, None)]
)
def test_an_age_travels_rounded_up_and_one_that_nobody_knows_not_at_all(age: float | None, told_ms: int | None) -> None:
    assert age_ms(age) == told_ms
