"""Which product a shopper holds up, from an eye's looks: the newest one wins, and what stands there is scenery. Pure.

- A product is told once, and again only after 3 s out of view. Held beside others, the one that came last counts;
  several that come at once tell nothing, as nobody can say which is meant.
- A product in view for over 60 s is a shelf label or a package behind the shopper: it counts as put down, and again
  only once it was away for 10 minutes.
- Its bars and its Digital Link are one product: only the number counts, and nothing else of a text is kept.
- A product that the catalogue does not have is told only when it was held for 0.8 s while no other was: somebody's
  bag that passes a sign asks for nothing.
- A camera tells three products in 3 s at most, so that a phone that plays a film of products fills no ledger: what
  comes sooner waits while it is held up, and of several that wait the newest counts. A hand scanner's is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from edge.model import Code, Held, Look, PutDown
from edge.stock.gtin import FORMS, product, worth
from edge.vision.presence import AWAY_S, BY_HAND, IGNORED_S, STAYS_S, TWICE_S
from edge.vision.symbology import LINEAR

STEADY_S = 0.8
PACE, PACE_S = 3, 3.0
"""So many products a camera tells in so long: one a second in the long run, and no quick hand is too quick."""
MOST = 64
"""So many products are remembered at once. What stands there for over 60 s makes room first, longest unseen before
others, so that nobody's sheet of labels keeps a camera from products; while there is no room what is new is left
out."""


@dataclass(frozen=True, slots=True)
class Wares:
    """What counts as a product here: codes of these ``symbologies``; ``known`` tells what the catalogue has."""

    symbologies: Collection[str] = ()
    known: Callable[[str], bool] = lambda _: False

    @property
    def forms(self) -> Mapping[str, tuple[str, ...]]:
        """The forms of products' texts (``vision.forms``)."""
        return {name: (FORMS[name],) for name in self.symbologies}

    def gtin(self, code: Code) -> str | None:
        """The product that a code names, if it is one to ask for."""
        if code.symbology not in self.symbologies:
            return None
        return worth(product(code.text, code.symbology), self.known)


@dataclass(frozen=True, slots=True)
class Stay:
    """One product before an eye without 3 s of absence; ``told`` once it was said, or left out beside others."""

    gtin: str
    since: float
    last: float
    told: bool = False

    @property
    def too_long(self) -> bool:
        """Nobody holds a product up for so long."""
        return self.last - self.since > STAYS_S


@dataclass(frozen=True, slots=True)
class Goods:
    """The products before one eye. ``held`` is the one told last while it stays."""

    held: str = ""
    stays: tuple[Stay, ...] = ()
    once: tuple[tuple[str, float], ...] = ()
    """Products of which bars were read once, until a second look confirms them."""
    eye: str = ""
    told_at: tuple[float, ...] = ()
    """When the latest products were told."""


Change = tuple[Goods, tuple[Held | PutDown, ...]]


def step(goods: Goods, look: Look, wares: Wares) -> Change:
    """The products after one look, and what it newly shows. Looks come in the order of their time."""
    before, gone = tick(replace(goods, eye=look.eye), look.at)
    read = [(gtin, code) for code in look.codes if (gtin := wares.gtin(code))]
    sure = {gtin: code for gtin, code in read if _sure(before, gtin, code)}
    once = {**dict(before.once), **{gtin: look.at for gtin, code in read if code.symbology in LINEAR}}
    after = replace(before, stays=_seen(before, sure, look.at), once=tuple(once.items())[-MOST:])
    due = _due(after, sure, look.at, wares)
    if due and _too_soon(after, look.at) and not _by_hand(sure, due):
        return after, gone
    said = sure if due or after.held else {}
    after = replace(after, stays=tuple(replace(stay, told=stay.told or stay.gtin in said) for stay in after.stays))
    if len(due) != 1:
        return after, gone
    told_at = (*after.told_at, look.at)[-PACE:]
    return replace(after, held=due[0], told_at=told_at), (*gone, Held(look.eye, due[0], look.at, look.frame))


def tick(goods: Goods, now: float) -> Change:
    """The products after silence until ``now``: the held one may be gone."""
    here = tuple(stay for stay in goods.stays if now - stay.last < (IGNORED_S if stay.too_long else AWAY_S))
    once = tuple(pair for pair in goods.once if now - pair[1] <= TWICE_S)
    after = replace(goods, stays=here, once=once)
    if not goods.held or any(stay.gtin == goods.held and not stay.too_long for stay in here):
        return after, ()
    return replace(after, held=""), (PutDown(goods.eye, now),)


def _sure(before: Goods, gtin: str, code: Code) -> bool:
    """A code that detects its own errors, was aimed at by hand, is here already, or was read equal just before."""
    known = {stay.gtin for stay in before.stays} | {read for read, _ in before.once}
    return code.symbology not in LINEAR or code.engine == BY_HAND or gtin in known


def _seen(before: Goods, sure: Collection[str], at: float) -> tuple[Stay, ...]:
    known = {stay.gtin: replace(stay, last=at) if stay.gtin in sure else stay for stay in before.stays}
    return _room(tuple({gtin: known.get(gtin) or Stay(gtin, at, at) for gtin in (*known, *sure)}.values()))


def _room(stays: tuple[Stay, ...]) -> tuple[Stay, ...]:
    """As many as are remembered: those that stand there go first, then what came last."""
    standing = sorted((stay for stay in stays if stay.too_long), key=lambda stay: stay.last)
    leaving = standing[: max(0, len(stays) - MOST)]
    return tuple(stay for stay in stays if stay not in leaving)[:MOST]


def _due(goods: Goods, sure: dict[str, Code], at: float, wares: Wares) -> list[str]:
    """The products of this look that are to be told, those of the catalogue before others, of each the newest."""
    new = [stay for stay in goods.stays if stay.gtin in sure and not stay.told]
    ours = [stay for stay in new if wares.known(stay.gtin)]
    held = [stay for stay in new if at - stay.since >= STEADY_S or sure[stay.gtin].engine == BY_HAND]
    due = ours or ([] if goods.held else held)
    return [stay.gtin for stay in due if stay.since == max(each.since for each in due)]


def _too_soon(goods: Goods, at: float) -> bool:
    return len(goods.told_at) == PACE and at - goods.told_at[0] < PACE_S


def _by_hand(sure: Mapping[str, Code], due: Collection[str]) -> bool:
    """A scanner that is aimed by hand read them."""
    return all(sure[gtin].engine == BY_HAND for gtin in due)
