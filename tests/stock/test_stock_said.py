"""Whatever a source said, however old, no label and no offer says more than that allows.

What may be said is stated here once more, in other words than the product's: ``left``, ``chance``, ``there``. The
short form runs with the suite; ``./run soak said`` reads a million.
"""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.config import Location
from edge.handoff import KINDS
from edge.model import Band, Offer, OfferKind, StockLine
from edge.ports import STATUSES, StockItem, StockLevel
from edge.stock.level import Known
from edge.stock.words.matrix import matrix
from edge.stock.words.offers import Asked, offers
from edge.stock.words.wording import line

READS = int(os.environ.get("TENTOU_SOAK_SAID", "20000"))
EACH = 400
"""Reads of one example: its levels, ages and places are combined."""
NOW_S = 1_795_000_000.0
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SIGNS = {Band.MANY: 2, Band.FEW: 1}


# What may be said ------------------------------------------------------------------------------------------------


def left(level: StockLevel) -> int | None:
    """How many a shopper could take, None where only a status is told."""
    if level.available is None and level.on_hand is None:
        return None
    given = level.available if level.available is not None else (level.on_hand or 0) - level.reserved
    return given - level.hold - level.safety


def chance(level: StockLevel, age: float) -> float:
    """That one more is left, term by term; 1 where nobody knows how it sells."""
    if level.sold_daily is None or (count := left(level)) is None:
        return 1.0
    mean = level.sold_daily * age / 43_200
    return math.fsum(math.exp(-mean) * mean**sold / math.factorial(sold) for sold in range(count))


def there(known: Known, few: int | None) -> int:
    """2 where "in stock" may be said, 1 where "few left" may, 0 where neither."""
    level, age = known.level, known.age
    if level is None or age is None or not age <= 900 or level.status in ("none", "order"):
        return 0
    count, likely = left(level), chance(level, age)
    if count is None:
        return {"in": 2, "few": 1}.get(level.status, 0)
    if count < 1 or likely < 0.6 - 1e-9:
        return 0
    return 2 if likely >= 0.95 - 1e-9 and count > (3 if few is None else few) and level.status != "few" else 1


def sends(known: Known, few: int | None) -> bool:
    """Whether somebody may be sent there for it."""
    level, most = known.level, there(known, few)
    if level is None or known.age is None or not most:
        return False
    rated = level.sold_daily is not None and left(level) is not None
    return most == 2 or (rated and chance(level, known.age) >= 0.95 - 1e-9)


def is_open(place: Location, moment: datetime) -> bool:
    """Whether it is open then, by that day's hours or the day before's."""
    for day in (moment.date(), moment.date() - timedelta(days=1)):
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
        text = place.hours if isinstance(place.hours, str) else dict(place.hours).get(name, "")  # type: ignore[call-overload]
        if text:
            (a, b), (c, d) = (map(int, part.split(":")) for part in text.split("-"))
            opens = datetime.combine(day, clock(a, b), moment.tzinfo)
            closes = opens + (timedelta(hours=c, minutes=d) - timedelta(hours=a, minutes=b)) % timedelta(days=1)
            if opens <= moment < closes + timedelta(days=opens == closes):
                return True
    return False


def is_reached(place: Location, now: datetime) -> bool:
    """Whether it is open from now on until one who walks there has arrived."""
    return all(is_open(place, now + timedelta(minutes=walked)) for walked in range((place.minutes or 0) + 1))


# What is said ----------------------------------------------------------------------------------------------------


def check_line(said: StockLine, place: Location, known: Known, few: int | None) -> None:
    """A label claims no more than what is known."""
    assert SIGNS.get(said.band, 0) <= there(known, few)
    if known.age is None or not known.age <= 900:
        assert (said.band, said.available, re.search("[0-9]", said.text + said.fresh)) == (Band.ASKING, None, None)
        return
    assert bool(said.fresh) is (known.age > 10)
    assert not said.fresh or int(re.findall("[0-9]+", said.fresh)[0]) + 1 > known.age / 60
    assert (said.band is Band.UNLISTED) is (known.level is None)
    numbers = [int(number) for number in re.findall("[0-9]+", said.text)]
    assert not numbers or numbers == [said.available]
    if said.band is Band.NONE or said.available is not None:
        assert known.level is not None
        count = left(known.level)
        gone = (count is not None and count <= 0) or known.level.status in ("none", "order")
        assert gone is (said.band is Band.NONE)
        assert said.available is None or (place.place == "here" and known.age <= 10)
        assert said.available in (None, max(0, count or 0))
        assert not said.available or chance(known.level, known.age) >= 0.95 - 1e-9


