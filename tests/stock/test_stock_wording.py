"""What a shopper reads for a count of an age."""

from __future__ import annotations

from typing import Any

import pytest

from edge.config import Location
from edge.model import Band
from edge.ports import StockLevel
from edge.stock.level import Known, less
from edge.stock.words.wording import Word, band, line, name_of, sure, word

NOW = 1_795_000_000.0


def of(available: int | None, age: float | None) -> Known:
    """A figure (None: not listed) of an age."""
    return Known(None if available is None else StockLevel("LN-09-M", "ginza", available), age)


HERE = [
    (0, 0, "ja", Band.NONE, "在庫なし", "", 0),
    (1, 0, "ja", Band.FEW, "残り1点", "", 1),
    (3, 10, "ja", Band.FEW, "残り3点", "", 3),
    (4, 10, "ja", Band.MANY, "在庫4点", "", 4),
    (2, 10.1, "ja", Band.FEW, "残りわずか", "1分前", None),
    (9, 59, "ja", Band.MANY, "在庫あり", "1分前", None),
    (9, 180, "ja", Band.MANY, "在庫あり", "3分前", None),
    (0, 900, "ja", Band.NONE, "在庫なし", "15分前", None),
    (9, 900.1, "ja", Band.ASKING, "確認中", "", None),
    (9, float("nan"), "ja", Band.ASKING, "確認中", "", None),
    (None, 0, "ja", Band.UNLISTED, "取扱なし", "", None),
    (None, 120, "ja", Band.UNLISTED, "取扱なし", "2分前", None),
    (None, None, "ja", Band.ASKING, "確認中", "", None),
    (2, 5, "en", Band.FEW, "Only 2 left", "", 2),
    (12, 5, "en", Band.MANY, "12 in stock", "", 12),
    (12, 240, "en", Band.MANY, "In stock", "4 min ago", None),
    (0, 5, "en", Band.NONE, "Out of stock", "", 0),
    (5, 5, "fr", Band.MANY, "5 in stock", "", 5),
    (5, 5, "ja-JP", Band.MANY, "在庫5点", "", 5),
    (2, 5, "zh", Band.FEW, "仅剩2件", "", 2),
    (9, 5, "zh-TW", Band.MANY, "现货9件", "", 9),
    (9, 180, "zh-Hans", Band.MANY, "有货", "3分钟前", None),
    (1, 5, "ko", Band.FEW, "1개 남음", "", 1),
    (9, 5, "ko-KR", Band.MANY, "재고 9개", "", 9),
    (0, 900, "ko", Band.NONE, "재고 없음", "15분 전", None),
]


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(("available", "age", "language", "band", "text", "fresh", "number"), HERE)
def test_this_stores_stock_is_worded_by_count_and_age(
    here: Location,
    available: int | None,
    age: float | None,
    language: str,
    band: Band,
    text: str,
    fresh: str,
    number: int | None,
) -> None:
    said = line(here, of(available, age), None, language, NOW)
    assert (said.band, said.text, said.fresh, said.available) == (band, text, fresh, number)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("place", ["near", "online"])
@pytest.mark.parametrize(("available", "text"), [(1, "残りわずか"), (50, "在庫あり"), (0, "在庫なし")])
def test_no_other_place_shows_a_number_even_when_live(place: str, available: int, text: str) -> None:
    elsewhere = Location(id="web", place=place, name={"ja": "オンライン"})
    said = line(elsewhere, of(available, 1.0), None, "ja", NOW)
    assert (said.text, said.available, said.place) == (text, None, place)


def test_while_a_unit_is_being_asked_for_no_figure_is_told_as_nobody_knows_who_took_it_off(here: Location) -> None:
    said = line(here, less(of(9, 1.0), 1), None, "ja", NOW)
    assert (said.text, said.available) == ("在庫あり", None)
    assert line(here, less(of(1, 1.0), 1), None, "ja", NOW).text == "在庫なし"


def test_a_line_tells_when_the_sources_word_was_and_nothing_when_it_asks(here: Location) -> None:
    assert line(here, of(3, 60.0), None, "ja", NOW).as_of == NOW - 60
    assert line(here, of(3, 3600.0), None, "ja", NOW).as_of is None


