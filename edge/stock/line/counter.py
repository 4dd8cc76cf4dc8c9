"""The hub's end over HTTP: how its shelves stand, a whole shelf, what changed in it, and digests to compare it by.

Each answer has the header ``Tentou-Beat``: how the shelf stands now, by the hub's clock. A whole shelf is made and
compressed once and given to all who ask within the next minute; what changed meanwhile they ask for.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiohttp import ETag, hdrs, web

from edge.stock.line import beat as beats
from edge.stock.line import rows
from edge.stock.line.beat import Beat
from edge.stock.line.rows import Note
from edge.stock.line.speaker import Speaker
from edge.stock.shelves.shelf import Key, Rows, Standing
from edge.web import need

HEADER = "Tentou-Beat"
KEEPS_S = 60.0
KEPT_BYTES = 64 * 1024 * 1024
MOST_CHANGES = 20_000
"""With more changes than this the whole shelf is less to send."""
MOST_PLACES = 1_000
MOST_NEWS, NEWS_BYTES = 64, 65_536
"""So many answers of a shelf to what changed, each at most so large, are kept until it moves."""
BUCKETS = 1024
GZIP_LEVEL = 3
GZIP_FROM = 1024


@dataclass(frozen=True, slots=True)
class Whole:
    """A shelf at ``n``, compressed, and when it was made by the hub's clock."""

    epoch: int
    n: int
    made: float
    body: bytes = field(repr=False)


