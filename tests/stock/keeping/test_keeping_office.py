"""Head office's book of wishes: each asked of its system once, and only the system's own word passed on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge.ports import StockAway
from edge.stock.intake.desk import Open
from edge.stock.keeping.book import KEEPS_S, Book, BookAway
from edge.stock.keeping.office import Another
from edge.stock.system import Can, Keeping, Kept, Reserve, Wish
from tests.stock.keeping.till import HASTY_S, PLACE, SHOP, SKU, Room, Till, room, settings

KEY = "0123456789abcdef" * 2
WISH = Wish(KEY, SKU, PLACE)
ASKED = {"key": KEY, "sku": SKU, "location": PLACE}


@dataclass
class Says:
    """A system that says what it is told to, and counts."""

    first: Kept | None = None
    later: Kept | None = None
    after: asyncio.Event | None = None
    calls: list[str] = field(default_factory=list)

    async def reserve(self, wish: Wish) -> Kept:
        self.calls.append("reserve")
        if self.after is not None:
            await self.after.wait()
        return self._said(self.first)

    async def reserved(self, key: str) -> Kept:
        self.calls.append("reserved")
        return self._said(self.later)

    def _said(self, kept: Kept | None) -> Kept:
        if kept is None:
            raise StockAway("the shop is away")
        return kept


def confirmed(slip: str = "A-001", until_s: float | None = None) -> Kept:
    return Kept(Keeping.CONFIRMED, slip, time.time() + 3600 if until_s is None else until_s)


NONSENSE = [
    confirmed(slip="\x07"),
    confirmed(slip="x" * 33),
    confirmed(slip="a\u202eb"),
    confirmed(until_s=-1.0),
    confirmed(until_s=float("nan")),
    confirmed(until_s=float("inf")),
    confirmed(until_s=1e300),
    confirmed(until_s=1.0),
    confirmed(until_s=time.time() - 3600),
    confirmed(until_s=time.time() + 9e8),
]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize("kept", NONSENSE)
async def test_a_word_that_cannot_be_believed_is_no_success(kept: Kept) -> None:
    async with room(Says(first=kept)) as there:
        assert await there.office.reserve(WISH) == Kept(Keeping.UNKNOWN)


async def test_a_slip_and_a_time_are_passed_on_as_they_are() -> None:
    said = confirmed("取置-7")
    async with room(Says(first=said)) as there:
        assert await there.office.reserve(WISH) == said


@pytest.mark.promise("K-3")
async def test_a_wish_that_comes_again_is_asked_once() -> None:
    system = Says(first=confirmed(), later=Kept(Keeping.DECLINED))
    async with room(system) as there:
        words = [await there.office.reserve(WISH) for _ in range(3)]
        assert await there.office.standing(KEY) == words[0]
    assert (len(set(words)), system.calls) == (1, ["reserve"])


@pytest.mark.promise("K-3")
async def test_two_that_come_at_once_are_one_wish() -> None:
    till = Till(units=2)
    async with room(till) as there:
        words = await asyncio.gather(*(there.office.reserve(WISH) for _ in range(5)))
    assert {word.slip for word in words} == {"A-001"}
    assert till.asked == [KEY]


async def test_a_key_that_belongs_to_another_wish_is_refused() -> None:
    async with room(Till()) as there:
        await there.office.reserve(WISH)
        with pytest.raises(Another):
            await there.office.reserve(Wish(KEY, "LN-09-L", PLACE))


@pytest.mark.promise("K-3")
async def test_a_system_that_is_away_is_asked_after_the_wish_and_never_again_for_it() -> None:
    system = Says(later=confirmed())
    async with room(system) as there:
        assert await there.office.reserve(WISH) == Kept(Keeping.UNKNOWN)
        assert await there.office.reserve(WISH) == system.later
    assert system.calls == ["reserve", "reserved"]


@pytest.mark.promise("K-3")
async def test_a_late_answer_is_pending_and_then_what_it_says() -> None:
    system = Says(first=confirmed(), after=asyncio.Event())
    async with room(system, answer_s=0.0) as there:
        assert await there.office.reserve(WISH) == Kept(Keeping.PENDING)
        assert system.after is not None
        system.after.set()
        there.office._answer_s = 600.0
        assert await there.office.standing(KEY) == system.first
    assert system.calls == ["reserve"]


@pytest.mark.promise("K-3")
@pytest.mark.parametrize("later", [confirmed("B-1"), Kept(Keeping.DECLINED), Kept(Keeping.UNKNOWN)])
async def test_after_a_restart_in_between_the_system_tells_how_a_wish_stands(tmp_path: Path, later: Kept) -> None:
    system = Says(first=confirmed("never heard"), later=later, after=asyncio.Event())
    async with room(system, path=tmp_path / "wishes.sqlite", answer_s=HASTY_S) as there:
        await there.office.reserve(WISH)
        while "reserve" not in system.calls:
            await asyncio.sleep(0)
    async with room(system, path=tmp_path / "wishes.sqlite") as there:
        assert await there.office.reserve(WISH) == later
    assert system.calls == ["reserve", "reserved"]


@pytest.mark.promise("K-3")
async def test_the_last_word_stays() -> None:
    async with room(Till()) as there:
        book = Book(there.db)
        await book.begin(WISH, SHOP, 0.0)
        assert await book.settle(KEY, Kept(Keeping.DECLINED)) == Kept(Keeping.DECLINED)
        assert await book.settle(KEY, confirmed()) == Kept(Keeping.DECLINED)


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(
    ("can", "more"),
    [
        (Can(reserve=Reserve.NONE), {}),
        (Can(reserve=Reserve.ATOMIC, display=False), {}),
        (Can(reserve=Reserve.ATOMIC), {"display_allowed": False}),
        (Can(reserve=Reserve.ATOMIC), {"locations": {"*": "shibuya"}}),
    ],
)
async def test_where_no_shown_system_keeps_units_a_wish_is_declined(can: Can, more: dict[str, Any]) -> None:
    system = Says(first=confirmed())
    async with room(system) as there:
        there.intake.open[SHOP] = Open(can, settings(**more), system)  # type: ignore[arg-type]
        assert await there.office.reserve(WISH) == Kept(Keeping.DECLINED)
    assert system.calls == []


@pytest.mark.promise("K-3")
async def test_a_system_is_asked_for_its_own_name_of_a_product() -> None:
    asked: list[Wish] = []

    @dataclass
    class Named(Till):
        async def reserve(self, wish: Wish) -> Kept:
            asked.append(wish)
            return await super().reserve(wish)

    async with room(till := Named()) as there:
        names = {SKU: "4912345678904"}
        there.intake.open[SHOP] = Open(Can(reserve=Reserve.ATOMIC), settings(), till, names.__getitem__)  # type: ignore[arg-type]
        await there.office.reserve(WISH)
    assert asked == [Wish(KEY, "4912345678904", PLACE)]


async def test_a_wish_is_forgotten_after_a_week() -> None:
    async with room(Till()) as there:
        book = Book(there.db)
        await book.begin(WISH, SHOP, 0.0)
        await book.begin(Wish("f" * 32, SKU, PLACE), SHOP, KEEPS_S + 1)
        assert await book.find(KEY) is None


async def test_a_disk_that_refuses_lets_nothing_be_asked() -> None:
    system = Says(first=confirmed())
    async with room(system) as there:
        await there.db.write(lambda connection: connection.execute("DROP TABLE stock_wish"))
        with pytest.raises(BookAway):
            await there.office.reserve(WISH)
    assert system.calls == []


# Over HTTP -------------------------------------------------------------------------------------------------------

Client = Callable[..., Awaitable[tuple[int, Any]]]


async def served(there: Room, token: str, open_: bool) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.add_routes(there.office.routes(token, open_))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    """Head office with a till behind it, for who bears the token."""
    async with room(Till()) as there:
        async for client in served(there, "open-sesame", open_=True):
            client.session.headers["Authorization"] = "Bearer open-sesame"
            yield client


async def test_a_wish_goes_over_http_and_its_standing_comes_back(client: TestClient[Any, Any]) -> None:
    answer = await (await client.post("/v1/stock/reserve", json=ASKED)).json()
    again = await (await client.get(f"/v1/stock/reserve/{KEY}")).json()
    assert (answer["state"], answer["slip"], again) == ("confirmed", "A-001", answer)


async def test_a_wish_that_never_came_is_unknown(client: TestClient[Any, Any]) -> None:
    answer = await client.get(f"/v1/stock/reserve/{'0' * 32}")
    assert (answer.status, await answer.json()) == (404, {"state": "unknown"})


HOSTILE = [
    b"",
    b"null",
    b"[" * 5000,
    b'{"key":"short","sku":"a","location":"ginza"}',
    b'{"key":"%b","sku":"","location":"ginza"}' % KEY.encode(),
    b'{"key":"%b","sku":"a\\u0000","location":"ginza"}' % KEY.encode(),
    b'{"key":"%b","sku":"a","location":"../etc"}' % KEY.encode(),
    b'{"key":"%b","sku":"a","location":"ginza","member":"m1"}' % KEY.encode(),
    b'{"key":"%b","key":"%b","sku":"a","location":"ginza"}' % (KEY.encode(), KEY.encode()),
    b'{"key":"%b","sku":"a","location":NaN}' % KEY.encode(),
    b'{"key":"%b","sku":"%b","location":"ginza"}' % (KEY.encode(), b"x" * 5000),
]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("body", HOSTILE)
async def test_what_is_no_wish_is_refused_and_asks_nothing(client: TestClient[Any, Any], body: bytes) -> None:
    answer = await client.post("/v1/stock/reserve", data=body)
    assert answer.status in (400, 413)
    assert (await client.get(f"/v1/stock/reserve/{KEY}")).status == 404


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("token", "open_", "given", "status"),
    [("t", True, "u", 401), ("t", False, "", 401), ("", True, "", 403), ("", False, "", 200)],
)
async def test_units_are_kept_for_stores_alone(token: str, open_: bool, given: str, status: int) -> None:
    async with room(Till()) as there:
        async for client in served(there, token, open_):
            headers = {"Authorization": f"Bearer {given}"}
            assert (await client.post("/v1/stock/reserve", json=ASKED, headers=headers)).status == status
