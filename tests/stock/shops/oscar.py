"""A django-oscar with the app: pages by the records' ids, and versions, which only the app gives and sales move.

The real one stands in ``tests/stock/peers``; here it is small and wilful, for what all adapters keep.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

TOKEN, SECRET = "feed-token", "hush"
FORMAT = "tentou-stock-push/1"
PAGE = 3


@dataclass
class Record:
    """A stock record: a partner's stock of a SKU."""

    sku: str
    partner: str
    there: int
    sold: int
    version: int


class Oscar(FakeShop):
    """One shop with two partners that are read, and one that is not."""

    name = "oscar"
    places = ("ginza", "shinjuku")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.partners = {"ginza": "1", "shinjuku": "2", "elsewhere": "3"}
        self.records: dict[int, Record] = {}
        self.products: set[str] = set()
        self.seq = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.get("/tentou/stock", self._feed)]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text(TOKEN)
        (folder / "secret").write_text(SECRET)
        locations = {"1": "ginza", "2": "shinjuku"}
        return {"url": url, "token_file": "token", "secret_file": "secret", "locations": locations}

    # What people do

    def stock(self, sku: str, place: str, n: int) -> None:
        record = self._record(sku, place)
        record.there = n + record.sold
        self._told(record)

    def sell(self, sku: str, place: str) -> None:
        record = self._record(sku, place)
        record.sold += 1
        self._told(record)

    def sell_silently(self, sku: str, place: str) -> None:
        self._record(sku, place).sold += 1

    def bare(self, sku: str) -> None:
        self.products.add(sku)

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in self.partners.items() if place in self.places}
        kept = [one for one in self.records.values() if one.partner in names]
        return {(one.sku, names[one.partner]): max(0, one.there - one.sold) for one in kept}

    def _record(self, sku: str, place: str) -> Record:
        partner = self.partners[place]
        found = [one for one in self.records.values() if (one.sku, one.partner) == (sku, partner)]
        if not found:
            self.records[len(self.records) + 1] = Record(sku, partner, 0, 0, 1)
            return self.records[len(self.records)]
        return found[0]

    def _told(self, record: Record) -> None:
        record.version = max(record.version + 1, int(self.clock() * 1000))
        self.deliveries.append(self.push([_level(record)]))

    def push(self, levels: list[dict[str, Any]]) -> Delivery:
        """The next push; without levels it is a beat."""
        self.seq += 1
        told = {
            "format": FORMAT, "id": f"p-{self.seq}", "stream": "oscar", "seq": self.seq,
            "sent_ms": int(self.clock() * 1000), "levels": levels, "gone": [],
        }  # fmt: skip
        body = json.dumps(told).encode()
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Delivery("https://hub.example/hooks/shop", {"x-tentou-signature": f"sha256={signed}"}, body)

    # What it answers

    async def _feed(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        skus, since = request.query.getall("sku", []), request.query.get("since")
        records = list(self.records.items())
        if skus:
            return self._said([one for _, one in records if one.sku in skus], "")
        after = int(request.query.get("after", "0"))
        wanted = [(pk, one) for pk, one in records if pk > after and one.version >= int(since or 0)]
        page = wanted[:PAGE]
        return self._said([one for _, one in page], str(page[-1][0]) if len(wanted) > PAGE else "")

    def _said(self, records: list[Record], following: str) -> web.Response:
        items = [{"sku": sku, "name": "リネンシャツ"} for sku in sorted({one.sku for one in records})]
        told = {"format": FORMAT, "levels": [_level(one) for one in records], "items": items}
        return web.json_response(told | ({"next": following} if following else {}))


def _level(record: Record) -> dict[str, Any]:
    figures = {"on_hand": record.there, "reserved": record.sold, "revision": record.version}
    return {"sku": record.sku, "location": record.partner, **figures}


FAKE = Oscar
