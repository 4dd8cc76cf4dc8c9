"""What becomes of a report: older words refused, ties told, numbers, items, parts, hidden channels, old devices."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.config import Location
from edge.db import database
from edge.model import Band
from edge.ports import StockAway, StockItem, StockLevel, StockReport, Taken
from edge.stock.cache import Rows, StockCache, stock_cache
from edge.stock.shelves import taking
from edge.stock.shelves.figures import figures
from edge.stock.shelves.guard import Verdict, weigh

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock, Opened

ONE = figures(StockLevel("A", "ginza", 1))
TWO = figures(StockLevel("A", "ginza", 2))
SHOP = frozenset({"ginza"})
SHIRT = StockItem("A", "04901234567894", "LN", "白", "M", "シャツ", 2)


def said(count: int, revision: int = 0, sku: str = "A") -> list[StockLevel]:
    return [StockLevel(sku, "ginza", count, revision=revision)]


def pushed(count: int, revision: int) -> StockReport:
    """What a webhook carried."""
    return StockReport(SHOP, said(count, revision), whole=False, vouches=False, sure=False)


@pytest.mark.parametrize(
    ("known", "revision", "said", "told", "later", "verdict"),
    [
        (ONE, 5, TWO, 4, True, Verdict.REFUSED),
        (ONE, 5, TWO, 6, False, Verdict.TAKEN),
        (ONE, 5, ONE, 6, False, Verdict.NEWER),
        (ONE, 5, ONE, 5, False, Verdict.SAME),
        (ONE, 5, TWO, 5, False, Verdict.TIE),
        (ONE, 5, TWO, 5, True, Verdict.TAKEN),
        (ONE, 0, TWO, 0, False, Verdict.TIE),
        (ONE, 0, TWO, 0, True, Verdict.TAKEN),
        (ONE, 0, TWO, 7, False, Verdict.TIE),
        (ONE, 7, TWO, 0, True, Verdict.TAKEN),
        (None, 5, ONE, 4, True, Verdict.REFUSED),
        (None, 5, ONE, 6, False, Verdict.TAKEN),
        (None, 5, ONE, 5, False, Verdict.TIE),
    ],
)
def test_which_of_two_words_about_a_row_counts(
    known: object, revision: int, said: object, told: int, later: bool, verdict: Verdict
) -> None:
    assert weigh(known, revision, said, told, later) is verdict  # type: ignore[arg-type]


@pytest.mark.promise("K-1")
async def test_a_late_webhook_with_an_old_body_changes_nothing(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 30)), clock.wall)
    clock.pass_(1)
    assert await cache.apply("pos", pushed(2, 40), clock.wall) == Taken(changed=1)
    assert await cache.apply("pos", pushed(9, 10), clock.wall) == Taken(refused=1)
    (line,) = cache.lines("A", [here], "ja", clock.wall)
    assert line.text == "残り2点"


@pytest.mark.promise("K-2")
async def test_a_sender_that_numbers_its_words_is_believed_whatever_the_rows_revisions(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("hub", StockReport(SHOP, said(3, 30), ordered=True), clock.wall)
    told = StockReport(SHOP, said(5, 20), whole=False, asked=0.0, ordered=True)
    assert await cache.apply("hub", told, clock.wall) == Taken(changed=1)
    assert cache.levels("hub", "ginza") == {"A": 5}


@pytest.mark.promise("K-1")
async def test_a_reading_that_began_before_a_push_repeated_the_figures_is_not_taken_for_a_later_word(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(0, 5)), clock.wall)
    clock.pass_(2)
    assert await cache.apply("pos", pushed(0, 5), clock.wall) == Taken()
    clock.pass_(1)
    crossed = StockReport(SHOP, said(1, 5), age=2.0, whole=False)
    assert await cache.apply("pos", crossed, clock.wall) == Taken(ties=(("A", "ginza"),))


async def test_two_of_one_revision_are_a_tie_until_the_source_is_read_again(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 30)), clock.wall)
    assert await cache.apply("pos", pushed(1, 30), clock.wall) == Taken(ties=(("A", "ginza"),))
    assert cache.levels("pos", "ginza") == {"A": 3}
    clock.pass_(1)
    assert await cache.apply("pos", StockReport(SHOP, said(1, 30), whole=False), clock.wall) == Taken(changed=1)
    assert cache.levels("pos", "ginza") == {"A": 1}


async def test_a_whole_report_drops_nothing_that_was_taken_after_its_reading_began(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
    clock.pass_(10)
    await cache.apply("pos", StockReport(SHOP, said(1, sku="NEW"), whole=False), clock.wall)
    clock.pass_(5)
    assert await cache.apply("pos", StockReport(SHOP, said(3), age=8.0), clock.wall) == Taken()
    assert cache.levels("pos", "ginza") == {"A": 3, "NEW": 1}
    assert await cache.apply("pos", StockReport(SHOP, said(3), age=2.0), clock.wall) == Taken(changed=1)
    assert cache.levels("pos", "ginza") == {"A": 3}


@pytest.mark.promise("K-1")
async def test_what_does_not_vouch_makes_nothing_fresh(cache: StockCache, here: Location, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3, 1)), clock.wall)
    clock.pass_(120)
    await cache.apply("pos", pushed(1, 2), clock.wall)
    (line,) = cache.lines("A", [here], "ja", clock.wall)
    assert (line.text, line.fresh) == ("残りわずか", "2分前")


@pytest.mark.promise("K-1")
async def test_a_part_of_a_shelf_that_was_never_whole_is_being_asked_for(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3), whole=False), clock.wall)
    (line,) = cache.lines("A", [here], "ja", clock.wall)
    assert line.band is Band.ASKING


async def test_a_slow_comparison_makes_nothing_older_than_it_was_known(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
    clock.pass_(600)
    await cache.apply("pos", StockReport(SHOP, (), whole=False), clock.wall)
    await cache.apply("pos", StockReport(SHOP, said(3), age=500), clock.wall)
    assert cache.age("pos", "ginza", clock.wall) == 0


async def test_each_change_of_a_shelf_has_the_next_number_and_who_follows_misses_none(
    cache: StockCache, clock: HandClock
) -> None:
    moves = cache.moves()
    await cache.apply("pos", StockReport(SHOP, [*said(3), *said(4, sku="B")], items=[SHIRT]), clock.wall)
    clock.pass_(1)
    await cache.apply("pos", StockReport(SHOP, None), clock.wall)
    await cache.apply("pos", StockReport(SHOP, said(2), whole=False, gone=[("B", "ginza")]), clock.wall)
    first, second = await anext(moves), await anext(moves)
    assert [(move.n, len(move.levels), move.gone, move.items) for move in (first, second)] == [
        (1, 2, (), (SHIRT,)),
        (2, 1, ("B",), ()),
    ]
    standing = cache.shelves()["pos", "ginza"]
    assert (standing.n, standing.rows, standing.heard, standing.epoch) == (2, 1, True, second.epoch)


async def test_rows_after_a_number_are_the_latest_and_a_number_is_never_torn(
    cache: StockCache, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, [*said(3), *said(4, sku="B"), *said(5, sku="C")]), clock.wall)
    clock.pass_(1)
    await cache.apply("pos", StockReport(SHOP, said(2), whole=False), clock.wall)
    first = await cache.rows_after("pos", "ginza", 0, 1)
    assert (first.n, {level.sku for level in first.levels}) == (1, {"B", "C"})
    assert (await cache.rows_after("pos", "ginza", 1, 1)).levels == tuple(said(2))
    assert (await cache.rows_after("pos", "ginza", 2, 1)).levels == ()


async def test_numbers_and_epoch_outlive_a_restart_and_a_new_file_has_a_new_epoch(
    opened: Opened, clock: HandClock, tmp_path: Path
) -> None:
    async with opened() as cache:
        await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
        before = cache.standing("pos", "ginza")
    async with opened() as cache:
        after = cache.standing("pos", "ginza")
        assert (after.epoch, after.n, after.rows, after.heard) == (before.epoch, 1, 1, False)
    for file in tmp_path.glob("stock.sqlite*"):
        file.unlink()
    async with opened() as cache:
        await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
        assert cache.standing("pos", "ginza").epoch != before.epoch


async def test_news_of_a_product_travels_with_its_shelf(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
    clock.pass_(1)
    await cache.apply("pos", StockReport(SHOP, None, items=[SHIRT, StockItem("UNLISTED")]), clock.wall)
    rows = await cache.rows_after("pos", "ginza", 1, 100)
    assert (rows.n, rows.levels, rows.items) == (2, tuple(said(3)), (SHIRT,))
    assert (await cache.rows_after("pos", "ginza", 2, 100)).items == ()


async def test_a_product_is_what_its_channels_say_of_it_together(opened: Opened, clock: HandClock) -> None:
    async with opened() as cache:
        shirt = StockItem("A", "04901234567894", "LN", name="シャツ")
        await cache.apply("cart", StockReport(SHOP, said(3), items=[shirt]), clock.wall)
        await cache.apply("pos", StockReport(SHOP, said(3), items=[StockItem("A", few=5, size="M")]), clock.wall)
    async with opened() as cache:
        whole = cache.item("A")
        assert whole == StockItem("A", "04901234567894", "LN", "", "M", "シャツ", 5)
        assert (cache.style("LN"), cache.by_gtin("04901234567894")) == ((whole,), "A")
        assert (cache.item("B"), cache.style("XX"), cache.by_gtin("00000000000000")) == (None, (), "")


async def test_the_source_s_own_figure_of_few_left_is_what_a_shopper_reads(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(6), items=[StockItem("A", few=8)]), clock.wall)
    (line,) = cache.lines("A", [here], "ja", clock.wall)
    assert line.band is Band.FEW


async def test_parts_of_a_channel_are_kept_apart_and_dropped_with_it(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("hub", StockReport(SHOP, said(3), part="pos"), clock.wall)
    await cache.apply("hub", StockReport(SHOP, said(4), part="cart"), clock.wall)
    assert set(cache.shelves()) == {("hub/pos", "ginza"), ("hub/cart", "ginza")}
    await cache.keep_only(["hub"])
    assert len(cache.shelves()) == 2
    await cache.keep_only(["other"])
    assert cache.shelves() == {}


async def test_what_a_contract_keeps_off_the_screens_is_in_no_line_and_on_no_wire(
    cache: StockCache, here: Location, clock: HandClock
) -> None:
    cache.hide(["cart"])
    moves = cache.moves()
    await cache.apply("cart", StockReport(SHOP, said(3), items=[SHIRT]), clock.wall)
    await cache.apply("pos", StockReport(SHOP, said(1, sku="B")), clock.wall)
    assert [line.band for line in cache.lines("A", [here], "ja", clock.wall)] == [Band.UNLISTED]
    assert (cache.item("A"), cache.style("LN"), cache.by_gtin(SHIRT.gtin)) == (None, (), "")
    assert (await anext(moves)).channel == "pos"
    assert set(cache.shelves()) == {("pos", "ginza")}
    assert await cache.rows_of("cart", "ginza") == Rows()
    assert [(word.channel, word.hidden) for word in cache.words("A", "ginza", clock.wall)] == [
        ("cart", True),
        ("pos", False),
    ]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "level",
    [
        StockLevel("A", "ginza", 10**9),
        StockLevel("A", "ginza", 1e308),  # type: ignore[arg-type]
        StockLevel("A", "ginza", True),
        StockLevel("A", "ginza", 1, reserved=-1),
        StockLevel("A", "ginza", 1, revision=1 << 63),
        StockLevel("A", "ginza", 1, sold_daily=float("nan")),
        StockLevel("A", "ginza", status="<script>"),
        StockLevel("A", "ginza", 1, incoming_on="2026-13-01"),
        StockLevel("A\x00", "ginza", 1),
        StockLevel("A" * 129, "ginza", 1),
    ],
)
async def test_a_figure_that_no_shop_has_refuses_its_report_whole(
    cache: StockCache, clock: HandClock, level: StockLevel
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(3)), clock.wall)
    with pytest.raises(StockAway, match="the source gave"):
        await cache.apply("pos", StockReport(SHOP, [*said(9, sku="B"), level]), clock.wall)
    assert cache.levels("pos", "ginza") == {"A": 3}


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("item", [StockItem("A", "123"), StockItem("A", name="x" * 10_000), StockItem("", few=-1)])
async def test_an_item_that_no_shop_has_refuses_its_report_whole(
    cache: StockCache, clock: HandClock, item: StockItem
) -> None:
    with pytest.raises(StockAway, match="the source gave"):
        await cache.apply("pos", StockReport(SHOP, said(3), items=[item]), clock.wall)
    assert cache.levels("pos", "ginza") == {}


async def test_many_rows_at_once_come_into_memory_as_they_are_on_disk(
    cache: StockCache, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_PATCHES", 3)
    moves = cache.moves()
    skus = [f"S{n}" for n in range(5)]
    levels = [StockLevel(sku, "ginza", n, incoming=2, incoming_on="2026-12-01") for n, sku in enumerate(skus)]
    items = [StockItem(sku, style="LN", name=sku) for sku in skus]
    await cache.apply("pos", StockReport(SHOP, levels, items=items), clock.wall)
    assert [cache.words(sku, "ginza", clock.wall)[0].level for sku in skus] == levels
    assert cache.style("LN") == tuple(items)
    move = await anext(moves)
    assert (move.n, move.levels, move.gone, move.items) == (1, (), (), ())
    assert set((await cache.rows_after("pos", "ginza", 0, 100)).items) == set(items)


@pytest.mark.promise("K-1")
async def test_an_older_devices_file_opens_and_keeps_what_it_knew_but_never_live(
    opened: Opened, here: Location, clock: HandClock, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "stock.sqlite") as old:
        old.execute(
            "CREATE TABLE stock_level(channel TEXT, location TEXT, sku TEXT, available INTEGER NOT NULL,"
            " PRIMARY KEY(channel, location, sku)) STRICT"
        )
        old.execute(
            "CREATE TABLE stock_mark(channel TEXT, location TEXT, watermark_s REAL NOT NULL,"
            " PRIMARY KEY(channel, location)) STRICT"
        )
        old.execute("INSERT INTO stock_level VALUES ('pos', 'ginza', 'A', 2), ('pos', 'ginza', 'B', 99999999)")
        old.execute("INSERT INTO stock_mark VALUES ('pos', 'ginza', ?)", (clock.wall - 60,))
    old.close()
    for _ in range(2):
        async with opened() as cache:
            (line,) = cache.lines("A", [here], "ja", clock.wall)
            assert (line.text, line.fresh, cache.levels("pos", "ginza")) == ("残りわずか", "1分前", {"A": 2})
    async with opened() as cache:
        await cache.apply("pos", StockReport(SHOP, said(7)), clock.wall)
        assert cache.levels("pos", "ginza") == {"A": 7}


@pytest.mark.promise("K-5")
async def test_a_screen_is_answered_while_the_file_is_still_read(
    tmp_path: Path, here: Location, clock: HandClock
) -> None:
    gate = threading.Event()
    async with database(tmp_path / "stock.sqlite") as db:
        db.post(lambda _: gate.wait(30), lambda *_: None)
        async with stock_cache(db, wall=lambda: clock.wall, monotonic=lambda: clock.monotonic) as cache:
            (line,) = cache.lines("A", [here], "ja", clock.wall)
            applied = asyncio.create_task(cache.apply("pos", StockReport(SHOP, said(2)), clock.wall))
            await asyncio.sleep(0)
            assert line.band is Band.ASKING
            gate.set()
            assert await applied == Taken(changed=1)
            (line,) = cache.lines("A", [here], "ja", clock.wall)
            assert line.text == "残り2点"


async def test_what_is_on_disk_is_in_memory_though_who_told_it_went_away(opened: Opened, clock: HandClock) -> None:
    async with opened() as cache:
        telling = asyncio.create_task(cache.apply("pos", StockReport(SHOP, said(2)), clock.wall))
        await asyncio.sleep(0)
        telling.cancel()
        await cache.rows_of("pos", "ginza")
        in_memory = cache.levels("pos", "ginza")
    async with opened() as cache:
        assert cache.levels("pos", "ginza") == in_memory == {"A": 2}


async def test_a_file_that_could_not_be_read_is_read_when_it_can_be(tmp_path: Path, clock: HandClock) -> None:
    async with database(tmp_path / "stock.sqlite") as db:
        await db.write(lambda file: file.execute("CREATE VIEW stock_row AS SELECT 1"))
        async with stock_cache(db) as cache:
            with pytest.raises(sqlite3.Error):
                await cache.apply("pos", StockReport(SHOP, said(2)), clock.wall)
            await db.write(lambda file: file.execute("DROP VIEW stock_row"))
            assert await cache.apply("pos", StockReport(SHOP, said(2)), clock.wall) == Taken(changed=1)
