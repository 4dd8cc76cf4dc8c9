"""One call out: one try, strictly read, every refusal told without what was answered."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from edge.ports import StockAway
from edge.stock.intake.caller import ShopCaller, doing
from edge.stock.intake.windows import Urgency
from edge.stock.system import Call
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import asked, driven, intake_at

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock


def leaking(shop: Standing) -> ModuleType:
    """The shop's adapter, which hands its caller out."""
    made = module(shop.bazaar)

    def system(settings: object, where: object, caller: ShopCaller) -> Bazaar:
        shop.bazaar.caller = caller  # type: ignore[attr-defined]
        return shop.bazaar

    made.system = system  # type: ignore[attr-defined]
    return made


async def calling(shop: Standing, folder: Path, clock: HandClock, call: Call, **more: object) -> object:
    """What one call answers, parsed."""
    async with asked(leaking(shop), shop, folder, driven(clock), **more):
        answer = await shop.bazaar.caller(call)  # type: ignore[attr-defined]
        return answer.json


def standing(clock: HandClock, **said: object) -> Standing:
    shop = Standing(Bazaar(1, lambda: clock.wall))
    shop.say = lambda _: web.Response(**said)  # type: ignore[arg-type]
    return shop


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json", "text/html"])
async def test_json_is_read_however_a_shop_calls_it(tmp_path: Path, clock: HandClock, kind: str) -> None:
    shop = standing(clock, text='{"a": 1}', content_type=kind)
    assert await calling(shop, tmp_path, clock, Call("/x")) == {"a": 1}


async def test_lines_of_json_are_bytes_for_who_asked(tmp_path: Path, clock: HandClock) -> None:
    shop = standing(clock, text='{"a": 1}\n{"a": 2}\n', content_type="application/jsonl")
    assert await calling(shop, tmp_path, clock, Call("/x")) is None


@pytest.mark.promise("K-4")
async def test_a_refusal_rests_as_long_as_the_shop_says(tmp_path: Path, clock: HandClock) -> None:
    shop = standing(clock, status=429, headers={"Retry-After": "90"}, text="secret")
    with pytest.raises(StockAway, match="answered 429") as away:
        await calling(shop, tmp_path, clock, Call("/x"))
    assert "secret" not in str(away.value)
    shop.say, began = lambda _: web.json_response({}), clock.monotonic
    assert await calling(shop, tmp_path, clock, Call("/x")) == {}
    assert clock.monotonic - began >= 89.9


def broken(request: web.Request) -> web.Response:
    """A connection that the shop closes instead of an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.promise("K-4")
async def test_a_call_that_broke_off_is_asked_once_more_and_both_are_written_down(
    tmp_path: Path, clock: HandClock
) -> None:
    shop = standing(clock)
    shop.say = broken
    with pytest.raises(StockAway, match="broke off"):
        await calling(shop, tmp_path, clock, Call("/x", method="POST"), calls_per_hour=100)
    async with intake_at(tmp_path) as intake:
        spent = await intake.db.read(lambda db: db.execute("SELECT count(*), sum(cost) FROM spent").fetchone())
    assert (shop.calls, spent) == (2, (2, 2.0))


@pytest.mark.promise("K-3")
@pytest.mark.parametrize(("method", "calls"), [("POST", 1), ("GET", 2)])
async def test_what_may_keep_a_unit_is_never_asked_twice(
    tmp_path: Path, clock: HandClock, method: str, calls: int
) -> None:
    shop = standing(clock)
    shop.say = broken
    with pytest.raises(StockAway, match="broke off"), doing(Urgency.RESERVE, driven(clock)):
        await calling(shop, tmp_path, clock, Call("/x", method=method))
    assert shop.calls == calls


async def test_connections_are_kept_for_the_next_question(tmp_path: Path, clock: HandClock) -> None:
    shop, ports = standing(clock), set[object]()

    def noted(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.json_response({})

    shop.say = noted
    async with asked(leaking(shop), shop, tmp_path, driven(clock)):
        for _ in range(5):
            await shop.bazaar.caller(Call("/x"))  # type: ignore[attr-defined]
    assert (shop.calls, len(ports)) == (5, 1)


@pytest.mark.parametrize(("age", "least", "most"), [("", -90.0, -88.0), ("30", -60.0, -58.0)])
async def test_the_shops_clock_is_between_its_date_by_the_question_and_by_the_answer(
    tmp_path: Path, clock: HandClock, age: str, least: float, most: float
) -> None:
    shop = standing(clock)

    def slow(_: web.Request) -> web.Response:
        said = formatdate(clock.wall - 89.0, usegmt=True)
        clock.pass_(1.0)
        return web.json_response({}, headers={"Date": said} | ({"Age": age} if age else {}))

    shop.say = slow
    await calling(shop, tmp_path, clock, Call("/x"))
    found = shop.bazaar.caller.skew  # type: ignore[attr-defined]
    assert (found.least, found.most) == pytest.approx((least, most), abs=1e-3)


@pytest.mark.parametrize(
    "said",
    ["Mon, 99999999999999999999 Nov 2026 00:00:00 GMT", "Mon, 22 Nov 2026 00:00:00 +99999999999999999999", "today"],
)
async def test_an_answer_whose_date_is_none_is_an_answer(tmp_path: Path, clock: HandClock, said: str) -> None:
    shop = standing(clock, text='{"a": 1}', content_type="application/json", headers={"Date": said})
    assert await calling(shop, tmp_path, clock, Call("/x")) == {"a": 1}
    assert shop.bazaar.caller.skew is None  # type: ignore[attr-defined]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("url", ["https://169.254.169.254/x", "https://other.example/x", "http://other.example/x"])
async def test_no_other_host_than_the_settings_is_asked(tmp_path: Path, clock: HandClock, url: str) -> None:
    with pytest.raises(StockAway):
        await calling(standing(clock, text="{}"), tmp_path, clock, Call(url))
