"""What a shopper reads for a count of an age."""

from __future__ import annotations

import pytest

from edge.config import Location
from edge.model import Band
from edge.stock.wording import line, name_of

NOW = 1_795_000_000.0

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
    said = line(here, available, age, language, NOW)
    assert (said.band, said.text, said.fresh, said.available) == (band, text, fresh, number)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("place", ["near", "online"])
@pytest.mark.parametrize(("available", "text"), [(1, "残りわずか"), (50, "在庫あり"), (0, "在庫なし")])
def test_no_other_place_shows_a_number_even_when_live(place: str, available: int, text: str) -> None:
    elsewhere = Location(id="web", place=place, name={"ja": "オンライン"})
    said = line(elsewhere, available, 1.0, "ja", NOW)
    assert (said.text, said.available, said.place) == (text, None, place)


def test_a_line_tells_when_the_sources_word_was_and_nothing_when_it_asks(here: Location) -> None:
    assert line(here, 3, 60.0, "ja", NOW).as_of == NOW - 60
    assert line(here, 3, 3600.0, "ja", NOW).as_of is None


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
