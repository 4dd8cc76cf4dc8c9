"""Webhooks at the door: signed, bounded, once each, on disk before the answer."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from edge.db import Database
from edge.health import Health
from edge.ports import StockLevel
from edge.stock.intake.hooks import MOST_BYTES, REFUSED_A_MINUTE, Listener
from edge.stock.intake.inbox import digest
from edge.stock.system import BadDelivery, Delivery, Key, Pushed, Unsigned
from tests.stock.intake.bazaar import Bazaar
from tests.stock.intake.rig import intake_at


class Signing(Bazaar):
    """Its webhooks bear their id in the body, and a header that says they are its own."""

    def pushed(self, delivery: Delivery) -> Pushed:
        if delivery.headers.get("x-mine") != "yes":
            raise Unsigned("not signed")
        if delivery.body == b"strange":
            raise BadDelivery("no message of mine")
        return Pushed(delivery.body.decode()[:200], keys=(Key("A"),))


class Door:
    """What a test sees of the door: what was worked off, and what is answered."""

    def __init__(self, url: str, http: aiohttp.ClientSession, health: Health) -> None:
        self.told: list[tuple[str, Pushed]] = []
        self.room = True
        self.health = health
        self.text = ""
        self._url = url
        self._http = http

    async def post(self, body: bytes, channel: str = "shop", mine: str = "yes") -> int:
        url = f"{self._url}hooks/{channel}"
        async with self._http.post(url, data=io.BytesIO(body), headers={"X-Mine": mine}) as response:
            self.text = await response.text()
            return response.status

    def counted(self) -> dict[str, int]:
        return {dict(labels)["outcome"]: n for (name, labels), n in self.health.tallies.items() if "hook" in name}


@asynccontextmanager
async def door(folder: Path, system: Bazaar | None = None) -> AsyncIterator[Door]:
    health = Health()
    async with intake_at(folder, health) as intake, aiohttp.ClientSession() as http:
        app = web.Application()
        app.add_routes(intake.hooks.routes())
        async with TestServer(app) as server:
            opened = Door(str(server.make_url("/")), http, health)
            told = Listener(
                system or Signing(1), "", lambda: opened.room, lambda id, pushed: opened.told.append((id, pushed))
            )
            with intake.hooks.listening("shop", told):
                yield opened


async def test_a_delivery_is_worked_off_once_however_often_it_comes(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert [await at.post(body) for body in (b"1", b"2", b"1", b"1")] == [200] * 4
        assert [pushed.id for _, pushed in at.told] == ["1", "2"]
        assert at.counted() == {"taken": 2, "double": 2}


async def test_a_repeat_is_told_that_it_is_one(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        texts = [at.text for body in (b"1", b"1") if await at.post(body) == 200]
    assert texts == ["taken\n", "known already\n"]


async def test_a_delivery_that_was_still_coming_when_its_channel_opened_anew_is_worked_off_by_the_new_one(
    tmp_path: Path,
) -> None:
    came: list[str] = []
    begun = asyncio.Event()

    @web.middleware
    async def begins(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun.set()
        return await handler(request)

    async with intake_at(tmp_path) as intake, aiohttp.ClientSession() as http:
        app = web.Application(middlewares=[begins])
        app.add_routes(intake.hooks.routes())
        async with TestServer(app) as server, AsyncExitStack() as channel:
            old, new = (Listener(Signing(1), "", lambda: True, partial(_noted, came, name)) for name in ("old", "new"))
            channel.enter_context(intake.hooks.listening("shop", old))

            async def slow() -> AsyncIterator[bytes]:
                yield b"1"
                await begun.wait()
                await channel.aclose()
                channel.enter_context(intake.hooks.listening("shop", new))

            headers = {"X-Mine": "yes"}
            async with http.post(server.make_url("/hooks/shop"), data=slow(), headers=headers) as answer:
                assert answer.status == 200
    assert came == ["new"]


def _noted(came: list[str], name: str, _: str, __: Pushed) -> None:
    came.append(name)


async def test_what_is_signed_and_no_message_says_why_and_is_never_told_to_wait(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert {await at.post(b"strange") for _ in range(REFUSED_A_MINUTE + 3)} == {400}
        assert at.text == "no message of mine\n"
        assert at.counted() == {"refused": REFUSED_A_MINUTE + 3}


async def test_a_repeat_after_a_restart_is_known(tmp_path: Path) -> None:
    for told in (["1"], []):
        async with door(tmp_path) as at:
            assert await at.post(b"1") == 200
            assert [pushed.id for _, pushed in at.told] == told


async def test_what_was_answered_and_not_worked_off_is_owed_after_a_restart(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert await at.post(b"1") == 200
        (id, _), *_ = at.told
    async with intake_at(tmp_path) as intake:
        assert [(owed.id, owed.keys) for owed in await intake.inbox.owed("shop")] == [(id, (Key("A"),))]
        intake.inbox.settled("shop", [id])
        assert await intake.inbox.owed("shop") == []


async def test_nothing_of_a_body_is_kept(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert await at.post(b"taro@example.jp") == 200
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("intake.sqlite*"))
    assert b"taro" not in kept


async def test_who_is_not_signed_is_refused_and_soon_told_to_wait(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        answers = [await at.post(b"1", mine="no") for _ in range(REFUSED_A_MINUTE + 3)]
        assert answers == [401] * REFUSED_A_MINUTE + [429] * 3
        assert (at.told, at.counted()) == ([], {"refused": REFUSED_A_MINUTE, "throttled": 3})


async def test_no_flood_of_forged_ones_from_one_address_holds_off_a_signed_one(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        for _ in range(REFUSED_A_MINUTE + 3):
            await at.post(b"forged", mine="no")
        assert await at.post(b"1") == 200
        assert [pushed.id for _, pushed in at.told] == ["1"]


ROW = StockLevel("A", "ginza", 3, revision=7)


@pytest.mark.parametrize(
    ("pushed", "told_apart"),
    [
        (Pushed("1", keys=(Key("A"),)), False),
        (Pushed(levels=(ROW,)), False),
        (Pushed(keys=(Key("A"),)), True),
        (Pushed(everything=True), True),
        (Pushed(gone=(("A", "ginza"),)), True),
        (Pushed(levels=(replace(ROW, revision=0),)), True),
        (Pushed(levels=(ROW,), keys=(Key("B"),)), True),
    ],
)
def test_the_same_bytes_are_a_repeat_only_by_an_id_or_as_figures_with_an_order(
    pushed: Pushed, told_apart: bool
) -> None:
    assert (digest(pushed, b"x") != digest(pushed, b"x")) is told_apart


class Nameless(Signing):
    """Its webhooks have no id."""

    def pushed(self, delivery: Delivery) -> Pushed:
        return replace(super().pushed(delivery), id="")


@pytest.mark.promise("K-2")
async def test_a_second_sale_of_one_product_is_worked_off_though_its_webhook_reads_the_same(tmp_path: Path) -> None:
    async with door(tmp_path, Nameless(1)) as at:
        assert [await at.post(b"A sold"), await at.post(b"A sold")] == [200, 200]
        assert len(at.told) == 2


async def test_a_channel_that_does_not_listen_is_not_found(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert await at.post(b"1", channel="other") == 404


async def test_what_cannot_wait_is_asked_to_come_again(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        at.room = False
        assert await at.post(b"1") == 503
        at.room = True
        assert await at.post(b"1") == 200
        assert len(at.told) == 1


@pytest.mark.promise("X-3")
async def test_a_body_too_large_is_not_read(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        assert await at.post(b"x" * (MOST_BYTES + 1)) == 413


async def test_what_the_disk_does_not_take_is_not_answered_as_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: Database, act: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with door(tmp_path) as at:
        monkeypatch.setattr(Database, "write", full)
        assert await at.post(b"1") == 503
        assert at.told == []
