"""Staff called from a kiosk: offered while somebody would see it, once a session, and coming only when they said so."""

from __future__ import annotations

from dataclasses import replace

from edge.model import DeviceClass, Offer, OfferKind
from edge.sessions.calling import called
from edge.sessions.stage import Stage
from tests.sessions.test_products import MUG, hold, shop
from tests.sessions.test_stage import Shop

STAFF = Offer(OfferKind.STAFF, "スタッフを呼ぶ")


class Bell:
    """A bell that somebody hears, or nobody."""

    def __init__(self) -> None:
        self.open, self.rung, self.done = True, list[tuple[str, str]](), False

    def heeded(self) -> bool:
        return self.open

    def ring(self, screen: str, sku: str) -> str:
        self.rung.append((screen, sku))
        return "key"

    def answered(self, key: str) -> bool:
        return self.done


def kiosk(bell: Bell, device_class: DeviceClass = DeviceClass.KIOSK) -> Shop:
    made = shop(device_class)
    made.offers = (Offer(OfferKind.SHIP, "自宅に配送"), STAFF)
    made.stage = Stage(made.stage.screen, replace(made.stage._house, bell=bell))
    return made


def said(made: Shop) -> str:
    """How staff's offer stands on the glass."""
    return str(made.shows[-1].values["offers"][-1].call)


async def test_a_call_goes_out_once_and_comes_back_as_words() -> None:
    bell = Bell()
    made = kiosk(bell)
    await hold(made)
    assert said(made) == "ring"
    await made.touch("call")
    await made.touch("call")
    assert (bell.rung, said(made)) == ([("k1", "LN-1")], "calling")
    bell.done = True
    made.stage.stock_moved()
    await made.settled()
    assert said(made) == "coming"


async def test_where_nobody_would_see_it_staff_are_only_to_be_asked() -> None:
    bell = Bell()
    made = kiosk(bell)
    await hold(made)
    bell.open = False
    await made.touch("call")
    assert (bell.rung, said(made)) == ([], "")


async def test_a_call_stands_on_at_the_next_product_though_the_staffs_page_was_closed() -> None:
    bell = Bell()
    made = kiosk(bell)
    await hold(made)
    await made.touch("call")
    bell.open = False
    await hold(made, MUG)
    await made.touch("call")
    assert (len(bell.rung), said(made)) == (1, "calling")


async def test_the_next_shopper_reads_nothing_of_the_call_before() -> None:
    bell = Bell()
    made = kiosk(bell)
    await hold(made)
    await made.touch("call")
    await made.touch("end")
    await hold(made)
    assert said(made) == "ring"


async def test_a_touch_that_no_finger_can_make_calls_nobody() -> None:
    bell = Bell()
    made = kiosk(bell, DeviceClass.SIGNAGE)
    await hold(made)
    await made.touch("call")
    assert bell.rung == []


def test_only_staffs_offer_is_marked_and_none_without_a_bell() -> None:
    ship = Offer(OfferKind.SHIP, "自宅に配送")
    assert called((ship, STAFF), None, "") == (ship, STAFF)
    assert called((ship, STAFF), Bell(), "") == (ship, replace(STAFF, call="ring"))
