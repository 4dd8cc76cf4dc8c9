"""A real Chromium without a window, which asks the network for nothing of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright, expect

expect.set_options(timeout=60_000)  # a busy machine is late; no test measures time by it

PROGRAM = "/usr/bin/chromium"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)


@asynccontextmanager
async def launched(*more: str) -> AsyncIterator[Browser]:
    """A browser with these flags too; at the end no process of it is left."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=[*FLAGS, *more])
        yield browser
        await browser.close()


async def becomes(page: Page, expression: str, arg: object = None) -> None:
    """Wait until an expression is true in a page, at its next look or much later on a busy machine.

    The driver's own wait evaluates a text inside the page, which a page's content policy forbids.
    """
    async with asyncio.timeout(90):
        while not await page.evaluate(expression, arg):
            await asyncio.sleep(0.02)
