"""What a phone opens in the demo: the product's page, what it does once the shop agreed, and the newest link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge.adapters import sink_sqlite
from edge.contacts.office import redirector
from edge.contacts.office.handoffs import Handoffs, Use, migrate
from edge.contacts.office.sink import arrival
from edge.db import database
from edge.demo.onward import newest_offer
from edge.demo.settings import BEARER
from edge.handoff import KINDS, Leading, Link
from tests.contacts.test_handoffs import FIRST, offered
from tests.demo.test_demo_world import pages


@pytest.mark.parametrize("kind", [*KINDS, "nonsense"])
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_kind_of_link_has_its_page(tmp_path: Path, kind: str, language: str) -> None:
    async with pages(tmp_path) as client:
        answer = await client.get("/ec/p/mug-white", params={"do": kind, "lang": language})
        text = await answer.text()
    deed = {"hold": "hold", "order": "order"}.get(kind, "buy")
    assert (answer.status, text.index("data-deed=")) == (200, text.index(f'data-deed="{deed}"'))
    assert f'<html lang="{language}">' in text
    assert ('class="basket"' in text) is (kind == "basket")


@pytest.mark.promise("K-3")
async def test_what_is_kept_or_ordered_is_gone_from_the_stock_before_the_page_says_so(tmp_path: Path) -> None:
    async with pages(tmp_path) as client:
        assert [(await client.post("/ec/hold/mug-white")).status for _ in range(3)] == [200, 200, 409]
        assert (await (await client.get("/pos/levels")).json()) == {"mug-white": 0}
        assert (await client.post("/ec/order/mug-white")).status == 200
        assert (await (await client.get("/ec/levels")).json()) == {"mug-white": 2}
        assert [(await client.post(f"/ec/{deed}/none")).status for deed in ("hold", "order")] == [404, 404]
        assert (await client.get("/ec/p/none")).status == 404
        assert await (await client.get("/drawn")).json() == {"url": ""}


@asynccontextmanager
async def head_office(folder: Path) -> AsyncIterator[tuple[int, Handoffs]]:
    """A hub's address of links, which bears the demo's own token, and its book."""
    (folder / "hub").mkdir()
    (folder / "hub" / BEARER).write_text("a-token")
    app = web.Application()
    async with database(folder / "handoffs.sqlite", migrate) as db:
        book = Handoffs(db, "hub")
        app.add_routes(redirector.routes(book, Leading(), "a-token", str))
        async with TestServer(app) as server:
            assert server.port is not None
            yield server.port, book


async def test_what_is_done_by_a_link_is_told_to_head_office(tmp_path: Path) -> None:
    async with head_office(tmp_path) as (port, book), pages(tmp_path, port) as client:
        page = await (await client.get("/ec/p/mug-white", params={"do": "hold", "h": FIRST})).text()
        assert f'data-handoff="{FIRST}"' in page
        for answers in (200, 200, 409):
            assert (await client.post(f"/ec/hold/mug-white?h={FIRST}")).status == answers
        assert await book.take(FIRST, "hold", "declined") == Use(False, False), "it was told of that already"
        assert (await client.post(f"/ec/buy/mug-white?h={FIRST}")).status == 200
        assert await book.take(FIRST, "purchase", "confirmed") == Use(False, False)
        assert (await client.post("/ec/order/mug-white?h=none")).status == 200
        assert await book.take(FIRST, "order", "confirmed") == Use(True, False)


async def test_a_purchase_waits_for_no_head_office(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / BEARER).write_text("a-token")
    async with pages(tmp_path, hub=1) as client:
        assert (await client.post(f"/ec/hold/mug-white?h={FIRST}")).status == 200


async def test_the_newest_link_is_that_of_head_offices_newest_offer(tmp_path: Path) -> None:
    long_ago, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert newest_offer(tmp_path, long_ago) is None
    async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path / "data") as sink:
        await sink.insert([arrival(offered())])
    assert newest_offer(tmp_path, long_ago) == Link(FIRST, "hold", "LN-1", "shibuya")
    assert newest_offer(tmp_path, later) is None
