"""How many of a SKU a shopper can still have, out of what a source says of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.ports import StockLevel


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one SKU at one location: the ``level`` by the freshest channel that lists it, None if none does.

    ``age`` is how old that channel's word is, in seconds, None if no channel ever spoke of the location or nobody can
    tell; ``channel`` is the one that counts, empty without one. ``asked`` says that units of it are being asked for or
    were just kept: whether the source has them off its figure yet, nobody can tell.
    """

    level: StockLevel | None = None
    age: float | None = None
    channel: str = ""
    asked: bool = False


UNHEARD = Known()
"""Of a location of which nobody ever spoke."""


def says(level: StockLevel) -> bool:
    """Whether a source tells anything of what is there: a figure, or a status."""
    return level.available is not None or level.on_hand is not None or bool(level.status)


def sellable(level: StockLevel) -> int | None:
    """How many can be sold; None where the source tells a status alone, or nothing.

    What is on hand counts without what is sold, kept for somebody or kept back; what a source calls available has the
    sold ones off it already, so that nothing is taken off twice: only what it still wants kept back, and what is kept
    here for a shopper until the source knows of it.
    """
    if level.available is not None:
        return max(0, level.available - level.hold - level.safety)
    if level.on_hand is not None:
        return max(0, level.on_hand - level.reserved - level.hold - level.safety)
    return 0 if level.status in ("none", "order") else None


def less(known: Known, units: int) -> Known:
    """What is known with so many units more of it kept for somebody; a status alone has nothing to take off."""
    if not units or known.level is None:
        return known
    return replace(known, level=replace(known.level, hold=known.level.hold + units), asked=True)
