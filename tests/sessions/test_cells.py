"""The table of a style on a screen: what can be opened here, around the one that is open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model import Band, Cell, Matrix
from edge.sessions.cells import MOST_COLORS, MOST_SIZES, around, carried


def table(colors: int, sizes: int) -> Matrix:
    cells = tuple(tuple(Cell(f"{y}-{x}", Band.MANY) for x in range(sizes)) for y in range(colors))
    return Matrix(tuple(f"c{y}" for y in range(colors)), tuple(f"s{x}" for x in range(sizes)), cells)


def skus(matrix: Matrix | None) -> list[str]:
    return [cell.sku for row in matrix.cells for cell in row if cell] if matrix else []


def test_a_product_without_a_sheet_here_is_no_cell() -> None:
    found = carried(table(2, 2), {"0-0", "1-1"}, "0-0")
    assert found is not None
    assert found.cells == ((Cell("0-0", Band.MANY), None), (None, Cell("1-1", Band.MANY)))


@pytest.mark.parametrize("known", [{"0-0"}, {"0-1", "1-1"}, set()])
def test_where_there_is_nothing_to_choose_there_is_no_table(known: set[str]) -> None:
    assert carried(table(2, 2), known, "0-0") is None
    assert carried(None, known, "0-0") is None


@given(st.integers(1, 12), st.integers(1, 20), st.data())
def test_every_product_of_a_style_is_reached_by_touches(colors: int, sizes: int, data: st.DataObject) -> None:
    whole = table(colors, sizes)
    everything = set(skus(whole))
    present = data.draw(st.sampled_from(sorted(everything)))
    seen, new = {present}, {present}
    while new:
        new = {sku for each in new for sku in skus(carried(whole, everything, each))} - seen
        seen |= new
    assert seen == everything


@given(st.integers(1, 40), st.data())
def test_a_window_has_what_it_is_around_and_is_full(count: int, data: st.DataObject) -> None:
    at, most = data.draw(st.integers(0, count - 1)), data.draw(st.sampled_from([MOST_COLORS, MOST_SIZES]))
    found = range(count)[around(at, count, most)]
    assert at in found
    assert len(found) == min(count, most)
