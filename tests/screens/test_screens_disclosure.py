"""What a real browser holds of a member, at each level: its document, its storage, and what it was sent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Page, WebSocket

from edge.config import Screen
from edge.members.classify import Context
from edge.members.clock import ClockState
from edge.members.issue import issue
from edge.members.keyset import Key, KeySet, kid_of
from edge.model import LEVELS, DeviceClass, Level, Profile, Touched
from tests.members.a_counter import (
    CARD,
    FIRST,
    LOWEST,
    NEVER,
    NO_CARD,
    REF_KEY,
    RULES,
    SUB,
    Counter,
    deciding,
    dom,
    profile,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")
Store = Any
NOW = 1_790_000_030
ISSUER = Ed25519PrivateKey.generate()
HELD = """async () => {
  const kept = await Promise.all((await caches.keys()).map(async (name) => {
    const cache = await caches.open(name);
    const keys = await cache.keys();
    return Promise.all(keys.map(async (key) => key.url + (await (await cache.match(key)).text())));
  }));
  return [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), document.cookie, location.href,
          JSON.stringify(history.state), document.title, kept.flat().join("\\n"),
          (await indexedDB.databases()).map((each) => each.name).join()];
}"""
"""All that a page keeps outside its document."""

ITS_OWN = r' (src="[^"]*"|class="missing"|style="[^"]*")|(?<=<b>)[0-9]+(?=</b>)'
"""When a browser notices that a picture is not there, and how far its countdown is, is its own affair."""

SCREENS = {"window": DeviceClass.SIGNAGE, "kiosk": DeviceClass.KIOSK}
CASES: dict[str, tuple[dict[str, Any], int, Level]] = {
    "everything allowed": ({}, 0b00111, Level.PERSONAL),
    "no nickname": ({}, 0b00101, Level.PERSONAL),
    "restricted": ({}, 0b01111, Level.PERSONAL),
    "nothing personal": ({}, 0b00110, Level.MEMBERS),
    "clock at the floor": ({"clock": ClockState.FLOOR}, 0b00111, Level.MEMBERS),
    "expired": ({"now": NOW + 200}, 0b00111, Level.LOOP),
    "denied": ({"denied": frozenset({SUB})}, 0b00111, Level.LOOP),
    "replayed": ({}, -1, Level.LOOP),
}
"""What differs in the edge's context, the token's flags, and the level up to which a kiosk may show."""


def context() -> Context:
    """An edge that believes the issuer."""
    public = ISSUER.public_key().public_bytes_raw()
    key = Key(kid_of(public), public, NOW - 999, NOW + 999)
    return Context(
        NOW, ClockState.SYNCED, KeySet("c", 1, 1, NOW + 999, {key.kid: key}), RULES, REF_KEY, lambda _: False
    )


@dataclass
class Watched:
    """A page in a real browser, the screen behind it, and each scene that came over its stream."""

    page: Page
    store: Store
    screen: str
    said: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, socket: WebSocket) -> None:
        """Keep what the page is told of scenes."""

        def heard(frame: str | bytes) -> None:
            message = json.loads(frame)
            if "event" in message:
                self.said.append(message)

        socket.on("framereceived", heard)

    def counter(self, within: Context, known: Profile | None, spent: set[bytes] | None = None) -> Counter:
        """The screen before which codes are held up."""
        used = spent if spent is not None else set()
        screen = Screen(id=self.screen, device_class=SCREENS[self.screen], nickname=True)
        counter = Counter(screen, deciding(within, used), known, self.store.screens)
        counter.spent = used
        return counter

    async def painted(self, counter: Counter) -> None:
        """The browser shows the newest scene, and its message has been kept here."""
        await self.store.painted(counter.event)
        await self.heard(lambda message: message["event"] == counter.event)

    async def heard(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Such a message has been kept here."""
        async with asyncio.timeout(90):
            while not any(wanted(message) for message in self.said):
                await self.page.wait_for_timeout(20)

    async def pressed(self, counter: Counter, action: str) -> None:
        """A real click, if there is such a button, and what follows from it."""
        button = self.page.locator(f"#stage [data-action={action}] >> visible=true").first
        if await button.count():
            await button.click()
            touch = await self.store.report(lambda each: isinstance(each, Touched) and each.action == action)
            self.store.reports.remove(touch)
            await counter.stage.take(touch)
            await counter.settle()
            await self.painted(counter)

    async def held(self) -> set[str]:
        """The canaries in the document, and in what the page keeps elsewhere."""
        document = dom(await self.page.content())
        elsewhere = "\n".join(await self.page.evaluate(HELD))
        assert [canary for canary in (*LOWEST, *NEVER) if canary in elsewhere] == []
        return {canary for canary in (*LOWEST, *NEVER) if document.holds(canary)}


