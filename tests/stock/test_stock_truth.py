"""Whatever clocks, channels and restarts do, no number older than its bound is shown as live."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.config import Location
from edge.db import database
from edge.model import Band
from edge.ports import StockLevel, StockReport
from edge.stock.cache import StockCache, stock_cache
from edge.stock.freshness import ASK_S, LIVE_S, Mark, age_of, minutes
from edge.stock.level import Known
from edge.stock.words.wording import line

HERE = Location(id="ginza", place="here", name={"ja": "銀座店"})
SECONDS = st.floats(0, 4000)
STEPS = st.floats(-1e6, 1e6)


class Truth(RuleBasedStateMachine):
    """The cache beside a clock that cannot be set, which knows how old each channel's word really is."""

    def __init__(self) -> None:
        super().__init__()
        self.true = 0.0
        self.wall = 1e9
        self.booted = 0.0
        self.words: dict[str, tuple[float, int]] = {}
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.boot()

    def boot(self) -> None:
        self.stack = AsyncExitStack()
        self.booted = self.true
        self.cache = self.runner.run(self.opened())

    async def opened(self) -> StockCache:
        db = await self.stack.enter_async_context(database(Path(self.folder.name) / "stock.sqlite"))
        cache = stock_cache(db, wall=lambda: self.wall, monotonic=lambda: self.true - self.booted)
        opened = await self.stack.enter_async_context(cache)
        await opened.loaded()
        return opened

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.true += seconds
        self.wall += seconds

    @rule(step=STEPS)
    def the_wall_clock_is_set(self, step: float) -> None:
        self.wall += step

    @rule(channel=st.sampled_from(["pos", "hub"]), age=SECONDS | st.just(0.0), count=st.integers(0, 9))
    def a_channel_speaks(self, channel: str, age: float, count: int) -> None:
        report = StockReport(frozenset({"ginza"}), [StockLevel("A", "ginza", count)], age, asked=0.0)
        self.runner.run(self.cache.apply(channel, report, self.wall))
        self.words[channel] = (self.true - age, count)

    @rule(channel=st.sampled_from(["pos", "hub"]), age=SECONDS | st.just(0.0))
    def a_channel_confirms(self, channel: str, age: float) -> None:
        confirmed = self.cache.age(channel, "ginza", self.wall) is not None
        self.runner.run(self.cache.apply(channel, StockReport(frozenset({"ginza"}), None, age, asked=0.0), self.wall))
        if confirmed:
            self.words[channel] = (self.true - age, self.words[channel][1])

    @rule(step=STEPS)
    def it_restarts(self, step: float) -> None:
        self.runner.run(self.stack.aclose())
        self.wall += step
        self.boot()

    @invariant()
    def a_live_number_is_a_channels_word_of_the_last_ten_seconds(self) -> None:
        (said,) = self.cache.lines("A", [HERE], "ja", self.wall)
        live = said.fresh == "" and said.band is not Band.ASKING
        recent = {count for word, count in self.words.values() if self.true - word <= LIVE_S + 1e-6}
        assert not live or said.available in recent
        assert live or said.available is None


TestTruth = pytest.mark.promise("K-1")(Truth.TestCase)
TestTruth.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


@pytest.mark.promise("K-1")
@given(age=st.floats(allow_nan=True), count=st.integers(0, 10**7) | st.none())
def test_a_number_older_than_its_bound_is_never_shown_as_live(age: float, count: int | None) -> None:
    said = line(HERE, Known(count if count is None else StockLevel("x", "ginza", count), age), None, "ja", 1e9)
    if not age <= LIVE_S:
        assert said.available is None
        assert said.fresh or said.band is Band.ASKING
        assert not any(digit in said.text for digit in "0123456789")
    if not age <= ASK_S:
        assert (said.band, said.fresh) == (Band.ASKING, "")


@pytest.mark.promise("K-1")
@given(passed=SECONDS, step=STEPS)
def test_a_word_heard_in_this_run_never_looks_younger_than_it_is(passed: float, step: float) -> None:
    shelf = Mark(watermark_s=1e9, heard=100.0)
    found = age_of(shelf, 1e9 + passed + step, 100.0 + passed)
    assert found is not None
    assert found >= passed - 1e-6


@given(age=st.floats(0, ASK_S))
def test_minutes_are_the_whole_ones_and_at_least_one(age: float) -> None:
    assert minutes(age) == (0 if age <= LIVE_S else max(1, int(age / 60)))
