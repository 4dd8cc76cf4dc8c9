"""The service dies, freezes and returns; the screen plays on and is right again without a hand."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from edge.bench.ports import free_port

PROGRAM = Path(__file__).parent / "a_store.py"
SECRET = "かつおぶし"
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-3")]

KEPT = """async () => {
    for (;;) {
        const names = await caches.keys();
        const page = names.some((name) => name.startsWith("tentou-page-")) && await caches.match("/screens/kiosk");
        if (page && await caches.match("/screens/kiosk/loop.json")) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}"""


class Service:
    """A store's service that can be killed, frozen and started again at the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/screens/kiosk"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), str(self.port))
        async with asyncio.timeout(90):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        if number is signal.SIGKILL:
            await self._process.wait()
            self._process = None

    async def stop(self) -> None:
        if self._process is not None:
            await self.signal(signal.SIGKILL)


@pytest_asyncio.fixture(loop_scope="session")
async def service() -> AsyncIterator[Service]:
    made = Service()
    await made.start()
    yield made
    await made.stop()


async def shows_the_loop(page: Page) -> bool:
    """Wait for the loop; whether nothing of the member is in the page."""
    await page.locator("body[data-scene=loop]").wait_for()
    await page.locator(".layer.front img").wait_for()
    return SECRET not in await page.content()


async def test_a_dead_service_leaves_the_loop_and_returns_by_itself(page: Page, service: Service) -> None:
    await page.goto(service.url)
    await page.locator("h1", has_text=SECRET).wait_for()
    await service.signal(signal.SIGKILL)
    assert await shows_the_loop(page)
    await service.start()
    await page.locator("h1", has_text=SECRET).wait_for()


async def test_a_frozen_service_is_noticed(page: Page, service: Service) -> None:
    await page.goto(service.url)
    await page.locator("h1", has_text=SECRET).wait_for()
    await service.signal(signal.SIGSTOP)
    assert await shows_the_loop(page)
    await service.signal(signal.SIGCONT)
    await page.locator("h1", has_text=SECRET).wait_for()


@pytest.mark.parametrize("gone", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_page_reloaded_without_its_service_plays_from_its_own_cache(
    page: Page, service: Service, gone: signal.Signals
) -> None:
    await page.goto(service.url)
    await page.evaluate(KEPT)
    await service.signal(gone)
    await page.reload()
    assert await shows_the_loop(page)
    second = page.locator(".layer.front img[alt*='会員証をかざすと']")
    await second.wait_for()
    assert await second.evaluate("img => img.naturalWidth") > 0
