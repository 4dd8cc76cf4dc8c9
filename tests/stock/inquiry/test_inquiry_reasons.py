"""Why a channel that is up shows no live number, what its webhooks came to, and what stays known of a comparison."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlite_utils

from edge.config import Location, StockChannel
from edge.db import database
from edge.ports import Comparison, StockLevel, StockReport
from edge.stock.cache import migrate, stock_cache
from edge.stock.inquiry import printed, standing, told
from edge.stock.inquiry.desk import Desk, Shop
from edge.stock.inquiry.standing import Late, Shelf, Standing
from edge.stock.inquiry.watch import Deliveries, Watch
from edge.stock.shelves import schema
from tests.stock.inquiry.test_inquiry_ways import WHOLE
from tests.stock.intake.bazaar import Bazaar, module
from tests.stock.intake.bazaar import Standing as Standing_
from tests.stock.intake.rig import Timeline, fed

NONE = Late(0, None, None, 0)
TOKYO = ZoneInfo("Asia/Tokyo")
AT_S = 1_795_000_000.0


def shelf(age_s: float | None, channel: str = "pos", location: str = "ginza", shown: bool = True) -> Shelf:
    return Shelf(channel, location, 7, 1, 1, age_s, True, 0.0, shown)


def channel(shelves: Sequence[Shelf], state: str = "up", **more: Any) -> Standing:
    counts = {"refused": 0, "ties": 0}
    base = ("pos", "generic", state, "", "", ("comparisons",), False, 0, (), more.pop("comparison", None))
    return Standing(*base, counts, NONE, NONE, tuple(shelves), **more)


def lines(of: Standing) -> str:
    return "\n".join(printed.channels(told.channels([of], True, AT_S), TOKYO))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (channel([]), "LOOK it has told of no place yet"),
        (channel([shelf(None)]), "LOOK nobody can tell how old its word of ginza is"),
        (channel([shelf(1000.0), shelf(1900.0, location="umeda")]), "LOOK its word of umeda is 32 min old"),
        (channel([shelf(1.0)], bare=("ginza",)), "LOOK none of its rows of ginza has a figure"),
        (channel([shelf(1.0)], untold=("umeda",)), "LOOK it has not told of umeda;"),
        (channel([shelf(68.0, "hub/core")]), "why  head office's core was last vouched for 68 s ago"),
    ],
)
def test_a_channel_that_is_up_and_shows_no_live_number_says_why(of: Standing, said: str) -> None:
    assert said in lines(of)


@pytest.mark.parametrize(
    "of", [channel([shelf(1.0)]), channel([shelf(68.0)]), channel([shelf(1000.0, shown=False)]), channel([], "down")]
)
def test_a_channel_that_is_live_or_aged_as_its_source_is_or_down_has_no_reason_to_tell(of: Standing) -> None:
    assert of.reasons == ()


@pytest.mark.parametrize(
    ("came", "said", "look"),
    [
        (Deliveries(3, 1, 5, "the signature is not right", AT_S), "3 taken, 1 known, 5 refused", False),
        (Deliveries(0, 0, 5, "the signature is not right", AT_S), "0 taken, 0 known, 5 refused", True),
    ],
)
def test_refused_webhooks_are_told_and_are_a_finding_where_none_was_ever_taken(
    came: Deliveries, said: str, look: bool
) -> None:
    text = lines(channel([shelf(1.0)], deliveries=came))
    assert said in text
    assert "refused 2026-11-18 20:06:40 JST: the signature is not right" in text
    assert ("secret_file" in text, "LOOK" in text) == (look, look)


def test_the_first_reading_is_no_difference() -> None:
    assert "first reading, 24 rows" in lines(channel([], comparison=Comparison(1, 1, 24, 24, AT_S)))
    assert "1 row differed" in lines(channel([], comparison=Comparison(2, 2, 24, 1, AT_S)))


def test_shelves_whose_rows_have_no_figure_are_found(tmp_path: Path) -> None:
    db = sqlite_utils.Database(tmp_path / "stock.sqlite")
    schema.migrate(db)
    with closing(db.conn):
        for id, available in ((1, None), (2, 3), (3, None)):
            put_shelf(db.conn, id)
            put_row(db.conn, id, available, gone=id == 3)
        assert standing.bare(db.conn) == {("pos", "place-1")}


def put_shelf(connection: sqlite3.Connection, id: int) -> None:
    sql = "INSERT INTO stock_shelf(id, channel, location, epoch, n, watermark_s, full_s, taken)"
    connection.execute(f"{sql} VALUES (?, 'pos', ?, 1, 1, 0, 0, 0)", (id, f"place-{id}"))


def put_row(connection: sqlite3.Connection, shelf: int, available: int | None, gone: bool) -> None:
    columns = "shelf, sku, available, reserved, hold, safety, status, incoming, incoming_on, revision, gone, n, item_n"
    more = "taken, bucket, mark, way"
    sql = f"INSERT INTO stock_row({columns}, {more}) VALUES (?, 'A', ?, 0, 0, 0, '', 0, '', 0, ?, 1, 1, 0, 0, 0, 0)"
    connection.execute(sql, (shelf, available, gone))


async def test_what_a_comparison_found_stays_known_while_its_source_is_away(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, WHOLE), Standing_(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(5.0, rig.rest)
        found, watch = rig.source.comparison, Watch()
        with watch.following("shop", rig.source):
            assert watch.compared("shop") == found
        assert watch.comparison("shop") is None
        assert (watch.compared("shop"), found.ended) == (found, 1)


async def test_places_that_a_hub_is_to_tell_of_are_named_until_it_has(tmp_path: Path) -> None:
    hub = StockChannel(id="hub", adapter="hub", settings={"url": "https://hub.example"})
    names = {"ginza": "here", "umeda": "near"}
    places = [Location(id=id, place=place, name={"en": id}) for id, place in names.items()]
    async with (
        database(tmp_path / "stock.sqlite", migrate) as db,
        stock_cache(db, lambda: AT_S, lambda: 500.0) as cache,
    ):
        asked = Desk(Shop([hub], tmp_path, places), cache, db, wall=lambda: AT_S)
        level = StockLevel("A", "ginza", 3)
        await cache.apply("hub", StockReport(frozenset({"ginza"}), [level], part="core"), AT_S)
        (told_of,) = await asked.channels()
        found = await asked.explain("A")
    assert told_of.untold == ("umeda",)
    assert {place.location: place.untold for place in found.places} == {"ginza": (), "umeda": ("hub",)}
    text = "\n".join(printed.explained(told.explained(found, True, AT_S), TOKYO))
    assert "hub: has not told of it" in text
    assert "no channel speaks for it" not in text
