"""A system that says it tells every change, and sells silently: once that is found out, what screens show is right
before everything is compared again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edge import config, hub
from edge.stock.intake.doubts import Told
from edge.stock.level import sellable
from edge.stock.line import press, showing
from edge.stock.line.source import HubStock
from tests.contacts.conftest import Broker, free_port
from tests.house.test_app import store
from tests.stock.intake.test_intake_wired import channel
from tests.stock.line.test_line_broker import PACE, line, shop, until
from tests.stock.shops.generic import Generic

if TYPE_CHECKING:
    from edge.app import Parts
    from edge.stock.cache import StockCache
    from edge.stock.intake.desk import Intake

SILENT: dict[str, Any] = {"since": "sure", "beats": False, "push": False, "poll_s": 0.1, "compare_s": 3600.0}
"""Polls that are believed, and no comparison but those that are wished for."""


HUB = """
stock_token = "stock.token"
[web]
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = {broker} }}
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One that a test may start."""
    made = Broker(tmp_path, free_port())
    yield made
    made.kill()


@asynccontextmanager
async def silent() -> AsyncIterator[Generic]:
    """A core system whose figures were moved last an hour ago."""
    trading = Generic()
    for sku in ("A-1", "A-2"):
        trading.stock(sku, "ginza", 9)
    for row in trading.rows.values():
        row.at -= 3600
    await trading.start()
    yield trading
    await trading.stop()


def has(cache: StockCache, sku: str) -> int | None:
    (word,) = cache.words(sku, "ginza", time.time())
    return sellable(word.level) if word.level else None


async def found_out(intake: Intake, trading: Generic) -> int:
    """Something is sold silently, until a comparison found it and polls vouch no more; the comparisons until then."""
    running = intake.watch.comparing("core")
    assert running is not None
    trading.sell_silently("A-2", "ginza")
    running.compare()
    await until(lambda: intake.doubts.doubted("core", Told.SINCE))
    await until(lambda: running.comparison.begun == running.comparison.ended == 3)
    return running.comparison.begun


def compared(intake: Intake) -> int:
    found = intake.watch.comparison("core")
    return found.begun if found else 0


@asynccontextmanager
async def office(folder: Path, broker: int, trading: Generic) -> AsyncIterator[hub.Hub]:
    folder.mkdir()
    (folder / "stock.token").write_text("t0ken")
    (folder / "hub.toml").write_text(HUB.format(broker=broker) + channel(trading, folder, **SILENT))
    async with hub.running(config.read_hub(folder), folder, PACE) as running:
        yield running


def follows(parts: Parts) -> HubStock:
    source = parts.intake.watch.comparing("hub")
    assert isinstance(source, HubStock)
    return source


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("by", ["beat", "page"])
async def test_a_stores_screen_is_right_before_the_next_whole_comparison_once_polls_are_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, by: str
) -> None:
    monkeypatch.setattr(press, "BEAT_S", 0.2)
    monkeypatch.setattr(showing, "EVERY_S", 0.1)
    if by == "beat":
        broker.start()
    async with (
        silent() as trading,
        office(tmp_path / "hub", broker.port, trading) as head,
        shop(tmp_path / "edge", broker.port, head.port) as shown,
    ):
        await until(lambda: line(shown, "A-1").text == "在庫9点")
        assert (follows(shown).looks, head.stock.shown()) == (False, ())
        wholes = await found_out(head.intake, trading)
        await until(lambda: head.stock.shown() == ("A-1",))
        trading.sell_silently("A-1", "ginza")
        await until(lambda: has(shown.stock, "A-1") == 8)
        assert compared(head.intake) == wholes
        await head.intake.doubts.drop("core", Told.SINCE)
        await until(lambda: not follows(shown).looks)


@pytest.mark.promise("K-1")
async def test_a_store_by_itself_looks_first_at_what_its_screens_show_once_polls_are_doubted(tmp_path: Path) -> None:
    place = '\n[[location]]\nid = "ginza"\nplace = "here"\nname = { ja = "銀座店" }\n'
    async with silent() as trading, store(tmp_path, place + channel(trading, tmp_path, **SILENT)) as (parts, _):
        await until(lambda: line(parts, "A-1").text == "在庫9点")
        wholes = await found_out(parts.intake, trading)
        trading.sell_silently("A-1", "ginza")
        await until(lambda: has(parts.stock, "A-1") == 8)
        assert compared(parts.intake) == wholes
