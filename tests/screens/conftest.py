"""A store's screens served on a free port, a browser to look at them, and a shop's worth of sample products."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page

from edge.config import Screen
from edge.model import Band, DeviceClass, Level, Painted, Report, Show, StockLine, Tile
from edge.screens.assets import Assets, read_assets
from edge.screens.hub import Screens
from edge.screens.pages import routes
from tests import chromium

PRODUCTS = {
    "ja": (
        "藍染めリネンシャツ",
        "波佐見焼 マグカップ",
        "今治タオル 3枚組",
        "ほうじ茶 ティーバッグ 40包入",
        "曲げわっぱ弁当箱",
        "うるし椀",
    ),
    "en": (
        "Indigo linen shirt",
        "Hasami mug",
        "Imabari towels, set of 3",
        "Roasted hojicha, 40 bags",
        "Bentwood lunch box",
        "Lacquer bowl",
    ),
    "zh": ("蓝染亚麻衬衫", "波佐见烧马克杯", "今治毛巾 3条装", "焙茶 茶包 40袋", "曲木便当盒", "漆碗"),
    "ko": (
        "쪽빛 리넨 셔츠",
        "하사미 머그컵",
        "이마바리 타월 3장 세트",
        "호지차 티백 40개입",
        "마게왓파 도시락",
        "옻칠 그릇",
    ),
}
PRICES = ("¥8,900", "¥1,980", "¥3,300", "¥864", "¥6,600", "¥12,800")
WORDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "greeting": "こんにちは、会員さま",
        "headline": "秋のはじめの、藍と木のうつわ",
        "text": "会員さま限定で、対象の品が10月末まで10%引きです。",
        "many": "あり",
        "few": "残り2点",
        "none": "なし",
        "unlisted": "取り扱いなし",
        "asking": "確認中",
        "ago": "3分前",
        "near": "浦和店",
    },
    "en": {
        "greeting": "Welcome back, member",
        "headline": "Indigo and wood for early autumn",
        "text": "For members: 10% off the picks below until the end of October.",
        "many": "In stock",
        "few": "2 left",
        "none": "Sold out",
        "unlisted": "Not sold here",
        "asking": "Checking",
        "ago": "3 min ago",
        "near": "Urawa",
    },
    "zh": {
        "greeting": "欢迎光临，尊敬的会员",
        "headline": "初秋的蓝与木之器",
        "text": "会员专享：以下商品10月底前享受九折优惠。",
        "many": "有货",
        "few": "仅剩2件",
        "none": "无货",
        "unlisted": "不销售",
        "asking": "正在确认",
        "ago": "3分钟前",
        "near": "浦和店",
    },
    "ko": {
        "greeting": "회원님, 어서 오세요",
        "headline": "초가을의 쪽빛과 나무 그릇",
        "text": "회원 한정: 아래 상품을 10월 말까지 10% 할인합니다.",
        "many": "재고 있음",
        "few": "2개 남음",
        "none": "재고 없음",
        "unlisted": "취급 안 함",
        "asking": "확인 중",
        "ago": "3분 전",
        "near": "우라와점",
    },
}
BANDS = (
    (Band.FEW, Band.MANY, Band.MANY),
    (Band.MANY, Band.FEW, Band.MANY),
    (Band.NONE, Band.MANY, Band.MANY),
    (Band.MANY, Band.UNLISTED, Band.ASKING),
    (Band.MANY, Band.MANY, Band.NONE),
    (Band.FEW, Band.NONE, Band.MANY),
)
PICTURES = Path(__file__).parent / "pictures"


def tile(number: int, language: str = "ja") -> Tile:
    """A sample product with its three lines of stock."""
    words = WORDS[language]
    lines = tuple(
        StockLine(
            place,
            words["near"] if place == "near" else "",
            band,
            words[band.value],
            words["ago"] if place == "near" else "",
        )
        for place, band in zip(("here", "near", "online"), BANDS[number], strict=True)
    )
    return Tile(f"sku-{number}", PRODUCTS[language][number], PRICES[number], f"/media/products/{number}.svg", lines)


def member(screen: str, language: str = "ja", **values: Any) -> Show:
    """A member's scene as sessions build it."""
    words = WORDS[language]
    given = {
        "greeting": words["greeting"],
        "nickname": "",
        "headline": words["headline"],
        "text": words["text"],
        "picture": "/media/products/hero.svg",
        "tiles": tuple(tile(number, language) for number in range(6)),
        "favourites": (),
        "coupons": (),
        "may_open": screen == "kiosk",
        "touch": screen == "kiosk",
        "warning": False,
        "product": None,
    }
    return Show(screen, "member", "session-1", Level.SEGMENT, language, {**given, **values}, 20.0, 20.0)


@dataclass
class StoreUnderTest:
    """Screens, where they are served, and what their pages reported so far."""

    screens: Screens
    url: str
    reports: list[Report] = field(default_factory=list)

    async def report(self, wanted: Callable[[Report], bool]) -> Report:
        """The first report of a kind, waited for."""
        async with asyncio.timeout(90):
            while True:
                for report in self.reports:
                    if wanted(report):
                        return report
                self.reports.append(await self.screens.reports.get())

    async def painted(self, event: int) -> Painted:
        """The page's word that it painted an event."""
        report = await self.report(lambda each: isinstance(each, Painted) and each.event == event)
        assert isinstance(report, Painted)
        return report


@asynccontextmanager
async def served(screens: Screens, port: int = 0) -> AsyncIterator[StoreUnderTest]:
    """Screens served on loopback, with sample pictures."""
    app = web.Application()
    app.add_routes([*routes(screens), web.static("/media/products", PICTURES)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    bound = runner.addresses[0][1]
    try:
        yield StoreUnderTest(screens, f"http://127.0.0.1:{bound}")
    finally:
        await screens.close()
        await runner.cleanup()


def two_screens(assets: Assets) -> Screens:
    """A screen for everybody and a kiosk."""
    return Screens(
        [
            Screen(id="window", name="正面の大画面"),
            Screen(id="kiosk", name="レジ横", device_class=DeviceClass.KIOSK),
        ],
        assets,
    )


@pytest.fixture(scope="session")
def assets() -> Assets:
    return read_assets()


@pytest_asyncio.fixture(loop_scope="session")
async def store(assets: Assets) -> AsyncIterator[StoreUnderTest]:
    async with served(two_screens(assets)) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium.launched() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1080, "height": 1920})
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture(name="two_screens")
def two_screens_fixture(assets: Assets) -> Screens:
    return two_screens(assets)


@pytest.fixture(name="member")
def member_fixture() -> Callable[..., Show]:
    return member


@pytest.fixture(name="served")
def served_fixture() -> Callable[..., Any]:
    return served
