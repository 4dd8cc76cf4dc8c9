"""What bounds head office's questions about wishes, and how long a store counts a granted unit as gone."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge import asking
from edge.ports import StockAway
from edge.stock.keeping import office, wire
from edge.stock.keeping.book import Book
from edge.stock.keeping.desk import Patience
from edge.stock.keeping.keeper import afar
from edge.stock.keeping.office import Office
from edge.stock.keeping.shadows import Shadow, Shadows
from edge.stock.system import Keeping, Kept, Wish
from tests.stock.keeping.till import PLACE, SKU, desk, room


class Silent:
    """A system that never answers a wish, and is asked after each."""

    def __init__(self) -> None:
        self.asked = 0
        self.looked = 0

    async def reserve(self, wish: Wish) -> Kept:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError

    async def reserved(self, key: str) -> Kept:
        self.looked += 1
        return Kept(Keeping.UNKNOWN)


class Unsure(Silent):
    """A system that does not know what became of a wish."""

    async def reserve(self, wish: Wish) -> Kept:
        self.asked += 1
        return Kept(Keeping.UNKNOWN)


async def test_a_wish_beyond_those_that_can_wait_at_once_is_declined_and_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(office, "MOST_AT_ONCE", 2)
    system = Silent()
    async with room(system, answer_s=0.01) as there:
        words = [await there.office.reserve(Wish(f"{n:032x}", SKU, PLACE)) for n in range(3)]
    assert [word.state for word in words] == [Keeping.PENDING, Keeping.PENDING, Keeping.DECLINED]
    assert system.asked == 2


async def test_a_system_is_asked_how_a_wish_stands_once_within_the_time_however_many_ask() -> None:
    system, now = Unsure(), [100.0]
    async with room(system) as there:
        bounded = Office(there.own, Book(there.db), monotonic=lambda: now[0], look_s=2.0)
        wish = Wish("a" * 32, SKU, PLACE)
        await bounded.reserve(wish)
        for _ in range(5):
            assert await bounded.standing(wish.key) == Kept(Keeping.UNKNOWN)
        assert system.looked == 1
        now[0] += 2.0
        await bounded.standing(wish.key)
    assert system.looked == 2


async def test_a_unit_ends_to_count_as_taken_once_whatever_comes_late() -> None:
    units: list[int] = []
    shadow = Shadow(units.append, 0.0)
    shadow.fade()
    while len(units) < 2:
        await asyncio.sleep(0)
    shadow.fade()
    shadow.lift()
    await asyncio.sleep(0)
    assert units == [1, -1]


@dataclass
class Late:
    """A keeper that answers when it is let go."""

    kept: Kept
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def places(self) -> Collection[str]:
        return {PLACE}

    async def reserve(self, wish: Wish) -> Kept:
        await self.go.wait()
        return self.kept

    async def reserved(self, wish: Wish) -> Kept:
        return self.kept


@pytest.mark.promise("K-3")
@pytest.mark.parametrize("state", [Keeping.CONFIRMED, Keeping.DECLINED])
async def test_a_unit_is_off_the_other_kiosks_for_as_long_as_it_is_asked_for_and_never_comes_back_twice(
    state: Keeping,
) -> None:
    told: list[int] = []
    keeper = Late(Kept(state, "A-1" if state is Keeping.CONFIRMED else ""))
    shadows = Shadows(lambda _, __, units: told.append(units), seconds=0.0)
    heard = desk(keeper, Patience(wait_s=0.0, poll_s=0.0), shadows).keep(SKU, PLACE)
    assert [(await anext(heard)).state, (await anext(heard)).state] == [Keeping.PENDING, Keeping.UNKNOWN]
    for _ in range(10):
        await asyncio.sleep(0.001)
    assert told == [1]
    keeper.go.set()
    assert [word.state async for word in heard] == [state]
    while len(told) < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    assert told == [1, 0]


async def test_a_store_asks_a_hub_that_fails_nothing_anew_and_one_that_knows_no_such_wish_once(tmp_path: Path) -> None:
    came: list[str] = []

    async def posted(_: web.Request) -> web.Response:
        came.append("reserve")
        return web.json_response({"state": "pending"})

    async def looked(request: web.Request) -> web.Response:
        came.append("look")
        return web.Response(status=500 if request.match_info["key"].startswith("a") else 404)

    office_app = web.Application()
    office_app.add_routes([web.post(wire.PATH, posted), web.get(wire.PATH + "/{key}", looked)])
    async with TestServer(office_app) as server:
        settings = asking.Settings(url=f"http://127.0.0.1:{server.port}")
        async with afar(settings, tmp_path, lambda _: ["pos"], [PLACE]) as keeper:
            with pytest.raises(StockAway, match="500"):
                await keeper.reserved(Wish("a" * 32, SKU, PLACE))
            assert came == ["look"]
            assert await keeper.reserved(Wish("b" * 32, SKU, PLACE)) == Kept(Keeping.PENDING)
    assert came == ["look", "look", "reserve"]


async def test_a_wish_that_outlives_its_way_to_head_office_is_known_by_nobody(tmp_path: Path) -> None:
    settings = asking.Settings(url="http://127.0.0.1:9")
    async with afar(settings, tmp_path, lambda _: ["pos"], [PLACE]) as keeper:
        pass
    with pytest.raises(StockAway, match="no word"):
        await keeper.reserved(Wish("a" * 32, SKU, PLACE))


@pytest.mark.parametrize("says", ["HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "none of it"])
async def test_a_wish_whose_answer_breaks_off_is_known_by_nobody(tmp_path: Path, says: str) -> None:
    async def broken(_: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        to.write(says.encode())
        to.close()

    async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
        settings = asking.Settings(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with afar(settings, tmp_path, lambda _: ["pos"], [PLACE]) as keeper:
            with pytest.raises(StockAway, match="no word"):
                await keeper.reserved(Wish("a" * 32, SKU, PLACE))


@pytest.mark.parametrize(("ago_s", "state"), [(wire.SKEW_S - 1, Keeping.CONFIRMED), (wire.SKEW_S + 1, Keeping.UNKNOWN)])
def test_a_shops_clock_may_be_off_by_so_much_and_no_more(ago_s: float, state: Keeping) -> None:
    now_s = 1_795_000_000.0
    assert wire.believed(Kept(Keeping.CONFIRMED, "A-1", now_s - ago_s), now_s).state is state
