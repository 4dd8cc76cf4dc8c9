"""Shops that answer with whatever hurts: on a screen with their stock nothing changes but the label of its age."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from content.catalogue import FILE, dump_catalogue
from edge import app
from edge.model import Held
from edge.stock.intake import desk
from edge.stock.intake.clocks import Clocks
from tests.house.test_app import store
from tests.stock.intake.test_intake_wired import inline, until
from tests.stock.shops.contract import FakeShop, Say
from tests.stock.shops.generic import Generic, signed
from tests.stock.shops.test_contract import HOSTILE, says
from tests.stock.shops.vendure import Vendure

SKUS, GTIN, NAME = ("LN-01-M", "LN-01-L"), "04900000000016", "リネンシャツ <白> & 生成り"
PLACES = """
[[location]]
id = "ginza"
place = "here"
name = { ja = "銀座店" }
[[location]]
id = "shinjuku"
place = "near"
name = { ja = "新宿店" }
"""
MIB = 1 << 20
MOST_GROWN = 100 * MIB

FIGURES = re.compile(r'("(?:qty|held|stockOnHand|stockAllocated|on_hand|reserved|hold)": )(?:"[0-9.]+"|[0-9]+)')
NAMES = re.compile(r'("(?:name|style|code|sku)": )"[^"]+"')
PRICES = re.compile(r'("price": )[0-9]+')
"""A shop tells them beside its stock; a screen's come from the catalogue alone."""
NO_FIGURES = (
    "1e308", "-1e308", "NaN", "-Infinity", '"1e308"', '"NaN"', '"<script>"', "true", "[]", "9" * 5000, "99999999999",
    "[" * 10_000 + "]" * 10_000,
)  # fmt: skip
LONG, PIECE = "of 10 MB", b"x" * 65_536
"""Sent piece by piece, so that what the shop itself holds of it is not measured."""
NO_PRICES = ("-1", "1e308", "0", '"<script>"')
NO_NAMES = (f'"{LONG}"', "[" * 10_000 + "]" * 10_000, "NaN")
BOMB = gzip.compress(b'{"a": "' + b" " * (64 * MIB), 1)
BODIES = {
    "bomb": says(BOMB, Content_Encoding="gzip"),
    "bombs in bombs": says(gzip.compress(BOMB), Content_Encoding="gzip, gzip"),
    "inward by another way": says(b"", 307, Location="http://127.0.0.1:1/"),
    "to a file": says(b"", 301, Location="file:///etc/passwd"),
}


def poisoned(what: re.Pattern[str], by: str, text: str) -> str:
    return what.sub(lambda hit: hit[1] + by, text)


