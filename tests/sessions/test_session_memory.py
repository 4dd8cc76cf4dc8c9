"""What a stage keeps of a visitor, and what comes too late for them: nothing of it reaches who stands there next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from edge.model import Code, DeviceClass, Gone, Held, Painted, Profile, Scan
from edge.sessions import errands
from tests.sessions.test_stage import ANNA, Shop, token

KIOSK, SIGN = DeviceClass.KIOSK, DeviceClass.SIGNAGE
NO_LONGER = replace(token("anna", P=False), replay=b"anna-2")


class Late(Shop):
    """A shop whose source of profiles answers, but whose stage has not taken the answer out of its inbox yet."""

    def __init__(self) -> None:
        super().__init__(KIOSK)
        self.spends: list[bytes] = []

    async def _fetch(self, ref: str) -> AsyncIterator[Profile | None]:
        yield replace(ANNA, ref=ref) if ref == "anna" else None

    async def _spend(self, replay: bytes, until: float) -> None:
        self.spends.append(replay)
        await super()._spend(replay, until)

    async def held_up(self, text: str) -> None:
        """A code is seen, and nothing else is taken."""
        await self.stage.take(Scan("cam", Code(text, "qrcode", "zxing"), self.clock))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def catches_up(self) -> None:
        while not self.stage._inbox.empty():
            await self.stage.take(self.stage._inbox.get_nowait())


@pytest.fixture
def shop() -> Late:
    made = Late()
    made.people = {"anna": token("anna"), "ben": token("ben"), "anna without P": NO_LONGER}
    return made


@pytest.mark.promise("S-2")
async def test_a_profile_that_waited_in_the_inbox_is_not_the_next_members(shop: Late) -> None:
    await shop.held_up("anna")
    (waiting,) = [shop.stage._inbox.get_nowait() for _ in range(shop.stage._inbox.qsize())]
    await shop.stage.take(Scan("cam", Code("ben", "qrcode", "zxing"), shop.clock))
    await shop.stage.take(waiting)
    assert (shop.shows[-1].language, shop.shows[-1].values["may_open"]) == ("ja", False)
    assert shop.stage._visitor.profile is None


@pytest.mark.promise("M-3")
async def test_a_profile_that_waited_is_not_shown_to_who_wants_none_by_now(shop: Late) -> None:
    await shop.held_up("anna")
    assert not shop.stage._inbox.empty()
    await shop.stage.take(Scan("cam", Code("anna without P", "qrcode", "zxing"), shop.clock))
    await shop.catches_up()
    assert (shop.shows[-1].scene, shop.shows[-1].language) == ("members", "ja")


@pytest.mark.promise("M-3")
async def test_a_newer_code_that_wants_nothing_personal_has_the_profile_forgotten(shop: Late) -> None:
    await shop.held_up("anna")
    await shop.catches_up()
    assert shop.shows[-1].language == "en"
    await shop.held_up("anna without P")
    assert (shop.shows[-1].scene, shop.shows[-1].language) == ("members", "ja")


async def test_a_token_that_is_seen_again_and_again_is_spent_once(shop: Late) -> None:
    for _ in range(3):
        await shop.held_up("anna")
    assert shop.spends == [b"anna-1"]


async def test_content_that_is_painted_after_its_session_was_shown_to_nobody(shop: Late) -> None:
    await shop.held_up("anna")
    shown = len(shop.shows)
    await shop.touch("end")
    await shop.stage.take(Painted("k1", shown, 0.0))
    assert "content_shown" not in shop.kinds()


async def test_a_product_takes_no_time_from_a_sign_that_still_sees_the_members_code() -> None:
    shop = Shop(SIGN)
    shop.gtins["4900000000000"] = "LN-1"
    await shop.scan(token("anna"))
    await shop.stage.take(Held("cam", "4900000000000", shop.clock))
    await shop.wait(60.0)
    assert shop.shows[-1].scene == "member"
    await shop.stage.take(Gone("cam", shop.clock))
    await shop.wait(12.0)
    assert shop.shows[-1].scene == "loop"


async def test_a_language_that_no_screen_speaks_changes_nothing(shop: Late) -> None:
    await shop.held_up("anna")
    await shop.touch("language", "zh")
    await shop.touch("language", "xx")
    assert shop.shows[-1].language == "zh"


@pytest.mark.promise("K-1")
async def test_a_running_sessions_stock_is_looked_at_again_every_five_seconds(shop: Late) -> None:
    await shop.held_up("anna")
    assert shop.stage._wait() == 5.0
    await shop.wait(12.0)
    assert shop.stage._wait() == 3.0, "a deadline that comes sooner is kept"
    await shop.touch("end")
    assert shop.stage._wait() is None


async def test_a_countdown_is_whole_at_its_own_five_seconds(shop: Late) -> None:
    await shop.held_up("anna")
    assert (shop.shows[-1].seconds, shop.shows[-1].limit) == (15.0, 15.0)
    await shop.wait(15.0)
    assert (shop.shows[-1].seconds, shop.shows[-1].limit) == (5.0, 5.0)


@pytest.mark.promise("M-4")
async def test_an_errand_that_fails_says_what_kind_of_fault_it_was_and_nothing_of_anybody(
    shop: Late, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails() -> None:
        raise ValueError("anna-1")

    shop.stage._errands.begin(fails())
    while shop.stage._errands:
        await asyncio.sleep(0)
    assert "an errand failed: ValueError" in caplog.text
    assert "anna-1" not in caplog.text


async def test_a_stage_that_ends_waits_a_moment_for_its_errands_and_gives_up_those_that_take_longer(
    shop: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "END_S", 0.01)
    quick, late = (shop.stage._errands.begin(work) for work in (asyncio.sleep(0), never()))
    await shop.stage._leave()
    assert (quick.done(), quick.cancelled()) == (True, False)
    with pytest.raises(asyncio.CancelledError):
        await late


async def never() -> None:
    """An errand to a disk that does not answer."""
    await asyncio.Event().wait()
