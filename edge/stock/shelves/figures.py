"""The figures of a row as they are compared, digested and kept; what cannot be a shop's is refused here. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date
from hashlib import blake2b

from edge.ports import STATUSES, StockAway, StockItem, StockLevel
from edge.stock.document import MOST

Figures = tuple[int | None, int | None, int, int, int, str, int, str, float | None]
"""A level without SKU, location and revision, in the order of FIELDS."""
FIELDS = ("available", "on_hand", "reserved", "hold", "safety", "status", "incoming", "incoming_on", "sold_daily")

BUCKETS = 1024
WRAP = (1 << 64) - 1
LONGEST_TEXT = 256
LAST_REVISION = (1 << 63) - 1
_STATUSES = frozenset(("", *STATUSES))


def figures(level: StockLevel) -> Figures:
    """A level's figures; raises StockAway for what no shop can have, and quotes none of it."""
    if not (0 < len(level.sku) <= 128 and level.sku.isprintable()):
        raise StockAway("the source gave a SKU that is not 1 to 128 printable characters")
    for count in (level.available, level.on_hand):
        if count is not None and not (type(count) is int and -MOST <= count <= MOST):
            raise StockAway(f"the source gave a count that is no whole number up to {MOST}")
    for count in (level.reserved, level.hold, level.safety, level.incoming):
        if not (type(count) is int and 0 <= count <= MOST):
            raise StockAway(f"the source gave a count that is no whole number from 0 to {MOST}")
    if not (type(level.revision) is int and 0 <= level.revision <= LAST_REVISION):
        raise StockAway("the source gave a revision that is no whole number")
    if level.status not in _STATUSES:
        raise StockAway(f"the source gave a status that is none of {', '.join(STATUSES)}")
    return (
        level.available,
        level.on_hand,
        level.reserved,
        level.hold,
        level.safety,
        level.status,
        level.incoming,
        _day(level.incoming_on),
        _rate(level.sold_daily),
    )


def _day(text: str) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise StockAway("the source gave a day of arrival that is no ISO date") from None


def _rate(sold_daily: float | None) -> float | None:
    if sold_daily is not None and not 0 <= sold_daily <= MOST:
        raise StockAway("the source gave a rate of sales that cannot be")
    return None if sold_daily is None else float(sold_daily) + 0.0  # no -0.0


def level(sku: str, location: str, figures: Figures, revision: int) -> StockLevel:
    """The level of a row."""
    return StockLevel(sku, location, *figures, revision)


def checked(item: StockItem) -> StockItem:
    """An item that can be kept; raises StockAway for what no shop can say, and quotes none of it."""
    texts = (item.sku, item.gtin, item.style, item.color, item.size, item.name)
    if not item.sku or not all(len(text) <= LONGEST_TEXT and (not text or text.isprintable()) for text in texts):
        raise StockAway(f"the source gave an item with a text that is not printable or above {LONGEST_TEXT} signs")
    if item.gtin and not (len(item.gtin) == 14 and item.gtin.isascii() and item.gtin.isdecimal()):
        raise StockAway("the source gave a GTIN that has no 14 digits")
    if item.few is not None and not 0 <= item.few <= MOST:
        raise StockAway("the source gave a figure of few left that cannot be")
    return item


def bucket(sku: str) -> int:
    """The bucket of a SKU, 0 to 1,023, the same everywhere."""
    return zlib.crc32(sku.encode()) % BUCKETS


def digest_of(buckets: Sequence[int]) -> int:
    """One number of the sums of a shelf's buckets."""
    return int.from_bytes(blake2b(b"".join(each.to_bytes(8) for each in buckets), digest_size=8).digest()) >> 11


def mark(sku: str, figures: Figures) -> int:
    """A row's part of its bucket's sum, 0 to 2^64 - 1: alike for alike figures, whoever holds them."""
    return int.from_bytes(blake2b(f"{sku}\x1f{figures!r}".encode(), digest_size=8).digest())
