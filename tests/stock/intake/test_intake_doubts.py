"""A system's promise that asking finds every change is checked by comparisons, and no honest one is accused."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge.ports import StockLevel
from edge.stock.inquiry.standing import vouching
from edge.stock.intake.doubts import Told, name
from edge.stock.intake.running import COMPARE_S, FAST_COMPARE_S
from edge.stock.intake.skew import Skew
from edge.stock.shops import shop
from edge.stock.system import Budget, Can, Key, Page, Push, Pushed, Since
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import Rig, Timeline, fed, intake_at
from tests.stock.intake.test_intake_running import A, age

SEEDS = int(os.environ.get("TENTOU_SOAK_STOCK_SEEDS", "3"))
POLLED = Can(per_location=True, since=Since.SURE, revisions=True, step_ms=1000)
VERSIONED = Can(per_location=True, since=Since.SURE, revisions=True, step_ms=0)
UNORDERED = Can(per_location=True, since=Since.SURE)
BEATEN = Can(Push.ABSOLUTE, beats=True, per_location=True, revisions=True, step_ms=1000)
COUNTED = replace(BEATEN, step_ms=0)
BARE = replace(BEATEN, revisions=False)
BY_ID = replace(BARE, push=Push.IDS)
ROWS = 8
BEAT_S = 5.0


class Market(Bazaar):
    """A shop whose answers take time, each true at some moment between; a sale moves its stamp if it is ``honest``."""

    def __init__(self, time: Timeline, chance: random.Random, can: Can, honest: bool, skew_s: float) -> None:
        super().__init__(ROWS, lambda: time.wall + skew_s)
        self.time, self.chance, self.can, self.honest = time, chance, can, honest
        self.version = 0
        self.versions: dict[tuple[str, str], int] = {}

    async def way(self) -> None:
        await self.time.sleep(self.chance.choice((0.0, 0.2, 1.5, 4.0)) * self.chance.random())

    def trade(self) -> tuple[str, str]:
        row = self.chance.choice(self.names)
        if self.honest:
            self.edit(row, self.chance.randrange(12))
        else:
            self.rows[row][0] += 1
        self.version += 1
        self.versions[row] = self.version
        return row

    def level(self, row: tuple[str, str]) -> StockLevel:
        n, stamp = self.rows[row]
        revision = stamp * 1000 if self.can.step_ms else self.versions.get(row, 1)
        return StockLevel(*row, available=n, revision=revision if self.can.revisions else 0)

    async def everything(self) -> AsyncIterator[Page]:
        for start in range(0, len(self.names), 8):
            await self.way()
            page = Page(tuple(self.level(row) for row in self.names[start : start + 8]))
            await self.way()
            yield page
        self.rounds += 1

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        await self.way()
        found = [row for row, (_, stamp) in self.rows.items() if stamp >= since_s]
        page = Page(tuple(self.level(row) for row in found))
        await self.way()
        yield page

    async def read(self, keys: Sequence[Key]) -> Page:
        await self.way()
        page = await super().read(keys)
        await self.way()
        return page


class Outbox:
    """The webhooks of a shop on a bad line: each is numbered as its figures are read and bears that moment by the
    shop's clock; it comes at once or seconds later, behind its followers too, sometimes twice, seldom never. A shop
    that is not ``honest`` tells nothing of each third row."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.seq = 0
        self.moved: list[tuple[str, str]] = []
        self.way: list[tuple[float, Pushed]] = []
        self.sent_at = -BEAT_S

    def note(self, row: tuple[str, str]) -> None:
        """A row changed; it is told with the next push."""
        if self.market.honest or self.market.names.index(row) % 3:
            self.moved.append(row)

    def push(self) -> None:
        """Send what changed, or a beat if one is due."""
        time, chance, market = self.market.time, self.market.chance, self.market
        if not self.moved and time.now - self.sent_at < BEAT_S:
            return
        self.sent_at, self.seq, rows = time.now, self.seq + 1, dict.fromkeys(self.moved)
        self.moved = []
        levels = tuple(market.level(row) for row in rows) if market.can.push is Push.ABSOLUTE else ()
        keys = () if levels else tuple(Key(*row) for row in rows)
        told = Pushed(f"p{self.seq}", levels, keys=keys, stream="s", seq=self.seq, sent_s=market.clock())
        late = chance.choice((0.0, 0.0, 0.3, 2.0, 9.0)) * chance.random()
        self.way += [(time.now + late, told)] * chance.choice((0, 2, *[1] * 98))

    def come(self, rig: Rig) -> None:
        """What is due arrives."""
        due = [each for each in self.way if each[0] <= self.market.time.now]
        self.way = [each for each in self.way if each not in due]
        for _, told in due:
            rig.source.pushes.add(told.id, told)


