"""Scan to paint: from a frame handed to the eye to the browser's frame after the DOM change (promise S-1).

The edge runs as it runs in a shop, in its own processes; the frames are those of the demo's simulated camera; the
page is in Chromium. The floor, in the same run on the same frames: one bare decode, and one bare push of a word over
a WebSocket to a page that does nothing else. Needs the ``dev`` dependencies and Chromium.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import cv2
import numpy as np
import zxingcpp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bench.figures import number, percentiles
from edge.bench.store import Bench, answers, running
from edge.demo import camera, phone
from edge.members.issue import issue

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PERIOD = 0.1
"""Seconds between two frames: 10 fps, as the browser's camera sends them."""
WARMUP = 3
"""Scans that are not counted, first."""
PATIENCE = 3.0
"""Seconds for which a code is held up; a scan that takes longer has failed, and is counted."""

WATCH_SCENE = """
window.paints = [];
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  if (document.body.dataset.scene === "member") frame(t => window.paints.push(t));
}).observe(document.body, {attributes: true, attributeFilter: ["data-scene"]}));
function frame(done) {
  requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = () => done(performance.timeOrigin + performance.now()); c.port2.postMessage(0); });
}
"""
BARE_PAGE = """<!doctype html><h1></h1><script>
const socket = new WebSocket(`ws://${location.host}/bare`);
socket.onmessage = (event) => { document.querySelector("h1").textContent = event.data;
  requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = () => socket.send(performance.timeOrigin + performance.now()); c.port2.postMessage(0); }); };
</script>"""


@dataclass(frozen=True, slots=True)
class Run:
    """One scan and the floor beside it, milliseconds; ``ours`` None if it was not read in time."""

    ours: float | None
    decode: float
    push: float


def measure(n: int) -> dict[str, Any]:
    """``n`` scans and the floor beside them: ``ours``, ``peers``, ``ratio`` and ``failed``, in milliseconds."""
    measured = asyncio.run(_measure(n))
    failed = [f"{measured['failed']} scans were not read in time"] if measured["failed"] else []
    return {"n": n, **measured, "findings": failed}


def words(result: dict[str, Any]) -> Iterator[str]:
    """The figures, a line each."""
    yield f"scan: {result['n']} times on {result['machine']}"
    for name, figures in {"ours": result["ours"], **result["peers"]}.items():
        yield f"  {name:12} " + "  ".join(f"{key} {value:7.1f} ms" for key, value in figures.items())
    ratio = number(result["ratio"], 2)
    yield f"  ratio of the medians, ours to the floor: {ratio}; not read in time: {result['failed']}"


async def _measure(n: int) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    eye = {"id": "cam-1", "screen": "kiosk-1", "adapter": "push"}
    with running(["kiosk-1:kiosk"], {"camera": [eye]}) as bench:
        await answers(bench)
        return await _beside_the_floor(bench, n, async_playwright)


async def _beside_the_floor(bench: Bench, n: int, async_playwright: Callable[[], Any]) -> dict[str, Any]:
    async with _bare() as (bare_port, bare_push), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1080, "height": 1920})
        await page.add_init_script(WATCH_SCENE)
        await page.goto(bench.url("/screens/kiosk-1"))
        floor_page = await browser.new_page()
        await floor_page.goto(f"http://127.0.0.1:{bare_port}/")
        async with aiohttp.ClientSession() as session:
            url = f"ws://127.0.0.1:{bench.port}/cameras/cam-1/push"
            async with session.ws_connect(url) as eye:
                runs = [await _run(bench, eye, page, bare_push, seed) for seed in range(n + WARMUP)][WARMUP:]
        await browser.close()
    ours = [run.ours for run in runs if run.ours is not None]
    floor = percentiles([run.decode + run.push for run in runs])
    mine = percentiles(ours)
    peers = {
        "floor": floor,
        "bare decode": percentiles([run.decode for run in runs]),
        "bare push": percentiles([run.push for run in runs]),
    }
    ratio = round(mine["p50"] / floor["p50"], 2) if ours else None
    return {"ours": mine, "peers": peers, "ratio": ratio, "failed": n - len(ours)}


async def _run(
    bench: Bench, eye: aiohttp.ClientWebSocketResponse, page: Any, bare_push: Callable[[], Any], seed: int
) -> Run:
    """One scan, one bare decode of its frame, one bare push."""
    frame = await asyncio.to_thread(_frame, bench.key, seed)
    return Run(await _scan(eye, page, frame), await asyncio.to_thread(_bare_decode, frame), await bare_push())


def _frame(key: Ed25519PrivateKey, seed: int) -> bytes:
    """A JPEG of a phone that is held up with a fresh token of a member never seen before."""
    now = int(time.time())
    text = issue(key, secrets.token_urlsafe(9), now, now + 60, 1 | 4, 2, (1, 2))
    shown = phone.symbol(phone.Shown(text, "qrcode", now))
    picture = camera.rendered(
        camera.backdrop(1), camera.face(shown, 0.8), camera.pose(2.0, None, seed), camera.grains(seed)[0]
    )
    return camera.encoded(picture)


def _bare_decode(jpeg: bytes) -> float:
    started = time.perf_counter()
    gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    zxingcpp.read_barcodes(gray, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return (time.perf_counter() - started) * 1000


async def _scan(eye: aiohttp.ClientWebSocketResponse, page: Any, jpeg: bytes) -> float | None:
    """One presentation, from its first frame to the member's scene painted; None if it was not read in time."""
    empty = camera.encoded(camera.backdrop(1))
    for _ in range(random.randint(2, 4)):  # noqa: S311 - so that nothing locks to a phase
        await eye.send_bytes((0).to_bytes(8) + empty)
        await asyncio.sleep(PERIOD * random.uniform(0.7, 1.3))  # noqa: S311
    await page.evaluate("window.paints = []")
    first = time.time() * 1000
    while time.time() * 1000 - first < PATIENCE * 1000:
        await eye.send_bytes((1).to_bytes(8) + jpeg)
        await asyncio.sleep(PERIOD)
        paints = await page.evaluate("window.paints")
        if paints:
            await page.click("[data-action=end]")
            await page.wait_for_selector("body:not([data-scene=member])")
            return float(paints[0]) - first
    return None


@asynccontextmanager
async def _bare() -> AsyncIterator[tuple[int, Any]]:
    """The floor of a push: a server that sends a word to a page that shows it."""
    sockets: list[web.WebSocketResponse] = []
    answers: asyncio.Queue[float] = asyncio.Queue()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=BARE_PAGE, content_type="text/html")

    async def bare(request: web.Request) -> web.WebSocketResponse:
        sockets.append(socket_here := web.WebSocketResponse(compress=False))
        await socket_here.prepare(request)
        async for message in socket_here:
            answers.put_nowait(float(message.data))
        return socket_here

    async def push() -> float:
        await asyncio.sleep(random.uniform(0.05, 0.1))  # noqa: S311
        started = time.time() * 1000
        await sockets[-1].send_str(secrets.token_hex(8))
        return await answers.get() - started

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/bare", bare)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1], push
    finally:
        await runner.cleanup()
