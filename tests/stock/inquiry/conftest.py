"""A store whose stock is told by two files, and the desk where IT asks of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge import app, config

SETTINGS = """
[device]
chain = "acme"
store = "ginza"
id = "front"
clock = "trusted"
[web]
port = 0
[[screen]]
id = "left"
[[stock]]
id = "pos"
adapter = "csv"
settings = { path = "pos.csv", poll_s = 0.05 }
[[location]]
id = "ginza"
place = "here"
name = { ja = "銀座店", en = "Ginza" }
[[location]]
id = "shinjuku"
place = "near"
name = { ja = "新宿店", en = "Shinjuku" }
minutes = 5
hours = "00:00-24:00"
pickup = true
"""
ROWS = """sku,location,available,gtin
LN-09-M,ginza,0,4901234567894
LN-09-M,shinjuku,7,4901234567894
LN-09-L,ginza,3,
LN-09-L,aoyama,1,
"""

Run = Callable[[], Awaitable[app.Parts]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "device.toml").write_text(SETTINGS)
    (tmp_path / "pos.csv").write_text(ROWS)
    return tmp_path


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[app.Parts]:
    """The store's service, once it has read its stock and answers."""
    async with app.running(config.read_store(folder), folder) as parts:
        while parts.stock.standing("pos", "ginza").rows < 2 or not (folder / "data" / "inquiries" / "lock").exists():
            await asyncio.sleep(0.01)
        yield parts
