"""What the settings of a hub's followers may be, and how a hub is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import app, config, hub
from edge.adapters import stock_hub
from edge.ports import Probed, StockAway
from tests.contacts.conftest import free_port
from tests.stock.line.conftest import Wired
from tests.stock.line.test_line_broker import EDGE, HUB

FOLLOWS = '[[stock]]\nid = "far"\nadapter = "hub"\nsettings = { url = "https://hub.example" }\n'


async def test_a_hub_cannot_follow_a_hub(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(HUB.format(broker=1) + FOLLOWS)
    with pytest.raises(config.BadConfig, match=r"stock\.far: adapter 'hub' is for a store"):
        async with hub.running(config.read_hub(tmp_path), tmp_path):
            pass


async def test_a_store_without_a_location_has_nothing_to_follow(tmp_path: Path) -> None:
    whole = EDGE.format(broker=1, hub=1, own=free_port())
    start, end = whole.index("[[location]]"), whole.index("[[stock]]")
    (tmp_path / "device.toml").write_text(whole[:start] + whole[end:])
    with pytest.raises(config.BadConfig, match=r"stock\.hub: no location is followed"):
        async with app.running(config.read_store(tmp_path), tmp_path):
            pass


async def test_a_hub_is_tried_without_being_followed(wired: Wired, tmp_path: Path) -> None:
    async with wired() as wire:
        url = wire.asker._settings.url
        async with stock_hub.open(stock_hub.Settings(url=url, token_file=Path("token")), tmp_path) as tried:
            assert isinstance(tried, Probed)
            await tried.probe()
        async with stock_hub.open(stock_hub.Settings(url=url), tmp_path) as tried:
            assert isinstance(tried, Probed)
            with pytest.raises(StockAway, match="401; look at token_file"):
                await tried.probe()
