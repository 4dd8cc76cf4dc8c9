"""What a store's screens show, told to its hub while one of the hub's systems is asked for that before the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.asking import CannotAsk, strict
from edge.ports import StockAway
from edge.stock.line import beat as beats
from edge.stock.line.beat import BadWord
from edge.stock.line.ear import Sleep

EVERY_S = 15.0
MOST = 100
LONGEST = 128


class Hears(Protocol):
    """A hub, as far as it is told what screens show."""

    @property
    def looks(self) -> bool:
        """Whether it said that it wants to know."""

    async def shown(self, body: bytes) -> None:
        """Tell it; raises StockAway."""


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


async def tell(hub: Hears, shown: Callable[[], Sequence[str]], sleep: Sleep, chance: Callable[[], float]) -> None:
    """Tell a hub for ever, each store at moments of its own; one that cannot be told is told the next time."""
    while True:
        await sleep(EVERY_S * (0.75 + 0.5 * chance()))
        if hub.looks and (skus := shown()):
            try:
                await hub.shown(write(skus))
            except StockAway:
                continue
