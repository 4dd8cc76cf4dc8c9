"""A product held up to a screen: its sheet and its stock for anybody, in nobody's session or in a member's."""

from __future__ import annotations

import asyncio
import time

import pytest

from content.model import Product
from edge.members.classify import Reason, Rejected
from edge.model import Band, Code, DeviceClass, Gone, Held, Level, Look, Painted, PutDown, Scan, Show, Sight
from edge.sessions.goods import Wares
from edge.sessions.machine import DEADLINES, Identified, Left, Lowered, Presented, Session, State, step
from edge.sessions.sight import follow
from tests.sessions.test_stage import ANNA, NOON, Shop, token

SHIRT, MUG, UNKNOWN = "04901234567894", "09520123456788", "09784101010014"


def shop(device_class: DeviceClass = DeviceClass.KIOSK) -> Shop:
    made = Shop(device_class, ANNA)
    made.gtins = {SHIRT: "LN-1", MUG: "CU-1"}
    return made


async def hold(made: Shop, gtin: str = SHIRT) -> Show:
    await made.stage.take(Held("cam", gtin, made.clock))
    return made.shows[-1]


async def put_down(made: Shop) -> None:
    await made.stage.take(PutDown("cam", made.clock))


@pytest.mark.parametrize("device_class", list(DeviceClass))
async def test_a_product_held_up_shows_its_sheet_and_stock_to_anybody(device_class: DeviceClass) -> None:
    show = await hold(shop(device_class))
    assert (show.scene, show.level, show.values["missing"]) == ("product", Level.LOOP, False)
    tile = show.values["product"]
    assert (tile.sku, tile.price, tile.stock[0].band) == ("LN-1", "¥100 税込", Band.FEW)
    about = {"product", "missing", "matrix", "offers", "wished", "asked"}
    assert set(show.values) == about | {"touch", "warning"}


async def test_the_ledger_has_the_scan_the_session_and_what_was_painted_and_nobody() -> None:
    made = shop()
    await hold(made)
    await made.stage.take(Painted("k1", len(made.shows), 0.0))
    await made.touch("end")
    assert made.kinds() == ["scan", "session_start", "content_shown", "session_end"]
    stock = [{"place": "here", "band": "few", "state": "live", "as_of": NOON - 30.0, "age_ms": 30_000}]
    scan, begin, shown, _ = made.contacts
    assert scan.data == {
        "outcome": "accepted", "code": "product", "gtin": SHIRT, "sku": "LN-1", "stock": stock, "eye": "cam",
    }  # fmt: skip
    assert begin.data == {"level": "L0"}
    assert (shown.data["rule"], shown.data["products"]) == ("product", [{"sku": "LN-1", "stock": stock}])
    assert {contact.member for contact in made.contacts} == {""}


async def test_another_product_takes_the_place_of_the_first_in_the_same_session() -> None:
    made = shop()
    session = (await hold(made)).session
    await made.wait(10.0)
    show = await hold(made, MUG)
    assert (show.session, show.values["product"].sku, show.seconds) == (session, "CU-1", 15.0)
    assert [each.scene for each in made.shows] == ["product", "product"]


@pytest.mark.promise("S-2")
async def test_a_kiosk_left_alone_with_a_product_warns_and_ends() -> None:
    made = shop()
    await hold(made)
    await made.wait(15.0)
    assert (made.shows[-1].scene, made.shows[-1].values["warning"]) == ("product", True)
    await made.wait(5.0)
    assert made.shows[-1] == Show("k1", "loop")
    assert made.contacts[-1].data == {"reason": "idle", "duration_ms": 20_000}


@pytest.mark.promise("S-2")
async def test_a_sign_keeps_the_sheet_while_the_product_is_there_and_fifteen_seconds_more() -> None:
    made = shop(DeviceClass.SIGNAGE)
    assert (await hold(made)).seconds == 90.0
    await made.wait(30.0)
    await put_down(made)
    assert made.shows[-1].seconds == 12.0
    await made.wait(12.0)
    assert made.shows[-1].scene == "loop"


@pytest.mark.promise("K-1")
async def test_the_sheets_stock_is_told_again_when_it_moves() -> None:
    made = shop()
    await hold(made)
    made.band = Band.ASKING
    await made.wait(5.0)
    assert made.shows[-1].values["product"].stock[0].band is Band.ASKING


async def test_an_unknown_product_gets_a_kind_word_for_five_seconds_and_is_counted() -> None:
    made = shop()
    show = await hold(made, UNKNOWN)
    assert (show.scene, show.values["hint"], show.session) == ("notice", "product", "")
    assert "product" not in show.values
    assert [contact.data["outcome"] for contact in made.contacts] == ["unknown"]
    await made.wait(5.0)
    assert made.shows[-1].scene == "loop"


async def test_a_member_holds_a_product_up_and_its_sheet_opens_in_their_session() -> None:
    made = shop()
    await made.scan(token("anna"))
    session = made.shows[-1].session
    show = await hold(made, MUG)
    assert (show.scene, show.session, show.level, show.values["product"].sku) == (
        "member", session, Level.SEGMENT, "CU-1",
    )  # fmt: skip
    await put_down(made)
    assert made.shows[-1].values["product"].sku == "CU-1", "on a kiosk a finger closes it"
    await made.touch("product", "")
    assert made.shows[-1].values["product"] is None


@pytest.mark.promise("M-4")
@pytest.mark.parametrize(("allowed", "member"), [(True, "anna"), (False, "")])
async def test_a_members_product_is_noted_under_their_pseudonym_only_with_flag_c(allowed: bool, member: str) -> None:
    made = shop()
    await made.scan(token("anna", C=allowed))
    await hold(made)
    found = made.contacts[-1]
    assert (found.data["gtin"], found.member, found.session) == (SHIRT, member, made.shows[-1].session)


