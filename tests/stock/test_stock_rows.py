"""The cache beside a model of it: whole and partial reports that cross, ties, restarts, and those who follow it."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.db import database
from edge.ports import StockLevel, StockReport
from edge.stock.cache import Rows, StockCache, stock_cache
from edge.stock.shelves.figures import BUCKETS, WRAP, bucket, digest_of, figures, mark

SKUS = ("A", "B", "C", "D")
PLACES = ("ginza", "web")
LEVEL = st.tuples(st.sampled_from(SKUS), st.sampled_from(PLACES), st.integers(0, 3), st.integers(0, 3))
LEVELS = st.lists(LEVEL, unique_by=lambda level: level[:2], max_size=6)
GONE = st.lists(st.tuples(st.sampled_from(SKUS), st.sampled_from(PLACES)), max_size=3)
ASKED = st.sampled_from([0.0, 1.5, 3.5])

Model = dict[tuple[str, str], tuple[int | None, int, float]]
"""(SKU, place) to count (None: gone), revision and when it was taken."""


def taken(model: Model, report: StockReport, now: float) -> tuple[Model, set[tuple[str, str]], set[tuple[str, str]]]:
    """What the model is after a report, what is tied, and what changed: the rule, as plainly as it can be said."""
    after, ties, levels = dict(model), set(), {(level.sku, level.location): level for level in report.levels or ()}
    whole = report.whole and report.levels is not None
    for key in sorted(levels.keys() | (model.keys() if whole else set(report.gone))):
        count, revision = (levels[key].available, levels[key].revision) if key in levels else (None, 0)
        old, old_revision, at = model.get(key, (None, 0, -1.0))
        if key not in model:
            after |= {key: (count, revision, now)} if key in levels else {}
        elif 0 < revision < old_revision:
            continue
        elif count == old:
            # A push that repeats the figure is a later word than a reading that began before it.
            later = revision > old_revision or (count is not None and not report.sure)
            after |= {key: (old, max(revision, old_revision), now)} if later else {}
        elif 0 < old_revision < revision or (report.sure and now - (report.asked or 0) >= at):
            after[key] = count, max(revision, old_revision), now
        elif key in levels or not whole:
            ties.add(key)
    return after, ties, {key for key in after if model.get(key, (None,))[0] != after[key][0]}


class Beside(RuleBasedStateMachine):
    """The cache, its model, one who follows by numbers and one who hears each move."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.model: Model = {}
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.follower: dict[str, tuple[int, int, dict[str, StockLevel]]] = {}
        self.boot()

    def boot(self) -> None:
        self.booted = self.now
        self.stack = AsyncExitStack()
        self.cache = self.runner.run(self.opened())

    async def opened(self) -> StockCache:
        db = await self.stack.enter_async_context(database(Path(self.folder.name) / "stock.sqlite"))
        cache = stock_cache(db, wall=lambda: 1e9 + self.now, monotonic=lambda: self.now - self.booted)
        opened = await self.stack.enter_async_context(cache)
        await opened.loaded()
        return opened

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    @rule(levels=LEVELS, gone=GONE, asked=ASKED, whole=st.booleans(), sure=st.booleans())
    def a_report_comes(
        self,
        levels: list[tuple[str, str, int, int]],
        gone: list[tuple[str, str]],
        asked: float,
        whole: bool,
        sure: bool,
    ) -> None:
        self.now += 1
        said = [StockLevel(sku, place, count, revision=revision) for sku, place, count, revision in levels]
        dropped = () if whole else tuple(gone)
        report = StockReport(frozenset(PLACES), said, whole=whole, gone=dropped, sure=sure, asked=asked)
        found = self.runner.run(self.cache.apply("pos", report, 1e9 + self.now))
        self.model, ties, changed = taken(self.model, report, self.now)
        assert (set(found.ties), found.changed) == (ties, len(changed))

    @rule()
    def two_reports_come_at_once(self) -> None:
        self.now += 1
        reports = [
            StockReport(frozenset(PLACES), [StockLevel("A", "ginza", n)], whole=False, asked=0.0) for n in (7, 8)
        ]

        async def both() -> None:
            await asyncio.gather(*(self.cache.apply("pos", report, 1e9 + self.now) for report in reports))

        self.runner.run(both())
        for report in reports:
            self.model, _, _ = taken(self.model, report, self.now)

    @rule()
    def it_restarts(self) -> None:
        self.runner.run(self.stack.aclose())
        self.boot()
        self.now += 5

    @rule(place=st.sampled_from(PLACES), most=st.integers(0, 3))
    def the_follower_asks_for_what_it_misses(self, place: str, most: int) -> None:
        epoch, n, levels = self.follower.get(place, (0, 0, {}))
        rows = self.runner.run(self.cache.rows_after("pos", place, n, most))
        assert epoch in (0, rows.epoch)
        dropped = {sku: level for sku, level in levels.items() if sku not in rows.gone}
        self.follower[place] = rows.epoch, rows.n, dropped | {level.sku: level for level in rows.levels}
        if rows.n < self.cache.standing("pos", place).n:
            self.the_follower_asks_for_what_it_misses(place, most)
        else:
            assert self.counts(self.follower[place][2]) == self.truth(place)

    def counts(self, levels: dict[str, StockLevel]) -> dict[str, int | None]:
        return {sku: level.available for sku, level in levels.items()}

    def truth(self, place: str) -> dict[str, int | None]:
        return {sku: row[0] for (sku, at), row in self.model.items() if at == place and row[0] is not None}

    @invariant()
    def file_memory_and_model_say_the_same(self) -> None:
        for place in PLACES:
            rows: Rows = self.runner.run(self.cache.rows_of("pos", place))
            truth = self.truth(place)
            assert self.counts({level.sku: level for level in rows.levels}) == truth
            known = {sku: self.cache.words(sku, place, 1e9 + self.now) for sku in SKUS}
            assert (
                {sku: word.level for sku, (word,) in known.items() if word.level}
                == {level.sku: level for level in rows.levels}
                if rows.epoch
                else not truth
            )
            assert self.cache.standing("pos", place).rows == len(truth)

    @invariant()
    def the_digests_are_those_of_the_rows(self) -> None:
        for place in PLACES:
            sums = [0] * BUCKETS
            for level in self.runner.run(self.cache.rows_of("pos", place)).levels:
                of = bucket(level.sku)
                sums[of] = (sums[of] + mark(level.sku, figures(level))) & WRAP
            assert list(self.runner.run(self.cache.digests("pos", place))) == sums
            assert self.runner.run(self.cache.digest("pos", place)) == digest_of(sums)


TestBeside = pytest.mark.promise("K-1")(Beside.TestCase)
TestBeside.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
