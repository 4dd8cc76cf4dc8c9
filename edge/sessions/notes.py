"""What the ledger is told of a session: contacts that name content and products, and a member only where allowed.

``contacts/schemas`` describes what each says. ``at`` is monotonic and ``wall`` UNIX seconds, of the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content.model import Campaign, Media
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.rate import Flooded
from edge.model import Band, Contact, Held, Json, Level, Offer, OfferKind, Played, Show, StockLine, Tile
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


def identified(touchpoint: str, at: float, session: str, level: Level, recognised: Recognised, again: bool) -> Contact:
    """What the desk made of an accepted code: the level it brought to its session, which went on if ``again``.

    The flags are what the member agreed to; tier and segments stay out, as they would tell of who is not to be known.
    """
    flags = recognised.flags
    data: dict[str, Any] = {
        "code": recognised.kind,
        "level": str(level),
        "again": again,
        "personal": flags.P,
        "nickname": flags.N,
        "recorded": flags.C,
        "restricted": flags.R,
        "stale": recognised.stale,
    }
    if recognised.doubt:
        data["doubt"] = str(recognised.doubt)
    return Contact("identify", touchpoint, at, data, pseudonym(recognised), session)


def presented(
    touchpoint: str, held: Held, sku: str, stock: tuple[StockLine, ...], wall: float, member: str, session: str
) -> Contact:
    """A product was held up, with the stock that is told of it; one without ``sku`` is not in the catalogue."""
    data: dict[str, Any] = {"outcome": "accepted" if sku else "unknown", "code": "product", "gtin": held.gtin}
    if sku:
        data |= of_stock(sku, stock, wall)
    return Contact("scan", touchpoint, held.at, {**data, "eye": held.eye}, member, session)


def began(touchpoint: str, at: float, session: str, level: Level, member: str) -> Contact:
    """A session began at a level."""
    return Contact("session_start", touchpoint, at, {"level": str(level)}, member, session)


def ended(touchpoint: str, at: float, session: str, end: End, seconds: float, member: str) -> Contact:
    """A session ended, why, and how long it was by the monotonic clock."""
    return Contact("session_end", touchpoint, at, {"reason": str(end), "duration_ms": _ms(seconds)}, member, session)


def shown(
    show: Show, at: float, wall: float, campaign: Campaign | None, media: Mapping[str, Media], member: str
) -> Contact:
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
        "products": [product(tile, wall) for tile in _tiles(show)],
    }
    return Contact("content_shown", show.screen, at, data, member, show.session)


def _rule(show: Show, campaign: Campaign | None) -> str:
    if show.scene == PRODUCT:
        return "product"
    return "segment" if campaign and campaign.segments else "members"


def _tiles(show: Show) -> tuple[Tile, ...]:
    held = show.values.get("product") if show.scene == PRODUCT else None
    return (held,) if held else tuple(show.values.get("tiles", ()))


def touched(show: Show, at: float, wall: float, tile: Tile, member: str) -> Contact:
    """A product was touched, with the stock that the shopper saw."""
    return Contact("product_touched", show.screen, at, product(tile, wall), member, show.session)


def offered(show: Show, at: float, sheet: Sheet, campaign: str, member: str) -> Contact:
    """A sheet's QR was painted: the id by which its use on a phone comes back to this contact."""
    data = {"handoff": sheet.id, "kind": sheet.kind, "sku": sheet.sku, "campaign": campaign}
    return Contact("handoff_offered", show.screen, at, data, member, show.session)


def kept(
    touchpoint: str, session: str, offer: Offer, sku: str, member: str, test: Json, state: str, at: float
) -> Contact:
    """What came of a unit that was asked for on the screen itself, at ``offer``'s place; its slip stays out."""
    kind = "order" if offer.kind is OfferKind.ORDER else "hold"
    data = {"kind": kind, "taken": kind, "sku": sku, "location": offer.location, "state": state, **test}
    return Contact("offer_taken", touchpoint, at, data, member, session)


def product(tile: Tile, wall: float) -> dict[str, Any]:
    """A product with the stock shown for it."""
    return of_stock(tile.sku, tile.stock, wall)


def of_stock(sku: str, lines: tuple[StockLine, ...], wall: float) -> dict[str, Any]:
    """A SKU with its lines of stock, as the ledger has them."""
    return {"sku": sku, "stock": [_line(line, wall) for line in lines]}


def _line(line: StockLine, wall: float) -> dict[str, Any]:
    """One place: the band that was read, and how old the source's word on it was then."""
    age = None if line.as_of is None else _ms(max(0.0, wall - line.as_of))
    return {"place": line.place, "band": str(line.band), "state": _state(line), "as_of": line.as_of, "age_ms": age}


def _state(line: StockLine) -> str:
    """As the shopper read it: live without a label of age, stale with one, unknown where it said 確認中."""
    if line.band is Band.ASKING:
        return "unknown"
    return "stale" if line.fresh else "live"


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
        "duration_ms": _ms(play.seconds),
        "complete": play.complete,
    }
    return Contact("play", play.screen, at, data)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
