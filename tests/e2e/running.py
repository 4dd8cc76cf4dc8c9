"""The demo's real processes, a real Chromium, and what both leave behind."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from playwright.async_api import Browser, Page

from edge.bench.ports import free_port
from tests.e2e.listening import Heard

ROOT = Path(__file__).parent.parent.parent
ARTIFACTS = ROOT / ".artifacts"
PATIENCE = 90.0
"""How long a thing may take that a busy machine does late; nothing is measured by it."""
T = TypeVar("T")


@dataclass
class Running:
    """A demo that runs: its ports and its folder. ``heard`` is what went through its broker, if a test listens."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    heard: Heard = field(default_factory=list)

    @property
    def ports(self) -> dict[str, int]:
        ports: dict[str, int] = json.loads((self.folder / "demo.json").read_text())["ports"]
        return ports

    def url(self, part: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports[part]}{path}"

    def pid(self, name: str) -> int:
        return int(json.loads((self.folder / "processes.json").read_text())[name])

    async def post(self, path: str, **body: str) -> Any:
        async with aiohttp.ClientSession() as session, session.post(self.url("world", path), json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    def contacts(self, where: str = "1") -> list[dict[str, Any]]:
        """Head office's contacts, in order, as their CloudEvents."""
        path = self.folder / "hub" / "data" / "contacts.sqlite"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'contacts'").fetchone():
                return []  # head office is only making its database
            rows = db.execute(f"SELECT body FROM contacts WHERE {where} ORDER BY stream, seq").fetchall()
        return [json.loads(body) for (body,) in rows]

    def accepted(self) -> tuple[str, int]:
        """The outbox's stream, and how many contacts it has ever accepted."""
        path = self.folder / "edge" / "data" / "outbox.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            (last,) = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone() or (0,)
            (stream,) = db.execute("SELECT v FROM meta WHERE k = 'stream'").fetchone()
        return str(stream), int(last)


@contextmanager
def demo_running(folder: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "edge", "demo", "--no-browser", "--port", str(port), "--dir", str(folder)]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        try:
            running = Running(port, folder, process)
            _wait(lambda: "start here" in (folder / "demo.log").read_text(), process)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, "the demo ended"
        assert time.monotonic() < ends, "the demo did not start"
        time.sleep(0.1)


async def eventually(look: Callable[[], T], patience: float = PATIENCE) -> T:
    """What ``look`` gives once it is true; fails with its last value."""
    ends = asyncio.get_running_loop().time() + patience
    while not (seen := look()):
        assert asyncio.get_running_loop().time() < ends, f"still {seen!r}"
        await asyncio.sleep(0.1)
    return seen


async def opened(browser: Browser, url: str, width: int = 1080, height: int = 1920) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.goto(url)
    return page


async def picture(page: Page, name: str) -> None:
    """Keep a screenshot as an artefact of the run."""
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"{name}.png")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
