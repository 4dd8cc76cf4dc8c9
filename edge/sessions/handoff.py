"""The way on to the shopper's phone: what the open sheet of a product offers there, and the QR that leads to it. Pure.

Each sheet, and each kind on it, has a link with an id of its own; a sheet that is only painted again keeps it. What
leads on follows from the sheet's offers, the product itself always does; the page that opens decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import segno

from edge.handoff import Kind, Link, written
from edge.model import Handoff, Offer, Show, Tile
from edge.sessions.keeping import CONFIRMED, PENDING

UNTOUCHED: tuple[Kind, ...] = ("product", "basket")
"""What a screen may offer that nobody can touch, and what a kiosk draws first."""
QUIET = 4
"""Modules of white around a QR (ISO/IEC 18004 6.3.8)."""
DARK = "#141d45"


@dataclass(frozen=True, slots=True)
class Way:
    """Where this store's links lead: ``url`` is their base, ``kinds`` what may be offered at all."""

    url: str
    kinds: tuple[Kind, ...]
    store: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The open sheet of a product: the kinds that it offers, and the one that is drawn with the id of its link."""

    sku: str = ""
    kind: Kind = "product"
    id: str = ""
    handoffs: tuple[Handoff, ...] = ()


CLOSED = Sheet()


@dataclass(slots=True)
class Onward:
    """One visitor's way on to the phone: the sheet that is open, and whose QR is on its way to a browser or painted."""

    sheet: Sheet = CLOSED
    _sent: dict[int, Sheet] = field(default_factory=dict)
    _painted: str = ""

    def onto(self, show: Show, way: Way | None, touch: bool, fresh: Callable[[], str]) -> Show:
        """The scene with what its open sheet offers on the phone, if it has one and that is offered here.

        Who waits for a unit to be kept, or has its number to read, is led nowhere else.
        """
        product, offers, wished = (show.values.get(name) for name in ("product", "offers", "wished"))
        taken = wished is not None and wished.state in (PENDING, CONFIRMED)
        self.sheet = opened(self.sheet, None if taken else way, product, offers or (), touch, fresh)
        handoffs = self.sheet.handoffs
        return replace(show, values={**show.values, "handoffs": handoffs}) if handoffs else show

    def turn(self, kind: str) -> None:
        """Another kind is wanted on the sheet that is open."""
        self.sheet = turned(self.sheet, kind)

    def sent(self, event: int) -> None:
        """This event brings the open sheet to a browser."""
        if self.sheet.id and self.sheet.id != self._painted:
            self._sent[event] = self.sheet

    def painted(self, event: int) -> Sheet | None:
        """The sheet that a browser painted with this event, the first time that its QR was; None for any other."""
        sheet = self._sent.pop(event, None)
        if sheet is None or sheet.id == self._painted:
            return None
        self._painted = sheet.id
        return sheet


def opened(
    before: Sheet, way: Way | None, tile: Tile | None, offers: Sequence[Offer], touch: bool, fresh: Callable[[], str]
) -> Sheet:
    """The sheet of a product as it is now; ``fresh`` gives a new id, asked only for what was not drawn before."""
    kinds = offered(way, offers, touch) if way and tile else ()
    if not (way and tile and kinds):
        return CLOSED
    mine = before if before.sku == tile.sku else CLOSED
    kind = mine.kind if mine.sku and mine.kind in kinds else kinds[0]
    if mine.id and mine.kind == kind and tuple(each.kind for each in mine.handoffs) == kinds:
        return mine
    id = mine.id if mine.id and mine.kind == kind else fresh()
    drawn = picture(written(way.url, Link(id, kind, tile.sku, way.store)))
    return Sheet(tile.sku, kind, id, tuple(Handoff(each, drawn if each == kind else "") for each in kinds))


def turned(sheet: Sheet, kind: str) -> Sheet:
    """The sheet with another of its kinds wanted, to be drawn anew; what it does not offer changes nothing.

    The kind that is drawn, wanted once more, gives way to the first one, as a button that is let go.
    """
    other = sheet.handoffs[0].kind if sheet.handoffs and kind == sheet.kind else kind
    wanted = next((each.kind for each in sheet.handoffs if each.kind == other != sheet.kind), None)
    return replace(sheet, kind=wanted, id="") if wanted else sheet


def offered(way: Way, offers: Sequence[Offer], touch: bool) -> tuple[Kind, ...]:
    """The kinds for a product with these offers, the one to draw first at the front; without touch that one alone."""
    wanted = {"product", *(offer.handoff for offer in offers)}
    kinds = tuple(kind for kind in way.kinds if kind in wanted)
    first = tuple(kind for kind in kinds if kind in UNTOUCHED)
    return first + tuple(kind for kind in kinds if kind not in first) if touch else first[:1]


def picture(text: str) -> str:
    """A text's QR as the address of an image (``data:``): dark on light with its quiet zone, one unit a module.

    Level L, raised where that costs no module: a screen has neither folds nor stains, and few modules are large ones.
    """
    modules = [[bool(module) for module in row] for row in segno.make_qr(text, error="l").matrix]
    side = len(modules) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(modules) for x, dark in enumerate(row) if dark
    )
    return "data:image/svg+xml," + quote(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="{DARK}" d="{path}"/></svg>',
        safe=" =:/'",
    )
