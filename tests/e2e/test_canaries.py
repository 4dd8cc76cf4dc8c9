"""A whole edge, its members' source, a broker and two pages: after the sessions nothing of anybody is left anywhere."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import BrowserContext, Page, TimeoutError, async_playwright, expect

from edge.bench import store
from edge.bench.store import Bench, answers, running
from edge.demo import camera, phone
from edge.demo.people import STATIC_PREFIX
from edge.demo.seed import goods, sow, with_check
from provisioning.accounts import Accounts, Role
from tests import chromium
from tests.contacts.conftest import Broker, free_port
from tests.e2e.canaries import Member, Traces, members, static_ref
from tests.e2e.listening import Heard, listening, undescribed
from tests.e2e.running import PATIENCE, ROOT
from tests.screens.test_screens_browser import LEFT_BEHIND

KIOSK, SIGN = "kiosk-1", "sign-1"
CARD = "7318264950"
PASSWORD = "correct horse battery"
RULE = {"name": "jan13", "symbologies": ["ean13", "qrcode"], "pattern": r"29(?P<member>\d{10})\d", "check": "ean13"}
WHOLE_FLAGS = ("PNC", "PN", "P", "", "PC", "N", "NC", "PNC")
LEDGER = {"data/outbox.sqlite", "data/outbox.sqlite-wal"}
KEPT = """async () => { for (;;) {
    if (await caches.match(location.pathname) && await caches.match(location.pathname + "/loop.json")) return;
    await new Promise((resolve) => setTimeout(resolve, 50)); } }"""


class Hand:
    """A hand before one camera: what it holds up is in every frame until it is taken away."""

    def __init__(self) -> None:
        self._frames = [camera.encoded(camera.rendered(camera.backdrop(1), None, None, camera.grains(1)[0]))]
        self._none = self._frames

    def holds(self, text: str) -> None:
        face = camera.face(phone.symbol(phone.Shown(text, "qrcode", 0.0)), 0.9)
        pose = camera.pose(2.0, None, 1)
        self._frames = [
            camera.encoded(camera.rendered(camera.backdrop(1), face, pose, grain)) for grain in camera.grains(1)[:2]
        ]

    def takes_away(self) -> None:
        self._frames = self._none

    async def moves(self, url: str) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as eye:
            for number in range(10**9):
                await eye.send_bytes(number.to_bytes(8) + self._frames[number % len(self._frames)])
                await asyncio.sleep(0.1)


@asynccontextmanager
async def source(people: list[Member]) -> AsyncIterator[str]:
    """The members' source, as a CRM's bridge answers."""
    known = {one.sub: one.profile for one in people}

    async def answer(request: web.Request) -> web.Response:
        found = known.get(request.match_info["ref"])
        return web.json_response(found) if found else web.Response(status=404)

    app = web.Application()
    app.add_routes([web.get("/members/{ref}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/members/{{ref}}"
    finally:
        await runner.cleanup()


@contextmanager
def overheard(folder: Path) -> Iterator[tuple[int, Heard]]:
    """A broker's port, and every message that goes through it."""
    broker = Broker(folder, free_port())
    broker.start()
    try:
        with listening(broker.port) as heard:
            yield broker.port, heard
    finally:
        broker.kill()


@contextmanager
def edge_running(url: str, broker: int) -> Iterator[Bench]:
    """An edge with a kiosk and a sign, as it runs in a shop."""
    settings: dict[str, Any] = {
        "screen": [
            {"id": KIOSK, "device_class": "kiosk", "nickname": True},
            {"id": SIGN, "idle_s": 5},
        ],
        "camera": [{"id": f"cam-{screen}", "screen": screen, "adapter": "push"} for screen in (KIOSK, SIGN)],
        "notice": {"operator": "株式会社テントウ", "address": "東京都渋谷区神南1-2-3"},
        "member_code": {"static": [RULE], "segments": {"linen": 1}},
        "members": {"adapter": "http", "settings": {"url": url}},
        "upstream": {"adapter": "mqtt", "settings": {"port": broker, "confirms": "puback"}},
    }
    with running([f"{KIOSK}:kiosk", SIGN], settings, furnished) as edge:
        yield edge


def furnished(folder: Path) -> None:
    sow(folder / "seed")
    Accounts(folder / "accounts.json").add("it", Role.IT, PASSWORD)


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[BrowserContext]:
    """A browser that keeps its caches, its storage and its history in a folder, as a screen's does."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium.PROGRAM,
            args=list(chromium.FLAGS),
            viewport={"width": 1080, "height": 1920},
        )
        try:
            yield context
        finally:
            await context.close()


@asynccontextmanager
async def hands(edge: Bench) -> AsyncIterator[dict[str, Hand]]:
    """A hand before each camera."""
    made = {screen: Hand() for screen in (KIOSK, SIGN)}
    address = edge.url("/cameras/cam-{}/push").replace("http", "ws", 1)
    moving = [asyncio.create_task(hand.moves(address.format(screen))) for screen, hand in made.items()]
    try:
        yield made
    finally:
        for task in moving:
            task.cancel()
        await asyncio.gather(*moving, return_exceptions=True)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may start an edge late."""
    monkeypatch.setattr(store, "START_S", PATIENCE)