@pytest_asyncio.fixture(loop_scope="session")
async def watched(page: Page, store: Store) -> AsyncIterator[Callable[[str], Any]]:
    async def open_page(screen: str) -> Watched:
        watched = Watched(page, store, screen)
        page.on("websocket", watched.listen)
        await page.goto(f"{store.url}/screens/{screen}")
        await page.locator(".layer.front").wait_for()
        await watched.heard(lambda _: True)  # the scene that stands, which comes with the connection
        return watched

    yield open_page


def beyond(found: set[str], level: Level, flags: int) -> list[str]:
    """Canaries that stand where they may not."""
    named = flags & 0b10
    return [
        canary
        for canary in found
        if canary in NEVER
        or LEVELS.index(LOWEST[canary]) > LEVELS.index(level)
        or (canary == FIRST and not named)
        or (flags & 0b1000 and canary.startswith(("grownups", "adult-", "sake")))
    ]


@pytest.mark.promise("M-3")
@pytest.mark.promise("M-2")
@pytest.mark.parametrize("screen", SCREENS)
async def test_a_browsers_document_holds_what_the_level_allows_and_after_the_end_nothing(
    screen: str, watched: Callable[[str], Any]
) -> None:
    seen = await watched(screen)
    for name, (differs, flags, most) in CASES.items():
        counter = seen.counter(replace(context(), **differs), profile(), spent=All() if flags < 0 else set())
        await counter.scan(issue(ISSUER, SUB, NOW - 30, NOW + 30, max(flags, 0b00111 if flags < 0 else 0), 3, (7, 8)))
        await seen.painted(counter)
        first = min(most, Level.SEGMENT, key=LEVELS.index)
        found = await seen.held()
        assert beyond(found, first, flags) == [], name
        assert bool(found) is (most is not Level.LOOP), name
        await seen.pressed(counter, "personal")
        opened = most if screen == "kiosk" else first
        found = await seen.held()
        assert beyond(found, opened, flags) == [], name
        assert ("coupon-title" in found) is (opened is Level.PERSONAL), name
        assert counter.shown.level is opened, name
        await counter.end()
        await seen.painted(counter)
        assert await seen.held() == set(), name
    ids = {message["session"] for message in seen.said if message["session"]}
    document = await seen.page.content()
    assert ids
    assert not [id for id in ids if id in document or any(id in message["html"] for message in seen.said)]


class All(set[bytes]):
    """Every token is used up."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("screen", SCREENS)
async def test_a_browser_is_told_the_same_of_a_number_that_exists_and_of_one_that_does_not(
    screen: str, watched: Callable[[str], Any]
) -> None:
    seen = await watched(screen)
    lives = []
    for number, known in ((CARD, profile()), (NO_CARD, None)):
        seen.said.clear()
        counter = seen.counter(context(), known)
        await counter.scan(number, "ean13")
        await seen.painted(counter)
        documents = [await seen.page.locator("#stage").evaluate("(stage) => stage.outerHTML")]
        for action in ("product", "personal", "end"):
            await seen.pressed(counter, action)
            documents.append(await seen.page.locator("#stage").evaluate("(stage) => stage.outerHTML"))
        await counter.end()
        await seen.painted(counter)
        messages = [json.dumps({**message, "event": 0, "session": bool(message["session"])}) for message in seen.said]
        lives.append((messages, [re.sub(ITS_OWN, "", document) for document in documents]))
        assert counter.asked == []
    assert lives[0] == lives[1]
    assert len(lives[0][0]) >= 2
