"""取り置き at the glass: a real browser, a real stage and the store's own desk, over a place that grants, refuses or is
silent (K-3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from edge.config import Screen
from edge.model import Band as B
from edge.model import Cell, DeviceClass, Held, Matrix, Offer, OfferKind, Touched
from edge.ports import StockAway
from edge.sessions.stage import Stage
from edge.stock.keeping.desk import Desk
from edge.stock.keeping.shadows import Shadows
from edge.stock.system import Keeping, Kept, Wish
from tests.sessions.test_products import SHIRT, shop
from tests.sessions.test_stage import Shop

Store = Any
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("K-3")]

OFFERS = (
    Offer(OfferKind.HOLD, "この店で取り置く", location="s001", reserves=True),
    Offer(OfferKind.NEAR, "原宿店で取り置く", "徒歩8分", "s002", reserves=True),
    Offer(OfferKind.STAFF, "スタッフ"),
)
SIZES = Matrix(("白",), ("S", "M"), ((Cell("LN-1", B.FEW), Cell("CU-1", B.MANY)),))


class Place:
    """A source that answers when it is let, as it is told."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Kept | StockAway] = asyncio.Queue()
        self.asked: list[Wish] = []

    def places(self) -> Collection[str]:
        return ("s001", "s002")

    async def reserve(self, wish: Wish) -> Kept:
        self.asked.append(wish)
        return await self._answer()

    async def reserved(self, key: str) -> Kept:
        return await self._answer()

    async def _answer(self) -> Kept:
        answer = await self.answers.get()
        if isinstance(answer, StockAway):
            raise answer
        return answer


class Glass:
    """A kiosk before which a product is held up, its stage shown by a page."""

    def __init__(self, store: Store, page: Page) -> None:
        self.place, self.page, self.store = Place(), page, store
        self.house: Shop = shop()
        desk = Desk(Shadows(lambda *_: None), ZoneInfo("Asia/Tokyo"))
        desk._keepers["place"] = self.place  # type: ignore[assignment]
        screen = Screen(id="kiosk", device_class=DeviceClass.KIOSK)
        surroundings = replace(
            self.house.stage._house,
            show=store.screens.show,
            offers=lambda _, __: OFFERS,
            matrix=lambda _, __: SIZES,
            keep=desk.keep,
        )
        self.stage = Stage(screen, surroundings)

    async def hold(self) -> None:
        await self.stage.take(Held("cam", SHIRT, self.house.clock))
        await expect(self.page.locator(".sheet h2")).to_have_text("シャツ")

    async def touch(self, where: str) -> None:
        """A finger on the glass, and what the stage makes of it."""
        wanted = self.page.locator(where)
        action = str(await wanted.get_attribute("data-action"))
        await wanted.click()
        touch = await self.store.report(lambda each: isinstance(each, Touched) and each.action == action)
        self.store.reports.remove(touch)
        await self.stage.take(touch)

    async def said(self, state: Keeping, slip: str = "") -> None:
        """The place answers, and the stage hears it."""
        self.place.answers.put_nowait(Kept(state, slip, time.time() + 3600.0 if slip else 0.0))
        await self.heard()

    async def heard(self) -> None:
        async with asyncio.timeout(90):
            await self.stage.take(await self.stage._inbox.get())


@pytest_asyncio.fixture(loop_scope="session")
async def kiosk(store: Store, page: Page) -> AsyncIterator[Glass]:
    await page.goto(f"{store.url}/screens/kiosk")
    made = Glass(store, page)
    await made.hold()
    yield made
    await made.stage._leave()


async def test_the_glass_says_kept_with_its_number_only_after_the_place_did(kiosk: Glass) -> None:
    await kiosk.touch("[data-action=keep] >> nth=0")
    await kiosk.heard()
    await expect(kiosk.page.locator(".wish")).to_have_class("wish pending")
    await expect(kiosk.page.locator(".deeds [data-action=keep]")).to_have_count(0)
    assert "しました" not in await kiosk.page.locator("#stage").inner_text()
    await kiosk.said(Keeping.CONFIRMED, "K-0417")
    await expect(kiosk.page.locator(".wish.confirmed .slip b")).to_have_text("K-0417")
    await kiosk.touch(".matrix [data-value='CU-1']")
    await expect(kiosk.page.locator(".sheet h2")).to_have_text("カップ")
    assert "K-0417" not in await kiosk.page.content()


async def test_a_place_that_refuses_leaves_the_next_offer_at_the_front(kiosk: Glass) -> None:
    await kiosk.touch("[data-action=keep] >> nth=0")
    await kiosk.heard()
    await kiosk.said(Keeping.DECLINED)
    await expect(kiosk.page.locator(".wish")).to_have_class("wish declined")
    first = kiosk.page.locator(".deeds button").first
    assert await first.get_attribute("data-value") == "s002"
    assert [each.location for each in kiosk.place.asked] == ["s001"]


async def test_while_a_place_is_away_nobody_reads_a_success(kiosk: Glass) -> None:
    await kiosk.touch("[data-action=keep] >> nth=0")
    kiosk.place.answers.put_nowait(StockAway("away"))
    await kiosk.heard()
    kiosk.house.clock += 5.0
    await kiosk.stage.tick()
    await expect(kiosk.page.locator(".wish")).to_have_class("wish unknown")
    await expect(kiosk.page.locator(".deeds [data-action=keep]")).to_have_count(0)
    assert "しました" not in await kiosk.page.locator("#stage").inner_text()
    await kiosk.touch("button.end")
    await kiosk.stage._leave()
    assert [each.data["state"] for each in kiosk.house.contacts if each.kind == "offer_taken"] == ["unknown"]