async def opened(context: BrowserContext, edge: Bench, screen: str) -> Page:
    page = await context.new_page()
    await page.goto(edge.url(f"/screens/{screen}"))
    await page.locator(".layer.front").wait_for()
    await page.evaluate(KEPT)
    return page


async def shows(page: Page, scene: str) -> None:
    await expect(page.locator("body")).to_have_attribute("data-scene", scene)


async def ends(page: Page) -> None:
    """終了, in the controls or in the countdown; a machine so slow that a session ended by itself has ended it, too."""
    with suppress(TimeoutError):
        await page.locator("[data-action=end]").last.click(timeout=10_000)
    await shows(page, "loop")


async def their_own(page: Page, hand: Hand, edge: Bench, one: Member) -> str:
    """A member comes to L2; the words on the screen then. A source that was too slow once is asked again."""
    button = page.locator("[data-action=personal]")
    for _ in range(10):
        hand.holds(one.token(edge.key))
        await shows(page, "member")
        with suppress(AssertionError):
            await expect(button).to_be_visible(timeout=3000)
            await button.click()
            await expect(page.locator("[data-level=L2]")).to_be_visible(timeout=10_000)
            return str(await page.locator("#stage").inner_text())
        await ends(page)
        hand.takes_away()
        await asyncio.sleep(4)
    raise AssertionError("the members' source was never asked in time")


async def lived_through(edge: Bench, kiosk: Page, sign: Page, held: dict[str, Hand], people: list[Member]) -> None:
    """Everybody's sessions, at every level and with every end."""
    consenting, silent, third, plain, public, *_ = people
    shown = await their_own(kiosk, held[KIOSK], edge, consenting)
    assert Traces(consenting.values).within(shown) >= {"coupon 0", "coupon 1"}
    assert "nickname" not in Traces(consenting.values).within(await kiosk.content())
    held[KIOSK].holds(third.token(edge.key))  # another person: the session before is over
    await expect(kiosk.locator("[data-level=L1]")).to_be_visible()
    await ends(kiosk)
    await nothing_is_left(kiosk, consenting)
    await their_own(kiosk, held[KIOSK], edge, silent)
    await kiosk.locator("button.tile").first.click()
    await expect(kiosk.locator(".sheet")).to_be_visible()
    await ends(kiosk)
    await nothing_is_left(kiosk, silent)
    for text in (with_check(f"{STATIC_PREFIX}{CARD}"), plain.token(edge.key)):
        held[KIOSK].holds(text)
        await shows(kiosk, "members")
        await ends(kiosk)
    held[KIOSK].holds(consenting.tokens[-1])  # used up: it shows a hint
    await shows(kiosk, "notice")
    held[SIGN].holds(public.token(edge.key))
    await shows(sign, "member")
    for hand in held.values():
        hand.takes_away()
    for page in (kiosk, sign):
        await shows(page, "loop")


@pytest.mark.timeout(480)
@pytest.mark.promise("S-2")
@pytest.mark.promise("M-4")
async def test_of_two_hundred_planted_values_none_is_left_anywhere(tmp_path: Path) -> None:
    people = members(WHOLE_FLAGS, [good.sku for good in goods()[:2]])
    with overheard(tmp_path) as (broker, heard):
        async with source(people) as url:
            with edge_running(url, broker) as edge:
                await answers(edge)
                async with browsing(tmp_path / "browser") as context, hands(edge) as held:
                    kiosk, sign = await opened(context, edge, KIOSK), await opened(context, edge, SIGN)
                    await lived_through(edge, kiosk, sign, held, people)
                    for one in people[5:]:
                        one.token(edge.key)
                    values = {f"{one.name} {name}": value for one in people for name, value in one.values.items()}
                    folder = edge.log.parent / "edge"
                    card = {"card": CARD, "card's ref": static_ref((folder / "ref.key").read_bytes(), "jan13", CARD)}
                    assert len(values) >= 200
                    traces = Traces(values | card)
                    for page in (kiosk, sign):
                        assert traces.within(await everything_of(page)) == set()
                    assert traces.within(await every_page(edge)) == set()
                    may = {"m0 sub", "m4 sub", "card's ref"}
                    await sent(heard, traces, may)
                    the_ledger_alone_knows_who_allowed_it(traces, folder, may)
                edge.process.terminate()
                edge.process.wait(20)
                the_ledger_alone_knows_who_allowed_it(traces, folder, may)
                assert traces.within(edge.log.read_bytes()) == set()
        the_wire_says_who_only_where_allowed(traces, heard, may)
        assert undescribed(heard) == set()
        assert {"scan", "identify", "session_start", "session_end", "content_shown", "product_touched"} <= kinds(heard)
    assert traces.in_folder(tmp_path / "browser") == {}
    assert len(list((tmp_path / "browser").rglob("*"))) > 50


