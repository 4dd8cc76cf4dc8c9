"""Attacks on a whole store that runs: drawn frames into real eyes, and out of it screens, a ledger and a disk."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
import sqlite3
import time
import types
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
import pytest_asyncio
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import config
from edge.app import Parts, running
from edge.demo.people import people
from edge.demo.phone import PAYMENT, forged
from edge.demo.settings import find_ports, issuing, members_table, prepare
from edge.members.issue import issue, sub_of
from edge.model import Show, Touched
from edge.ports import Gray
from provisioning import keys
from tests.e2e.test_attacks_frames import card, other, qr, scene
from tests.members.a_counter import dom
from tests.members.test_attacks_keys import found, spellings
from tests.vision import crafted

pytestmark = pytest.mark.asyncio(loop_scope="module")

KIOSK, SIGN = "kiosk-1", "sign-1"
EYES = {KIOSK: "cam-kiosk", SIGN: "cam-sign"}
NOBODYS_CARD = "2998765432106"
FPS = 12
SCREEN = f"/screens/{KIOSK}"
PAGES = (
    "/", "/healthz", "/readyz", "/metrics", "/api/openapi.json", SCREEN, f"{SCREEN}/loop.json", "/screens/none",
    "/screens/sw.js", "/it/", "/it/state.json", "/it/config", "/staff/", "/cameras/cam-kiosk/", "/signin",
)  # fmt: skip
"""What anybody in the store's network may ask for."""


