"""What a shopper can still have of a product, in the order in which it is offered, in words, in four languages. Pure.

Each offer stands on what its own source says now: one whose word is too old offers nothing. A date or a time is the
source's or the settings' own; none is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from edge.config import Location
from edge.handoff import Kind
from edge.model import Band, Offer, OfferKind, spoken
from edge.stock.freshness import minutes
from edge.stock.level import Known
from edge.stock.words.distance import distance, rounded, walk
from edge.stock.words.hours import clock, opened
from edge.stock.words.phrases import BETWEEN, MONTHS, NOTES, TITLES
from edge.stock.words.wording import Word, band, name_of, sure, word

MOST_NEAR = 3
"""A shopper reads no more stores than that."""
HORIZON = timedelta(days=366)
"""A restock further off than that is a mistake in somebody's table."""

_THERE = (Band.MANY, Band.FEW)


@dataclass(frozen=True, slots=True)
class Asked:
    """What offers of one product depend on besides its stock.

    ``known`` tells of it at a location, by id; ``few`` is its source's own figure of few left; ``reserving`` are the
    locations whose source keeps units such that of two who ask for the last one gets it; ``kinds`` are the links to
    phones that the store offers; ``now`` is its wall clock.
    """

    locations: Sequence[Location]
    known: Callable[[str], Known]
    few: int | None
    reserving: Collection[str]
    kinds: Collection[Kind]
    language: str
    now: datetime

    def at(self, *places: str) -> list[Location]:
        """The locations of these kinds of place, in the settings' order."""
        return [location for location in self.locations if location.place in places]

    def word(self, location: Location) -> Word:
        """What may be said of it there."""
        return word(self.known(location.id), self.few)

    def there(self, location: Location) -> bool:
        """Whether it is there, as far as a shopper is told."""
        return band(self.known(location.id), self.few) in _THERE

    def sure(self, location: Location) -> bool:
        """Whether somebody may be sent for it there."""
        return sure(self.known(location.id), self.few)

    def say(self, name: str, **values: object) -> str:
        """A note's words."""
        return NOTES[spoken(self.language)][name].format(**values)

    def name(self, location: Location) -> str:
        """A place's own name."""
        return name_of(location.id, location.name, self.language)

    def offer(self, kind: OfferKind, *notes: str, at: str = "", links: Sequence[Kind] = ()) -> Offer:
        """An offer whose first link that the store has leads to the phone; ``at`` is where it comes from."""
        tongue = spoken(self.language)
        link = next((each for each in links if each in self.kinds), None)
        reserves = kind in (OfferKind.HOLD, OfferKind.NEAR) and at in self.reserving
        note = BETWEEN[tongue].join(filter(None, notes))
        return Offer(kind, TITLES[tongue][kind], note, at, reserves, link)


def offers(asked: Asked) -> tuple[Offer, ...]:
    """The offers for a product, staff last and always: kept here where it is, else from elsewhere, else when.

    What this store has can be sent home as well: nobody must carry it.
    """
    here = asked.at("here")
    if any(asked.there(place) for place in here):
        return *_hold(asked), *_ship(asked), _staff(asked)
    return *_near(asked), *_order(asked), *_ship(asked), *_restock(asked), _staff(asked)


def _hold(asked: Asked) -> Iterator[Offer]:
    """取り置き: where this store's source keeps units, or else the shop's own page on the phone takes the wish."""
    for place in asked.at("here"):
        if asked.there(place) and (place.id in asked.reserving or "hold" in asked.kinds):
            yield asked.offer(OfferKind.HOLD, at=place.id, links=("hold",))
            return


def _near(asked: Asked) -> Iterator[Offer]:
    """Neighbours that hand it out and that one reaches while they are open, the nearest first."""
    here = next(iter(asked.at("here")), None)
    fit = [(walk(here, place), place) for place in asked.at("near") if place.pickup and asked.sure(place)]
    reached: list[Offer] = []
    for away, place in sorted(fit, key=lambda each: each[0]):
        hours = opened(place, asked.now)
        if hours is not None and hours.minutes > (0 if math.isinf(away) else away):
            until = asked.say("until", time=hours.until)
            reached.append(asked.offer(OfferKind.NEAR, asked.name(place), _far(asked, here, place), until, at=place.id))
    yield from reached[:MOST_NEAR]


def _order(asked: Asked) -> Iterator[Offer]:
    """取り寄せ: this store's own source says that it can be ordered in, or a place has it that sends to this store."""
    own = [place for place in asked.at("here") if asked.word(place) is Word.ORDER]
    for place in (*own, *(place for place in asked.at("near", "online") if place.orders and asked.sure(place))):
        yield asked.offer(OfferKind.ORDER, _cutoff(asked, place), at=place.id, links=("order",))
        return


def _ship(asked: Asked) -> Iterator[Offer]:
    """Home delivery: the online shop has it and delivers; or its basket is all that is known of how it does."""
    for place in asked.at("online"):
        if asked.there(place) and (place.ships or "basket" in asked.kinds):
            found = asked.offer(OfferKind.SHIP, _cutoff(asked, place), at=place.id, links=("basket", "product"))
            yield found if place.ships else replace(found, title=asked.say("buy"))
            return


def _restock(asked: Asked) -> Iterator[Offer]:
    """The date on which this store's source, else the online shop's, says that more come."""
    for place in asked.at("here", "online"):
        if (on := _incoming(asked.known(place.id), asked.now.date())) is not None:
            day = asked.say("day", month=on.month, day=on.day, month_name=MONTHS[on.month - 1])
            name = asked.name(place) if place.place == "online" else ""
            yield asked.offer(OfferKind.RESTOCK, day, name, at=place.id, links=("product",))
            return


def _staff(asked: Asked) -> Offer:
    """Somebody to ask, with the reason where a screen knows one."""
    here = asked.at("here")
    if any(asked.there(place) for place in here):
        kept = any(place.id in asked.reserving for place in here)
        return asked.offer(OfferKind.STAFF, "" if kept else asked.say("kept"))
    unsure = any(band(asked.known(place.id), asked.few) is Band.ASKING for place in here)
    return asked.offer(OfferKind.STAFF, asked.say("ask") if unsure else "")


def _incoming(known: Known, today: date) -> date | None:
    """The day on which more come, by a word that is not too old; None if nobody says one that can be."""
    level = known.level
    if level is None or minutes(known.age) is None or level.incoming <= 0:
        return None
    try:
        on = date.fromisoformat(level.incoming_on)
    except ValueError:
        return None
    return on if today <= on <= today + HORIZON else None


def _cutoff(asked: Asked, place: Location) -> str:
    if place.cutoff is None:
        return ""
    return asked.say("cutoff", time=clock(place.cutoff.hour * 60 + place.cutoff.minute))


def _far(asked: Asked, here: Location | None, place: Location) -> str:
    if place.minutes is not None:
        return asked.say("walk", n=place.minutes)
    metres = distance(here, place)
    return "" if metres is None else asked.say("far", n=rounded(metres))
