"""取り置き from a screen: asked once, shown as its place says and as nothing more, gone with its session (K-3)."""

from __future__ import annotations

import asyncio

import pytest

from edge.model import Band as B
from edge.model import Cell, DeviceClass, Matrix, Offer, OfferKind, Show, Wished
from edge.sessions.greeting import fitting
from edge.sessions.keeping import LAST_S, MOST, WAIT_S, Wishes
from edge.sessions.machine import DEADLINES
from tests.sessions.test_products import MUG, hold, shop
from tests.sessions.test_stage import Shop, token

pytestmark = pytest.mark.promise("K-3")

HERE = Offer(OfferKind.HOLD, "この店で取り置く", location="s001", reserves=True)
NEAR = Offer(OfferKind.NEAR, "原宿店で取り置く", "徒歩8分", "s002", reserves=True)
STAFF = Offer(OfferKind.STAFF, "スタッフにお声がけください")
SLIP = "K-0417"
DRESS = Matrix(("空",), ("S", "M", "L"), ((Cell("LN-1", B.FEW), Cell("CU-1", B.NONE, B.MANY), Cell("XX-1", B.MANY)),))


def kiosk(device_class: DeviceClass = DeviceClass.KIOSK) -> Shop:
    made = shop(device_class)
    made.offers, made.matrix = (HERE, NEAR, STAFF), DRESS
    return made


async def asked(made: Shop, location: str = "s001") -> Show:
    await hold(made)
    await made.touch("keep", location)
    await made.settled()
    return made.shows[-1]


async def told(made: Shop, state: str, sku: str = "LN-1", location: str = "s001") -> Show:
    given = (SLIP, {"ja": "本日20:00まで"}) if state == "confirmed" else ("", {})
    made.words.put_nowait(Wished(sku, location, state, *given))
    if state != "pending":
        made.words.put_nowait(None)
    await made.settled()
    return made.shows[-1]


def state(show: Show) -> str:
    wished = show.values["wished"]
    return wished.state if wished else ""


def outcomes(made: Shop) -> list[tuple[str, str]]:
    return [(each.data["location"], each.data["state"]) for each in made.contacts if each.kind == "offer_taken"]


async def test_a_touch_asks_and_only_the_places_own_word_makes_it_done() -> None:
    made = kiosk()
    show = await asked(made)
    assert (state(show), show.values["wished"].slip, show.values["offers"]) == ("pending", "", ())
    assert made.wishes == [("LN-1", "s001")]
    show = await told(made, "confirmed")
    assert (state(show), show.values["wished"].slip, show.values["offers"]) == ("confirmed", SLIP, ())
    assert outcomes(made) == [("s001", "confirmed")]


async def test_a_wish_is_asked_once_however_often_it_is_touched() -> None:
    made = kiosk()
    await asked(made)
    for location in ("s001", "s002", "s001"):
        await made.touch("keep", location)
    await told(made, "confirmed")
    await made.touch("keep", "s001")
    await made.settled()
    assert made.wishes == [("LN-1", "s001")]


async def test_a_slip_is_read_in_the_language_that_is_chosen_after_it_came() -> None:
    made = kiosk()
    made.offers = (HERE,)
    await asked(made)
    made.offers = ()
    await told(made, "confirmed")
    await made.touch("language", "ko")
    assert made.shows[-1].values["asked"].title == "ko この店で取り置く"


async def test_after_a_refusal_the_next_offer_is_at_the_front() -> None:
    made = kiosk()
    await asked(made)
    show = await told(made, "declined")
    assert (state(show), show.values["offers"]) == ("declined", (NEAR, STAFF))
    await made.touch("keep", "s002")
    assert state(await told(made, "confirmed", location="s002")) == "confirmed"
    assert outcomes(made) == [("s001", "declined"), ("s002", "confirmed")]


async def test_where_nobody_knows_no_other_unit_is_asked_for() -> None:
    made = kiosk()
    await asked(made)
    show = await told(made, "unknown")
    assert (state(show), show.values["offers"]) == ("unknown", (STAFF,))
    await made.touch("keep", "s002")
    assert made.wishes == [("LN-1", "s001")]
    assert outcomes(made) == [("s001", "unknown")]


async def test_nobody_looks_at_a_wish_that_waits_for_longer_than_five_seconds() -> None:
    made = kiosk()
    await asked(made)
    await made.wait(WAIT_S - 0.1)
    assert state(made.shows[-1]) == "pending"
    assert made.stage._wait() == pytest.approx(0.1)
    await made.wait(0.1)
    assert state(made.shows[-1]) == "unknown"
    assert state(await told(made, "confirmed")) == "confirmed", "its place's own word came after all"


async def test_a_place_that_fails_leaves_a_wish_unknown() -> None:
    made = kiosk()
    await asked(made)
    made.words.put_nowait(None)
    await made.settled()
    await made.wait(WAIT_S)
    assert (state(made.shows[-1]), outcomes(made)) == ("unknown", [("s001", "unknown")])


