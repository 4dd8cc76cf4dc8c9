"""One call out: one try, strictly read, every refusal told without what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from edge.ports import StockAway
from edge.stock.intake.caller import ShopCaller
from edge.stock.system import Call
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import asked, driven

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock


async def calling(shop: Standing, folder: Path, clock: HandClock, call: Call) -> object:
    """What one call answers, parsed."""
    made = module(shop.bazaar)

    def system(settings: object, where: object, caller: ShopCaller) -> Bazaar:
        shop.bazaar.caller = caller  # type: ignore[attr-defined]
        return shop.bazaar

    made.system = system  # type: ignore[attr-defined]
    async with asked(made, shop, folder, driven(clock)):
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


async def test_a_call_that_broke_off_is_not_repeated(tmp_path: Path, clock: HandClock) -> None:
    shop = standing(clock)

    def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    shop.say = broken
    with pytest.raises(StockAway, match="broke off"):
        await calling(shop, tmp_path, clock, Call("/x"))
    assert shop.calls == 1


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("url", ["https://169.254.169.254/x", "https://other.example/x", "http://other.example/x"])
async def test_no_other_host_than_the_settings_is_asked(tmp_path: Path, clock: HandClock, url: str) -> None:
    with pytest.raises(StockAway):
        await calling(standing(clock, text="{}"), tmp_path, clock, Call(url))
