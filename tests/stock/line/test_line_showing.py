"""What stores' screens show reaches their hub, which reads it before the rest, and nothing else does."""

from __future__ import annotations

import asyncio
import json
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge import config, hub
from edge.adapters.stock_hub import Settings
from edge.asking import session
from edge.health import State
from edge.ports import StockAway, StockReport
from edge.stock.line import showing
from edge.stock.line.asker import Asker
from edge.stock.line.beat import BadWord
from edge.stock.line.showing import Refused
from tests.stock.line.test_line_broker import shop, until
from tests.stock.test_stock_taken import SHOP, said

if TYPE_CHECKING:
    from edge.config import Location
    from edge.stock.cache import StockCache
    from tests.stock.conftest import HandClock
    from tests.stock.line.conftest import Wired

TOKEN = {"Authorization": "Bearer t0ken"}


def page(cache: StockCache, token: str = "t0ken", open_: bool = True) -> TestServer:
    app = web.Application()
    app.add_routes(showing.routes(cache.show, token, open_))
    return TestServer(app)


def unheard(why: str) -> None:
    raise AssertionError(why)


class Away:
    """A hub that does not answer."""

    looks = True
    asked = 0

    async def shown(self, _: bytes) -> None:
        self.asked += 1
        raise StockAway("away")


async def test_a_hub_hears_what_screens_show(cache: StockCache, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    await cache.apply("pos", StockReport(SHOP, [*said(1, 1), *said(1, 1, "B")]), 0.0)
    async with page(cache) as server:
        settings = Settings(url=str(server.make_url("/")), token_file=Path("token"))
        async with session(settings, tmp_path, 5, 1, keep=True) as http:
            await Asker(settings, tmp_path, http).shown(showing.write(["B", "A", "unheard-of"]))
    assert cache.shown() == ("B", "A")


async def test_what_screens_show_is_told_while_a_beat_asks_for_it_and_by_no_question_more(wired: Wired) -> None:
    async with wired() as wire:
        asked = []
        await wire.says("ec", A=1)
        for _ in range(6):
            await wire.step()
        for looks in ((), ("pos",), ("ec",), ("pos", "ec"), ()):
            wire.looks[:] = looks
            calls = wire.asker.calls
            for _ in range(6):
                await wire.step()
            asked.append((wire.source.looks, wire.asker.calls - calls))
        assert asked == [(False, 0), (True, 0), (True, 0), (True, 0), (False, 0)]


async def test_what_screens_show_is_told_while_a_page_asks_for_it(wired: Wired) -> None:
    async with wired() as wire:
        wire.broker.up, asked = False, []
        await wire.says("ec", "umeda", A=1)
        for looks in ((), ("pos",), ("ec",), ("pos", "ec"), ()):
            wire.looks[:] = looks
            for _ in range(9):
                await wire.step()
            asked.append(wire.source.looks)
        assert asked == [False, True, False, True, False]


async def test_a_hub_that_is_away_is_told_the_next_time() -> None:
    hub = Away()

    async def sleep(_: float) -> None:
        if hub.asked == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await showing.tell(hub, lambda: ["A"], sleep, lambda: 0.0, unheard)
    assert hub.asked == 2


class Moody(Away):
    """A hub that answers as its moods are, and wants to be told no more after them."""

    def __init__(self, *moods: type[StockAway] | None) -> None:
        self.moods = list(moods)

    async def shown(self, _: bytes) -> None:
        if mood := self.moods.pop(0):
            raise mood("no token")


async def test_a_refusal_is_said_once_until_the_hub_takes_it_or_no_longer_asks() -> None:
    hub = Moody(None, Refused, StockAway, Refused, None, None, Refused)
    said: list[str] = []

    async def sleep(_: float) -> None:
        if not hub.looks:
            raise asyncio.CancelledError
        hub.looks = bool(hub.moods)

    with pytest.raises(asyncio.CancelledError):
        await showing.tell(hub, lambda: ["A"], sleep, lambda: 0.0, said.append)
    assert said == ["no token", "", "no token", ""]


@pytest.mark.promise("X-3")
async def test_a_hub_that_others_reach_hears_what_screens_show_of_nobody_without_a_token(
    cache: StockCache, tmp_path: Path
) -> None:
    await cache.apply("pos", StockReport(SHOP, said(1, 1)), 0.0)
    async with page(cache, token="") as server:
        settings = Settings(url=str(server.make_url("/")))
        async with session(settings, tmp_path, 5, 1, keep=True) as http:
            with pytest.raises(Refused, match="from nobody"):
                await Asker(settings, tmp_path, http).shown(showing.write(["A"]))
        assert cache.shown() == ()
    async with TestClient(page(cache, token="", open_=False)) as client:
        assert (await client.post(showing.PATH, data=b'{"skus":["A"]}')).status == 204
    assert cache.shown() == ("A",)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"skus": "A"}',
        b'{"skus": [1]}',
        b'{"skus": [""]}',
        json.dumps({"skus": ["A" * 129]}).encode(),
        json.dumps({"skus": ["A"] * 101}).encode(),
    ],
)
async def test_what_is_no_list_of_products_is_refused(cache: StockCache, body: bytes) -> None:
    with pytest.raises(BadWord):
        showing.parse(body)
    async with TestClient(page(cache)) as client:
        assert (await client.post("/v1/stock/shown", data=body, headers=TOKEN)).status == 400
        assert (await client.post("/v1/stock/shown", data=b'{"skus":["A"]}')).status == 401
    assert cache.shown() == ()


def test_the_latest_hundred_are_told() -> None:
    assert showing.parse(showing.write([f"S{n}" for n in range(300)])) == tuple(f"S{n}" for n in range(100))


async def test_what_was_shown_last_comes_first(cache: StockCache, clock: HandClock, here: Location) -> None:
    for sku in ("A", "B", "A"):
        clock.pass_(1)
        cache.lines(sku, [here], "ja", clock.wall)
    assert cache.shown() == ("A", "B")
    clock.pass_(700)
    assert cache.shown() == ()


async def test_what_was_shown_elsewhere_a_while_ago_goes_by_its_own_time(cache: StockCache, clock: HandClock) -> None:
    await cache.apply("pos", StockReport(SHOP, [*said(1, 1), *said(1, 1, "B")]), 0.0)
    assert cache.show(["A"]) == ["A"]
    assert cache.show(["B", "A", "unheard-of"], 400.0) == ["B", "A"]
    assert cache.shown() == ("A", "B")
    clock.pass_(300)
    assert cache.shown() == ("A",)


OPEN = """
[web]
host = "0.0.0.0"
port = 0
[upstream]
adapter = "mqtt"
settings = { port = 1 }
[[stock]]
id = "shop"
adapter = "colorme"
settings = { token_file = "token", locations = { "*" = "ginza" }, url = "http://127.0.0.1:1" }
"""


async def test_a_stores_health_says_that_its_hub_takes_nothing_without_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "EVERY_S", 0.02)
    (tmp_path / "token").write_text("t0ken")
    (tmp_path / "hub.toml").write_text(OPEN)
    async with (
        hub.running(config.read_hub(tmp_path), tmp_path) as head,
        shop(tmp_path / "edge", 1, head.port) as store,
    ):
        await head.stock.apply("shop", StockReport(SHOP, said(1, 1)), 0.0)
        store.stock.lines("A", store.store.location, "ja", 0.0)
        told = attrgetter("name", "state")
        await until(lambda: ("hub shown", State.DOWN) in map(told, store.health.parts()))
