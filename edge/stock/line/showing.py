"""What a store's screens show, told to its hub while one of the hub's systems is asked for that before the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from edge.asking import CannotAsk, strict
from edge.ports import StockAway
from edge.stock.line import beat as beats
from edge.stock.line.beat import BadWord
from edge.stock.line.ear import Sleep
from edge.web import need

PATH = "/v1/stock/shown"
EVERY_S = 15.0
MOST = 100
LONGEST = 128
ADVICE = (
    "Set stock_token at the hub, and give its stores that file. Until then the hub reads what this store's screens "
    "show in its turn, not before the rest."
)


class Refused(StockAway):
    """The hub takes no such word of anybody."""


class Hears(Protocol):
    """A hub, as far as it is told what screens show."""

    @property
    def looks(self) -> bool:
        """Whether it says now that it wants to know."""

    async def shown(self, body: bytes) -> None:
        """Tell it; raises Refused, StockAway."""


def write(skus: Sequence[str]) -> bytes:
    """The latest of these, as a body."""
    return json.dumps({"skus": skus[:MOST]}).encode()


def parse(body: bytes) -> tuple[str, ...]:
    """The SKUs of a body, in its order; raises BadWord."""
    try:
        skus = beats.fields(strict(body)).get("skus")
    except CannotAsk as error:
        raise BadWord(str(error)) from None
    if not isinstance(skus, list) or len(skus) > MOST:
        raise BadWord(f"skus: a list of at most {MOST} is needed")
    if not all(isinstance(sku, str) and 0 < len(sku) <= LONGEST for sku in skus):
        raise BadWord(f"skus: texts of at most {LONGEST} signs are needed")
    return tuple(skus)


def routes(show: Callable[[Sequence[str]], object], token: str, open_: bool) -> list[web.RouteDef]:
    """``POST /v1/stock/shown``; ``open_`` is whether others than this machine can tell: without a token they could
    have a shop asked for what no screen shows, so they are told to set one."""

    async def shown(request: web.Request) -> web.Response:
        """What a store's screens show: it is read before the rest, where no more is done for it."""
        if open_ and not token:
            raise web.HTTPForbidden(text="what screens show is taken from nobody without a token; set stock_token\n")
        need(request, token)
        try:
            show(parse(await request.read()))
        except BadWord as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        return web.Response(status=204)

    return [web.post(PATH, shown)]


async def tell(
    hub: Hears,
    shown: Callable[[], Sequence[str]],
    sleep: Sleep,
    chance: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Tell a hub for ever, each store at moments of its own; one that cannot be told is told the next time.

    ``say`` hears why it refuses, and an empty text once it does not, each once.
    """
    said = ""
    while True:
        await sleep(EVERY_S * (0.75 + 0.5 * chance()))
        why = await _refusal(hub, shown(), said)
        if why != said:
            say(why)
        said = why


async def _refusal(hub: Hears, skus: Sequence[str], before: str) -> str:
    """Why the hub refuses, empty if it does not; as ``before`` while nobody can tell."""
    if not hub.looks:
        return ""
    try:
        if skus:
            await hub.shown(write(skus))
            return ""
    except Refused as refused:
        return str(refused)
    except StockAway:
        return before
    return before