def check_offers(found: tuple[Offer, ...], asked: Asked) -> None:
    """Each offer is covered by its own source, in the order of the reference, with staff at the end."""
    kinds = [offer.kind for offer in found]
    assert kinds[-1] is OfferKind.STAFF
    assert kinds == sorted(kinds, key=list(OfferKind).index)
    places = {place.id: place for place in asked.locations}
    for offer in found[:-1]:
        check_offer(offer, places[offer.location], asked)
    assert not found[-1].location
    assert not any(kind is OfferKind.NEAR for kind in kinds) or not any(
        there(asked.known(place.id), asked.few) for place in asked.locations if place.place == "here"
    )


def check_offer(offer: Offer, place: Location, asked: Asked) -> None:
    """One offer is covered by what its place and its source say."""
    known = asked.known(place.id)
    assert known.age is not None
    assert known.age <= 900
    assert known.level is not None
    assert not offer.reserves or place.id in asked.reserving
    assert offer.handoff is None or offer.handoff in asked.kinds
    match offer.kind:
        case OfferKind.HOLD:
            assert place.place == "here"
            assert there(known, asked.few)
            assert offer.reserves or offer.handoff == "hold"
        case OfferKind.NEAR:
            assert place.place == "near"
            assert place.pickup
            assert sends(known, asked.few)
            assert is_reached(place, asked.now)
        case OfferKind.ORDER:
            own = place.place == "here" and known.level.status == "order"
            assert own or (place.orders and sends(known, asked.few))
        case OfferKind.SHIP:
            assert place.place == "online"
            assert there(known, asked.few)
            assert place.ships or offer.handoff == "basket"
        case OfferKind.RESTOCK:
            on = date.fromisoformat(known.level.incoming_on)
            assert known.level.incoming > 0
            assert on >= asked.now.date()
            assert str(on.day) in re.findall("[0-9]+", offer.note)
        case _:
            raise AssertionError(offer.kind)
    if offer.kind in (OfferKind.ORDER, OfferKind.SHIP):
        cut = [place.cutoff.hour, place.cutoff.minute] if place.cutoff else []
        assert [int(number) for number in re.findall("[0-9]+", offer.note)] == cut


# States of the world ---------------------------------------------------------------------------------------------

FIGURES = st.integers(-3, 12) | st.sampled_from([0, 1, 2, 3, 4, 5, 60])
RATES = st.none() | st.sampled_from([0.0, 1.0, 20.0, 100.0, 400.0, 1500.0]) | st.floats(0, 2000)
AGES = (
    st.floats(0, 12)
    | st.floats(0, 120)
    | st.floats(0, 1000)
    | st.sampled_from([None, 0.0, 10.0, 10.001, 59.9, 60.0, 899.9, 900.0, 900.001, math.inf, math.nan])
)
LEVELS = st.builds(
    StockLevel,
    sku=st.just("LN-09-M"),
    location=st.just("x"),
    available=st.none() | FIGURES,
    on_hand=st.none() | FIGURES,
    reserved=st.integers(0, 3),
    hold=st.integers(0, 2),
    safety=st.integers(0, 2),
    status=st.sampled_from(["", "", *STATUSES, "weird"]),
    incoming=st.integers(0, 3),
    incoming_on=st.sampled_from(["", "2026-11-01", "2026-11-24", "2026-12-31", "2099-01-01", "soon"]),
    sold_daily=RATES,
)
HOURS = st.sampled_from(
    ["", "10:00-20:00", "18:00-29:00", "00:00-24:00", {"tue": "09:00-21:00"}, {"mon": "22:00-05:00"}]
)
NEAR = st.builds(
    Location,
    id=st.just("shibuya"),
    place=st.just("near"),
    name=st.just({"ja": "渋谷店"}),
    minutes=st.none() | st.integers(0, 60),
    hours=HOURS,
    pickup=st.booleans() | st.just(True),
    orders=st.booleans(),
    cutoff=st.sampled_from([None, "09:05", "15:00"]),
)
WEB = st.builds(
    Location,
    id=st.just("web"),
    place=st.just("online"),
    name=st.just({"ja": "オンライン"}),
    ships=st.booleans(),
    orders=st.booleans(),
    cutoff=st.sampled_from([None, "09:05", "15:00"]),
)
LATELY = st.builds(lambda day, seconds: day * 86_400 + 68_400 + seconds, st.integers(0, 6), st.floats(0, 3600))
MOMENTS = (st.floats(0, 7 * 86_400) | LATELY).map(lambda seconds: MONDAY + timedelta(seconds=seconds))
HERE = Location(id="ginza", place="here", name={"ja": "銀座店"})


