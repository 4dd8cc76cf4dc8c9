"""A change in a real shop, from the shop's answer to the tile that a browser painted; nothing of it lost.

A real django-oscar is edited by its own API and sold from by ``allocate()``, at a steady rate; its pushes go to a real
hub, by a real mosquitto to a real edge, and over its WebSocket to a kiosk's page in Chromium. The floor, in the same
run and the same browser: a bare webhook to a bare server that sends it on to a bare page, from the same moments.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from edge.bench.figures import number, percentiles, ratio
from edge.bench.ports import free_port
from edge.bench.scan import CHROMIUM, FLAGS
from edge.bench.shops import Clerk, Shop
from edge.bench.shops.chain import PLACES, TILES, Chain, chain, greeted
from edge.bench.shops.oscar import Oscar
from edge.bench.shops.vendure import Vendure
from edge.bench.store import NotStarted

SHOPS: dict[str, type[Oscar] | type[Vendure]] = {"oscar": Oscar, "vendure": Vendure}
PRODUCTS = 100
START = 5000
"""How many of each product on a tile there are at first; each change leaves one less."""
ELSEWHERE = 5
"""One change in so many is at another place, or of another product."""
FLOOR = 5
"""One change in so many goes to the bare page, too."""
ARRIVE_S = 60.0
PAINTS = """
window.paints = [];
const shown = new Map();
const look = () => {
  const now = [];
  for (const tile of document.querySelectorAll(".tile[data-value]")) {
    const found = (tile.querySelector(".line .much")?.textContent ?? "").match(/[0-9]+/);
    const count = found ? Number(found[0]) : -1;
    if (shown.get(tile.dataset.value) !== count) { shown.set(tile.dataset.value, count);
      now.push([tile.dataset.value, count]); }
  }
  const dom = performance.timeOrigin + performance.now();
  if (now.length) frame(at => { for (const [sku, count] of now) window.paints.push([sku, count, at, dom]); });
};
addEventListener("DOMContentLoaded", () => new MutationObserver(look)
  .observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true}));
window.frame = frame;
function frame(done) {
  requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = () => done(performance.timeOrigin + performance.now()); c.port2.postMessage(0); });
}
"""
BARE_PAGE = """<!doctype html><h1></h1><script>
window.paints = [];
new EventSource("/events").onmessage = event => { document.querySelector("h1").textContent = event.data;
  requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = () => window.paints.push([event.data, performance.timeOrigin + performance.now()]);
    c.port2.postMessage(0); }); };
</script>"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change at a tile's product: what is left after it, and when the shop's answer was there (UNIX ms)."""

    sku: str
    left: int
    sold: bool
    answered_ms: float


@dataclass(slots=True)
class Counter:
    """One stock record behind a tile; changes of it come one after the other."""

    number: int
    there: int = START
    sold: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def measure(seconds: float, rate: float, of: str = "oscar") -> dict[str, Any]:
    """So many changes a second for so long in one of SHOPS; raises NotStarted."""
    with tempfile.TemporaryDirectory() as name:
        folder, hub_port = Path(name), free_port()
        shop = SHOPS[of](folder, PRODUCTS, len(PLACES), push=f"http://127.0.0.1:{hub_port}/hooks/shop")
        (folder / "hub").mkdir()
        stock = {"id": "shop", "adapter": shop.adapter, "settings": shop.settings(folder / "hub", PLACES)}
        skus = [shop.sku(number) for number in range(1, PRODUCTS + 1)]
        with shop.running(), chain(folder, stock, skus, hub_port) as here:
            return asyncio.run(_run(shop, here, seconds, rate))


async def _run(shop: Shop, here: Chain, seconds: float, rate: float) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        hands = await stack.enter_async_context(shop.clerk())
        counters = [Counter(number) for number in range(1, TILES + 1)]
        for counter in counters:
            await hands.edit(counter.number, 1, START)
        browser = await stack.enter_async_context(_browser())
        bare = await stack.enter_async_context(_bare(browser))
        page = await browser.new_page(viewport={"width": 1080, "height": 1920})
        await page.add_init_script(PAINTS)
        await stack.enter_async_context(greeted(here.edge, page))
        await _all_live(page)
        changes = await _changed(Work(shop, hands, counters, bare), seconds, rate)
        lost = await _lost(shop, here, page, counters)
        # What the page has by now it may not have painted yet.
        paints = await page.evaluate("new Promise(done => window.frame(() => done(window.paints)))")
        floor = await bare.paints()
        painted = _painted(changes, paints)
    ours, floor_ms = percentiles(painted), percentiles(floor)
    sold = sum(change.sold for change in changes)
    return {
        "n": len(changes),
        "rate": rate,
        "sold": sold,
        "ours": ours,
        "peers": {"bare webhook to SSE": floor_ms},
        "ratio": ratio(ours.get("p50"), floor_ms.get("p50")),
        "unpainted": len(changes) - len(painted),
        "findings": lost,
    }


def words(result: dict[str, Any]) -> Iterator[str]:
    """The figures, a line each."""
    yield f"shop: {result['n']} changes at tiles, {result['rate']:g} a second, {result['sold']} of them sales; "
    yield f"  the shop's answer to the painted tile, on {result['machine']}"
    for name, figures in {"ours": result["ours"], **result["peers"]}.items():
        yield f"  {name:20} " + "  ".join(f"{key} {value:7.1f} ms" for key, value in figures.items())
    yield f"  ratio of the medians {number(result['ratio'], 2)}; changes that no paint shows: {result['unpainted']}"


