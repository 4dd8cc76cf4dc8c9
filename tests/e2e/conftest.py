"""The demo's real processes, an ear on their broker, and a real Chromium."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests import chromium
from tests.e2e.listening import listening, undescribed
from tests.e2e.running import Running, demo_running


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    """A demo that runs; whatever any test of it brought onto the wire, the documents describe."""
    with demo_running(tmp_path) as running, listening(running.ports["broker"]) as heard:
        running.heard = heard
        yield running
        assert undescribed(heard) == set()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium.launched() as browser:
        yield browser
