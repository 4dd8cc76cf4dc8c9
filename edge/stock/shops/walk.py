"""A list that another system gives by offset, read to its end such that no row is lost when rows go meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from edge.ports import StockAway

STEPS_BACK = 20
"""How often one walk goes a page back before it gives the list up as too restless."""

T = TypeVar("T")
Fetch = Callable[[int], Awaitable[Sequence[T]]]


async def walk(fetch: Fetch[T], size: int, key: Callable[[T], str]) -> AsyncIterator[list[T]]:
    """The rows of a list, each page's new ones; ``fetch`` gives at most ``size`` rows (2 or more) from an offset on.

    Each page begins with the last row of the one before. One that does not shows that rows before it went, so that
    others moved up unread: then it is read again one page earlier. Rows that come in between are seen twice at most.
    Raises StockAway when that does not end. A row that jumps from behind to the front is not seen: whoever reads a
    list in which rows may do that counts them.
    """
    seen: set[str] = set()
    offset, back = 0, 0
    while True:
        rows = await fetch(offset)
        if offset and (not rows or key(rows[0]) not in seen):
            back += 1
            if back > STEPS_BACK:
                raise StockAway("the list changes faster than it can be read page by page; ask it less often")
            offset = max(0, offset - (size - 1))
            continue
        fresh = [row for row in rows if key(row) not in seen]
        seen.update(key(row) for row in fresh)
        yield fresh
        if len(rows) < size:
            return
        offset += size - 1
