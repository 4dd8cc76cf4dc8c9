"""Head office and a store as they run, over a real broker: a file at the hub, lines of text at the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge import app, config, hub
from edge.contacts.line.dial import Pace
from edge.health import Health, State
from edge.model import StockLine
from tests.contacts.conftest import QUICK, Broker, free_port

HUB = """
stock_token = "stock.token"
[web]
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = {broker} }}
[[stock]]
id = "pos"
adapter = "csv"
settings = {{ path = "stock.csv", poll_s = 0.02 }}
"""

EDGE = """
[device]
chain = "acme"
store = "ginza"
id = "front"
clock = "trusted"
[web]
port = {own}
[[screen]]
id = "kiosk-1"
device_class = "kiosk"
[[location]]
id = "ginza"
place = "here"
name = {{ ja = "銀座店" }}
[[stock]]
id = "hub"
adapter = "hub"
settings = {{ url = "http://127.0.0.1:{hub}", token_file = "stock.token", spread_s = 0, poll_s = 0.2 }}
[upstream]
adapter = "mqtt"
settings = {{ port = {broker} }}
"""
PACE: Pace = replace(QUICK, redial=0.1, redial_longest=0.2)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path, free_port())
    started.start()
    yield started
    started.kill()


@asynccontextmanager
async def office(folder: Path, broker: int, **counts: int) -> AsyncIterator[hub.Hub]:
    """A head office whose one source is a file."""
    folder.mkdir(exist_ok=True)
    (folder / "stock.token").write_text("t0ken")
    (folder / "hub.toml").write_text(HUB.format(broker=broker))
    sells(folder, **counts)
    async with hub.running(config.read_hub(folder), folder, PACE) as running:
        yield running


def sells(folder: Path, **counts: int) -> None:
    rows = "".join(f"{sku},ginza,{count}\n" for sku, count in counts.items())
    (folder / "stock.new").write_text("sku,location,available\n" + rows)
    (folder / "stock.new").replace(folder / "stock.csv")


@asynccontextmanager
async def shop(folder: Path, broker: int, office: int) -> AsyncIterator[app.Parts]:
    folder.mkdir(exist_ok=True)
    (folder / "stock.token").write_text("t0ken")
    (folder / "device.toml").write_text(EDGE.format(broker=broker, hub=office, own=free_port()))
    async with app.running(config.read_store(folder), folder, PACE) as parts:
        yield parts


def line(parts: app.Parts, sku: str) -> StockLine:
    (found,) = parts.stock.lines(sku, parts.store.location, "ja", parts.now().timestamp())
    return found


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


@pytest.mark.promise("K-1")
async def test_a_sale_in_head_offices_file_is_on_the_stores_screen_with_and_without_the_broker(
    tmp_path: Path, broker: Broker
) -> None:
    async with (
        office(tmp_path / "hub", broker.port, A=3) as head,
        shop(tmp_path / "edge", broker.port, head.port) as shown,
    ):
        await until(lambda: line(shown, "A").text == "残り3点")
        await until(lambda: up(head.health, "to stores") and up(shown.health, f"mqtt 127.0.0.1:{broker.port}"))
        sells(tmp_path / "hub", A=2)
        await until(lambda: line(shown, "A").text == "残り2点")
        await until(lambda: head.press.counted["rows"] >= 1)  # the store may have asked before it was told
        broker.kill()
        sells(tmp_path / "hub", A=1)
        await until(lambda: line(shown, "A").text == "残り1点")
        assert up(shown.health, "hub")
        broker.start()
        await until(lambda: up(shown.health, f"mqtt 127.0.0.1:{broker.port}"))
        sells(tmp_path / "hub", A=0)
        await until(lambda: line(shown, "A").text == "在庫なし")
        assert shown.ears["hub"].counted.total() == 0


def up(health: Health, name: str) -> bool:
    return State.UP in {part.state for part in health.parts() if part.name == name}
