"""Where a screen's link leads: ``GET /h/{id}`` to the page of its product; and an app's own word on what it led to."""

from __future__ import annotations

import ipaddress
import logging
import sqlite3
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.contacts.office.handoffs import DEEDS, OUTCOMES, Deed, Handoffs, Outcome, Use
from edge.handoff import Leading, is_id, read
from edge.web import bears

log = logging.getLogger(__name__)

Page = Callable[[str], str]
"""The page for a phone that cannot be led on: with a product's number, or empty for a link that is none of ours."""

ROBOTS = ("bot", "crawl", "spider", "preview", "facebookexternalhit", "curl/", "python")
"""Words by which what is no shopper's browser names itself."""
EARLY = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers by which a browser says that it only looks ahead."""
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class Rate:
    """At most ``most`` in ``seconds`` from one address, in memory alone; ``MOST_ADDRESSES`` are remembered.

    From an address of our own network come all phones at once, as a reverse proxy has it: ``inside`` from there.
    """

    most: int = 30
    inside: int = 600
    seconds: float = 60.0
    _seen: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict, repr=False)

    def allows(self, address: str, now: float) -> bool:
        """Whether this one may be; asking counts. ``now`` is monotonic."""
        whence, own = origin(address)
        times = self._seen.setdefault(whence, deque())
        self._seen.move_to_end(whence)
        while times and times[0] <= now - self.seconds:
            times.popleft()
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        if len(times) >= (self.inside if own else self.most):
            return False
        times.append(now)
        return True


def origin(address: str) -> tuple[str, bool]:
    """Where a request comes from: an IPv4 address, or the network of 64 bits that one household or phone has; and
    whether that is of our own network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "", False
    whole = found if found.version == 4 else ipaddress.ip_network((int(found) >> 64 << 64, 64))
    return str(whole), found.is_private


def by_a_shopper(method: str, headers: dict[str, str]) -> bool:
    """Whether a request is a browser that a shopper opens a page with, as far as it says; names in lower case."""
    if method != hdrs.METH_GET or any("pre" in headers.get(name, "").lower() for name in EARLY):
        return False
    if headers.get("sec-fetch-mode", "navigate") != "navigate" or "text/html" not in headers.get("accept", ""):
        return False
    agent = headers.get("user-agent", "").lower()
    return bool(agent) and not any(word in agent for word in ROBOTS)


def routes(book: Handoffs, leading: Leading, token: str, page: Page) -> Iterable[web.AbstractRouteDef]:
    """``GET /h/{id}``, ``POST /h/{id}/used`` and ``POST /h/{id}/taken``; without a ``token`` nobody may report."""
    desk = _Desk(book, leading, token, page)
    reports = [web.post("/h/{id}/used", desk.used), web.post("/h/{id}/taken", desk.taken)]
    return [web.get("/h/{id}", desk.follow), *reports]


class Taken(BaseModel):
    """The body of a report of what a shopper did with an offer."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    kind: Deed
    state: Outcome


class _Desk:
    def __init__(self, book: Handoffs, leading: Leading, token: str, page: Page) -> None:
        self._book, self._leading, self._token, self._page = book, leading, token, page
        self._rate = Rate()
        self._failing = False

    async def follow(self, request: web.Request) -> web.Response:
        """Lead a shopper's phone to the product; the first time counts as the use of what a screen offered."""
        link = read(request.match_info["id"], request.query)
        if link is None:
            return web.Response(status=404, text=self._page(""), content_type="text/html")
        if by_a_shopper(request.method, {name.lower(): value for name, value in request.headers.items()}):
            await self._count(link.id, request.remote or "")
        if goal := self._leading.goal(link):
            return web.Response(status=302, headers={hdrs.LOCATION: goal, "Referrer-Policy": "no-referrer"})
        return web.Response(text=self._page(link.sku), content_type="text/html")

    async def used(self, request: web.Request) -> web.Response:
        """An app or an EC says that a link was used there; whether it was the first use, and offered by a store."""
        id = self._reported(request)
        return _answer(id, await self._book.use(id))

    async def taken(self, request: web.Request) -> web.Response:
        """An app or an EC says what a shopper did with what the link offered; once for each change of its state."""
        id = self._reported(request)
        said = await _said(request)
        return _answer(id, await self._book.take(id, said.kind, said.state))

    def _reported(self, request: web.Request) -> str:
        """The link that who bears the token reports of."""
        if not self._token or not bears(request, self._token):
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
        id = request.match_info["id"]
        if not is_id(id):
            raise web.HTTPNotFound(text="an id has 16 letters, digits, '-' or '_', as the link has it behind '/h/'")
        return id

    async def _count(self, id: str, address: str) -> None:
        """Whoever stands there is led on, whatever the disk says: a use that cannot be noted is lost, and said once."""
        try:
            if await self._book.knows(id) or self._rate.allows(address, time.monotonic()):
                await self._book.use(id)
        except sqlite3.Error as error:
            if not self._failing:
                log.error("uses of links cannot be noted: %s", type(error).__name__)
            self._failing = True
        else:
            self._failing = False


async def _said(request: web.Request) -> Taken:
    body = await request.read()
    try:
        return Taken.model_validate_json(body)
    except ValidationError as error:
        wanted = f"'kind' ({', '.join(DEEDS)}) and 'state' ({', '.join(OUTCOMES)})"
        raise web.HTTPBadRequest(text=f"the body is a JSON object of {wanted}, and of nothing else") from error


def _answer(id: str, use: Use) -> web.Response:
    return web.json_response({"id": id, "counted": use.counted, "offered": use.offered})