@dataclass
class Stall:
    """A shop behind a real edge, and what of its ways was answered with something else."""

    shop: Any
    parts: app.Parts
    url: str
    met: Counter[str] = field(default_factory=Counter)

    async def way(self, request: web.Request) -> str:
        """What a call was for."""
        if isinstance(self.shop, Vendure):
            return "read-back" if "skus" in (await request.json())["variables"] else "comparison"
        if "sku" in request.match_info:
            return "read-back"
        return "poll" if "since" in request.query else "comparison"

    def answers(self, say: Say) -> None:
        """Let the shop say this on each of its ways."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.met[await self.way(request)] += 1
            said = say(request)
            return said if isinstance(said, web.StreamResponse) else await said

        self.met.clear()
        self.shop.say = answer

    async def real(self, request: web.Request, what: re.Pattern[str], by: str) -> web.StreamResponse:
        """The shop's own answer, poisoned."""
        match = await self.shop._runner.app.router.resolve(request)
        response = await match.handler(request)
        before, long, behind = poisoned(what, by, response.text).encode().partition(LONG.encode())
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        with suppress(ConnectionError):  # whoever had enough of it closes
            await answer.write(before)
            for _ in range(10 * MIB // len(PIECE) if long else 0):
                await answer.write(PIECE)
            await answer.write(behind)
        return answer

    async def post(self, body: bytes, **more: str) -> int:
        """A webhook that bears the shop's own signature; 0 where the connection was cut."""
        headers = dict(signed(body).headers) | more
        async with aiohttp.ClientSession() as http:
            try:
                async with http.post(f"{self.url}/hooks/core", data=io.BytesIO(body), headers=headers) as response:
                    return response.status
            except aiohttp.ClientConnectionError:
                return 0

    def push(self, **more: Any) -> Any:
        """What the shop pushes next; a level without an order of its own is read back."""
        level = {"sku": SKUS[0], "location": next(iter(self.places)), "on_hand": 4, "revision": 0} | more
        return self.shop.push([level])

    @property
    def places(self) -> Any:
        return self.shop.locations.values() if isinstance(self.shop, Vendure) else self.shop.shops.values()

    def gone(self, ways: set[str], times: int) -> bool:
        return all(self.met[way] >= times for way in ways)

    async def asked(self) -> bool:
        """Whether all of the shop's ways were gone twice since it says what it says."""
        ways = {"comparison", "read-back"} | ({"poll"} if isinstance(self.shop, Generic) else set())
        for times in (1, 2):
            await self.post(self.push().body)
            if not await until(partial(self.gone, ways, times)):
                return False
        return True

    async def html(self) -> str:
        """The product's sheet, as the screen has it."""
        stage = self.parts.stages["kiosk-1"]
        stage.put(Held("hand", GTIN, time.monotonic()))
        board = self.parts.screens._boards["kiosk-1"]
        assert await until(lambda: board.show.scene == "product")
        await stage.tick()
        return board.html


@asynccontextmanager
async def stall(fake: type[FakeShop], folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stall]:
    """A shop and an edge that asks it without long pauses."""
    brisk = Clocks(sleep=lambda seconds: asyncio.sleep(min(seconds, 0.05)))
    monkeypatch.setattr(desk, "intake", partial(desk.intake, clocks=brisk))
    entries = [
        {"sku": sku, "gtin": gtin, "name": {"ja": NAME}, "price": 3990}
        for sku, gtin in zip(SKUS, (GTIN, ""), strict=True)
    ]
    (folder / "data" / "content").mkdir(parents=True)
    (folder / "data" / "content" / FILE).write_text(dump_catalogue(entries))
    shop = fake()
    for number, sku in enumerate(SKUS, 4):
        for place in shop.places:
            shop.stock(sku, place, number)
    shop.take()
    settings = shop.settings(await shop.start(), folder)
    settings |= {"compare_s": 0.1, "poll_s": 0.05, "timeout_s": 0.5}
    more = f'{PLACES}\n[[stock]]\nid = "core"\nadapter = "{shop.name}"\nsettings = {inline(settings)}\n'
    try:
        async with store(folder, more) as (parts, url):
            yield Stall(shop, parts, url)
    finally:
        await shop.stop()


def most_resident() -> int:
    """The bytes that this process had at most since ``forget_most``."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def forget_most() -> None:
    """Where the machine forbids it the most of the whole run stays, and only what exceeds that counts."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def plain(html: str) -> str:
    """A sheet without its labels of age."""
    return re.sub(r' <span class="fresh">[^<]*</span>', "", html)


async def honest(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the sheet may say of what is known, by how long ago it was read: now, a minute ago, too long ago."""
    found, now = {}, time.time
    for age_s in (0, 60, 1000):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda age_s=age_s: now() + age_s)
            found[plain(await stall.html())] = f"{age_s} s"
    return found


async def hostile_answers(stall: Stall) -> AsyncIterator[str]:
    """Each hostile answer, once every way of the shop has met it."""
    for what, say in (HOSTILE | BODIES).items():
        stall.answers(say)
        assert await stall.asked(), what
        yield what
    for pattern, values in ((FIGURES, NO_FIGURES), (NAMES, NO_NAMES), (PRICES, NO_PRICES)):
        for value in values:
            stall.answers(partial(stall.real, what=pattern, by=value))
            assert await stall.asked(), value[:40]
            yield value[:40]


async def hostile_pushes(stall: Stall) -> AsyncIterator[str]:
    """Each hostile webhook, signed as the shop's own are, once it was answered."""
    for pattern, values in ((FIGURES, NO_FIGURES), (NAMES, NO_NAMES)):
        for value in values:
            text = stall.push(revision=1 << 61).body.decode()
            long = "x" * (10 * MIB) if LONG in value else LONG
            await stall.post(poisoned(pattern, value, text).replace(LONG, long).encode())
            yield f"a push with {value[:40]}"
    for body in (b"[" * 10_000, b"\xff", b'{"a": 1e308}', b"<script>alert(1)</script>"):
        assert await stall.post(body) in (400, 401)
        yield f"a push of {body[:40]!r}"
    assert await stall.post(BOMB, **{"Content-Encoding": "gzip"}) in (0, 400, 401, 413)
    yield "a push that is a bomb"


@pytest.mark.promise("X-3")
@pytest.mark.promise("K-1")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("fake", [Generic, Vendure])
async def test_a_hostile_shop_changes_nothing_on_the_screen_but_the_label(
    fake: type[FakeShop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stall(fake, tmp_path, monkeypatch) as shown:
        cache, places = shown.parts.stock, shown.parts.store.location
        assert await until(lambda: cache.levels("core", "ginza") == dict(zip(SKUS, (4, 5), strict=True)))
        assert await until(lambda: all(cache.known(SKUS[0], each.id, time.time()).age is not None for each in places))
        allowed = await honest(shown, monkeypatch)
        assert ["在庫4点" in html for html in allowed] == [True, False, False]
        assert all("3,990" in html for html in allowed)
        assert all("リネンシャツ &lt;白&gt; &amp; 生成り" in html for html in allowed)
        forget_most()
        before = most_resident()
        async for what in hostile_answers(shown):
            assert plain(await shown.html()) in allowed, what
        shown.shop.say = None
        async for what in hostile_pushes(shown):
            assert plain(await shown.html()) in allowed, what
        assert most_resident() - before < MOST_GROWN
        shown.shop.stock(SKUS[0], "ginza", 2)
        assert await until(lambda: cache.levels("core", "ginza")[SKUS[0]] == 2)
        assert "残り2点" in await shown.html()


@pytest.mark.promise("X-3")
async def test_markup_in_a_shops_words_is_text_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both products have a sheet, so the words stand over the table of their style."""
    async with stall(Generic, tmp_path, monkeypatch) as shown:
        for sku, size in zip(SKUS, ("M", "L"), strict=True):
            axes = ["<script>色</script>", f"<img onerror={size}>"]
            shown.shop.products[sku] |= {"style": "<script>", "axes": axes}
            shown.shop.stock(sku, "ginza", 4)
        assert await until(lambda: len(shown.parts.stock.style("<script>")) == 2)
        html = await shown.html()
        assert "&lt;script&gt;色" in html
        assert "&lt;img onerror=L&gt;" in html
        assert not re.search("<script|<img onerror", html)
