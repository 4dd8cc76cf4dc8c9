"""The only way out to a shop's system: within its budgets, one try a call, bounded and strictly read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp import hdrs
from yarl import URL

from edge import asking
from edge.ports import StockAway
from edge.stock.intake import skew
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.ledger import Ledger
from edge.stock.intake.skew import Skew
from edge.stock.intake.windows import Urgency
from edge.stock.shops.shop import Settings
from edge.stock.system import Answer, Call

_SECONDS = re.compile(r"[0-9]{1,9}")
IN_A_THREAD = 256 * 1024
"""A larger JSON text is read beside the loop: a megabyte takes some 15 ms."""


@dataclass(slots=True)
class Reading:
    """When what is being read was asked for: the first call since it was last looked at. ``cost`` is of all of them."""

    wall_s: float
    at: float
    cost: float = 0.0
    _fresh: bool = field(default=False)

    def asked(self, wall_s: float, at: float, cost: float) -> None:
        """A call goes."""
        self.cost += cost
        if not self._fresh:
            self.wall_s, self.at, self._fresh = wall_s, at, True

    @property
    def word(self) -> tuple[float, float]:
        """When the page at hand was asked for; it stays to be taken."""
        return self.wall_s, self.at

    def take(self) -> tuple[float, float]:
        """When the page at hand was asked for (UNIX seconds, monotonic); one that took no call: the call before it."""
        self._fresh = False
        return self.wall_s, self.at


class _BrokenOff(StockAway):
    """The connection broke before an answer began."""


_DOING: ContextVar[tuple[Urgency, Reading | None]] = ContextVar("_DOING", default=(Urgency.READ, None))


@contextmanager
def doing(urgency: Urgency, clocks: Clocks) -> Iterator[Reading]:
    """Calls made within are of this urgency, and the reading knows when they went."""
    reading = Reading(clocks.wall(), clocks.monotonic())
    before = _DOING.set((urgency, reading))
    try:
        yield reading
    finally:
        _DOING.reset(before)


class ShopCaller:
    """A Caller over an HTTP session that keeps its connections. ``skew`` is of the far side's clock, as it said last
    (None if it never did)."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, ledger: Ledger, clocks: Clocks) -> None:
        self._settings = settings
        self._session = session
        self._ledger = ledger
        self._clocks = clocks
        self.skew: Skew | None = None

    async def __call__(self, call: Call) -> Answer:
        """Ask, when the budgets allow it; raises StockAway.

        A kept connection may be found closed by the far side: then it is asked once more, as another call of the
        budgets. What may keep a unit for somebody is asked once whatever happens.
        """
        urgency, _ = _DOING.get()
        url = self._url(call)
        try:
            return await self._once(call, url)
        except _BrokenOff:
            if urgency is Urgency.RESERVE and call.method != hdrs.METH_GET:
                raise
            return await self._once(call, url)

    async def _once(self, call: Call, url: URL) -> Answer:
        """One call on the wire."""
        urgency, reading = _DOING.get()
        async with self._ledger.call(call.cost, urgency, self._settings.timeout_s):
            asked_s = self._clocks.wall()
            if reading is not None:
                reading.asked(asked_s, self._clocks.monotonic(), call.cost)
            status, headers, body = await self._asked(call, url)
        self._look(headers, asked_s)
        if status not in call.accept:
            self._rest(status, headers)
            raise StockAway(f"{_host(url)} answered {status}{asking.advice(status)}")
        return Answer(status, headers, body, await self._json(headers, body, url), asked_s)

    def hold(self, seconds: float) -> None:
        """The system asked to be left alone for so long."""
        self._ledger.hold(seconds)

    def spent(self, cost: float) -> None:
        """The last call cost so much more than was said."""
        if (reading := _DOING.get()[1]) is not None:
            reading.cost += cost
        self._ledger.spent(cost)

    def apart_s(self, cost: float, share: float) -> float:
        """How far apart rounds begin that ask as often as the settings say, and the budgets allow."""
        return max(self._settings.poll_s, self.even_s(cost, share))

    def even_s(self, cost: float, share: float) -> float:
        """How far apart rounds of such a cost lie, spread evenly over so much of the budgets."""
        return self._ledger.even_s(cost, share)

    def _url(self, call: Call) -> URL:
        base = self._settings.url
        path = call.url if call.url.startswith("?") or not call.url else f"/{call.url.lstrip('/')}"
        text = call.url if "://" in call.url else (f"{base.rstrip('/')}{path}" if path else base)
        try:
            url = URL(asking.safe(text, self._settings.private))
        except ValueError as error:
            raise StockAway("the system named an address that is not asked") from error
        return url.update_query(dict(call.query)) if call.query else url

    async def _asked(self, call: Call, url: URL) -> tuple[int, Mapping[str, str], bytes]:
        headers = {hdrs.ACCEPT: "application/json", hdrs.CACHE_CONTROL: "no-cache"} | dict(call.headers)
        asked = self._session.request(
            call.method,
            url,
            headers=headers,
            data=call.body or None,
            allow_redirects=False,
            middlewares=(asking.once,),
        )
        try:
            with asking.absent(_host(url), self._settings.timeout_s):
                async with asked as response:
                    small = {name.lower(): value for name, value in response.headers.items()}
                    # What is no answer is not read: its text is for nobody here.
                    wanted = response.status in call.accept
                    return response.status, small, await asking.bounded(response.content, call.most) if wanted else b""
        except asking.CannotAsk as error:
            broken = isinstance(error.__cause__, asking.BrokenOff)
            raise (_BrokenOff if broken else StockAway)(str(error)) from error

    async def _json(self, headers: Mapping[str, str], body: bytes, url: URL) -> Any:
        if not body.strip() or not _is_json(headers.get("content-type", ""), body):
            return None
        try:
            return await asyncio.to_thread(asking.strict, body) if len(body) > IN_A_THREAD else asking.strict(body)
        except asking.CannotAsk as error:
            raise StockAway(f"{_host(url)} gave an answer that cannot be read: {error}") from error

    def _rest(self, status: int, headers: Mapping[str, str]) -> None:
        """What a refusal asks for: 429 without a word of how long is a second."""
        if status not in (429, 503):
            return
        later = headers.get("retry-after", "1" if status == 429 else "")
        if _SECONDS.fullmatch(later):
            self.hold(float(later))
        elif (until_s := _moment(later)) is not None:
            self.hold(until_s - self._clocks.wall() - (self.skew.least if self.skew else 0.0))

    def _look(self, headers: Mapping[str, str], asked_s: float) -> None:
        """What the answer's Date says of the far clock; ``Age`` is how long it lay with somebody who kept it."""
        said_s = _moment(headers.get("date", ""))
        if said_s is None:
            return
        age = headers.get("age", "0")
        said_s += float(age) if _SECONDS.fullmatch(age) else 0.0
        self.skew = skew.told(said_s, asked_s, self._clocks.wall())


def _host(url: URL) -> str:
    return url.authority


def _is_json(content_type: str, body: bytes) -> bool:
    """By its type, or by its first sign where a shop sends JSON as if it were text."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return True
    return kind.startswith("text/") and body.lstrip()[:1] in (b"{", b"[")


def _moment(text: str) -> float | None:
    """UNIX seconds of an HTTP date, None for what is none (a year of twenty digits overflows)."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