def the_ledger_alone_knows_who_allowed_it(traces: Traces, folder: Path, may: set[str]) -> None:
    """With flag C, and for a fixed number, the ledger holds the pseudonym until it is sent; no file holds more."""
    found = traces.in_folder(folder)
    assert found.keys() <= LEDGER
    assert set().union(*found.values()) <= may


def kinds(heard: Heard) -> set[str]:
    """The kinds of contacts that went over the wire one by one."""
    return {topic.rpartition("/")[2] for topic, _ in heard if "/contact/" in topic}


def the_wire_says_who_only_where_allowed(traces: Traces, heard: Heard, may: set[str]) -> None:
    """The same pseudonyms go to head office, each as the contact's member and nowhere else in the message."""
    assert {name for topic, _ in heard for name in traces.within(topic)} == set()
    told = [(topic, payload) for topic, payload in heard if traces.within(payload)]
    assert {name for _, payload in told for name in traces.within(payload)} == may
    for _, payload in told:
        assert traces.within(re.sub(rb'"member": ?"[^"]*"', b"", payload)) == set()


async def sent(heard: Heard, traces: Traces, may: set[str]) -> None:
    """Wait until each session's end went over the wire, and all that may be said was."""
    async with asyncio.timeout(60):
        while True:
            told = b" ".join(payload for _, payload in list(heard))
            if told.count(b"session_start") == told.count(b"session_end") and traces.within(told) >= may:
                return
            await asyncio.sleep(0.1)


async def everything_of(page: Page) -> str:
    """The page, its storage and caches, and what a reader of its picture could read."""
    engine = await page.context.new_cdp_session(page)
    tree = await engine.send("Accessibility.getFullAXTree")
    seen = await page.locator("body").inner_text()
    assert len(tree["nodes"]) > 10
    assert seen.strip()
    return json.dumps([await page.evaluate(LEFT_BEHIND), tree, seen, await page.content()], ensure_ascii=False)


async def every_page(edge: Bench) -> str:
    """What the service tells whoever watches it, IT and staff, on each page to which another leads."""
    told: dict[str, str] = {}
    jar, origin = aiohttp.CookieJar(unsafe=True), edge.url("")
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": origin}) as session:
        form = {"name": "it", "password": PASSWORD, "next": "/it/"}
        async with session.post(edge.url("/signin"), data=form) as answer:
            assert answer.status == 200
        waiting = ["/metrics", "/readyz", "/healthz", "/", "/it/", "/it/state.json", "/it/config", "/staff/"]
        while waiting:
            path = waiting.pop()
            async with session.get(edge.url(path)) as answer:
                told[path] = await answer.text(errors="replace")
            links = re.findall(r'(?:href|src)="(/(?:it|staff)/[^"#]*)"', told[path])
            waiting += [link for link in dict.fromkeys(links) if link not in told and link not in waiting]
    assert all("cam-kiosk-1" in told[path] for path in ("/metrics", "/it/state.json", "/it/config"))
    return json.dumps(told, ensure_ascii=False)


@pytest.mark.timeout(480)
@pytest.mark.promise("S-3")
async def test_an_edge_that_dies_in_a_members_session_leaves_the_loop_and_comes_back(tmp_path: Path) -> None:
    one, other = members(["PNC", "P"], [good.sku for good in goods()[:2]])
    async with source([one, other]) as url:
        with edge_running(url, free_port()) as edge:
            await answers(edge)
            async with browsing(tmp_path / "browser") as context:
                async with hands(edge) as held:
                    kiosk = await opened(context, edge, KIOSK)
                    await their_own(kiosk, held[KIOSK], edge, one)
                    edge.process.kill()
                    await shows(kiosk, "loop")
                edge.process.wait()
                await nothing_is_left(kiosk, one)
                await kiosk.reload()
                await kiosk.locator(".layer.front img").wait_for()
                await nothing_is_left(kiosk, one)
                await back_again(edge, kiosk, other)
                await nothing_is_left(kiosk, one)
    assert Traces(one.values).in_folder(tmp_path / "browser") == {}


async def nothing_is_left(page: Page, one: Member) -> None:
    assert await page.evaluate("document.querySelector('#stage').innerHTML") == ""
    assert Traces(one.values).within(await everything_of(page)) == set()


async def back_again(edge: Bench, page: Page, other: Member) -> None:
    """The service starts again; the page, untouched, greets the next member."""
    folder = edge.log.parent / "edge"
    with (edge.log.parent / "again.log").open("wb") as output:
        again = subprocess.Popen(
            [sys.executable, "-m", "edge", "run", "--config", str(folder)], stdout=output, stderr=output, cwd=ROOT
        )
        try:
            async with hands_once(edge) as held:
                held[KIOSK].holds(other.token(edge.key))
                await shows(page, "member")
                await ends(page)
        finally:
            again.terminate()
            again.wait(20)


@asynccontextmanager
async def hands_once(edge: Bench) -> AsyncIterator[dict[str, Hand]]:
    """Hands, as soon as the service answers."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(edge.url("/healthz")) as answer:
                    if answer.status == 200:
                        break
            await asyncio.sleep(0.1)
    async with hands(edge) as made:
        yield made
