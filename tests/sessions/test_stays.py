"""A phone that is left before a screen: from an eye's looks to the session, by the rules of both."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from edge.model import Code, DeviceClass, Look
from edge.vision.presence import Presence, step
from tests.sessions.test_stage import Shop, token


def whose(code: Code) -> str:
    return code.text.split(":")[0]


async def left_lying(shop: Shop, every: int, seconds: int = 1800) -> list[tuple[str, float]]:
    """A member's code in view for half an hour, another text every so many seconds; what the ledger was told when."""
    presence, told = Presence(), list[tuple[str, float]]()
    for second in range(seconds):
        code = Code(f"anna:{second // every}", "qrcode", "zxing")
        shop.people[code.text] = replace(token("anna"), replay=code.text.encode())
        presence, sights = step(presence, Look("cam", (code,), shop.clock), whose)
        for sight in sights:
            await shop.stage.take(sight)
        await asyncio.sleep(0)
        told += [(contact.kind, contact.at - 1000.0) for contact in shop.contacts]
        shop.contacts.clear()
        await shop.wait(1.0)
    return told


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("every", [30, 10**6])
async def test_a_phone_left_before_a_sign_is_one_session_that_ends(every: int) -> None:
    told = await left_lying(Shop(DeviceClass.SIGNAGE), every)
    kinds = [kind for kind, _ in told]
    assert (kinds.count("session_start"), kinds.count("session_end")) == (1, 1)
    assert kinds.count("scan") == (3 if every == 30 else 1)
    assert max(at for _, at in told) < 90


@pytest.mark.promise("V-6")
async def test_a_phone_left_before_a_kiosk_starts_nothing_after_its_first_minute() -> None:
    told = await left_lying(Shop(DeviceClass.KIOSK), 30)
    assert max(at for kind, at in told if kind in ("scan", "session_start")) <= 60
    assert [kind for kind, _ in told].count("session_start") == 1
    assert told[-1][0] == "session_end"