def disbelieved(rig: Rig, told: Told = Told.SINCE) -> bool:
    return any(part.name == name("shop", told) for part in rig.health.parts())


@pytest.mark.promise("K-2")
@pytest.mark.parametrize("can", [POLLED, VERSIONED, UNORDERED], ids=["stamps", "versions", "unordered"])
@pytest.mark.parametrize("honest", [True, False], ids=["honest", "lying"])
async def test_an_honest_system_is_never_accused_and_a_lying_one_within_two_rounds(
    tmp_path: Path, can: Can, honest: bool
) -> None:
    for seed in range(SEEDS):
        time, chance = Timeline(), random.Random(seed)
        skew_s = chance.choice((0.0, -3600.0, 40.0))
        shop, folder = Market(time, chance, can, honest, skew_s), tmp_path / str(seed)
        folder.mkdir()
        async with fed(module(shop, can), Standing(shop), folder, time.clocks, poll_s=5.0, compare_s=30.0) as rig:
            rig.source._call.skew = Skew(skew_s - 1, skew_s + 1)
            while shop.rounds < 1:
                await time.pass_(5.0, rig.rest)
            while shop.rounds < 4 and not disbelieved(rig):
                shop.trade()
                await time.pass_(chance.random() * 3.0, rig.rest)
            assert (seed, disbelieved(rig)) == (seed, not honest)
            await time.pass_(90.0, rig.rest)
            assert (seed, rig.levels()) == (seed, shop.truth())


