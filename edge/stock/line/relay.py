"""What head office's channels know, as the document that ``stock_http`` reads: ``GET /stock.json``."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from aiohttp import ETag, hdrs, web

from edge.stock import document
from edge.stock.cache import StockCache
from edge.stock.freshness import minutes
from edge.web import need

ETAG_BYTES = 16
Rows = list[tuple[str, int]]


class _Relay:
    """Answers for a set of channels; a location's digest is made again only when its counts changed."""

    def __init__(self, cache: StockCache, channels: Collection[str], token: str, wall: Callable[[], float]) -> None:
        self._cache = cache
        self._channels = tuple(channels)
        self._token = token
        self._wall = wall
        self._digests: dict[str, tuple[tuple[str, int, int], bytes]] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The document of the locations asked for (``?location=``, repeatable; all without one), or 304."""
        need(request, self._token)
        wanted = set(request.query.getall("location", []))
        speaking, age = self._speaking(wanted, self._wall())
        if not speaking:
            raise web.HTTPServiceUnavailable(text="no stock of these locations is known well enough to pass on")
        etag = ETag(await self._etag(speaking), is_weak=True)
        # Rounded up: what the far side adds to it must never make the word younger than it is.
        headers = {hdrs.AGE: str(math.ceil(age)), hdrs.CACHE_CONTROL: "no-cache"}
        if etag.value in {known.value for known in request.if_none_match or ()}:
            unchanged = web.Response(status=304, headers=headers)
            unchanged.etag = etag
            return unchanged
        shelves = [(place, list(self._cache.levels(channel, place).items())) for place, channel in speaking.items()]
        body = await asyncio.to_thread(document.write, shelves)
        whole = web.Response(body=body, content_type="application/json", headers=headers)
        whole.etag = etag
        whole.enable_compression()
        return whole

    def _speaking(self, wanted: set[str], now_s: float) -> tuple[dict[str, str], float]:
        """The freshest channel of each location, and the oldest age among them.

        A location too old to show is left out: the edge then knows by its own watermark that nobody speaks for it.
        """
        best: dict[str, tuple[float, str]] = {}
        for channel in self._channels:
            for location in self._cache.locations(channel):
                age = self._cache.age(channel, location, now_s)
                if age is None or minutes(age) is None or (wanted and location not in wanted):
                    continue
                best[location] = min(best.get(location, (age, channel)), (age, channel))
        speaking = {place: best[place][1] for place in sorted(best)}
        return speaking, max((age for age, _ in best.values()), default=0.0)

    async def _etag(self, speaking: Mapping[str, str]) -> str:
        whole = hashlib.blake2b(digest_size=ETAG_BYTES)
        for place, channel in speaking.items():
            standing = self._cache.standing(channel, place)
            version = (channel, standing.epoch, standing.n)
            known = self._digests.get(place)
            if known is None or known[0] != version:
                rows = list(self._cache.levels(channel, place).items())
                known = self._digests[place] = version, await asyncio.to_thread(_digest, place, rows)
            whole.update(known[1])
        return whole.hexdigest()


def _digest(place: str, rows: Rows) -> bytes:
    return hashlib.blake2b(document.write([(place, sorted(rows))]), digest_size=ETAG_BYTES).digest()


def routes(
    cache: StockCache, channels: Collection[str], token: str = "", wall: Callable[[], float] = time.time
) -> Iterable[web.AbstractRouteDef]:
    """``GET /stock.json``: what these channels know, with ``ETag`` and ``Age``; a ``token`` must be borne if given."""
    relay = _Relay(cache, channels, token, wall)
    return [web.get("/stock.json", relay.answer)]
