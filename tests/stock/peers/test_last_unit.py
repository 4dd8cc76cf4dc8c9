"""One unit of a real django-oscar, which sells it to all who ask at once: no kiosk says that it is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge.adapters import stock_oscar
from edge.bench.shops import oscar
from edge.config import checked
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.opening import source
from edge.stock.keeping.desk import Desk
from edge.stock.keeping.keeper import Own
from edge.stock.system import Keeping
from tests.stock.intake.rig import CHANNEL, intake_at
from tests.stock.keeping.till import desk

pytestmark = pytest.mark.skipif(not oscar.there(), reason="django-oscar is not here; ./run test installs it")
KIOSKS = 20


@pytest.fixture
def shop(tmp_path: Path) -> oscar.Oscar:
    return oscar.Oscar(tmp_path, products=1, places=1)


async def last(kiosks: Desk, sku: str) -> str:
    """The last word that a kiosk hears of its wish."""
    return [wished.state async for wished in kiosks.keep(sku, "ginza")][-1]


@pytest.mark.promise("K-3")
async def test_a_shop_that_sells_one_unit_twenty_times_promises_it_to_no_kiosk(shop: oscar.Oscar) -> None:
    settings = checked(stock_oscar.Settings, shop.settings(shop.folder, {"1": "ginza"}), "stock.shop")
    with shop.running():
        async with intake_at(shop.folder, clocks=Clocks()) as intake, shop.clerk() as hands:
            await hands.edit(1, 1, 1)
            async with source(stock_oscar, settings, shop.folder, CHANNEL, intake):
                keeper, kiosks = Own(intake, [CHANNEL]), desk()
                with kiosks.through("own", keeper):
                    offered = kiosks.reserving()
                    sales = asyncio.gather(*(hands.sell(1, 1) for _ in range(KIOSKS)))
                    heard = await asyncio.gather(*(last(kiosks, shop.sku(1)) for _ in range(KIOSKS)))
                    await sales
    assert offered == frozenset()
    assert heard == [Keeping.DECLINED] * KIOSKS
    assert shop.book_truth() == {("S-000001", "1"): 0}