LEVELS = [
    # what the level says, few, age -> word, text, number here
    ({"available": 5}, None, 5, Word.MANY, "在庫5点", 5),
    ({"available": 5}, 5, 5, Word.FEW, "残り5点", 5),
    ({"available": 5}, 10, 60, Word.FEW, "残りわずか", None),
    ({"available": 1}, 0, 5, Word.MANY, "在庫1点", 1),
    ({"available": 3}, 3, 60, Word.FEW, "残りわずか", None),
    ({"available": 4}, 3, 60, Word.MANY, "在庫あり", None),
    ({"on_hand": 5, "reserved": 2, "hold": 1}, None, 5, Word.FEW, "残り2点", 2),
    ({"on_hand": 5, "reserved": 4, "hold": 3}, None, 5, Word.NONE, "在庫なし", 0),
    ({"on_hand": 12, "safety": 3}, None, 5, Word.MANY, "在庫9点", 9),
    ({"available": 5, "on_hand": 90}, None, 5, Word.MANY, "在庫5点", 5),
    ({"available": -2}, None, 5, Word.NONE, "在庫なし", 0),
    ({"status": "in"}, None, 5, Word.MANY, "在庫あり", None),
    ({"status": "few"}, None, 5, Word.FEW, "残りわずか", None),
    ({"status": "none"}, None, 5, Word.NONE, "在庫なし", 0),
    ({"status": "order"}, None, 5, Word.ORDER, "お取り寄せ", 0),
    ({}, None, 5, Word.ASKING, "確認中", None),
    ({"status": "?"}, None, 5, Word.ASKING, "確認中", None),
    ({"available": 0, "status": "order"}, None, 5, Word.ORDER, "お取り寄せ", 0),
    ({"available": 9, "status": "order"}, None, 5, Word.ORDER, "お取り寄せ", None),
    ({"available": 9, "status": "none"}, None, 5, Word.NONE, "在庫なし", None),
    ({"available": 0, "status": "in"}, None, 5, Word.NONE, "在庫なし", 0),
    ({"available": 9, "status": "few"}, None, 60, Word.FEW, "残りわずか", None),
    ({"available": 2, "status": "in"}, None, 60, Word.FEW, "残りわずか", None),
    ({"status": "in"}, None, 901, Word.ASKING, "確認中", None),
    # one left of what sells 20 a day: sure for 1.9 min, likely for 18 min; 100 a day: 22 s and 3.7 min; 5 left longer
    ({"available": 1, "sold_daily": 20}, None, 60, Word.FEW, "残りわずか", None),
    ({"available": 1, "sold_daily": 100}, None, 5, Word.FEW, "残り1点", 1),
    ({"available": 1, "sold_daily": 100}, None, 200, Word.FEW, "残りわずか", None),
    ({"available": 1, "sold_daily": 100}, None, 300, Word.LOOK, "要確認", None),
    ({"available": 5, "sold_daily": 100}, None, 840, Word.MANY, "在庫あり", None),
    ({"available": 5, "sold_daily": 100}, None, 895, Word.FEW, "残りわずか", None),
    ({"available": 5, "sold_daily": 400}, None, 890, Word.LOOK, "要確認", None),
    ({"available": 1, "sold_daily": 1000}, None, 9, Word.FEW, "残りわずか", None),
    ({"available": 9, "sold_daily": 30_000}, None, 9, Word.FEW, "残りわずか", None),
    ({"available": 1, "sold_daily": 5000}, None, 9, Word.LOOK, "要確認", None),
    ({"available": 1, "sold_daily": 0}, None, 899, Word.FEW, "残りわずか", None),
    ({"available": 9, "sold_daily": float("nan")}, None, 5, Word.LOOK, "要確認", None),
    ({"available": 9, "sold_daily": -1.0}, None, 5, Word.LOOK, "要確認", None),
    ({"status": "in", "sold_daily": 9000}, None, 600, Word.MANY, "在庫あり", None),
]


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(("level", "few", "age", "said", "text", "number"), LEVELS)
def test_a_level_is_worded_by_all_that_its_source_says(
    here: Location, level: dict[str, Any], few: int | None, age: float, said: Word, text: str, number: int | None
) -> None:
    known = Known(StockLevel("LN-09-M", "ginza", **level), age)
    shown = line(here, known, few, "ja", NOW)
    assert (word(known, few), shown.text, shown.available) == (said, text, number)
    assert band(known, few) is shown.band


SENT = [
    ({"available": 4}, 60, True),
    ({"available": 3}, 60, False),
    ({"status": "in"}, 60, True),
    ({"status": "few"}, 60, False),
    ({"status": "order"}, 60, False),
    ({"available": 1, "sold_daily": 1}, 840, True),
    ({"available": 1, "sold_daily": 20}, 60, True),
    ({"available": 1, "sold_daily": 20}, 180, False),
    ({"available": 9, "sold_daily": 1000}, 800, False),
    ({"available": 9}, 901, False),
    ({"available": 0, "sold_daily": 0}, 5, False),
]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("level", "age", "sent"), SENT)
def test_nobody_is_sent_for_what_may_be_gone(level: dict[str, Any], age: float, sent: bool) -> None:
    assert sure(Known(StockLevel("LN-09-M", "shibuya", **level), age), None) is sent


@pytest.mark.parametrize("language", ["ja", "en", "zh", "ko"])
def test_every_word_is_told_apart_in_every_language(here: Location, language: str) -> None:
    levels: list[dict[str, Any]] = [{"status": status} for status in ("in", "few", "none", "order", "")]
    known = [Known(StockLevel("LN-09-M", "ginza", **level), 60) for level in levels]
    known += [Known(None, 60), Known(StockLevel("LN-09-M", "ginza", 1, sold_daily=900), 600)]
    assert len({line(here, each, None, language, NOW).text for each in known}) == len(Word)


@pytest.mark.parametrize(
    ("names", "language", "shown"),
    [
        ({"ja": "銀座店", "en": "Ginza"}, "en", "Ginza"),
        ({"ja": "銀座店", "en": "Ginza"}, "en-GB", "Ginza"),
        ({"ja": "銀座店", "en": "Ginza"}, "zh", "Ginza"),
        ({"ja": "銀座店", "en": "Ginza", "zh": "银座店"}, "zh-TW", "银座店"),
        ({"ja": "銀座店"}, "en", "銀座店"),
        ({"de": "Laden"}, "ja", "Laden"),
        ({}, "ja", "ginza"),
    ],
)
def test_a_place_is_named_in_the_nearest_language_it_has(names: dict[str, str], language: str, shown: str) -> None:
    assert name_of("ginza", names, language) == shown
