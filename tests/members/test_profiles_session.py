"""Profiles on their way to a screen: kept ones first, taken back when nothing is left, cut to this store and day."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.app import _profiles, running
from edge.config import read_store
from edge.members import document
from edge.model import Coupon, DeviceClass, Profile
from tests.sessions.test_stage import ANNA, Shop, token

README = Path(__file__).parents[2] / "edge" / "README.md"


class Visits(Shop):
    """A shop whose source says one profile after the other, None for one that is no more."""

    def __init__(self, *profiles: Profile | None) -> None:
        super().__init__(DeviceClass.KIOSK)
        self.profiles = profiles

    async def _fetch(self, _: str) -> AsyncIterator[Profile | None]:
        for profile in self.profiles:
            yield profile


async def settled(shop: Shop) -> None:
    while shop.stage._errands:
        await asyncio.sleep(0)
    while not shop.stage._inbox.empty():
        await shop.stage.take(shop.stage._inbox.get_nowait())


async def test_the_fresh_profile_takes_the_place_of_the_kept_one() -> None:
    fresh = replace(ANNA, coupons=(Coupon("d", {"en": "Summer"}),))
    shop = Visits(ANNA, fresh)
    await shop.scan(token("anna"))
    await settled(shop)
    await shop.touch("personal")
    assert shop.shows[-1].values["coupons"] == ("Summer",)


async def test_a_member_who_is_no_more_leaves_the_screen_what_the_token_says() -> None:
    shop = Visits(ANNA, None)
    await shop.scan(token("anna"))
    await settled(shop)
    await shop.touch("personal")
    values = shop.shows[-1].values
    assert (values["coupons"], values["favourites"]) == ((), ())
    assert (shop.shows[-1].session != "", shop.shows[-1].language) == (True, "ja")


STORE = """
[device]
chain = "acme"
store = "s001"
id = "front"
clock = "trusted"
[web]
port = 0
[members]
adapter = "csv"
settings = {path = "members.csv", look_s = 0.01}
"""
REF = "AAECAwQFBgcI"
TABLE = f"ref,tier,coupons\n{REF},gold,c1=ここ @stores:s001;c2=よそ @stores:s002;c3=昔 @..2001-01-01;c4=今\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "local.toml").write_text(STORE)
    (tmp_path / "members.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


async def test_an_edge_shows_the_coupons_of_this_store_and_day_and_forgets_who_vanishes(folder: Path) -> None:
    async with running(read_store(folder), folder) as parts:
        (found,) = [one async for one in _profiles(parts, REF)]
        assert found is not None
        assert [coupon.title["ja"] for coupon in found.coupons] == ["ここ", "今"]
        assert parts.profiles is not None
        assert len(parts.profiles) == 1
        (folder / "members.csv").write_text("ref,tier\n")
        while len(parts.profiles):
            await asyncio.sleep(0.01)
        assert [one async for one in _profiles(parts, REF)] == []


async def test_an_edge_without_a_source_greets_all_the_same(folder: Path) -> None:
    (folder / "local.toml").write_text(STORE.split("[members]")[0])
    async with running(read_store(folder), folder) as parts:
        assert [one async for one in _profiles(parts, REF)] == []


def test_the_profile_that_the_readme_shows_is_one() -> None:
    shown = next(
        block for block in re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL) if '"have"' in block
    )
    profile = document.parse(shown.encode(), json.loads(shown)["member"], 2e9)
    assert (profile.tier_label, profile.nickname, len(profile.coupons)) == ("ゴールド", "はな", 1)
    assert profile.as_of.keys() == profile.have