@dataclass(slots=True)
class Work:
    """Who changes what, and what came of it."""

    shop: Shop
    hands: Clerk
    counters: list[Counter]
    bare: _Bare
    changes: list[Change] = field(default_factory=list)

    async def elsewhere(self, turn: int) -> None:
        """A change that no tile shows."""
        number, place = TILES + 1 + turn % (PRODUCTS - TILES), 2 + turn % 2
        if self._sold(turn):
            await self.hands.sell(number, place)
        else:
            await self.hands.edit(number, place, turn % 40)

    async def one(self, counter: Counter, turn: int) -> None:
        """One less of it: sold, or by the shop's own correction."""
        async with counter.lock:
            sold = self._sold(turn)
            if sold:
                counter.sold += 1
                answered_s = await self.hands.sell(counter.number, 1)
            else:
                counter.there -= 1
                answered_s = await self.hands.edit(counter.number, 1, counter.there)
            left = counter.there - counter.sold
            self.changes.append(Change(self.shop.sku(counter.number), left, sold, answered_s * 1000))
        if turn % FLOOR == 0:
            await self.bare.push(answered_s * 1000)

    def _sold(self, turn: int) -> bool:
        """Whether this one is a sale, so that its share of them is the shop's."""
        return math.floor((turn + 1) * self.shop.sales) > math.floor(turn * self.shop.sales)


async def _changed(work: Work, seconds: float, rate: float) -> list[Change]:
    """Changes at a steady rate, whatever each takes."""
    async with asyncio.TaskGroup() as group:
        began = time.monotonic()
        for turn in range(round(seconds * rate)):
            await asyncio.sleep(max(0.0, began + turn / rate - time.monotonic()))
            if turn % ELSEWHERE == ELSEWHERE - 1:
                group.create_task(work.elsewhere(turn))
            else:
                group.create_task(work.one(work.counters[turn % TILES], turn))
    return work.changes


def _painted(changes: list[Change], paints: list[tuple[str, int, float, float]]) -> list[float]:
    """Milliseconds from each answer to the first paint that shows it or what came after it; below 0 counts as 0."""
    found = []
    for change in changes:
        shown = [at for sku, count, at, _ in paints if sku == change.sku and 0 <= count <= change.left]
        if shown:
            found.append(max(0.0, min(shown) - change.answered_ms))
    return found


async def _all_live(page: Any) -> None:
    """Wait until each tile shows its number."""
    seen = """count => Array.from(document.querySelectorAll(".tile[data-value]"), tile =>
        (tile.querySelector(".line .much")?.textContent ?? "").includes(String(count)))"""
    async with asyncio.timeout(ARRIVE_S):
        while (shown := await page.evaluate(seen, START)) != [True] * TILES:
            if not shown:
                raise NotStarted("the kiosk shows no tiles")
            await asyncio.sleep(0.05)


async def _lost(shop: Shop, here: Chain, page: Any, counters: list[Counter]) -> list[str]:
    """What did not arrive: rows that differ at the hub or the edge, tiles that show another number."""
    truth = {(sku, PLACES[place]): left for (sku, place), left in (await shop.truth()).items()}
    until = time.monotonic() + ARRIVE_S
    lost = ["not looked at"]
    while lost and time.monotonic() < until:
        await asyncio.sleep(0.1)
        rows = {"hub": await asyncio.to_thread(here.at_hub), "edge": await asyncio.to_thread(here.at_edge)}
        lost = [
            f"{key[0]} at {key[1]} is {left} and the {who} says {has.get(key)}"
            for who, has in rows.items()
            for key, left in truth.items()
            if has.get(key) != left
        ]
        lost += [f"a tile shows {shown}" for shown in await _otherwise(page, shop, counters)]
    return lost


async def _otherwise(page: Any, shop: Shop, counters: list[Counter]) -> list[str]:
    found = await page.evaluate("""Array.from(document.querySelectorAll(".tile[data-value]"),
        tile => [tile.dataset.value, tile.querySelector(".line .much")?.textContent ?? ""])""")
    right = {shop.sku(one.number): str(one.there - one.sold) for one in counters}
    missing = [] if len(found) == len(right) else [f"{len(found)} of {len(right)}"]
    return missing + [text for sku, text in found if right[sku] not in text]


@asynccontextmanager
async def _browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(slots=True)
class _Bare:
    """The floor: who sends a bare webhook, and the page that shows it."""

    url: str
    page: Any
    session: aiohttp.ClientSession

    async def push(self, answered_ms: float) -> None:
        """One webhook, which says since when it is counted."""
        async with self.session.post(f"{self.url}/hook", data=str(answered_ms)) as answer:
            answer.raise_for_status()

    async def paints(self) -> list[float]:
        """Milliseconds of each."""
        return [at - float(answered) for answered, at in await self.page.evaluate("window.paints")]


@asynccontextmanager
async def _bare(browser: Any) -> AsyncIterator[_Bare]:
    streams: list[web.StreamResponse] = []

    async def page_of(_: web.Request) -> web.Response:
        return web.Response(text=BARE_PAGE, content_type="text/html")

    async def hook(request: web.Request) -> web.Response:
        word = await request.read()
        for stream in streams:
            await stream.write(b"data: " + word + b"\n\n")
        return web.Response(status=204)

    async def events(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        streams.append(stream)
        await asyncio.Event().wait()
        return stream

    app = web.Application()
    app.add_routes([web.get("/", page_of), web.get("/events", events), web.post("/hook", hook)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        page = await browser.new_page()
        await page.goto(url)
        async with aiohttp.ClientSession() as session:
            yield _Bare(url, page, session)
    finally:
        await runner.cleanup()