@dataclass(frozen=True, slots=True)
class World:
    """What one example combines."""

    levels: list[StockLevel | None]
    ages: list[float | None]
    near: list[Location]
    web: list[Location]
    moments: list[datetime]
    few: list[int | None]
    reserving: list[frozenset[str]]
    kinds: list[tuple[Any, ...]]
    stride: int

    def known(self, turn: int) -> Known:
        """One level at one age; both lists are of lengths that share no divisor."""
        return Known(self.levels[turn % len(self.levels)], self.ages[turn % len(self.ages)])

    def reads(self, many: int) -> Iterator[Asked]:
        """So many states: each list turns at a pace of its own, so that few of them are alike."""
        for turn in range(many):
            step = turn * self.stride + turn // 7
            here, near, web = (self.known(step * prime + turn) for prime in (1, 5, 11))
            locations = (HERE, self.near[turn % len(self.near)], self.web[step % len(self.web)])
            found = {"ginza": here, "shibuya": near, "web": web}
            asked = Asked(
                locations,
                found.__getitem__,
                self.few[turn % len(self.few)],
                self.reserving[step % len(self.reserving)],
                self.kinds[turn % len(self.kinds)],
                ("ja", "en", "zh", "ko")[turn % 4],
                self.moments[turn % len(self.moments)],
            )
            yield asked


def some(strategy: Any, least: int, most: int) -> Any:
    return st.lists(strategy, min_size=least, max_size=most)


WORLDS = st.builds(
    World,
    levels=some(LEVELS, 12, 12).map(lambda levels: [None, *levels]),
    ages=some(AGES, 17, 17),
    near=some(NEAR, 2, 3),
    web=some(WEB, 2, 2),
    moments=some(MOMENTS, 3, 5),
    few=some(st.none() | st.integers(0, 6), 2, 2),
    reserving=some(st.frozensets(st.sampled_from(["ginza", "shibuya", "web"])), 2, 3),
    kinds=some(st.lists(st.sampled_from(KINDS), unique=True).map(tuple), 2, 3),
    stride=st.integers(1, 97),
)


@dataclass(slots=True)
class Tally:
    """How much was read, and how often each thing was said: a check that never sees an offer proves nothing."""

    reads: int = 0
    said: Counter[str] = field(default_factory=Counter)


def check(asked: Asked, tally: Tally) -> None:
    """One read: this store's, the neighbour's and the online shop's label, the style's table, the offers."""
    for place in asked.locations:
        label = line(place, asked.known(place.id), asked.few, asked.language, NOW_S)
        check_line(label, place, asked.known(place.id), asked.few)
        tally.said[f"{label.band} {'exact' if label.available else ''}"] += 1
    found = offers(asked)
    check_offers(found, asked)
    tally.said.update(f"{offer.kind} {'kept' if offer.reserves else ''}" for offer in found)
    twins = [StockItem("LN-09-M", size=size, few=asked.few) for size in "SM"]
    table = matrix(twins, asked.locations, lambda _, place: asked.known(place))
    assert table is not None
    for cell in filter(None, table.cells[0]):
        most = [there(asked.known(place.id), asked.few) for place in asked.locations]
        assert SIGNS.get(cell.band, 0) <= most[0]
        assert SIGNS.get(cell.elsewhere, 0) <= max(most[1:])
    tally.reads += 1


@pytest.mark.promise("K-1", "K-3")
@pytest.mark.timeout(3600)
def test_no_label_and_no_offer_says_more_than_what_is_known_allows() -> None:
    tally, began = Tally(), time.process_time()

    @settings(
        max_examples=max(1, READS // EACH),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(WORLDS)
    def read(world: World) -> None:
        for asked in world.reads(EACH):
            check(asked, tally)

    read()
    sys.stdout.write(
        f"\n{tally.reads} reads in {time.process_time() - began:.0f} s of CPU: {dict(sorted(tally.said.items()))}\n"
    )
    assert tally.reads >= READS
    assert min(tally.said[f"{kind} "] for kind in OfferKind) > 0
    assert min(tally.said[f"{band} "] for band in Band) > 0
    assert min(tally.said["many exact"], tally.said["few exact"], tally.said["hold kept"], tally.said["near kept"]) > 0