@dataclass
class Store:
    """A store in this process; ``drawn`` are the texts of codes that were held up in it."""

    parts: Parts
    folder: Path
    key: Ed25519PrivateKey
    secret: bytes
    drawn: list[str] = field(default_factory=list)
    count: int = 0

    def token(self, member: str = "", flags: int = 0b00111) -> str:
        """A fresh token, of a new member each time or of one that the shop knows."""
        self.count += 1
        now = int(time.time())
        sub = sub_of(self.secret, member or f"new {self.count}")
        self.drawn.append(issue(self.key, sub, now, now + 60, flags, 1, (1, 3)))
        return self.drawn[-1]

    def shown(self, screen: str) -> Show:
        """What a screen is to show."""
        return self.parts.screens.shown(screen)

    def html(self, screen: str) -> str:
        """The fragment that its pages get."""
        return self.parts.screens._boards[screen].html

    async def hold(self, screen: str, picture: Gray, until: Callable[[], bool]) -> None:
        """Hold something up before a screen's camera until it had its effect."""
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        async with asyncio.timeout(90):
            while not until():
                self.count += 1
                self.parts.eyes[EYES[screen]].push(jpeg, self.count)
                await asyncio.sleep(1 / FPS)

    async def greeted(self, screen: str, picture: Gray) -> Show:
        """Hold it up until somebody is greeted whose session did not run before."""
        before = self.shown(screen).session
        await self.hold(screen, picture, lambda: self.shown(screen).session not in ("", before))
        return self.shown(screen)

    async def held_again(self, screen: str, picture: Gray, until: Callable[[], bool]) -> None:
        """Take a code away for long enough that it counts again, and hold it up again; on a slow machine once more."""
        clock, gray = asyncio.get_running_loop(), np.full((480, 900), 130, np.uint8)
        async with asyncio.timeout(60):
            while not until():
                for shown, seconds in ((gray, 4.0), (picture, 4.0)):
                    ends = clock.time() + seconds
                    await self.hold(screen, shown, lambda ends=ends: until() or clock.time() > ends)  # type: ignore[misc]

    async def ended(self, screen: str) -> None:
        """The shopper ends it, or whoever stands before a sign goes away."""
        if show := self.shown(screen).session:
            self.parts.screens.reports.put_nowait(Touched(screen, show, "end"))
        await self.hold(screen, np.full((480, 900), 130, np.uint8), lambda: self.shown(screen).scene == "loop")

    async def rows(self) -> list[dict[str, Any]]:
        """The ledger as it lies on the disk, once all that was noted is there."""
        async with asyncio.timeout(90):
            while self.parts.ledger._queue:
                await asyncio.sleep(0.01)
        await self.parts.outbox._db.read(lambda _: None)  # comes after the writes that were asked for before it
        path = self.folder / "edge" / "data" / "outbox.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return [json.loads(body) for (body,) in db.execute("SELECT body FROM outbox ORDER BY seq")]

    async def scans(self) -> list[dict[str, Any]]:
        """The data of the scans in it."""
        return [row["data"] for row in await self.rows() if ".scan." in row["type"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    folder = tmp_path_factory.mktemp("store")
    prepare(folder, find_ports(0))
    key, secret = issuing(folder)
    async with running(config.read_store(folder / "edge"), folder / "edge") as parts:
        yield Store(parts, folder, key, secret)


HOSTILE: dict[str, Callable[[], Gray]] = {
    "an address": lambda: qr("https://x.example/SECRETADDRESS"),
    "a payment": lambda: qr(PAYMENT),
    "a script": lambda: qr("javascript:alert('SECRETSCRIPT')"),
    "a part of two": lambda: crafted.drawn(
        crafted.symbol(
            crafted.stream(((4, crafted.PARTS), (4, 0), (4, 1), (8, 90), *crafted.said(b"SECRETPART")), 2), 2
        )
    ),
    "a jumbo": lambda: qr("SECRETJUMBO" * 300, 2),
    "bytes of zero": lambda: crafted.drawn(crafted.symbol(crafted.stream(crafted.said(bytes(20)), 2), 2)),
    "a mirrored address": lambda: np.fliplr(qr("https://x.example/SECRETMIRROR")),
    "an Aztec with a token in it": lambda: other("MC1:SECRETAZTEC" + "0" * 100, zxingcpp.BarcodeFormat.Aztec),
    "finders": lambda: crafted.finder_storm(3),
}


@pytest.mark.promise("V-6")
@pytest.mark.promise("M-2")
async def test_beside_any_hostile_symbol_a_member_is_greeted_and_the_symbol_leaves_no_trace(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, draw in HOSTILE.items():
        show = await store.greeted(KIOSK, scene(qr(store.token()), draw(), width=1100))
        assert (show.scene, str(show.level)) == ("member", "L1"), name
    assert [scan["outcome"] for scan in await store.scans()] == ["accepted"] * len(HOSTILE)
    assert "SECRET" not in caplog.text + json.dumps(await store.rows()) + repr(store.parts.health.parts())
    await store.ended(KIOSK)


@pytest.mark.promise("M-2")
async def test_a_forged_and_a_replayed_code_get_the_same_answer_and_their_owner_goes_on(store: Store) -> None:
    owner = store.token()
    await store.greeted(KIOSK, scene(qr(owner)))
    session = store.shown(KIOSK).session
    await store.hold(SIGN, scene(qr(owner)), lambda: store.shown(SIGN).scene == "notice")
    replayed = store.html(SIGN)
    assert store.shown(KIOSK).session == session
    await store.ended(SIGN)
    await store.hold(SIGN, scene(qr(forged(store.token()))), lambda: store.shown(SIGN).scene == "notice")
    assert store.html(SIGN) == replayed
    await store.ended(KIOSK)
    await store.held_again(KIOSK, scene(qr(owner)), lambda: store.shown(KIOSK).scene == "notice")
    assert store.shown(KIOSK).session == ""
    assert [scan["reason"] for scan in await store.scans() if "reason" in scan] == ["replay", "signature", "replay"]


@pytest.mark.promise("M-2")
async def test_two_members_at_once_are_asked_to_come_one_by_one_and_the_session_is_gone(store: Store) -> None:
    first = store.token()
    await store.greeted(KIOSK, scene(qr(first)))
    await store.hold(KIOSK, scene(qr(first), qr(store.token())), lambda: store.shown(KIOSK).scene == "notice")
    assert (store.shown(KIOSK).values["hint"], store.shown(KIOSK).session) == ("one", "")


@pytest.mark.promise("M-2")
@pytest.mark.promise("M-4")
async def test_a_card_that_exists_and_one_that_does_not_give_the_same_screen_and_the_same_rows(store: Store) -> None:
    """The shop's source of profiles knows the one by its pseudonym, and is never asked."""
    known = next(iter(people().values())).card
    pages, told = [], []
    for number in (known, NOBODYS_CARD):
        before = len(await store.rows())
        await store.greeted(KIOSK, scene(card(number)))
        pages.append(store.html(KIOSK))
        await store.ended(KIOSK)
        rows = (await store.rows())[before:]
        told.append([(row["type"], sorted(row["data"]), row["data"].get("outcome")) for row in rows])
        assert {row["data"]["member"][:3] for row in rows} == {"s1."}
    assert pages[0] == pages[1]
    assert told[0] == told[1]
    assert 'data-level="L0s"' in pages[0]
    store.drawn += [known, known[2:12], NOBODYS_CARD, NOBODYS_CARD[2:12]]


@pytest.mark.promise("M-4")
@pytest.mark.promise("M-3")
async def test_the_ledger_names_a_member_where_flag_c_allows_and_no_screen_ever_does(store: Store) -> None:
    known = list(people().values())
    for flags, one in zip((0b00111, 0b00011, 0b00100, 0b00000), known, strict=False):
        ref = sub_of(store.secret, one.id)
        assert ref in members_table(people(), store.secret)
        before = len(await store.rows())
        show = await store.greeted(KIOSK, scene(qr(store.token(one.id, flags))))
        assert str(show.level) == ("L1" if flags & 1 else "L0s")
        page = dom(store.html(KIOSK))
        assert [secret for secret in (ref, one.id, show.session, one.nickname) if secret and page.holds(secret)] == []
        await store.ended(KIOSK)
        named = {row["data"].get("member") for row in (await store.rows())[before:]}
        assert named == ({ref} if flags & 0b100 else {None})


@pytest.mark.promise("M-2")
@pytest.mark.promise("X-3")
async def test_no_page_but_the_screens_own_stream_tells_who_stands_there(store: Store) -> None:
    anna = next(one for one in people().values() if one.nickname and one.favourites and one.coupons)
    show = await store.greeted(KIOSK, scene(qr(store.token(anna.id))))
    secrets = (show.session, sub_of(store.secret, anna.id), anna.id, anna.nickname, store.drawn[-1])
    base, answers = f"http://127.0.0.1:{store.parts.store.web.port}", []
    async with aiohttp.ClientSession() as browser:
        for path in PAGES:
            async with browser.get(base + path, allow_redirects=False) as answer:
                answers.append(answer.status)
                told = await answer.text() + str(answer.headers)
                assert [secret for secret in secrets if says(told, secret)] == [], path
        async with browser.ws_connect(f"{base}{SCREEN}/stream?page=1-1") as stream:
            messages = [await stream.receive_json() for _ in range(3)]
    assert answers.count(200) >= 4
    assert any(message.get("session") == show.session for message in messages)
    await store.ended(KIOSK)


def says(text: str, secret: str) -> bool:
    """Whether a text holds it; a member's number of four digits also lies within times and sizes."""
    return re.search(rf"(?<![0-9.]){re.escape(secret)}(?![0-9])", text) is not None


@pytest.mark.promise("M-4")
async def test_nothing_that_lies_on_the_disk_or_in_the_memory_of_a_running_edge_can_mint(store: Store) -> None:
    offline = store.folder / "chain" / "offline"
    private = {path.stem: keys.load(path).private_bytes_raw() for path in offline.glob("*.key") if path.stem != "sub"}
    secrets = {**private, "sub": store.secret}
    assert {"root", "issuer", "sub"} <= secrets.keys()
    await store.rows()
    assert found(secrets, store.folder / "edge") == []
    words = {spelling for secret in secrets.values() for spelling in spellings(secret)}
    held = reachable(store.parts)
    texts = {
        one.encode("utf-8", "replace") if isinstance(one, str) else one for one in held if isinstance(one, bytes | str)
    }
    assert (store.folder / "edge" / "ref.key").read_bytes() in texts, "an edge's own secret is found so"
    assert not [one for one in held if type(one).__name__ == "Ed25519PrivateKey"]
    assert not texts & words


@pytest.mark.promise("M-4")
@pytest.mark.promise("X-3")
async def test_no_text_of_a_code_and_no_number_lies_anywhere_on_the_disk(store: Store) -> None:
    files = [path for path in (store.folder / "edge").rglob("*") if path.is_file()]
    assert any(path.name.startswith("outbox.sqlite") for path in files)
    texts = [text.encode() for text in store.drawn] + [PAYMENT.encode(), b"SECRET"]
    assert len(texts) > 15
    assert [path.name for path in files for text in texts if text in path.read_bytes()] == []


def reachable(root: object) -> list[object]:
    """Everything that an object leads to, but for code, modules and what runs."""
    seen, found, waiting = set[int](), list[object](), [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, types.ModuleType | type | types.CodeType | types.FrameType):
            continue
        seen.add(id(one))
        found.append(one)
        if isinstance(one, types.FunctionType):
            waiting += [*(one.__defaults__ or ()), *(one.__closure__ or ())]
        elif not isinstance(
            one, asyncio.Future | asyncio.AbstractEventLoop | types.CoroutineType | types.GeneratorType
        ):
            waiting += gc.get_referents(one)
    return found