@pytest.mark.promise("K-2")
@pytest.mark.parametrize("can", [BEATEN, COUNTED, BARE, BY_ID], ids=["stamps", "versions", "unordered", "ids"])
@pytest.mark.parametrize("honest", [True, False], ids=["honest", "lying"])
async def test_an_honest_stream_of_pushes_is_never_accused_and_one_that_leaves_out_changes_is(
    tmp_path: Path, can: Can, honest: bool
) -> None:
    for seed in range(max(1, SEEDS // 3)):
        time, chance = Timeline(), random.Random(seed)
        skew_s = chance.choice((0.0, -3600.0, 40.0))
        shop, folder = Market(time, chance, can, honest, skew_s), tmp_path / str(seed)
        line = Outbox(shop)
        folder.mkdir()
        async with fed(module(shop, can), Standing(shop), folder, time.clocks, compare_s=30.0) as rig:
            rig.source._call.skew = Skew(skew_s - 1, skew_s + 1)
            for turn in range(400 if honest else 2100):
                if turn % 400 < 300 and chance.random() < 0.3:
                    line.note(shop.trade())
                line.push()
                line.come(rig)
                await time.pass_(0.5, rig.rest)
                if disbelieved(rig, Told.PUSHES):
                    break
            assert (seed, disbelieved(rig, Told.PUSHES)) == (seed, not honest)
            await time.pass_(90.0, rig.rest)
            assert (seed, rig.levels()) == (seed, shop.truth())


async def beaten(time: Timeline, rig: Rig, seconds: float, first: int) -> int:
    """Beats of an idle shop for so long; the number of the next."""
    for beat in range(int(seconds / BEAT_S)):
        rig.source.pushes.add(f"b{first + beat}", Pushed(stream="s", seq=first + beat, sent_s=time.wall))
        await time.pass_(BEAT_S, rig.rest)
    return first + int(seconds / BEAT_S)


@pytest.mark.promise("K-1")
async def test_beats_of_a_shop_that_left_out_a_change_vouch_no_more_until_a_day_was_clean(tmp_path: Path) -> None:
    time = Timeline()
    bazaar, seq = Bazaar(2, lambda: time.wall), 1
    async with fed(module(bazaar, BEATEN), Standing(bazaar), tmp_path, time.clocks, compare_s=60.0) as rig:
        seq = await beaten(time, rig, 30.0, seq)
        assert (disbelieved(rig, Told.PUSHES), age(rig) < 10) == (False, True)
        bazaar.rows[A][0] = 9
        seq = await beaten(time, rig, 120.0, seq)
        assert (disbelieved(rig, Told.PUSHES), rig.levels()[A]) == (True, 9)
        ages = []
        for _ in range(12):
            seq = await beaten(time, rig, BEAT_S, seq)
            ages.append(age(rig))
        assert max(ages) > 30
    async with fed(module(bazaar, BEATEN), Standing(bazaar), tmp_path, time.clocks, compare_s=60.0) as rig:
        seq = await beaten(time, rig, 100.0, seq)
        assert (disbelieved(rig, Told.PUSHES), age(rig) > 10) == (True, True)
        time.start_s += 86_400.0
        seq = await beaten(time, rig, 100.0, seq)
        assert (disbelieved(rig, Told.PUSHES), age(rig) < 10) == (False, True)


@pytest.mark.promise("K-1")
async def test_what_is_read_as_screens_show_it_keeps_a_doubt_alive_as_a_comparison_does(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    row = A[0], "web"
    async with fed(module(bazaar, BEATEN), Standing(bazaar), tmp_path, time.clocks, compare_s=600.0) as rig:
        seq = await beaten(time, rig, 30.0, 1)
        bazaar.rows[row][0] = 9
        seq = await beaten(time, rig, 630.0, seq)
        assert disbelieved(rig, Told.PUSHES)
        rig.show(A[0])
        time.start_s += 86_000.0
        bazaar.rows[row][0] = 5
        rounds = bazaar.rounds
        seq = await beaten(time, rig, 30.0, seq)
        (word,) = rig.cache.words(*row, time.wall)
        assert (word.level and word.level.available, bazaar.rounds) == (5, rounds)
        time.start_s += 1_000.0
        seq = await beaten(time, rig, 10.0, seq)
        assert disbelieved(rig, Told.PUSHES)
        time.start_s += 86_400.0
        await beaten(time, rig, 10.0, seq)
        assert not disbelieved(rig, Told.PUSHES)


@pytest.mark.promise("K-1")
async def test_a_push_that_cannot_be_read_ends_the_vouching_until_all_was_compared(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATEN), Standing(bazaar), tmp_path, time.clocks) as rig:
        seq = await beaten(time, rig, 20.0, 1)
        bazaar.cut = {"comparisons"}
        broken = replace(bazaar.level(A), available=10**9)
        rig.source.pushes.add("x", Pushed("x", (broken,), stream="s", seq=seq, sent_s=time.wall))
        bazaar.edit(A, 9)
        await beaten(time, rig, 20.0, seq + 1)
        assert age(rig) > 10
        bazaar.cut = set()
        await beaten(time, rig, 70.0, seq + 5)
        assert (rig.levels()[A], age(rig) < 10, disbelieved(rig, Told.PUSHES)) == (9, True, False)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(("stream", "skipped"), [("s", 1), ("t", 0)], ids=["lost", "new"])
async def test_a_change_whose_push_was_lost_or_came_before_a_new_stream_accuses_nobody(
    tmp_path: Path, stream: str, skipped: int
) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATEN), Standing(bazaar), tmp_path, time.clocks, compare_s=60.0) as rig:
        seq = await beaten(time, rig, 100.0, 1) + skipped
        bazaar.edit(A, 9)
        for beat in range(30):
            rig.source.pushes.add(f"c{beat}", Pushed(stream=stream, seq=seq + beat, sent_s=time.wall))
            await time.pass_(BEAT_S, rig.rest)
        assert (rig.levels()[A], age(rig) < 10, disbelieved(rig, Told.PUSHES)) == (9, True, False)


async def test_a_doubt_is_as_old_after_a_restart_and_never_of_a_time_to_come(tmp_path: Path) -> None:
    async with intake_at(tmp_path) as first:
        first.doubts.note("shop", Told.PUSHES, 1000.0)
    async with intake_at(tmp_path) as again:
        known = [await again.doubts.known("shop", Told.PUSHES, now_s) for now_s in (1000.0, 5000.0, 400.0)]
        assert known == [1000.0, 1000.0, 400.0]
        assert await again.doubts.known("shop", Told.SINCE, 5000.0) is None