class Counter:
    """Answers who bears the token; raises no more than HTTP errors."""

    def __init__(self, speaker: Speaker, token: str = "") -> None:
        self.made = 0
        self._speaker = speaker
        self._token = token
        self._kept: dict[Key, Whole] = {}
        self._told: dict[Key, tuple[tuple[int, int], dict[int, bytes]]] = {}
        self._told_bytes = 0
        self._one = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """The pages under ``/v1/stock``."""
        shelf = "/v1/stock/{location}/{channel}"
        return [
            web.get("/v1/stock", self.shelves),
            web.get(shelf, self.whole),
            web.get(f"{shelf}/changes", self.changes),
            web.get(f"{shelf}/digests", self.digests),
            web.get(f"{shelf}/buckets", self.buckets),
        ]

    async def shelves(self, request: web.Request) -> web.Response:
        """How the shelves of some locations stand (``?location=``, repeatable), and all channels that go out."""
        need(request, self._token)
        wanted = set(request.query.getall("location", []))
        if not 0 < len(wanted) <= MOST_PLACES:
            raise web.HTTPBadRequest(text=f"name 1 to {MOST_PLACES} locations: ?location=…\n")
        told = []
        for key in [key for key in self._speaker.shelves() if key[1] in wanted]:
            beat = await self._speaker.beat(key)
            if beat is not None:
                told.append(f'{{"channel":"{key[0]}","location":"{key[1]}",{beats.write(beat)[1:]}')
        channels = json.dumps(sorted(self._speaker.channels))
        text = f'{{"channels":{channels},"shelves":[{",".join(told)}]}}'
        return web.Response(text=text, content_type="application/json")

    async def whole(self, request: web.Request) -> web.Response:
        """All rows of a shelf, as at most a minute ago, with ETag."""
        key = self._key(request)
        made = await self._whole(key)
        etag = ETag(f"{made.epoch:x}-{made.n:x}")
        if etag.value in {known.value for known in request.if_none_match or ()}:
            return await self._answer(key, b"", etag, 304)
        answer = await self._answer(key, made.body, etag)
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            answer.headers[hdrs.CONTENT_ENCODING] = "gzip"
        else:
            answer.body = await asyncio.to_thread(gzip.decompress, made.body)
        return answer

    async def changes(self, request: web.Request) -> web.Response:
        """What changed after ``?after=`` of ``?epoch=``; 410 for another epoch, or where the whole shelf is less."""
        key = self._key(request)
        after, epoch = _number(request, "after"), _number(request, "epoch")
        standing = self._standing(key)
        if epoch != standing.epoch or after > standing.n:
            raise web.HTTPGone(text="these numbers are of another file; ask for the whole shelf\n")
        news = self._news(key, standing)
        if after not in news:
            found = await self._speaker.cache.rows_after(*key, after, MOST_CHANGES)
            if found.epoch != epoch or len(found.levels) + len(found.gone) > 2 * MOST_CHANGES:
                raise web.HTTPGone(text="that is too much; ask for the whole shelf\n")
            body = await asyncio.to_thread(rows.write, _note(found, after))
            if len(body) > NEWS_BYTES or len(news) >= MOST_NEWS:
                return await self._rows(key, body)
            self._keep_news(news, after, body)
        return await self._rows(key, news[after])

    async def digests(self, request: web.Request) -> web.Response:
        """The digests of the shelf's 1,024 buckets."""
        key = self._key(request)
        before = self._standing(key)
        told = [f"{digest:016x}" for digest in await self._speaker.cache.digests(*key)]
        body = json.dumps({"e": before.epoch, "n": before.n, "d": told}, separators=(",", ":"))
        return await self._answer(key, body.encode())

    async def buckets(self, request: web.Request) -> web.Response:
        """All rows of some buckets (``?b=1,2,3``)."""
        key = self._key(request)
        try:
            wanted = sorted({int(each) for each in request.query.get("b", "").split(",")})
        except ValueError:
            wanted = []
        if not wanted or not 0 <= wanted[0] <= wanted[-1] < BUCKETS:
            raise web.HTTPBadRequest(text=f"name buckets from 0 to {BUCKETS - 1}: ?b=1,2,3\n")
        found = await self._speaker.cache.bucket(*key, wanted)
        return await self._rows(key, await asyncio.to_thread(rows.write, _note(found, 0)))

    def _key(self, request: web.Request) -> Key:
        need(request, self._token)
        key = request.match_info["channel"], request.match_info["location"]
        self._standing(key)
        return key

    def _standing(self, key: Key) -> Standing:
        standing = self._speaker.standing(key)
        if standing is None:
            raise web.HTTPNotFound(text="the hub knows no such channel of stock at this location\n")
        return standing

    async def _whole(self, key: Key) -> Whole:
        """A shelf made a minute ago at most; one is made at a time, as each costs memory and time of the processor."""
        async with self._one:
            kept = self._kept.get(key)
            standing = self._standing(key)
            now = self._speaker.now()
            if kept is None or kept.epoch != standing.epoch or (kept.n != standing.n and now - kept.made > KEEPS_S):
                found = await self._speaker.cache.rows_of(*key)
                body = await asyncio.to_thread(_packed, _note(found, 0))
                kept = Whole(found.epoch, found.n, now, body)
                self.made += 1
                self._keep(key, kept)
            return kept

    def _keep(self, key: Key, made: Whole) -> None:
        self._kept.pop(key, None)
        self._kept[key] = made
        while len(self._kept) > 1 and sum(len(each.body) for each in self._kept.values()) > KEPT_BYTES:
            self._kept.pop(next(iter(self._kept)))

    def _news(self, key: Key, standing: Standing) -> dict[int, bytes]:
        """What changed since, by since when, as long as the shelf stands: a chain without its broker asks the same."""
        at = standing.epoch, standing.n
        if key not in self._told or self._told[key][0] != at:
            self._told[key] = at, {}
        return self._told[key][1]

    def _keep_news(self, news: dict[int, bytes], after: int, body: bytes) -> None:
        """Keep an answer; before all shelves' are too many they are begun anew."""
        self._told_bytes += len(body)
        if self._told_bytes > KEPT_BYTES:
            self._told, self._told_bytes = {}, len(body)
        news[after] = body

    async def _rows(self, key: Key, body: bytes) -> web.Response:
        answer = await self._answer(key, body)
        if len(body) > GZIP_FROM:
            answer.enable_compression()
        return answer

    async def _answer(self, key: Key, body: bytes, etag: ETag | None = None, status: int = 200) -> web.Response:
        beat = await self._speaker.beat(key)
        if beat is None:
            raise web.HTTPNotFound(text="the shelf has just gone\n")
        answer = web.Response(body=body, status=status, headers={HEADER: beats.write(beat)})
        answer.content_type = "application/json"
        answer.headers[hdrs.CACHE_CONTROL] = "no-cache"
        answer.etag = etag
        return answer


def _note(found: Rows, after: int) -> Note:
    return Note(found.epoch, found.n, after, found.levels, found.gone, found.items)


def _packed(note: Note) -> bytes:
    return gzip.compress(rows.write(note), GZIP_LEVEL, mtime=0)


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise web.HTTPBadRequest(text=f"?{name}= needs a whole number\n")
    return int(text)


def channels(value: object) -> frozenset[str] | None:
    """The channels that go out by an answer of ``/v1/stock``, None of a hub that does not tell; raises beat.BadWord."""
    told = beats.fields(value).get("channels")
    if told is None:
        return None
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
        raise beats.BadWord("channels: a list of names is needed")
    return frozenset(told)


def listed(value: object) -> Iterable[tuple[Key, Beat]]:
    """The shelves in an answer of ``/v1/stock``; raises beat.BadWord."""
    shelves = beats.fields(value).get("shelves")
    if not isinstance(shelves, list) or len(shelves) > 100 * MOST_PLACES:
        raise beats.BadWord("shelves: a list is needed")
    for each in shelves:
        told = beats.fields(each)
        channel, location = told.get("channel"), told.get("location")
        if not isinstance(channel, str) or not isinstance(location, str):
            raise beats.BadWord("shelves: a channel and a location are needed")
        yield (channel, location), beats.read(told)
