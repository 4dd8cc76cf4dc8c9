"""What the ledger is told of a session: contacts that name content and products, and a member only where allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content.model import Campaign, Media
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.rate import Flooded
from edge.model import Contact, Held, Level, Played, Show, StockLine, Tile
from edge.sessions.handoff import Sheet
from edge.sessions.machine import End

PRODUCT = "product"
"""The scene that shows one product to nobody known."""


def pseudonym(recognised: Recognised) -> str:
    """Who it was, for the ledger: a static number's ref, a token's only with flag C (MEMBER_CODES 2)."""
    return recognised.ref if recognised.kind == "static" or recognised.flags.C else ""


def scanned(touchpoint: str, at: float, eye: str, outcome: Recognised | Rejected) -> Contact:
    """A presentation of a code; a rejected one carries its reason and nobody."""
    if isinstance(outcome, Rejected):
        return Contact("scan", touchpoint, at, {"outcome": "rejected", "reason": str(outcome.reason), "eye": eye})
    data: dict[str, Any] = {"outcome": "accepted", "code": outcome.kind, "eye": eye}
    if outcome.flags.T:
        data["test"] = True
    return Contact("scan", touchpoint, at, data, member=pseudonym(outcome))


def flooded(touchpoint: str, flood: Flooded) -> Contact:
    """Codes that were passed over in silence at an eye, in one entry that says how many."""
    data = {"outcome": "rejected", "reason": str(Reason.RATE), "count": flood.count, "eye": flood.eye}
    return Contact("scan", touchpoint, flood.at, data)


def presented(
    touchpoint: str, held: Held, sku: str, stock: tuple[StockLine, ...], member: str, session: str
) -> Contact:
    """A product was held up, with the stock that is told of it; one without ``sku`` is not in the catalogue."""
    data: dict[str, Any] = {"outcome": "accepted" if sku else "unknown", "code": "product", "gtin": held.gtin}
    if sku:
        data |= of_stock(sku, stock)
    return Contact("scan", touchpoint, held.at, {**data, "eye": held.eye}, member, session)


def began(touchpoint: str, at: float, session: str, level: Level, member: str) -> Contact:
    """A session began at a level."""
    return Contact("session_start", touchpoint, at, {"level": str(level)}, member, session)


def ended(touchpoint: str, at: float, session: str, end: End, seconds: float, member: str) -> Contact:
    """A session ended, why, and how long it was by the monotonic clock."""
    return Contact("session_end", touchpoint, at, {"reason": str(end), "seconds": round(seconds, 1)}, member, session)


def shown(show: Show, at: float, campaign: Campaign | None, media: Mapping[str, Media], member: str) -> Contact:
    """Content was painted in a session: what it was exactly, and the stock that stood beside it."""
    first = next((media[name] for name in (campaign.media if campaign else ()) if name in media), None)
    data: dict[str, Any] = {
        "campaign": campaign.id if campaign else "",
        "arm": campaign.arm if campaign else "",
        "rule": _rule(show, campaign),
        "content": first.id if first else "",
        "version": first.version if first else 0,
        "sha256": first.sha256 if first else "",
        "level": str(show.level),
        "language": show.language,
        "products": [product(tile) for tile in _tiles(show)],
    }
    return Contact("content_shown", show.screen, at, data, member, show.session)


def _rule(show: Show, campaign: Campaign | None) -> str:
    if show.scene == PRODUCT:
        return "product"
    return "segment" if campaign and campaign.segments else "members"


def _tiles(show: Show) -> tuple[Tile, ...]:
    held = show.values.get("product") if show.scene == PRODUCT else None
    return (held,) if held else tuple(show.values.get("tiles", ()))


def touched(show: Show, at: float, tile: Tile, member: str) -> Contact:
    """A product was touched, with the stock that the shopper saw."""
    return Contact("product_touched", show.screen, at, product(tile), member, show.session)


def offered(show: Show, at: float, sheet: Sheet, campaign: str, member: str) -> Contact:
    """A sheet's QR was painted: the id by which its use on a phone comes back to this contact."""
    data = {"handoff": sheet.id, "kind": sheet.kind, "sku": sheet.sku, "campaign": campaign}
    return Contact("handoff_offered", show.screen, at, data, member, show.session)


def product(tile: Tile) -> dict[str, Any]:
    """A product with the stock shown for it: place, band and age of the source's word."""
    return of_stock(tile.sku, tile.stock)


def of_stock(sku: str, lines: tuple[StockLine, ...]) -> dict[str, Any]:
    """A SKU with its lines of stock, as the ledger has them."""
    stock = [{"place": line.place, "band": str(line.band), "as_of": line.as_of} for line in lines]
    return {"sku": sku, "stock": stock}


def played(play: Played, at: float) -> Contact:
    """Proof of play: what a screen's page says it played, with its own times."""
    item = play.item
    data: dict[str, Any] = {
        "content": item.content,
        "version": item.version,
        "sha256": item.sha256,
        "campaign": item.campaign,
        "rule": item.rule,
        "arm": item.arm,
        "title": item.title,
        "began": round(play.wall, 3),
        "seconds": round(play.seconds, 2),
        "complete": play.complete,
    }
    return Contact("play", play.screen, at, data)