@pytest.mark.promise("S-2")
async def test_no_slip_outlives_its_session_and_its_outcome_is_noted_all_the_same() -> None:
    made = kiosk()
    session = (await asked(made)).session
    await made.touch("end")
    await told(made, "confirmed")
    assert made.shows[-1] == Show("k1", "loop")
    assert [each.session for each in made.contacts if each.kind == "offer_taken"] == [session]
    assert state(await hold(made)) == ""
    assert SLIP not in repr([show.values for show in made.shows])


@pytest.mark.promise("S-2")
async def test_a_slip_is_read_until_the_limit_and_no_wish_moves_it() -> None:
    made = kiosk()
    await hold(made)
    await near_the_limit(made, LAST_S)
    await made.touch("keep", "s001")
    await made.settled()
    await made.wait(WAIT_S - 1.0)
    show = await told(made, "confirmed")
    assert (state(show), show.seconds) == ("confirmed", LAST_S - WAIT_S + 1.0)
    await made.wait(LAST_S - WAIT_S + 1.0)
    assert made.shows[-1] == Show("k1", "loop")
    assert outcomes(made) == [("s001", "confirmed")]


async def test_in_its_last_seconds_a_session_asks_for_nothing() -> None:
    made = kiosk()
    await hold(made)
    await near_the_limit(made, LAST_S - 0.1)
    await made.touch("keep", "s001")
    await made.settled()
    assert (made.wishes, made.shows[-1].values["offers"], state(made.shows[-1])) == ([], (STAFF,), "")


async def near_the_limit(made: Shop, seconds: float) -> None:
    """A shopper who went on touching until so long before the session's limit."""
    for _ in range(16):
        await made.wait(10.0)
        await made.touch("more")
    await made.wait(DEADLINES[DeviceClass.KIOSK].limit - 160.0 - seconds)


async def test_a_sign_shows_no_table_and_asks_for_nothing() -> None:
    made = kiosk(DeviceClass.SIGNAGE)
    show = await asked(made)
    assert (show.values["matrix"], show.values["wished"], show.values["offers"][0]) == (None, None, HERE)
    assert made.wishes == []


async def test_a_cell_turns_to_another_size_and_one_without_a_sheet_is_no_cell() -> None:
    made = kiosk()
    show = await hold(made)
    assert [cell and cell.sku for cell in show.values["matrix"].cells[0]] == ["LN-1", "CU-1", None]
    await made.touch("product", "CU-1")
    assert made.shows[-1].values["product"].sku == "CU-1"


async def test_each_product_has_a_wish_of_its_own_and_so_many_stand_at_most() -> None:
    wishes = Wishes()
    for number in range(MOST):
        assert wishes.ask({"ja": (HERE,)}, f"sku-{number}", "s001", 0.0) == HERE
    assert wishes.ask({"ja": (HERE, STAFF)}, "one-more", "s001", 1.0) is None
    assert wishes.left("one-more", (HERE, STAFF), 1.0) == (STAFF,)
    wishes.heard(Wished("sku-0", "s001", "declined"))
    assert wishes.ask({"ja": (HERE,)}, "one-more", "s001", 1.0) == HERE
    assert wishes.heard(Wished("nobody", "s001", "confirmed")) is False


async def test_a_screen_with_room_for_five_offers_has_one_of_each_kind_first() -> None:
    near = [Offer(OfferKind.NEAR, f"{n}番目", location=f"s{n}") for n in range(3)]
    kinds = [Offer(kind, kind) for kind in (OfferKind.ORDER, OfferKind.SHIP, OfferKind.STAFF)]
    assert fitting([*near, *kinds]) == (*near[:2], *kinds)
    assert fitting(near) == tuple(near)


async def test_where_nobody_can_be_asked_nothing_is_offered_that_would_ask() -> None:
    made = kiosk()
    object.__setattr__(made.stage._house, "keep", None)
    assert (await hold(made)).values["offers"] == (STAFF,)
    await made.touch("keep", "s001")
    assert outcomes(made) == []


async def test_a_wish_in_the_session_of_a_test_says_so_and_names_only_who_agreed() -> None:
    made = kiosk()
    await made.scan(token("anna", C=False, T=True))
    await made.touch("product", "LN-1")
    await made.touch("keep", "s001")
    await told(made, "confirmed")
    (outcome,) = [each for each in made.contacts if each.kind == "offer_taken"]
    assert (outcome.member, outcome.data["test"], SLIP in repr(outcome)) == ("", True, False)


async def test_a_stage_that_ends_notes_what_it_never_heard() -> None:
    made = kiosk()
    await asked(made)
    running = asyncio.ensure_future(made.stage.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert outcomes(made) == [("s001", "unknown")]


async def test_another_product_held_up_has_no_slip_of_the_first() -> None:
    made = kiosk()
    await asked(made)
    await told(made, "confirmed")
    show = await hold(made, MUG)
    assert (show.values["product"].sku, state(show)) == ("CU-1", "")
