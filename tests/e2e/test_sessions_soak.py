"""Session after session by an accelerated clock, in two real pages: neither they nor the service grow.

``TENTOU_SOAK_SESSIONS`` says how many; ``./run soak sessions`` asks for 10,000.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, CDPSession, Page

from tests.e2e.running import ARTIFACTS, ROOT
from tests.e2e.soaking import KIOSK, PAGE, SIGN

SESSIONS = int(os.environ.get("TENTOU_SOAK_SESSIONS", "40"))
LOOKS = min(20, SESSIONS // 10)
"""Between two of them lie whole rounds of the ten kinds of visits."""
STEADY = {"nodes": 10, "listeners": 3, "documents": 5 if SESSIONS >= 5000 else 40}
"""What does not rise, and by how many it may seem to. A browser keeps each picture that is drawn (SVG) as a document
once it was shown; there are some 40, and a short run has not shown them all before the first look."""
ICON = 4
"""Nodes of such a document; they are not counted as the page's."""
FEW = ("tasks", "unpainted", "errands", "in view", "tokens", "reports", "pages", "waiting")
"""What the service may hold some of at a moment, never one of for each session."""
GROWTH = 1.03 if SESSIONS >= 5000 else 1.15
"""How much larger a heap may be in the last quarter than in the second; a browser's own caches fill for some hundred
sessions."""
Figures = dict[str, float]


@asynccontextmanager
async def soaked(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """The store in a process of its own: where its pages are and where it is driven."""
    with (folder / "soak.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.e2e.soaking", str(folder / "store"), cwd=ROOT, stdout=-1, stderr=log
        )
        try:
            assert process.stdout is not None
            line = await process.stdout.readline()
            assert line, (folder / "soak.log").read_text()
            yield json.loads(line)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def opened(browser: Browser, url: str, screen: str) -> tuple[Page, CDPSession]:
    """A screen's page under the store's clock, and what its engine says of itself."""
    context = await browser.new_context(viewport={"width": 540, "height": 960})  # a small one is painted sooner
    await context.add_init_script(PAGE)
    page = await context.new_page()
    await page.goto(f"{url}/screens/{screen}")
    await page.locator(".layer.front").wait_for()
    await page.evaluate("window.soaked = true")
    engine = await context.new_cdp_session(page)
    await engine.send("Performance.enable")
    return page, engine


async def look(page: Page, engine: CDPSession) -> Figures:
    """Nodes, listeners, documents and the heap in MiB, after everything that can be collected was."""
    assert await page.evaluate("window.soaked"), "the page began afresh"
    for _ in range(2):
        await engine.send("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in (await engine.send("Performance.getMetrics"))["metrics"]}
    return {
        "nodes": told["Nodes"] - ICON * told["Documents"],
        "listeners": told["JSEventListeners"],
        "documents": told["Documents"],
        "heap": told["JSHeapUsedSize"] / 2**20,
    }


def drift(values: Sequence[float]) -> float:
    """How far a straight line through them rises from the first to the last."""
    if len(set(values)) == 1:
        return 0.0
    return statistics.linear_regression(range(len(values)), values).slope * (len(values) - 1)


def grown(values: Sequence[float]) -> float:
    """The median of the last quarter by that of the second."""
    size = max(1, len(values) // 4)
    return statistics.median(values[-size:]) / statistics.median(values[size : 2 * size])


@pytest.mark.timeout(600 + SESSIONS * 2)
@pytest.mark.promise("S-2")
async def test_no_session_leaves_anything_behind(browser: Browser, tmp_path: Path) -> None:
    seen: dict[str, list[Figures]] = {"service": [], KIOSK: [], SIGN: []}
    async with soaked(tmp_path) as where, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(None)) as http:
        pages = {screen: await opened(browser, where["store"], screen) for screen in (KIOSK, SIGN)}
        for turn in range(LOOKS):
            asked = {"first": SESSIONS * turn // LOOKS, "last": SESSIONS * (turn + 1) // LOOKS}
            async with http.post(f"{where['drive']}/live", params=asked) as answer:
                assert answer.status == 200, (tmp_path / "soak.log").read_text()[-2000:]
                seen["service"].append(await answer.json())
            for screen, (page, engine) in pages.items():
                seen[screen].append(await look(page, engine))
            told = {name: {what: round(value, 2) for what, value in looks[-1].items()} for name, looks in seen.items()}
            sys.stdout.write(f"{asked['last']} {json.dumps(told)}\n")
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / "soak-sessions.json").write_text(json.dumps({"sessions": SESSIONS, "seen": seen}, indent=1))
    for screen in (KIOSK, SIGN):
        the_page_is_as_it_was(seen[screen])
    the_service_is_as_it_was(seen["service"])


def the_page_is_as_it_was(looks: list[Figures]) -> None:
    later = looks[len(looks) // 4 :]
    for name, room in STEADY.items():
        assert drift([each[name] for each in later]) <= room, (name, [each[name] for each in looks])
    heaps = [each["heap"] for each in looks]
    assert grown(heaps) <= GROWTH, heaps


def the_service_is_as_it_was(looks: list[Figures]) -> None:
    for name in FEW:
        held = [each[name] for each in looks]
        middle = len(held) // 2  # one moment may hold more, which the least of a half leaves out
        assert min(held[middle:]) - min(held[:middle]) <= 3, (name, held)
    for name in ("rss", "objects"):
        held = [each[name] for each in looks]
        assert grown(held) <= GROWTH, (name, held)
