"""``POST /hooks/{channel}``: a system's webhooks, taken on disk and answered at once, worked off behind."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import hdrs, web

from edge import asking
from edge.health import Health
from edge.stock.inquiry.watch import Deliveries, Watch
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.inbox import Inbox, NotKept, digest
from edge.stock.system import BadDelivery, Delivery, Pushed, StockSystem, Unsigned

MOST_BYTES = 1024 * 1024
BODY_S = 10.0
REFUSED_A_MINUTE = 60
MOST_ADDRESSES = 1024


class Outcome(StrEnum):
    """What became of a delivery."""

    TAKEN = "taken"
    DOUBLE = "double"
    REFUSED = "refused"
    THROTTLED = "throttled"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who works deliveries off. ``room`` is whether one more can wait, ``tell`` takes what one said and its id."""

    system: StockSystem
    url: str
    room: Callable[[], bool]
    tell: Callable[[str, Pushed], None]


class Hooks:
    """All channels that listen now. ``tentou_hook_deliveries_total`` counts what came by channel and outcome."""

    def __init__(self, inbox: Inbox, health: Health, clocks: Clocks, watch: Watch) -> None:
        self._inbox = inbox
        self._health = health
        self._clocks = clocks
        self._watch = watch
        self._listeners: dict[str, Listener] = {}
        self._refused: OrderedDict[str, list[float]] = OrderedDict()

    @contextmanager
    def listening(self, channel: str, listener: Listener) -> Iterator[None]:
        """A channel hears its webhooks meanwhile, by this listener in place of one that was there before."""
        before = self._listeners.get(channel)
        self._listeners[channel] = listener
        try:
            yield
        finally:
            del self._listeners[channel]
            if before is not None:
                self._listeners[channel] = before

    def listener(self, channel: str) -> Listener:
        """Who works a channel's deliveries off now; raises KeyError for one that does not listen."""
        return self._listeners[channel]

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """``POST /hooks/{channel}``."""
        return [web.post("/hooks/{channel}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        """A webhook of a stock channel: 200 once it is on disk, 401 if it is not signed as agreed, 400 if it is and is
        no message of the system's own."""
        channel = request.match_info["channel"]
        listener = self._listeners.get(channel)
        if listener is None:
            raise web.HTTPNotFound(text="no stock channel of this name listens\n")
        body = await _body(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            # Whoever floods may share an address (a proxy's) with the shop: nothing signed is held off for it.
            pushed = listener.system.pushed(Delivery(listener.url or str(request.url), headers, body))
        except Unsigned as error:
            raise self._refusal(channel, request.remote or "", error) from error
        except BadDelivery as error:
            self._heard(channel).refuse(str(error), self._clocks.wall())
            raise self._counted(channel, Outcome.REFUSED, web.HTTPBadRequest(text=f"{error}\n")) from error
        if not listener.room():
            raise self._counted(channel, Outcome.FULL, web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "10"}))
        id = digest(pushed, body)
        try:
            fresh = await self._inbox.take(channel, id, pushed)
        except NotKept as error:
            raise self._counted(channel, Outcome.FULL, web.HTTPServiceUnavailable(text="not kept\n")) from error
        self._count(channel, Outcome.TAKEN if fresh else Outcome.DOUBLE)
        heard = self._heard(channel)
        if not fresh:
            heard.known += 1
            return web.Response(text="known already\n")
        heard.taken += 1
        # Who listened when it began to come may be closed by now; where nobody listens, it is owed to who opens next.
        if (now := self._listeners.get(channel)) is not None:
            now.tell(id, pushed)
        return web.Response(text="taken\n")

    def _heard(self, channel: str) -> Deliveries:
        return self._watch.deliveries.setdefault(channel, Deliveries())

    def _refusal(self, channel: str, address: str, error: BadDelivery) -> web.HTTPException:
        """The answer to what is not signed as agreed: from an address that sends many, to come again later."""
        self._heard(channel).refuse(str(error), self._clocks.wall())
        if self._throttled(address):
            return self._counted(channel, Outcome.THROTTLED, web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "60"}))
        self._note(address)
        return self._counted(channel, Outcome.REFUSED, web.HTTPUnauthorized(text=f"{error}\n"))

    def _counted(self, channel: str, outcome: Outcome, answer: web.HTTPException) -> web.HTTPException:
        self._count(channel, outcome)
        return answer

    def _count(self, channel: str, outcome: Outcome) -> None:
        self._health.tally("hook_deliveries", channel=channel, outcome=outcome)

    def _throttled(self, address: str) -> bool:
        """Whether this address sent many that were not signed within a minute."""
        since = self._clocks.monotonic() - 60.0
        lately = [at for at in self._refused.get(address, ()) if at > since]
        return len(lately) >= REFUSED_A_MINUTE

    def _note(self, address: str) -> None:
        lately = self._refused.setdefault(address, [])
        lately.append(self._clocks.monotonic())
        del lately[:-REFUSED_A_MINUTE]
        self._refused.move_to_end(address)
        while len(self._refused) > MOST_ADDRESSES:
            self._refused.popitem(last=False)


async def _body(request: web.Request) -> bytes:
    """The raw body; a larger or slower one is refused."""
    try:
        async with asyncio.timeout(BODY_S):
            return await asking.bounded(request.content, MOST_BYTES)
    except asking.CannotAsk as error:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, MOST_BYTES + 1) from error
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
