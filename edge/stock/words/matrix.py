"""A style as a table of its sizes by its colours, what this store has of each and where else there is one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from edge.config import Location
from edge.model import Band, Cell, Matrix, spoken
from edge.ports import StockItem
from edge.stock.level import Known
from edge.stock.words.sizes import ordered
from edge.stock.words.wording import band

BEST = (Band.MANY, Band.FEW, Band.ASKING, Band.NONE, Band.UNLISTED)
"""The bands by what they leave to hope for."""

KnownAt = Callable[[str, str], Known]
"""What is known of a SKU at a location, by its id."""


def matrix(items: Sequence[StockItem], locations: Sequence[Location], known: KnownAt) -> Matrix | None:
    """The table of a style's items; None where there is nothing to choose: fewer than two of them.

    Colours stand as the source gives them, sizes as people say them. Of two SKUs of one colour and size the first
    counts. A cell says where else there is one only if this store has none.
    """
    if len(items) < 2:
        return None
    colors = tuple(dict.fromkeys(item.color for item in items))
    sizes = ordered(item.size for item in items)
    first: dict[tuple[str, str], StockItem] = {}
    for item in items:
        first.setdefault((item.color, item.size), item)
    cells = {place: _cell(item, locations, known) for place, item in first.items()}
    return Matrix(colors, sizes, tuple(tuple(cells.get((color, size)) for size in sizes) for color in colors))


def called(table: Matrix, names: Mapping[str, Mapping[str, str]], language: str) -> Matrix:
    """The table with its colours and sizes as a language calls them (``names`` by the source's own word, then by
    language); a word that has no name in it stays the source's own."""

    def name(word: str) -> str:
        return names.get(word, {}).get(spoken(language), word)

    return replace(table, colors=tuple(map(name, table.colors)), sizes=tuple(map(name, table.sizes)))


def _cell(item: StockItem, locations: Sequence[Location], known: KnownAt) -> Cell:
    here = best(item, [place for place in locations if place.place == "here"], known)
    if here in (Band.MANY, Band.FEW):
        return Cell(item.sku, here)
    return Cell(item.sku, here, best(item, [place for place in locations if place.place != "here"], known))


def best(item: StockItem, locations: Sequence[Location], known: KnownAt) -> Band:
    """The best band of several places; not carried where there is none."""
    bands = (band(known(item.sku, place.id), item.few) for place in locations)
    return min(bands, key=BEST.index, default=Band.UNLISTED)
