"""What only Vendure's adapter does: it signs in again, and reads a list that is longer than a page."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from edge.adapters import stock_vendure
from edge.stock.system import Key
from tests.stock.intake.rig import all_of, asked, told
from tests.stock.shops.vendure import Vendure

OVER = {"errors": [{"message": "not authorized", "extensions": {"code": "FORBIDDEN"}}], "data": None}


async def test_a_session_that_is_over_is_begun_again(tmp_path: Path) -> None:
    shop = Vendure()
    shop.stock("LN-09-M", "ginza", 3)

    def ends(_: web.Request) -> web.Response:
        shop.say = None
        return web.json_response(OVER)

    async with asked(stock_vendure, shop, tmp_path) as (system, _):
        await all_of(system.everything())
        shop.say = ends
        found = told((await system.read([Key("LN-09-M", "1")])).levels)
    assert found["LN-09-M", "ginza"] == 3


async def test_a_list_longer_than_a_page_is_read_whole(tmp_path: Path) -> None:
    shop = Vendure()
    for number in range(250):
        shop.stock(f"LN-{number}-M", "ginza", number)
    async with asked(stock_vendure, shop, tmp_path) as (system, _):
        found = told(await all_of(system.everything()))
    assert found == shop.levels()
    assert len(found) >= 250