async def test_a_sign_goes_on_with_the_members_own_once_the_product_is_down() -> None:
    made = shop(DeviceClass.SIGNAGE)
    await made.scan(token("anna"))
    await hold(made)
    assert made.shows[-1].values["product"].sku == "LN-1"
    await put_down(made)
    assert (made.shows[-1].scene, made.shows[-1].values["product"]) == ("member", None)


async def test_an_unknown_product_leaves_the_members_session_as_it_is() -> None:
    made = shop()
    await made.scan(token("anna"))
    session = made.shows[-1].session
    show = await hold(made, UNKNOWN)
    assert (show.session, show.values["product"], show.values["missing"]) == (session, None, True)
    await made.touch("product", "")
    assert made.shows[-1].values["missing"] is False


@pytest.mark.promise("M-3")
async def test_nothing_lifts_nobodys_session_above_the_loops_level() -> None:
    made = shop()
    await hold(made)
    for action in ("personal", "more", "product"):
        await made.touch(action)
        assert (made.shows[-1].scene, made.shows[-1].level) == ("product", Level.LOOP)
        assert made.shows[-1].values["product"].sku == "LN-1"
    await made.touch("language", "en")
    assert made.shows[-1].values["product"].price == "¥100 incl. tax"


@pytest.mark.promise("S-2")
async def test_a_member_after_a_product_and_a_product_after_a_member_begin_anew() -> None:
    made = shop()
    await hold(made)
    await made.scan(token("anna"))
    assert [show.scene for show in made.shows][:3] == ["product", "loop", "member"]
    assert made.shows[-1].values["product"] is None
    await made.touch("end")
    show = await hold(made)
    assert (show.scene, show.level) == ("product", Level.LOOP)


async def test_a_product_that_waited_too_long_or_left_the_catalogue_claims_nothing() -> None:
    made = shop()
    await made.stage.take(Held("cam", SHIRT, made.clock - 3.5))
    assert (made.shows, made.contacts) == ([], [])
    await hold(made)
    made.products = dict[str, Product]  # type: ignore[method-assign]
    await made.wait(5.0)
    assert (made.shows[-1].values["product"], made.shows[-1].values["missing"]) == (None, True)


async def test_a_refused_member_code_ends_the_sheet_with_its_hint() -> None:
    made = shop()
    await hold(made)
    await made.scan(Rejected(Reason.EXPIRED))
    assert (made.shows[-1].scene, made.shows[-1].values["hint"]) == ("notice", "again")


def test_what_leaves_the_view_shortens_only_the_session_that_it_began() -> None:
    table = DEADLINES[DeviceClass.SIGNAGE]
    nobody, _ = step(Session(), Presented("s1"), 100.0, table)
    assert step(nobody, Left(3.0), 110.0, table) == (nobody, None)
    assert step(nobody, Lowered(3.0), 110.0, table)[0].due == 122.0
    anna, _ = step(Session(), Identified("s2", Level.SEGMENT, "anna"), 100.0, table)
    assert step(anna, Lowered(3.0), 110.0, table) == (anna, None)
    left, _ = step(anna, Left(3.0), 110.0, table)
    assert step(left, Presented("s3"), 120.0, table)[0].due == 135.0


def test_a_product_keeps_a_members_session_within_its_limit() -> None:
    table = DEADLINES[DeviceClass.KIOSK]
    anna, _ = step(Session(), Identified("s2", Level.SEGMENT, "anna"), 0.0, table)
    for now in range(10, 180, 10):
        anna, end = step(anna, Presented("s3"), float(now), table)
        assert (anna.id, anna.state, anna.who, end) == ("s2", State.BROWSING, "anna", None)
    assert anna.due == 180.0


async def follow_once(*codes: Code) -> list[Sight]:
    """What comes of two looks that show the same."""
    looks, told = asyncio.Queue[Look](), list[Sight]()
    now = time.monotonic()
    for number in (1, 2):
        looks.put_nowait(Look("door", codes, now - 1 + number / 10, number))
    wares = Wares(("ean13", "qrcode"), lambda gtin: gtin == SHIRT or gtin.startswith("029"))
    following = asyncio.create_task(
        follow(looks, lambda code: code.text if code.text.startswith(("MC1:", "29")) else "", told.append, wares=wares)
    )
    while looks.qsize():
        await asyncio.sleep(0)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    return told


@pytest.mark.promise("V-6")
async def test_a_product_beside_a_members_code_neither_crowds_nor_hides_it() -> None:
    mine, bars = Code("MC1:A", "qrcode", "zxing"), Code(SHIRT[1:], "ean13", "zxing")
    told = await follow_once(bars, mine)
    assert [type(each) for each in told] == [Scan, Held]


async def test_a_number_that_a_members_rule_takes_is_no_product() -> None:
    told = await follow_once(Code("2912345678904", "ean13", "zxing"))
    assert [type(each) for each in told] == [Scan]


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(
    "text",
    [
        "hQVDUFYwMWETTwegAAAAAAAAAQ",
        "00020101021229300012D156000000000510A93FO3230Q5204481253033925802JP5904SHOP6005TOKYO6304ABCD",
        "https://example.com/pay?t=4901234567894",
        "4901234567894",
    ],
)
async def test_a_payment_code_or_another_address_reaches_no_stage(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    assert await follow_once(Code(text, "qrcode", "zxing")) == []
    assert text not in caplog.text


async def test_gone_and_put_down_are_told_apart() -> None:
    made = shop(DeviceClass.SIGNAGE)
    await made.scan(token("anna"))
    await made.stage.take(Gone("cam", made.clock))
    assert made.shows[-1].seconds == 12.0
    await hold(made)
    assert made.shows[-1].seconds == 15.0
