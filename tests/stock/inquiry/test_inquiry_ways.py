"""By which way a row came, and a comparison that somebody asks for: of a shop's system, and of a hub."""

from __future__ import annotations

from pathlib import Path

import sqlite_utils

from edge.config import StockChannel
from edge.ports import StockLevel, StockReport, Taken, Way
from edge.stock.inquiry.desk import Desk, Shop
from edge.stock.inquiry.watch import Watch
from edge.stock.shelves import schema
from edge.stock.system import Can, Push, Since
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import Rig, Timeline, fed
from tests.stock.line.conftest import Wired, wired  # noqa: F401 - a fixture

WHOLE = Can(Push.ABSOLUTE, per_location=True, since=Since.SURE, revisions=True, step_ms=1000)
A, B = ("S000000", "ginza"), ("S000001", "umeda")


def desk(rig: Rig) -> Desk:
    """The desk beside a shop's channel."""
    db, calls = rig.files
    channel = StockChannel(id="shop", adapter="csv", settings={"path": "none.csv"})
    wall = rig.intake.clocks.wall
    return Desk(Shop([channel], Path(), here=False), rig.cache, db, calls, rig.intake.watch, rig.health, wall=wall)


async def ways(rig: Rig, sku: str) -> dict[str, str]:
    found = await desk(rig).explain(sku)
    return {place.location: figure.way for place in found.places for figure in place.figures}


async def test_a_row_says_whether_a_webhook_a_poll_or_a_comparison_brought_it(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, WHOLE), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(2.0, rig.rest)
        assert await ways(rig, A[0]) == dict.fromkeys(("ginza", "umeda", "web"), "comparison")
        rig.source.pushes.add("1", bazaar.edit(A, 77))
        await time.pass_(1.0, rig.rest)
        assert (await ways(rig, A[0]))["ginza"] == "push"
        bazaar.edit(B, 78)
        await time.pass_(20.0, rig.rest)
        assert (await ways(rig, B[0]))["umeda"] == "poll"


async def test_a_comparison_that_is_asked_for_counts_the_rows_that_nothing_announced(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(9, lambda: time.wall)
    async with fed(module(bazaar, WHOLE), Standing(bazaar), tmp_path, time.clocks, compare_s=3600.0) as rig:
        await time.pass_(5.0, rig.rest)
        before = rig.source.comparison
        bazaar.cut = {"polls"}
        for sku in ("S000001", "S000004", "S000005"):
            bazaar.sell((sku, "ginza"))
        rig.source.compare()
        await time.pass_(5.0, rig.rest)
        after = rig.source.comparison
        assert (after.begun, after.ended, after.differed) == (before.begun + 1, before.ended + 1, 3)
        assert rig.levels() == bazaar.truth()


async def test_an_edge_that_is_asked_compares_with_its_hub_by_digests(wired: Wired) -> None:  # noqa: F811
    async with wired() as wire:
        await wire.step(4.0)
        before = wire.source.comparison
        wrong = StockReport(frozenset({"ginza"}), [StockLevel("A", "ginza", 99)], 0, False, vouches=False, part="pos")
        await wire.edge.apply("hub", wrong, wire.world.at)
        wire.source.compare()
        for _ in range(8):
            await wire.step(2.0)
        after = wire.source.comparison
        assert (after.ended, after.differed, wire.has("A")) == (before.ended + 1, 1, 3)


def test_a_file_of_an_older_version_learns_by_which_way_rows_come(tmp_path: Path) -> None:
    db = sqlite_utils.Database(tmp_path / "stock.sqlite")
    schema.migrate(db)
    db.execute("ALTER TABLE stock_row DROP COLUMN way")
    schema.migrate(db)
    assert db.table("stock_row").columns_dict["way"] is int
    db.close()


def test_what_a_channel_repeats_is_counted_by_way_and_part() -> None:
    watch = Watch()
    report = StockReport(frozenset({"ginza"}), (), part="pos", way=Way.HUB)
    watch.heard("hub", report, Taken(changed=2, refused=1), 0.0, 1_795_000_000.0)
    watch.heard("hub", report, Taken(ties=(A,)), 0.0, 1_795_000_000.0)
    count = watch.counts["hub/pos"]
    assert (count.changed, count.refused, count.ties, count.ways) == (2, 1, 1, {Way.HUB: 2})


def test_of_rows_that_a_report_of_everything_has_older_each_counts_once() -> None:
    watch, level = Watch(), StockLevel("A", "ginza", 3, revision=5)
    for whole, refused in ((False, 1), (True, 1), (False, 4)):
        report = StockReport(frozenset({"ginza"}), [level], whole=whole, way=Way.COMPARISON)
        watch.heard("shop", report, Taken(refused=refused), 0.0, 1_795_000_000.0)
    assert (watch.counts["shop"].older, watch.counts["shop"].refused) == (1, 6)
