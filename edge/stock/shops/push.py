"""Our own push, the document "tentou-stock-push/1": what the apps send that this repository has for shops' servers.

Its figures are absolute. It is signed (``X-Tentou-Signature: sha256=`` and the HMAC-SHA256 of its bytes in hex), and
numbered in a stream from 1 without gaps, beats among it, so that a lost one is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from edge.ports import StockItem, StockLevel
from edge.stock.shops import signing
from edge.stock.shops.answers import Figure, Gtin, Name, Sku, TheirId, told
from edge.stock.system import Delivery, Pushed

FORMAT = "tentou-stock-push/1"
SIGNATURE = "x-tentou-signature"
MOST = 5000
SECONDS_S = 86_400.0
"""A time that is today's, had it been told in seconds, was meant so."""
Place = Callable[[str], str | None]
Day = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
Rate = Annotated[float, Field(ge=0, le=1e7)]


class Level(BaseModel):
    """What a place has of a SKU. ``revision`` orders what is said of the two; ``safety`` is to be kept back.

    ``incoming`` more come on the day ``incoming_on``; ``sold_daily`` are sold there a day.
    """

    sku: Sku
    location: TheirId
    on_hand: Figure | None = None
    available: Figure | None = None
    reserved: Figure = 0
    hold: Figure = 0
    safety: Figure = 0
    status: Literal["", "in", "few", "none", "order"] = ""
    incoming: Figure = 0
    incoming_on: Day = ""
    sold_daily: Rate | None = None
    revision: int = Field(0, ge=0, lt=1 << 63)


class Item(BaseModel):
    """What a SKU is; ``few`` is from how many left on down the shop says so."""

    sku: Sku
    gtin: Gtin = ""
    style: Name = ""
    color: Name = ""
    size: Name = ""
    name: Name = ""
    few: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Gone(BaseModel):
    """A SKU that a place has no longer."""

    sku: Sku
    location: TheirId


class Push(BaseModel):
    """The document. ``sent_ms`` is when it was true: what was committed before is in it or in one before it."""

    format: Literal["tentou-stock-push/1"]
    id: str = Field(min_length=1, max_length=64)
    stream: str = Field(min_length=1, max_length=64)
    seq: int = Field(ge=1, lt=1 << 63)
    sent_ms: int = Field(ge=0, lt=1 << 48)
    levels: list[Level] = Field([], max_length=MOST)
    items: list[Item] = Field([], max_length=MOST)
    gone: list[Gone] = Field([], max_length=MOST)


def pushed(delivery: Delivery, secret: Path | None, place: Place) -> Pushed:
    """What a delivery says of the places that ``place`` knows; raises BadDelivery."""
    signature = delivery.headers.get(SIGNATURE, "").removeprefix("sha256=")
    signing.signed(signature, delivery.body, secret, signing.hex_)
    push = told(Push, delivery.body)
    gone = tuple((one.sku, ours) for one in push.gone if one.sku and (ours := place(one.location)) is not None)
    return Pushed(
        push.id, tuple(levels(push.levels, place)), gone, stream=push.stream, seq=push.seq, sent_s=push.sent_ms / 1000
    )


def untimely(sent_s: float, now_s: float, most_s: float) -> str:
    """Why a push was not sent just now, with how far apart the two clocks would be; empty if it was."""
    apart_s = now_s - sent_s
    if abs(apart_s) <= most_s:
        return ""
    if abs(now_s - sent_s * 1000) <= max(most_s, SECONDS_S):
        return "sent_ms is in seconds; milliseconds are needed"
    side = "before" if apart_s > 0 else "after"
    return (
        f"sent_ms is {abs(apart_s):.0f} s {side} this machine's clock, at most {most_s:.0f} s is believed: "
        "it was held up, or one of the two clocks is wrong"
    )


def levels(told: Iterable[Level], place: Place) -> Iterator[StockLevel]:
    """The levels of the places that are read."""
    for level in told:
        if level.sku and (ours := place(level.location)) is not None:
            yield StockLevel(**_fields(level, location=ours))


def items(told: Iterable[Item]) -> Iterator[StockItem]:
    """What the SKUs are."""
    for item in told:
        if item.sku:
            yield StockItem(**_fields(item))


def _fields(model: BaseModel, **other: Any) -> dict[str, Any]:
    return model.model_dump() | other
