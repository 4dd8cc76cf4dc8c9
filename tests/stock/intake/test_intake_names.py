"""A system's names and ours: by a file, by the product's number, and what nobody could list."""

from __future__ import annotations

import pytest

from edge.ports import StockItem, StockLevel
from edge.stock.intake.names import BadNames, BadPage, Names, Rows, parse
from edge.stock.system import Page

HERE = frozenset({"ginza"})
JAN, GTIN = "4901234567894", "04901234567894"


def test_a_file_gives_our_sku_for_their_name_and_back() -> None:
    names = Names(parse("their,sku,gtin\n8000001,LN-09-M,\n"))
    assert (names.ours("8000001"), names.theirs("LN-09-M")) == ("LN-09-M", "8000001")
    assert (names.ours("8000002"), names.theirs("8000002")) == ("8000002", "8000002")


def test_a_till_that_knows_jans_alone_is_matched_to_the_catalogue() -> None:
    names = Names(Rows(), lambda gtin: "LN-09-M" if gtin == GTIN else "")
    page = names.page(Page((StockLevel(JAN, "ginza", available=3, revision=1),)), HERE)
    assert [level.sku for level in page.levels] == ["LN-09-M"]
    assert names.theirs("LN-09-M") == JAN


def test_an_items_number_names_its_levels_too() -> None:
    names = Names(parse(f"their,sku,gtin\n,LN-09-M,{JAN}\n"))
    said = Page((StockLevel("8000001", "ginza", available=3),), (StockItem("8000001", gtin=GTIN),))
    page = names.page(said, HERE)
    assert (page.levels[0].sku, page.items[0].sku) == ("LN-09-M", "LN-09-M")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku,gtin\nA,\n", "line 1.*their is missing"),
        ("their,sku,gtin\n1,A,4901234567890\n", "line 2: gtin"),
        ("their,sku,gtin\n,A,\n", "line 2: a sku"),
        ("their,sku,gtin\n1,,\n", "line 2: a sku"),
        ("their,sku,gtin\n1,A,\n1,B,\n", "line 3: the same name"),
        ('their,sku,gtin\n"1,A\n', "unexpected end"),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_its_line(text: str, said: str) -> None:
    with pytest.raises(BadNames, match=said):
        parse(text)


def test_places_that_are_not_read_and_names_that_nobody_could_ask_for_are_left_out() -> None:
    levels = [StockLevel("A", "umeda", available=1), StockLevel("", "ginza", available=1)]
    levels += [StockLevel("x" * 200, "ginza", available=1), StockLevel("B\n", "ginza", available=1)]
    assert Names(Rows()).levels(levels, HERE) == ()


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("figure", [10**8, -(10**8), 10**400])
def test_a_figure_that_no_shop_has_refuses_the_page(figure: int) -> None:
    with pytest.raises(BadPage, match="cannot be"):
        Names(Rows()).levels([StockLevel("A", "ginza", available=figure)], HERE)
