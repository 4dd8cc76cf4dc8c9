"""What is offered of a product, in which order, in which words, and what is not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from edge.config import Location
from edge.model import Offer, OfferKind
from edge.ports import StockLevel
from edge.stock.level import Known
from edge.stock.words.distance import distance, rounded
from edge.stock.words.offers import Asked, offers

NOW = datetime.fromisoformat("2026-11-24 15:00+09:00")
OPEN = "10:00-20:00"
HERE = Location(id="ginza", place="here", name={"ja": "銀座店", "en": "Ginza"}, lat=35.6717, lon=139.7650)
SHIBUYA: dict[str, Any] = {"minutes": 8, "hours": OPEN, "pickup": True}
WEB: dict[str, Any] = {"ships": True}

Says = tuple[dict[str, Any], float | None]
"""What a level says, and its age."""
MANY: Says = ({"available": 9}, 60)
NONE: Says = ({"available": 0}, 5)
OLD: Says = ({"available": 9}, 901)


def asked(
    says: dict[str, Says],
    near: dict[str, Any] = SHIBUYA,
    web: dict[str, Any] = WEB,
    kinds: tuple[Any, ...] = (),
    reserving: frozenset[str] = frozenset(),
    now: datetime = NOW,
    language: str = "ja",
    more: tuple[Location, ...] = (),
) -> tuple[Offer, ...]:
    """The offers of a product at this store, a neighbour (shibuya) and the online shop (web)."""
    places = (
        HERE,
        Location(id="shibuya", place="near", name={"ja": "渋谷店", "en": "Shibuya"}, **near),
        Location(id="web", place="online", name={"ja": "オンライン", "en": "Online"}, **web),
        *more,
    )

    def known(place: str) -> Known:
        if place not in says:
            return Known()
        level, age = says[place]
        return Known(StockLevel("LN-09-M", place, **level), age)

    return offers(Asked(places, known, None, reserving, kinds, language, now))


def kinds(found: tuple[Offer, ...]) -> list[str]:
    return [offer.kind.value for offer in found]


ORDER = [
    ({"ginza": MANY}, ["staff"]),
    ({"ginza": MANY, "web": MANY}, ["ship", "staff"]),
    ({"ginza": NONE, "shibuya": MANY, "web": MANY}, ["near", "ship", "staff"]),
    ({"ginza": NONE, "shibuya": NONE, "web": MANY}, ["ship", "staff"]),
    ({"ginza": NONE, "shibuya": OLD, "web": OLD}, ["staff"]),
    ({"ginza": OLD, "shibuya": MANY}, ["near", "staff"]),
    ({"shibuya": MANY}, ["near", "staff"]),
    ({}, ["staff"]),
    ({"ginza": ({"status": "order"}, 5), "shibuya": MANY}, ["near", "order", "staff"]),
    ({"ginza": ({"status": "order"}, 901)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": "2026-11-28"}, 60)}, ["restock", "staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": "2026-11-28"}, 901)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 0, "incoming_on": "2026-11-28"}, 60)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": "2026-11-23"}, 60)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": "2028-11-28"}, 60)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": "soon"}, 60)}, ["staff"]),
    ({"ginza": ({"available": 0, "incoming": 5, "incoming_on": ""}, 60)}, ["staff"]),
    ({"ginza": NONE, "web": ({"incoming": 5, "incoming_on": "2026-11-28", "status": "none"}, 5)}, ["restock", "staff"]),
    ({"ginza": NONE, "shibuya": ({"available": 3}, 60)}, ["staff"]),
    ({"ginza": NONE, "shibuya": ({"available": 1, "sold_daily": 1}, 60)}, ["near", "staff"]),
    ({"ginza": NONE, "shibuya": ({"available": 5, "sold_daily": 300}, 800)}, ["staff"]),
    ({"ginza": NONE, "shibuya": ({"status": "in"}, 60)}, ["near", "staff"]),
    ({"ginza": NONE, "shibuya": ({"status": "few"}, 60)}, ["staff"]),
    ({"ginza": ({"available": 1, "sold_daily": 900}, 600), "web": MANY}, ["ship", "staff"]),
    ({"ginza": NONE, "web": ({"available": 2}, 60)}, ["ship", "staff"]),
    ({"ginza": NONE, "web": ({"available": 2, "sold_daily": 900}, 600)}, ["staff"]),
]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("says", "said"), ORDER)
def test_an_offer_stands_on_what_its_own_source_says_now(says: dict[str, Says], said: list[str]) -> None:
    assert kinds(asked(says)) == said


NEAR = [
    (SHIBUYA, "15:00", "渋谷店・徒歩8分・20:00まで営業"),
    (SHIBUYA, "19:51", "渋谷店・徒歩8分・20:00まで営業"),
    (SHIBUYA, "19:52", None),
    (SHIBUYA, "09:00", None),
    (SHIBUYA | {"pickup": False}, "15:00", None),
    (SHIBUYA | {"hours": ""}, "15:00", None),
    (SHIBUYA | {"hours": {"wed": OPEN}}, "15:00", None),
    ({"hours": OPEN, "pickup": True}, "15:00", "渋谷店・20:00まで営業"),
    ({"hours": OPEN, "pickup": True, "lat": 35.6762, "lon": 139.7650}, "15:00", "渋谷店・直線約500m・20:00まで営業"),
    ({"hours": OPEN, "pickup": True, "lat": 35.69, "lon": 139.7650}, "19:40", None),
]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("near", "time", "note"), NEAR)
def test_a_neighbour_is_offered_where_one_gets_it_in_time(near: dict[str, Any], time: str, note: str | None) -> None:
    now = datetime.fromisoformat(f"2026-11-24 {time}+09:00")
    found = asked({"ginza": NONE, "shibuya": MANY}, near=near, now=now)
    assert [offer.note for offer in found if offer.kind is OfferKind.NEAR] == ([] if note is None else [note])


def test_the_nearest_three_neighbours_are_offered_in_order() -> None:
    more = tuple(
        Location(id=f"n{minutes}", place="near", name={}, minutes=minutes, hours=OPEN, pickup=True)
        for minutes in (12, 3, 30)
    )
    says = dict.fromkeys(("shibuya", "n12", "n3", "n30"), MANY)
    found = asked(says, more=more)
    assert [offer.location for offer in found if offer.kind is OfferKind.NEAR] == ["n3", "shibuya", "n12"]


def test_it_is_ordered_from_a_place_that_sends_to_this_store() -> None:
    found = asked({"ginza": NONE, "web": MANY}, web={"orders": True, "cutoff": "15:30"}, kinds=("order",))
    assert found[0] == Offer(OfferKind.ORDER, "この店に取り寄せ", "当日受付15:30まで", "web", False, "order")


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(
    ("reserving", "links", "said"),
    [
        ({"ginza"}, (), [("hold", True, None), ("staff", False, None)]),
        ({"ginza"}, ("hold",), [("hold", True, "hold"), ("staff", False, None)]),
        ({"shibuya"}, ("hold",), [("hold", False, "hold"), ("staff", False, None)]),
        ({"shibuya"}, (), [("staff", False, None)]),
    ],
)
def test_only_a_source_that_keeps_units_is_asked_to_keep_one(
    reserving: set[str], links: tuple[str, ...], said: list[tuple[str, bool, str | None]]
) -> None:
    found = asked({"ginza": MANY}, reserving=frozenset(reserving), kinds=links)
    assert [(offer.kind.value, offer.reserves, offer.handoff) for offer in found] == said


def test_a_neighbour_that_keeps_units_is_asked_by_a_touch() -> None:
    found = asked({"ginza": NONE, "shibuya": MANY}, reserving=frozenset({"shibuya"}))
    assert [(offer.location, offer.reserves) for offer in found] == [("shibuya", True), ("", False)]


@pytest.mark.parametrize(
    ("web", "links", "said"),
    [
        ({"ships": True}, (), ("自宅に配送", None)),
        ({"ships": True}, ("product",), ("自宅に配送", "product")),
        ({"ships": True}, ("product", "basket"), ("自宅に配送", "basket")),
        ({}, ("basket",), ("オンラインストアで買う", "basket")),
        ({}, ("product",), None),
    ],
)
def test_home_delivery_is_said_where_the_online_shop_delivers(
    web: dict[str, Any], links: tuple[str, ...], said: tuple[str, str | None] | None
) -> None:
    found = asked({"ginza": NONE, "web": MANY}, web=web, kinds=links)[:-1]
    assert [(offer.title, offer.handoff) for offer in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("says", "note"),
    [
        ({"ginza": OLD}, "在庫は係員にお尋ねください"),
        ({}, "在庫は係員にお尋ねください"),
        ({"ginza": MANY}, "お取り置きは係員が承ります"),
        ({"ginza": NONE}, ""),
    ],
)
def test_staff_are_offered_last_with_the_reason_why(says: dict[str, Says], note: str) -> None:
    assert asked(says)[-1] == Offer(OfferKind.STAFF, "スタッフを呼ぶ", note)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", ["渋谷店・徒歩8分・20:00まで営業", "11月28日"]),
        ("en-GB", ["Shibuya, 8 min on foot, open until 20:00", "28 Nov"]),
        ("zh-TW", ["Shibuya・步行8分钟・营业至20:00", "11月28日"]),
        ("ko", ["Shibuya · 도보 8분 · 20:00까지 영업", "11월 28일"]),
        ("fr", ["Shibuya, 8 min on foot, open until 20:00", "28 Nov"]),
    ],
)
def test_offers_speak_the_shoppers_language(language: str, said: list[str]) -> None:
    says: dict[str, Says] = {
        "ginza": ({"available": 0, "incoming": 2, "incoming_on": "2026-11-28"}, 60),
        "shibuya": MANY,
    }
    assert [offer.note for offer in asked(says, language=language)[:-1]] == said


def test_a_restock_is_the_sources_own_date() -> None:
    says: dict[str, Says] = {"ginza": ({"status": "none", "incoming": 1, "incoming_on": "2026-11-24"}, 5)}
    restock = asked(says)[0]
    assert (restock.note, date.fromisoformat("2026-11-24")) == ("11月24日", NOW.date())


@pytest.mark.parametrize(
    ("metres", "said"), [(10, "50m"), (120, "100m"), (980, "1.0km"), (974, "950m"), (4321, "4.3km")]
)
def test_a_distance_is_said_as_people_say_it(metres: float, said: str) -> None:
    assert rounded(metres) == said


def test_a_distance_is_that_of_the_map() -> None:
    tokyo, osaka = (
        Location(id=name, place="near", name={}, lat=lat, lon=lon)
        for name, lat, lon in (("tokyo", 35.6812, 139.7671), ("osaka", 34.7025, 135.4959))
    )
    assert distance(tokyo, osaka) == pytest.approx(403_000, rel=0.01)
    assert (distance(tokyo, tokyo), distance(None, osaka)) == (0.0, None)
