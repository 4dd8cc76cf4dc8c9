"""Stock from an endpoint that gives the document "tentou-stock/1" (a hub, an EC, a POS bridge): polled with ETag."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from aiohttp import hdrs
from pydantic import Field, field_validator
from yarl import URL

from edge import asking
from edge.ports import Comparison, StockAway, StockReport, Taken, Way
from edge.stock import document
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.ledger import Ledger
from edge.stock.intake.windows import SHARES, Urgency

COUNTED = True
"""``open`` takes the book in which its calls are counted before they go."""
SHARE = SHARES[Urgency.READ]
MAX_BYTES = 8 * 1024 * 1024
_SECONDS = re.compile(r"[0-9]{1,9}")
_PLAIN = re.compile(r"[\x21-\x7e]{1,256}")


class Settings(asking.Settings):
    """``url`` (https, or http on this machine), asked each ``poll_s`` seconds, and evenly within ``calls_per_hour``.

    ``token_file`` holds a bearer token, ``ca_file`` the certificates of a private authority; both may be relative.
    """

    poll_s: float = Field(5.0, ge=0.01, le=3600)
    calls_per_hour: int = Field(3600, ge=1, le=1_000_000)
    timeout_s: float = Field(5.0, gt=0, le=5)

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        return asking.safe(text)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer: ``body`` None for "unchanged"; on the monotonic clock, ``asked`` is when the question went and
    ``word`` when it was the source's word."""

    body: bytes | None
    etag: str
    asked: float
    word: float


class HttpStock:
    """A StockSource over one URL. One call is one request: no redirect, no second try, no kept connection."""

    def __init__(
        self,
        settings: Settings,
        where: Path,
        session: aiohttp.ClientSession,
        calls: Ledger,
        clocks: Clocks,
    ) -> None:
        self._settings = settings
        self._where = where
        self._session = session
        self._calls = calls
        self._clocks = clocks
        self._free_at = -math.inf
        self._wanted = False
        self.comparison = Comparison()

    def compare(self) -> None:
        """Ask for the whole document at the next call, though it may not have changed."""
        self._wanted = True

    def taken(self, report: StockReport, taken: Taken) -> None:
        """A whole document is in the cache: that is a comparison."""
        if report.levels is not None:
            begun = self.comparison.begun
            self.comparison = Comparison(begun, begun, len(report.levels), taken.changed, time.time())

    async def reports(self) -> AsyncIterator[StockReport]:
        """A report each ``poll_s`` or as the budget allows; starts with the whole document. Raises StockAway."""
        try:
            headers = await asking.headers(self._settings, self._where, "no-cache")
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error
        etag = ""
        locations: frozenset[str] = frozenset()
        while True:
            asked = self._clocks.monotonic()
            if self._wanted:
                etag, self._wanted = "", False
            answer = await self._ask(headers | ({hdrs.IF_NONE_MATCH: etag} if etag else {}))
            if answer.body is None:
                yield self._report(answer, locations)
            else:
                try:
                    found = await asyncio.to_thread(document.parse, answer.body)
                except document.BadDocument as error:
                    raise StockAway(f"the answer is no {document.FORMAT} document: {error}") from error
                etag, locations = answer.etag, found.locations
                self.comparison = replace(self.comparison, begun=self.comparison.begun + 1)
                yield replace(self._report(answer, locations), levels=found.levels, items=found.items)
            await self._clocks.until(asked + self._settings.poll_s)

    async def _ask(self, headers: dict[str, str]) -> _Answer:
        """One call within the budget; raises StockAway, without the URL's query or anything that was answered."""
        # One that fails again and again must not use up the hour in a minute and then be away for the rest of it.
        await self._clocks.until(self._free_at)
        async with self._calls.call(1, Urgency.READ, self._settings.timeout_s):
            began = self._clocks.monotonic()
            self._free_at = began + self._calls.even_s(1, SHARE)
            return await self._answered(headers, began)

    async def _answered(self, headers: dict[str, str], began: float) -> _Answer:
        asked = self._session.get(
            self._settings.url, headers=headers, allow_redirects=False, middlewares=(asking.once,)
        )
        try:
            with asking.absent(self._host(), self._settings.timeout_s):
                async with asked as response:
                    self._refuse(response, conditional=hdrs.IF_NONE_MATCH in headers)
                    body = None if response.status == 304 else await asking.bounded(response.content, MAX_BYTES)
                    # RFC 9111 4.2.3: the way here counts as age too, so it is counted from the question.
                    word = began - _age(response.headers.get(hdrs.AGE, "0"))
                    return _Answer(body, _etag(response.headers.get(hdrs.ETAG, "")), began, word)
        except asking.CannotAsk as error:
            raise StockAway(str(error)) from error

    def _report(self, answer: _Answer, locations: frozenset[str]) -> StockReport:
        now = self._clocks.monotonic()
        return StockReport(locations, None, now - answer.word, asked=now - answer.asked, way=Way.POLL)

    def _refuse(self, response: aiohttp.ClientResponse, conditional: bool) -> None:
        """Raise StockAway for every answer that is neither the document nor "unchanged" to a question for changes."""
        status = response.status
        if status == 200 or (status == 304 and conditional):
            return
        later = response.headers.get(hdrs.RETRY_AFTER, "")
        if _SECONDS.fullmatch(later):
            self._calls.hold(float(later))
        raise StockAway(f"{self._host()} answered {status}{asking.advice(status)}")

    def _host(self) -> str:
        return URL(self._settings.url).authority


def _age(header: str) -> float:
    """Seconds of an Age header; one that cannot be read is no reason to believe that the answer is young."""
    if not _SECONDS.fullmatch(header.strip()):
        raise StockAway("the answer's Age header is no number of seconds")
    return float(header)


def _etag(header: str) -> str:
    return header if _PLAIN.fullmatch(header) else ""


@asynccontextmanager
async def open(settings: Settings, where: Path, calls: Ledger, clocks: Clocks) -> AsyncIterator[HttpStock]:
    """The source for an endpoint, with an HTTP session of its own."""
    # Kept connections would often be found closed by the far side, and nothing repeats the call (asking.once).
    async with asking.session(settings, where, settings.timeout_s, limit=1, keep=False) as session:
        with calls.shared():
            yield HttpStock(settings, where, session, calls, clocks)
