"""Films of codes before a screen's stage, and one token before two screens of an edge."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from edge.members.classify import Reason, Rejected
from edge.members.rate import REFUSED, Flood, Flooded
from edge.model import Contact, Level
from edge.sessions.floods import note_floods
from edge.supervise import kept
from tests.sessions.test_stage import Shop, token


def flooded_shop() -> Shop:
    """A shop whose stage passes over what comes too often."""
    shop, flood = Shop(), Flood()
    shop.stage._house = replace(shop.stage._house, judge=lambda eye, outcome: flood.judge(eye, outcome, shop.clock))
    return shop


@pytest.mark.promise("X-3")
async def test_a_film_of_forged_codes_flickers_no_screen_and_fills_no_ledger() -> None:
    shop = flooded_shop()
    for number in range(500):
        shop.clock += 0.1
        await shop.scan(Rejected(Reason.SIGNATURE), f"forged {number}")
    assert len(shop.contacts) == REFUSED
    assert sum(show.scene == "notice" for show in shop.shows) <= REFUSED


async def test_a_members_token_right_after_the_film_is_greeted_at_once() -> None:
    shop = flooded_shop()
    for number in range(500):
        await shop.scan(Rejected(Reason.SIGNATURE), f"forged {number}")
    await shop.scan(token("anna"), "anna's")
    assert shop.shows[-1].level is Level.SEGMENT


async def test_a_film_of_forged_codes_ends_no_session_that_goes_on_by_its_token() -> None:
    shop = flooded_shop()
    for number in range(REFUSED):
        await shop.scan(Rejected(Reason.SIGNATURE), f"forged {number}")
    await shop.scan(token("anna"), "anna's")
    session = shop.shows[-1].session
    for number in range(500):
        await shop.scan(Rejected(Reason.SIGNATURE), f"forged again {number}")
    assert (shop.shows[-1].session, shop.shows[-1].level) == (session, Level.SEGMENT)


@pytest.mark.promise("M-2")
async def test_a_token_in_a_session_at_one_screen_is_refused_at_the_other_and_keeps_up_its_own() -> None:
    one, other = Shop(), Shop()
    other.spent = one.spent
    await one.scan(token("anna"), "anna's")
    session = one.shows[-1].session
    await other.scan(token("anna"), "anna's")
    assert {show.level for show in other.shows} <= {Level.LOOP}
    assert other.contacts[-1].data["reason"] == "replay"
    await one.scan(token("anna"), "anna's")
    assert (one.shows[-1].session, one.shows[-1].level) == (session, Level.SEGMENT)


async def test_what_was_passed_over_is_noted_at_the_screen_of_its_eye() -> None:
    told, noted = [[Flooded("cam", 7, 3.0), Flooded("door", 9, 3.0)]], list[Contact]()
    async with kept({"floods": lambda: note_floods(lambda: told.pop() if told else [], {"cam": "k1"}, noted.append)}):
        while not noted:
            await asyncio.sleep(0)
    assert [(contact.touchpoint, contact.data["count"]) for contact in noted] == [("k1", 7), ("", 9)]
