"""The table of a style as a screen has room for it: products that have a sheet here, around the one that lies open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edge.model import Matrix

MOST_COLORS, MOST_SIZES = 4, 8
"""What a finger can reach on a tall screen, each cell as large as it needs; the rest is a touch away: the table moves
with the product that is open."""


def carried(matrix: Matrix | None, skus: Collection[str], present: str) -> Matrix | None:
    """The table with the cells of ``skus`` alone, cut to what lies nearest ``present``; None where there is nothing to
    choose from, or the one that is open is not among them."""
    if matrix is None or present not in skus:
        return None
    cells = tuple(tuple(cell if cell and cell.sku in skus else None for cell in row) for row in matrix.cells)
    places = {cell.sku: (y, x) for y, row in enumerate(cells) for x, cell in enumerate(row) if cell}
    if present not in places or len(places) < 2:
        return None
    y, x = places[present]
    rows, columns = around(y, len(matrix.colors), MOST_COLORS), around(x, len(matrix.sizes), MOST_SIZES)
    return replace(
        matrix,
        colors=matrix.colors[rows],
        sizes=matrix.sizes[columns],
        cells=tuple(row[columns] for row in cells[rows]),
    )


def around(at: int, count: int, most: int) -> slice:
    """At most so many of ``count`` in a row, ``at`` in their midst as far as there are any on both sides."""
    first = max(0, min(at - most // 2, count - most))
    return slice(first, first + most)
