"""Readings that cross a comparison: what its pages say that were overtaken counts no more when all of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.ports import StockLevel, StockReport, Way
from edge.stock.intake.crossing import Crossing
from edge.stock.intake.windows import Urgency
from edge.stock.system import Can, Key, Page, Push, Pushed
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import Timeline, fed

ROW = ("S000000", "ginza")


class Held(Bazaar):
    """A shop whose comparisons are answered when it is told to."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(2, clock)
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()

    async def everything(self) -> AsyncIterator[Page]:
        pages = [page async for page in super().everything()]
        self.asked.set()
        await self.answers.wait()
        for page in pages:
            yield page


@pytest.mark.promise("K-2")
@pytest.mark.parametrize("lag_s", [0.0, 10.0])
async def test_a_comparison_whose_page_was_overtaken_replaces_nothing_once_it_is_whole(
    tmp_path: Path, lag_s: float
) -> None:
    time = Timeline()
    shop = Held(lambda: time.wall)
    can = Can(Push.IDS, per_location=True, revisions=True, step_ms=1000, lag_s=lag_s)
    async with fed(module(shop, can), Standing(shop), tmp_path, time.clocks, compare_s=60.0) as rig:
        await time.pass_(10.9, rig.rest)
        rig.source.pushes.add("1", replace(shop.edit(ROW, 9), levels=(), keys=(Key(*ROW),)))
        await time.pass_(30.0, rig.rest)
        shop.rows[ROW][0] = 3
        shop.answers.clear()
        shop.asked.clear()
        while not shop.asked.is_set():
            await time.pass_(1.0, rig.rest)
        shop.rows[ROW][0] = 9
        rig.source.pushes.add("2", Pushed(keys=(Key(*ROW),)))
        await time.pass_(1.0, rig.rest)
        shop.answers.set()
        await time.pass_(1.0, rig.rest)
        assert rig.levels()[ROW] == 9


def said(age: float, way: Way = Way.READ, whole: bool = False, gone: bool = False) -> StockReport:
    levels = [] if gone else [StockLevel(*ROW, available=1)]
    return StockReport(frozenset([ROW[1]]), levels, age, whole, gone=[ROW] if gone else (), way=way)


@pytest.mark.parametrize("gone", [False, True])
def test_of_two_that_cross_the_one_that_was_asked_for_first_is_behind_and_nothing_is_remembered_of_them(
    gone: bool,
) -> None:
    time = Timeline()
    crossing = Crossing(time.clocks)
    with crossing.doing(Urgency.COMPARE):
        time.now += 2.0
        with crossing.doing(Urgency.READ):
            time.now += 1.0
        assert not crossing.read(said(1.0, gone=gone)).behind
        assert not crossing.read(said(0.5, gone=gone)).behind
        assert crossing.read(said(3.0, Way.COMPARISON)).behind == {ROW}
    assert crossing.read(said(3.0, Way.COMPARISON, whole=True)).behind == {ROW}
    assert not crossing.read(said(3.0, Way.COMPARISON, whole=True)).behind
    assert not crossing._told


def test_what_a_poll_was_behind_in_is_nothing_of_a_comparisons() -> None:
    time = Timeline()
    crossing = Crossing(time.clocks)
    with crossing.doing(Urgency.POLL):
        time.now += 2.0
        crossing.read(said(1.0))
        assert crossing.read(said(2.0, Way.POLL)).behind == {ROW}
    assert not crossing.read(said(0.0, Way.COMPARISON, whole=True)).behind
