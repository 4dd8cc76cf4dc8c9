"""The way on to the phone: what a sheet offers, once each, and what the ledger is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from urllib.parse import unquote

import pytest

from edge.handoff import KINDS, Kind
from edge.model import Band, DeviceClass, Held, Painted, Show, StockLine, Tile
from edge.sessions.handoff import CLOSED, Onward, Sheet, Way, offered, opened, picture, turned
from tests.sessions.test_products import MUG, SHIRT, hold, shop
from tests.sessions.test_stage import Shop, token

WAY = Way("https://go.acme.example/h/", KINDS, "s001")
TILE = Tile("LN-1", "シャツ", "¥100", "")


def line(place: str, band: Band) -> StockLine:
    return StockLine(place, "", band, str(band))


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{next(numbers):016d}"


def store(device_class: DeviceClass = DeviceClass.KIOSK) -> Shop:
    made = shop(device_class)
    made.stage._house = replace(made.stage._house, handoff=WAY)
    return made


def drawn(show: Show) -> list[str]:
    return [each.kind for each in show.values["handoffs"] if each.qr]


async def painted(made: Shop) -> None:
    await made.stage.take(Painted("k1", len(made.shows), 0.0))


@pytest.mark.parametrize(
    ("here", "online", "kinds"),
    [
        (Band.MANY, Band.MANY, ("product", "basket", "hold")),
        (Band.NONE, Band.FEW, ("product", "basket", "order")),
        (Band.UNLISTED, Band.NONE, ("product", "order")),
        (Band.ASKING, Band.ASKING, ("product", "basket", "hold", "order")),
        (Band.FEW, Band.UNLISTED, ("product", "hold")),
    ],
)
def test_what_the_stock_speaks_against_is_not_offered(here: Band, online: Band, kinds: tuple[Kind, ...]) -> None:
    assert offered(WAY, (line("here", here), line("online", online)), touch=True) == kinds


def test_one_of_two_online_shops_is_enough_for_the_basket() -> None:
    online = (line("online", Band.NONE), line("online", Band.FEW))
    assert "basket" in offered(WAY, online, touch=True)


def test_a_qr_that_two_events_bring_is_offered_once() -> None:
    onward, fresh = Onward(), ids()
    shown = Show("k1", "product", values={"product": TILE})
    for event in (1, 2):
        onward.onto(shown, WAY, True, fresh)
        onward.sent(event)
    assert [onward.painted(event) for event in (1, 2)] == [onward.sheet, None]


def test_without_a_word_about_stock_everything_is_offered_the_settings_first_choice_first() -> None:
    way = Way(WAY.url, ("hold", "basket", "product"))
    assert offered(way, (), touch=True) == ("basket", "product", "hold")
    assert offered(way, (), touch=False) == ("basket",)
    assert offered(way, (line("online", Band.NONE),), touch=False) == ("product",)


def test_a_sheet_that_is_painted_again_keeps_its_id_and_another_has_its_own() -> None:
    fresh = ids()
    first = opened(CLOSED, WAY, TILE, True, fresh)
    assert opened(first, WAY, TILE, True, fresh) is first
    fewer = opened(first, WAY, replace(TILE, stock=(line("here", Band.FEW),)), True, fresh)
    assert (fewer.id, len(fewer.handoffs)) == (first.id, 3)
    assert opened(first, WAY, replace(TILE, sku="CU-1"), True, fresh).id != first.id
    assert opened(opened(first, WAY, None, True, fresh), WAY, TILE, True, fresh).id == f"{3:016d}"


def test_another_kind_has_another_id_and_the_first_does_not_come_back() -> None:
    fresh = ids()
    first = opened(CLOSED, WAY, TILE, True, fresh)
    second = opened(turned(first, "hold"), WAY, TILE, True, fresh)
    third = opened(turned(second, "product"), WAY, TILE, True, fresh)
    assert [sheet.kind for sheet in (first, second, third)] == ["product", "hold", "product"]
    assert len({sheet.id for sheet in (first, second, third)}) == 3


def test_a_kind_that_the_stock_takes_away_gives_way_to_the_first() -> None:
    held = opened(turned(opened(CLOSED, WAY, TILE, True, ids()), "hold"), WAY, TILE, True, ids())
    gone = opened(held, WAY, replace(TILE, stock=(line("here", Band.NONE),)), True, lambda: "x" * 16)
    assert (held.kind, gone.kind, gone.id) == ("hold", "product", "x" * 16)
    assert turned(gone, "hold") is gone
    assert turned(gone, "nonsense") is gone


def test_nothing_is_offered_without_a_way_or_a_product() -> None:
    assert opened(Sheet("LN-1", "product", "x" * 16), None, TILE, True, ids()) is CLOSED
    assert opened(CLOSED, WAY, None, True, ids()) is CLOSED


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
    assert (drawn(made.shows[-1]), len(made.shows)) == (["hold"], shows), "this store has it: there is nothing to order"


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
