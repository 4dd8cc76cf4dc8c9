"""A style as a table, its sizes in the order in which people say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Location
from edge.model import Band, Cell, Matrix
from edge.ports import StockItem, StockLevel
from edge.stock.level import Known
from edge.stock.words.matrix import called, matrix
from edge.stock.words.sizes import ordered

HERE = Location(id="ginza", place="here", name={"ja": "銀座店"})
NEAR = Location(id="shibuya", place="near", name={"ja": "渋谷店"})
WEB = Location(id="web", place="online", name={"ja": "オンライン"})
PLACES = (HERE, NEAR, WEB)

ORDERS = [
    ["XS", "S", "M", "L", "XL", "XXL", "3XL", "フリー"],
    ["S", "M", "L", "LL", "3L", "4L"],
    ["3XS", "XXS", "SS", "S", "M", "XL", "2XL"],
    ["22.5", "23", "23.5", "24.5cm", "25.0"],
    ["7号", "9号", "11号", "13号"],
    ["S/M", "M/L", "L/XL", "F"],
    ["S-M", "L-LL", "One Size"],
    ["Sサイズ", "Mサイズ", "フリーサイズ"],
    ["W28 L30", "W28 L32", "W30 L32"],
    ["S", "90", "100", "110"],
    ["Ｓ", "Ｍ", "Ｌ"],
    ["A70", "B70", "A75"],
    ["26.0cm", "レギュラー", "ワイド", "FREE"],
]


@pytest.mark.parametrize("sizes", ORDERS)
def test_sizes_stand_as_people_say_them(sizes: list[str]) -> None:
    assert ordered(reversed(sizes)) == tuple(sizes)


@given(st.lists(st.text("SMLX0123456789.号/-フリーcm \u3000Ａ", max_size=8)))
def test_any_sizes_keep_all_and_stand_still(sizes: list[str]) -> None:
    once = ordered(sizes)
    assert (set(once), ordered(once)) == (set(sizes), once)


def table(items: list[StockItem], left: dict[tuple[str, str], int]) -> list[list[Cell | None]]:
    """The cells of a style whose SKUs lie where ``left`` says, live; what it does not name is not carried there."""

    def at(sku: str, place: str) -> Known:
        count = left.get((sku, place))
        return Known(None if count is None else StockLevel(sku, place, count), 1.0)

    found = matrix(items, PLACES, at)
    assert found is not None
    return [list(row) for row in found.cells]


def item(color: str, size: str, few: int | None = None) -> StockItem:
    return StockItem(f"{color}-{size}", style="LN", color=color, size=size, few=few)


def test_a_style_is_a_row_for_each_colour_and_a_place_for_each_size() -> None:
    found = matrix([item("white", "L"), item("navy", "S"), item("white", "S")], PLACES, lambda _, __: Known(None, 1.0))
    assert found is not None
    assert (found.colors, found.sizes) == (("white", "navy"), ("S", "L"))
    assert [[cell and cell.sku for cell in row] for row in found.cells] == [["white-S", "white-L"], ["navy-S", None]]


def test_a_cell_says_what_this_store_has_and_only_if_it_has_none_where_else_there_is_one() -> None:
    left = {("a-S", "ginza"): 9, ("a-S", "web"): 9, ("a-M", "ginza"): 0, ("a-M", "shibuya"): 1, ("a-M", "web"): 0}
    row = table([item("a", "S"), item("a", "M"), item("a", "L")], left)[0]
    assert row == [
        Cell("a-S", Band.MANY),
        Cell("a-M", Band.NONE, Band.FEW),
        Cell("a-L", Band.UNLISTED, Band.UNLISTED),
    ]


def test_a_cell_goes_by_its_own_few() -> None:
    left = {("a-S", "ginza"): 5, ("a-M", "ginza"): 5}
    assert [cell and cell.band for cell in table([item("a", "S", 5), item("a", "M", 4)], left)[0]] == [
        Band.FEW,
        Band.MANY,
    ]


@pytest.mark.promise("K-1")
def test_a_cell_of_an_old_word_asks() -> None:
    found = matrix([item("a", "S"), item("a", "M")], PLACES, lambda sku, place: Known(StockLevel(sku, place, 9), 900.1))
    assert found is not None
    assert {cell and (cell.band, cell.elsewhere) for cell in found.cells[0]} == {(Band.ASKING, Band.ASKING)}


def test_one_product_alone_has_no_table() -> None:
    assert matrix([item("a", "S")], PLACES, lambda _, __: Known()) is None
    assert matrix([], PLACES, lambda _, __: Known()) is None


def test_of_two_products_of_one_colour_and_size_the_first_counts() -> None:
    twins = [StockItem("one", color="a", size="S"), StockItem("two", color="a", size="S"), item("a", "M")]
    assert [cell and cell.sku for cell in table(twins, {})[0]] == ["one", "a-M"]


def test_a_colour_is_called_as_a_language_calls_it_and_else_as_its_source_does() -> None:
    table, names = Matrix(("藍", "白"), ("M", "フリー"), ()), {"藍": {"en": "Indigo"}, "フリー": {"en": "One size"}}
    assert called(table, names, "en-GB") == Matrix(("Indigo", "白"), ("M", "One size"), ())
    assert called(table, names, "ja") == called(table, names, "ko") == table
