"""The way on to the phone: what a sheet offers, once each, and what the ledger is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from urllib.parse import unquote

import pytest

from edge.handoff import KINDS, Kind
from edge.model import Band, DeviceClass, Held, Offer, OfferKind, Painted, Show, Tile
from edge.sessions.handoff import CLOSED, Onward, Sheet, Way, offered, opened, picture, turned
from edge.sessions.stage import Stage
from tests.sessions.test_products import MUG, SHIRT, hold, shop
from tests.sessions.test_stage import Shop, token

WAY = Way("https://go.acme.example/h/", KINDS, "s001")
TILE = Tile("LN-1", "シャツ", "¥100", "")


HERE = (Offer(OfferKind.HOLD, "取り置き", handoff="hold"), Offer(OfferKind.SHIP, "自宅へ", handoff="basket"))
AWAY = (
    Offer(OfferKind.NEAR, "原宿店", location="s002", reserves=True),
    Offer(OfferKind.ORDER, "取り寄せ", handoff="order"),
)


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{next(numbers):016d}"


def store(device_class: DeviceClass = DeviceClass.KIOSK) -> Shop:
    made = shop(device_class)
    made.stage = Stage(made.stage.screen, replace(made.stage._house, handoff=WAY))
    made.offers = HERE
    return made


def drawn(show: Show) -> list[str]:
    return [each.kind for each in show.values["handoffs"] if each.qr]


async def painted(made: Shop) -> None:
    await made.stage.take(Painted("k1", len(made.shows), 0.0))


@pytest.mark.parametrize(
    ("offers", "kinds"),
    [
        (HERE, ("product", "basket", "hold")),
        (AWAY, ("product", "order")),
        ((), ("product",)),
        ((Offer(OfferKind.STAFF, "スタッフ"),), ("product",)),
    ],
)
def test_what_no_offer_leads_to_is_not_drawn(offers: tuple[Offer, ...], kinds: tuple[Kind, ...]) -> None:
    assert offered(WAY, offers, touch=True) == kinds


def test_a_qr_that_two_events_bring_is_offered_once() -> None:
    onward, fresh = Onward(), ids()
    shown = Show("k1", "product", values={"product": TILE, "offers": HERE})
    for event in (1, 2):
        onward.onto(shown, WAY, True, fresh)
        onward.sent(event)
    assert [onward.painted(event) for event in (1, 2)] == [onward.sheet, None]


def test_the_settings_first_choice_comes_first_and_a_sign_draws_it_alone() -> None:
    way = Way(WAY.url, ("hold", "basket", "product"))
    assert offered(way, HERE, touch=True) == ("basket", "product", "hold")
    assert offered(way, HERE, touch=False) == ("basket",)
    assert offered(way, AWAY, touch=False) == ("product",)


def sheet(before: Sheet, fresh: Callable[[], str], offers: tuple[Offer, ...] = HERE, sku: str = "LN-1") -> Sheet:
    return opened(before, WAY, replace(TILE, sku=sku), offers, True, fresh)


def test_a_sheet_that_is_painted_again_keeps_its_id_and_another_has_its_own() -> None:
    fresh = ids()
    first = sheet(CLOSED, fresh)
    assert sheet(first, fresh) is first
    fewer = sheet(first, fresh, HERE[:1])
    assert (fewer.id, len(fewer.handoffs)) == (first.id, 2)
    assert sheet(first, fresh, sku="CU-1").id != first.id
    assert sheet(opened(first, WAY, None, HERE, True, fresh), fresh).id == f"{3:016d}"


def test_another_kind_has_another_id_and_the_first_does_not_come_back() -> None:
    fresh = ids()
    first = sheet(CLOSED, fresh)
    second = sheet(turned(first, "hold"), fresh)
    third = sheet(turned(second, "product"), fresh)
    assert [each.kind for each in (first, second, third)] == ["product", "hold", "product"]
    assert len({each.id for each in (first, second, third)}) == 3


def test_a_kind_that_is_touched_again_gives_way_to_the_first() -> None:
    fresh = ids()
    held = sheet(turned(sheet(CLOSED, fresh), "hold"), fresh)
    assert sheet(turned(held, "hold"), fresh).kind == "product"
    first = sheet(CLOSED, fresh)
    assert turned(first, "product") is first


def test_a_kind_that_is_offered_no_more_gives_way_to_the_first() -> None:
    held = sheet(turned(sheet(CLOSED, ids()), "hold"), ids())
    gone = sheet(held, lambda: "x" * 16, AWAY)
    assert (held.kind, gone.kind, gone.id) == ("hold", "product", "x" * 16)
    assert turned(gone, "hold") is gone
    assert turned(gone, "nonsense") is gone


def test_nothing_is_offered_without_a_way_or_a_product() -> None:
    assert opened(Sheet("LN-1", "product", "x" * 16), None, TILE, HERE, True, ids()) is CLOSED
    assert opened(CLOSED, WAY, None, HERE, True, ids()) is CLOSED


def test_a_qr_is_dark_on_light_with_four_modules_of_white() -> None:
    svg = unquote(picture("https://go.acme.example/h/AbCdEfGhIjKl-_09?p=linen-dress-sky&s=s001&k=hold"))
    assert svg.startswith("data:image/svg+xml,<svg")
    assert 'viewBox="0 0 41 41"' in svg, "version 4: 33 modules and the white around them"
    assert 'fill="#fff" d="M0 0h41v41H0z"' in svg
    assert "M4 4h1" in svg


@pytest.mark.promise("M-3")
@pytest.mark.parametrize("device_class", list(DeviceClass))
async def test_a_sheet_for_nobody_known_has_a_qr_and_a_sign_one_alone(device_class: DeviceClass) -> None:
    made = store(device_class)
    show = await hold(made)
    assert drawn(show) == ["product"]
    assert len(show.values["handoffs"]) == (1 if device_class is DeviceClass.SIGNAGE else 3)


async def test_a_house_without_a_way_shows_no_qr() -> None:
    assert "handoffs" not in (await hold(shop())).values


async def test_a_touch_draws_another_kind_and_keeps_the_session_up() -> None:
    made = store()
    await hold(made)
    await made.wait(10.0)
    await made.touch("handoff", "hold")
    assert (drawn(made.shows[-1]), made.shows[-1].seconds) == (["hold"], 15.0)
    shows = len(made.shows)
    await made.touch("handoff", "order")
    assert (drawn(made.shows[-1]), len(made.shows)) == (["hold"], shows), "no offer leads to 取り寄せ"


async def test_an_offer_is_noted_once_and_only_when_a_browser_painted_it() -> None:
    made = store()
    await made.scan(token("anna"))
    await made.touch("product", "LN-1")
    assert "handoff_offered" not in made.kinds()
    await painted(made)
    made.band = Band.MANY
    await made.wait(5.0)
    await painted(made)
    (offer,) = [contact for contact in made.contacts if contact.kind == "handoff_offered"]
    assert (offer.session, offer.member, offer.touchpoint) == (made.shows[-1].session, "anna", "k1")
    assert {name: offer.data[name] for name in ("kind", "sku", "campaign")} == {
        "kind": "product", "sku": "LN-1", "campaign": "linen",
    }  # fmt: skip
    assert len(offer.data["handoff"]) == 16


async def test_each_sheet_and_each_kind_is_an_offer_of_its_own() -> None:
    made = store()
    for gtin in (SHIRT, MUG):
        await hold(made, gtin)
        await painted(made)
    await made.touch("handoff", "hold")
    await painted(made)
    offers = [contact.data for contact in made.contacts if contact.kind == "handoff_offered"]
    assert [(offer["sku"], offer["kind"]) for offer in offers] == [
        ("LN-1", "product"), ("CU-1", "product"), ("CU-1", "hold"),
    ]  # fmt: skip
    assert len({offer["handoff"] for offer in offers}) == 3


async def test_the_next_session_draws_another_id_for_the_same_product() -> None:
    made = store()
    first = (await hold(made)).values["handoffs"]
    await made.touch("end")
    await made.stage.take(Held("cam", SHIRT, made.clock))
    assert made.shows[-1].values["handoffs"] != first


@pytest.mark.promise("M-4")
async def test_no_link_tells_who_stood_there() -> None:
    made = store()
    await made.scan(token("anna"))
    await made.touch("product", "LN-1")
    sheet, session = made.stage._visitor.onward.sheet, made.shows[-1].session
    expected = picture(f"{WAY.url}{sheet.id}?p=LN-1&s=s001")
    assert [each.qr for each in sheet.handoffs if each.qr] == [expected]
    assert not any(word in sheet.id for word in ("anna", session))


@pytest.mark.promise("M-4")
async def test_without_flag_c_the_offer_is_noted_with_nobody() -> None:
    made = store()
    await made.scan(token("anna", C=False))
    await made.touch("product", "LN-1")
    await painted(made)
    assert [contact.member for contact in made.contacts if contact.kind == "handoff_offered"] == [""]