async def found_out(time: Timeline, rig: Rig, bazaar: Bazaar) -> None:
    """One sale that no stamp tells, until everything was compared twice and polls went on."""
    await time.pass_(30.0, rig.rest)
    bazaar.rows[A][0] = 9
    await time.pass_(60.0, rig.rest)
    assert (disbelieved(rig), rig.levels()[A]) == (True, 9)


@pytest.mark.promise("K-1")
async def test_polls_of_a_system_that_was_found_out_vouch_no_more_over_restarts_too(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    for run in range(2):
        async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, compare_s=40.0) as rig:
            if run == 0:
                await found_out(time, rig, bazaar)
            await time.pass_(1.0, rig.rest)
            before = bazaar.rounds
            await time.pass_(30.0, rig.rest)
            assert (disbelieved(rig), bazaar.rounds) == (True, before)
            assert age(rig) > 20


def test_whoever_asks_reads_that_what_a_channel_is_doubted_in_vouches_no_more() -> None:
    settings = shop.Settings(url="https://shop.example", locations={"1": "ginza"})
    both = replace(POLLED, beats=True)
    told = [vouching(module(Bazaar(1), both), settings, doubted) for doubted in ((), [Told.SINCE], [Told.PUSHES])]
    assert told == [("pushes", "polls", "comparisons"), ("pushes", "comparisons"), ("polls", "comparisons")]


@pytest.mark.parametrize("word", ["sure", "blind"])
async def test_what_somebody_says_of_a_system_wins_and_is_not_forgotten_for_what_was_found(
    tmp_path: Path, word: str
) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, compare_s=40.0) as rig:
        await found_out(time, rig, bazaar)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, compare_s=40.0, since=word) as rig:
        await time.pass_(35.0, rig.rest)
        assert (disbelieved(rig), age(rig) < 10) == (False, word == "sure")
        bazaar.rows[A][0] = 3
        await time.pass_(90.0, rig.rest)
        assert not disbelieved(rig)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, compare_s=40.0) as rig:
        assert not disbelieved(rig)


@pytest.mark.promise("K-1")
async def test_a_shop_whose_clock_is_set_back_is_asked_again_and_not_accused(tmp_path: Path) -> None:
    time, skew_s = Timeline(), 0.0
    bazaar = Bazaar(2, lambda: time.wall + skew_s)
    async with fed(module(bazaar, UNORDERED), Standing(bazaar), tmp_path, time.clocks, compare_s=40.0) as rig:
        await time.pass_(61.0, rig.rest)
        skew_s = -3600.0
        bazaar.edit(A, 9)
        rig.source._call.skew = Skew(-3600.0, -3600.0)
        await time.pass_(18.0, rig.rest)
        assert (rig.levels()[A], bazaar.rounds) == (9, 2)
        await time.pass_(60.0, rig.rest)
        assert not disbelieved(rig)


@pytest.mark.parametrize(
    ("can", "apart"),
    [
        (Can(), FAST_COMPARE_S),
        (Can(since=Since.BLIND), FAST_COMPARE_S),
        (POLLED, COMPARE_S),
        (Can(beats=True), COMPARE_S),
        (Can(budgets=(Budget(6, 600),)), FAST_COMPARE_S),
    ],
)
async def test_where_nothing_else_vouches_everything_is_compared_as_often_as_may_be(
    tmp_path: Path, can: Can, apart: float
) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, can), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(0.5, rig.rest)
        assert bazaar.rounds == 1
        assert rig.source._compare_s(0.0) == apart
        await time.pass_(FAST_COMPARE_S * 3, rig.rest)
        assert bazaar.rounds == (4 if apart == FAST_COMPARE_S else 1)


async def test_comparisons_keep_to_their_share_of_the_budgets_and_a_setting_wins(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    can = Can(budgets=(Budget(100, 3600),))
    async with fed(module(bazaar, can), Standing(bazaar), tmp_path, time.clocks) as rig:
        assert rig.source._compare_s(20.0) == pytest.approx(3600 / 40 * 20)
    async with fed(module(bazaar, can), Standing(bazaar), tmp_path, time.clocks, compare_s=7.0) as rig:
        assert rig.source._compare_s(20.0) == 7.0
