"""A store that starts with everything around it away: broker, head office, online shop, names."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from edge.demo import camera, phone
from edge.demo.people import people
from edge.demo.settings import Demo, find_ports, issuing, prepare
from tests.e2e.running import ROOT, Running, eventually, opened, picture


@contextmanager
def process(name: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen([sys.executable, "-m", *arguments], stdout=log, stderr=log, cwd=ROOT)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(60)


@pytest.fixture
def alone(tmp_path: Path) -> Demo:
    """The demo's folder; its online shop has a name that nobody can look up."""
    demo = prepare(tmp_path, find_ports(0))
    local = tmp_path / "edge" / "local.toml"
    local.write_text(local.read_text().replace(f"http://127.0.0.1:{demo.ports.hub}", "https://hub.invalid"))
    return demo


async def hold_up(demo: Demo, seconds: float) -> None:
    """A member's code before the kiosk's camera, as a camera's page sends it."""
    key, secret = issuing(demo.folder)
    anna = next(one for one in people().values() if "P" in one.flags and "C" in one.flags)
    shown = phone.Phones(key, secret, {anna.id: anna}).present(anna.id, "fresh", time.time())
    url = f"ws://127.0.0.1:{demo.ports.edge}/cameras/cam-kiosk/push"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as eye:
        for number in range(int(seconds * 10)):
            pose = camera.pose(1.5 + number / 10, None, 1)
            face = camera.face(phone.symbol(shown), 0.9)
            frame = camera.rendered(camera.backdrop(1), face, pose, camera.grains(1)[0])
            await eye.send_bytes(number.to_bytes(8) + camera.encoded(frame))
            await asyncio.sleep(0.1)


@pytest.mark.timeout(480)
@pytest.mark.promise("X-1")
@pytest.mark.promise("M-5")
@pytest.mark.promise("K-1")
@pytest.mark.promise("L-5")
async def test_a_store_alone_plays_greets_and_tells_head_office_later(alone: Demo, browser: Browser) -> None:
    with process("edge", alone.folder, "edge", "run", "--config", str(alone.folder / "edge")) as edge:
        await answering(alone.ports.edge)
        screen = await opened(browser, alone.url("edge", "/screens/kiosk-1"))
        await expect(screen.locator("#loop img").first).to_be_visible()
        holding = asyncio.create_task(hold_up(alone, 6))
        await expect(screen.locator("body")).to_have_attribute("data-scene", "member")
        online = screen.locator("button.tile .line", has_text="オンライン")
        await expect(online.first).to_contain_text("確認中")
        await picture(screen, "alone")
        await holding
        await screen.locator("[data-action=end]").click()
        await expect(screen.locator("body")).to_have_attribute("data-scene", "loop")
        running = Running(alone.ports.edge, alone.folder, edge)
        await screen.close()
        _, accepted = running.accepted()
        assert accepted >= 4
        assert running.contacts() == []
        broker = process("broker", alone.folder, "edge.demo.broker", "--port", str(alone.ports.broker))
        with broker, process("hub", alone.folder, "edge", "hub", "--config", str(alone.folder / "hub")):
            await eventually(lambda: len(running.contacts()) >= accepted, 90)
        kinds = {event["type"].split(".")[2] for event in running.contacts()}
        assert {"scan", "session_start", "content_shown", "session_end"} <= kinds
        assert json.loads((alone.folder / "demo.json").read_text())["password"] not in str(running.contacts())


async def answering(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(900):
            try:
                async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    raise AssertionError("the edge did not answer")
