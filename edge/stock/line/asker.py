"""An edge's questions to its hub over HTTP, each bounded, with how the shelf stands in the answer."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from edge import asking
from edge.ports import StockAway
from edge.stock.line import beat as beats
from edge.stock.line import rows, showing
from edge.stock.line.beat import BadWord, Beat
from edge.stock.line.counter import BUCKETS, HEADER, channels, listed
from edge.stock.line.following import Place
from edge.stock.line.rows import Note
from edge.stock.line.speaker import Clock
from edge.stock.shelves.shelf import Key

MOST_BYTES = 128 * 1024 * 1024
"""A shelf of 2,000,000 rows, decompressed; 100,000 are 3 MB."""
MOST_SMALL = 32 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{16}")


class Gone(Exception):
    """The hub cannot tell what changed since; the whole shelf is to be asked for, or it is there no more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub answered at or after ``asked_s`` of our running clock."""

    asked_s: float
    beat: Beat
    body: bytes = field(repr=False)


class Asker:
    """Asks one hub; raises StockAway, with nothing secret in its text."""

    def __init__(
        self, settings: asking.Settings, where: Path, session: aiohttp.ClientSession, monotonic: Clock = time.monotonic
    ) -> None:
        self._settings = settings
        self._where = where
        self._session = session
        self._monotonic = monotonic

    async def shelves(self, locations: Collection[str]) -> tuple[float, Mapping[Key, Beat], frozenset[str] | None]:
        """When it was asked, how each shelf of some locations stands, and which channels the hub tells of."""
        asked = self._monotonic()
        query = [("location", location) for location in sorted(locations)]
        _, body = await self._get("/v1/stock", query, MOST_SMALL)
        try:
            told = _json(body)
            return asked, {key: beat for key, beat in listed(told) if key[1] in locations}, channels(told)
        except BadWord as error:
            raise StockAway(f"the hub's list of stock cannot be used: {error}") from None

    async def shown(self, body: bytes) -> None:
        """What this store's screens show, as ``showing`` writes it; raises showing.Refused by a hub without a token."""
        try:
            headers = await asking.headers(self._settings, self._where, "no-cache")
            asked = self._session.post(self._url(showing.PATH), data=body, headers=headers, allow_redirects=False)
            with asking.absent(self.host):
                async with asked as response:
                    if response.status == 403:
                        raise showing.Refused(f"{self.host} takes what screens show from nobody (it answered 403)")
                    if response.status != 204:
                        raise StockAway(f"{self.host} answered {response.status}{asking.advice(response.status)}")
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error

    async def whole(self, key: Key) -> tuple[Answer, Note]:
        """All rows of a shelf; raises Gone if the hub has it no more."""
        return await self._note(key, "", [], MOST_BYTES)

    async def changes(self, key: Key, epoch: int, after: int) -> tuple[Answer, Note]:
        """What changed since; raises Gone where the hub cannot tell."""
        found = await self._note(key, "/changes", [("epoch", str(epoch)), ("after", str(after))], MOST_SMALL)
        if found[1].epoch != epoch or found[1].after > after:
            raise StockAway("the hub answered with changes that were not asked for")
        return found

    async def digests(self, key: Key) -> tuple[Answer, Place, tuple[int, ...]]:
        """The digests of a shelf's buckets, and how far it was before they were read."""
        answer = await self._answer(key, "/digests", [], MOST_SMALL)
        try:
            told = beats.fields(_json(answer.body))
            place = Place(beats.whole(told, "e", beats.MOST), beats.whole(told, "n", beats.MOST), answer.beat.word.boot)
            return answer, place, _digests(told.get("d"))
        except BadWord as error:
            raise StockAway(f"the hub's digests cannot be used: {error}") from None

    async def buckets(self, key: Key, buckets: Iterable[int]) -> tuple[Answer, Note]:
        """All rows of some buckets."""
        return await self._note(key, "/buckets", [("b", ",".join(map(str, buckets)))], MOST_BYTES)

    async def _note(self, key: Key, page: str, query: list[tuple[str, str]], most: int) -> tuple[Answer, Note]:
        answer = await self._answer(key, page, query, most)
        try:
            return answer, await asyncio.to_thread(rows.parse, answer.body, key[1])
        except BadWord as error:
            raise StockAway(f"the hub's rows cannot be used: {error}") from None

    async def _answer(self, key: Key, page: str, query: list[tuple[str, str]], most: int) -> Answer:
        asked = self._monotonic()
        headers, body = await self._get(f"/v1/stock/{key[1]}/{key[0]}{page}", query, most)
        try:
            return Answer(asked, beats.parse(headers.get(HEADER, "").encode()), body)
        except BadWord as error:
            raise StockAway(f"the hub's answer has no {HEADER} that can be used: {error}") from None

    async def _get(self, path: str, query: list[tuple[str, str]], most: int) -> tuple[Mapping[str, str], bytes]:
        url = self._url(path).with_query(query)
        try:
            headers = await asking.headers(self._settings, self._where, "no-cache")
            asked = self._session.get(url, headers=headers, allow_redirects=False, middlewares=(asking.once,))
            with asking.absent(self.host):
                async with asked as response:
                    if response.status in (404, 410):
                        raise Gone
                    if response.status != 200:
                        raise StockAway(f"{self.host} answered {response.status}{asking.advice(response.status)}")
                    return response.headers, await asking.bounded(response.content, most)
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error

    def _url(self, path: str) -> URL:
        url = URL(self._settings.url)
        return url.with_path(url.path.rstrip("/") + path)

    @property
    def host(self) -> str:
        """Where the hub is, without a secret."""
        return URL(self._settings.url).authority


@dataclass(frozen=True, slots=True)
class Reach:
    """A hub that is only tried: it answers, and takes the token."""

    asker: Asker
    locations: Collection[str]

    async def probe(self) -> None:
        """Ask it how some shelves stand; raises StockAway."""
        try:
            await self.asker.shelves(self.locations or ["none"])
        except Gone:
            raise StockAway(f"{self.asker.host} gives no stock to stores; is it a hub of this version?") from None


def _digests(told: Any) -> tuple[int, ...]:
    if not isinstance(told, list) or len(told) != BUCKETS or any(not isinstance(each, str) for each in told):
        raise BadWord(f"d: {BUCKETS} texts are needed")
    if any(not _DIGEST.fullmatch(each) for each in told):
        raise BadWord("d: a digest has 16 hexadecimal digits")
    return tuple(int(each, 16) for each in told)


def _json(body: bytes) -> Any:
    try:
        return asking.strict(body)
    except asking.CannotAsk as error:
        raise StockAway(f"the hub's answer cannot be used: {error}") from None
