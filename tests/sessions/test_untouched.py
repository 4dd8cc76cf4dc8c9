"""A kiosk whose panel cannot be touched: the code alone begins, keeps up and leaves a session."""

from edge.config import Screen
from edge.model import DeviceClass, Gone, Level, Touched
from edge.sessions.stage import Stage
from tests.sessions.test_stage import ANNA, Shop, token


def shop(touch: bool) -> Shop:
    """A kiosk's shop where Anna has favourites and a coupon."""
    made = Shop(profile=ANNA)
    made.stage = Stage(Screen(id="k1", device_class=DeviceClass.KIOSK, touch=touch), made.stage._house)
    return made


async def test_a_code_shown_again_during_the_warning_keeps_the_session() -> None:
    for touch in (True, False):
        made = shop(touch)
        await made.scan(token("anna"))
        session = made.shows[-1].session
        await made.stage.take(Gone("cam", made.clock))
        await made.wait(20.1)
        assert made.shows[-1].values["warning"]
        await made.scan(token("anna"))
        assert (made.shows[-1].session, made.shows[-1].values["warning"]) == (session, False)


async def test_without_touch_a_code_in_view_keeps_the_session_to_its_limit() -> None:
    made = shop(touch=False)
    await made.scan(token("anna"))
    await made.wait(170)
    assert not made.shows[-1].values["warning"]
    await made.wait(11)
    assert made.shows[-1].scene == "loop"


async def test_without_touch_the_session_ends_after_the_code_left() -> None:
    made = shop(touch=False)
    await made.scan(token("anna"))
    await made.stage.take(Gone("cam", made.clock))
    await made.wait(20.1)
    assert made.shows[-1].values["warning"]
    await made.wait(5.1)
    assert made.shows[-1].scene == "loop"


async def test_without_touch_nothing_offers_or_opens_what_needs_a_touch() -> None:
    assert [await offered(shop(touch)) for touch in (True, False)] == [True, False]


async def offered(made: Shop) -> bool:
    await made.scan(token("anna"))
    assert made.shows[-1].level is Level.SEGMENT
    return bool(made.shows[-1].values["may_open"])


async def test_a_touch_of_no_session_changes_nothing() -> None:
    made = shop(touch=True)
    await made.scan(token("anna"))
    before = len(made.shows)
    await made.stage.take(Touched("k1", "another", "end"))
    assert len(made.shows) == before
