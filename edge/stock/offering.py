"""What a store offers of a product now, out of its cache: what its screens show and what explains them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from edge.config import Store
from edge.model import Offer
from edge.stock.cache import StockCache
from edge.stock.words.offers import Asked, offers


def offered(
    store: Store, cache: StockCache, sku: str, language: str, reserving: Collection[str], now_s: float
) -> tuple[Offer, ...]:
    """The offers, from memory alone; ``reserving`` are the locations where a unit can be kept now."""
    item = cache.item(sku)
    return offers(
        Asked(
            store.location,
            known=lambda location: cache.known(sku, location, now_s),
            few=item.few if item else None,
            reserving=reserving,
            kinds=store.handoff.kinds if store.handoff else (),
            language=language,
            now=datetime.fromtimestamp(now_s, ZoneInfo(store.device.timezone)),
        )
    )
