"""The demo's real processes and a real Chromium."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests import chromium
from tests.e2e.running import Running, demo_running


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    with demo_running(tmp_path) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium.launched() as browser:
        yield browser
