"""Where what is offered, and what counts as left, ends: each bound from both sides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from edge.config import Location
from edge.model import Band, Cell
from edge.ports import StockItem, StockLevel
from edge.stock.level import Known, sellable
from edge.stock.words.matrix import matrix
from edge.stock.words.offers import HORIZON
from tests.stock.test_stock_offers import MANY, NONE, NOW, Says, asked, kinds


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"available": 5, "safety": 2}, 3),
        ({"available": 5, "hold": 4}, 1),
        ({"available": 5, "hold": 4, "safety": 2}, 0),
        ({"available": 5, "reserved": 4}, 5),  # its source took them off already
        ({"available": 5, "on_hand": 9}, 5),
        ({"on_hand": 5, "reserved": 1, "hold": 1, "safety": 1}, 2),
        ({"on_hand": -3}, 0),
        ({"status": "order"}, 0),
        ({"status": "in"}, None),
    ],
)
def test_what_can_be_sold_is_less_what_is_kept_and_nothing_twice(said: dict[str, Any], left: int | None) -> None:
    assert sellable(StockLevel("A", "ginza", **said)) == left


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("left", "offered"), [(3, False), (4, True)])
def test_it_is_ordered_from_nowhere_that_has_few(left: int, offered: bool) -> None:
    near = {"orders": True}
    found = kinds(asked({"ginza": NONE, "shibuya": ({"available": left}, 60)}, near=near))
    assert ("order" in found) is offered


@pytest.mark.parametrize(("days", "offered"), [(-1, False), (0, True), (HORIZON.days, True), (HORIZON.days + 1, False)])
def test_a_restock_is_said_from_today_to_a_year_ahead(days: int, offered: bool) -> None:
    on = (NOW.date() + timedelta(days=days)).isoformat()
    said: Says = ({"available": 0, "incoming": 5, "incoming_on": on}, 60)
    assert ("restock" in kinds(asked({"ginza": said}))) is offered


@pytest.mark.promise("K-3")
def test_of_a_stores_two_stockrooms_the_one_that_has_it_keeps_it() -> None:
    annex = Location(id="annex", place="here", name={"ja": "別館"})
    reserving = frozenset({"ginza", "annex"})
    (hold, *_) = asked({"ginza": NONE, "annex": MANY}, more=(annex,), reserving=reserving)
    assert (hold.kind.value, hold.location) == ("hold", "annex")


def test_a_cell_of_which_few_are_here_says_nothing_of_elsewhere() -> None:
    places = (
        Location(id="ginza", place="here", name={"ja": "銀座店"}),
        Location(id="web", place="online", name={"ja": "EC"}),
    )
    left = {"ginza": 1, "web": 9}
    items = [StockItem(sku, style="LN", color="白", size=size) for sku, size in (("A", "S"), ("B", "M"))]
    found = matrix(items, places, lambda sku, place: Known(StockLevel(sku, place, left[place]), 1.0))
    assert found is not None
    assert found.cells == ((Cell("A", Band.FEW), Cell("B", Band.FEW)),)
