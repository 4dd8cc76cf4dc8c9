"""What a phone opens in the demo: the product's page, what it does once the shop agreed, and the newest link."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.adapters import sink_sqlite
from edge.contacts.sink import arrival
from edge.demo.onward import newest_offer
from edge.handoff import KINDS, Link
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


async def test_the_newest_link_is_that_of_head_offices_newest_offer(tmp_path: Path) -> None:
    long_ago, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert newest_offer(tmp_path, long_ago) is None
    async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path / "data") as sink:
        await sink.insert([arrival(offered())])
    assert newest_offer(tmp_path, long_ago) == Link(FIRST, "hold", "LN-1", "shibuya")
    assert newest_offer(tmp_path, later) is None
