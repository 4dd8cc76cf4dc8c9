"""The hub's end of the stock wire, and both ends together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge.adapters import stock_http
from edge.ports import StockLevel, StockReport
from edge.stock.cache import StockCache
from edge.stock.document import parse
from edge.stock.line.relay import routes
from tests.stock.intake.rig import endpoint

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock

Client = TestClient[web.Request, web.Application]
Served = Callable[..., Awaitable[Client]]


@pytest.fixture
async def served(cache: StockCache, clock: HandClock) -> AsyncIterator[Served]:
    """Serves the relay of channels pos and ec over the test's cache."""
    clients: list[Client] = []

    async def serve(**options: Any) -> Client:
        app = web.Application()
        app.add_routes(routes(cache, ("pos", "ec"), wall=lambda: clock.wall, **options))
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield serve
    for client in clients:
        await client.close()


async def told(
    cache: StockCache, clock: HandClock, channel: str, location: str, age: float = 0.0, **counts: int
) -> None:
    levels = [StockLevel(sku, location, count) for sku, count in counts.items()]
    await cache.apply(channel, StockReport(frozenset({location}), levels, age), clock.wall)


async def test_the_relay_tells_all_that_its_channels_know(cache: StockCache, clock: HandClock, served: Served) -> None:
    await told(cache, clock, "pos", "ginza", A=3)
    await told(cache, clock, "ec", "web", A=40)
    await told(cache, clock, "other", "secret", A=1)
    answer = await (await served()).get("/stock.json")
    read = parse(await answer.read())
    locations, levels = read.locations, read.levels
    assert locations == {"ginza", "web"}
    assert set(levels) == {StockLevel("A", "ginza", 3), StockLevel("A", "web", 40)}


async def test_an_edge_asks_for_the_locations_it_needs(cache: StockCache, clock: HandClock, served: Served) -> None:
    await told(cache, clock, "pos", "ginza", A=3)
    await told(cache, clock, "pos", "ueno", A=1)
    await told(cache, clock, "ec", "web", A=40)
    answer = await (await served()).get("/stock.json?location=ginza&location=web")
    assert parse(await answer.read()).locations == {"ginza", "web"}


async def test_the_same_stock_has_the_same_etag_over_a_restart_and_is_not_sent_twice(
    cache: StockCache, clock: HandClock, served: Served
) -> None:
    await told(cache, clock, "pos", "ginza", A=3, B=1)
    etag = (await (await served()).get("/stock.json")).headers["ETag"]
    await told(cache, clock, "pos", "ginza", B=1, A=3)
    again = await (await served()).get("/stock.json", headers={"If-None-Match": etag})
    assert (again.status, await again.read()) == (304, b"")
    assert {"Age", "ETag"} <= again.headers.keys()


async def test_a_sale_changes_the_etag(cache: StockCache, clock: HandClock, served: Served) -> None:
    client = await served()
    await told(cache, clock, "pos", "ginza", A=3)
    etag = (await client.get("/stock.json")).headers["ETag"]
    await told(cache, clock, "pos", "ginza", A=2)
    assert (await client.get("/stock.json", headers={"If-None-Match": etag})).status == 200


@pytest.mark.promise("K-1")
async def test_the_age_is_that_of_the_oldest_word_rounded_up(
    cache: StockCache, clock: HandClock, served: Served
) -> None:
    await told(cache, clock, "pos", "ginza", age=61.2, A=3)
    await told(cache, clock, "ec", "web", A=40)
    client = await served()
    assert (await client.get("/stock.json")).headers["Age"] == "62"
    assert (await client.get("/stock.json?location=web")).headers["Age"] == "0"


@pytest.mark.promise("K-1")
async def test_a_location_too_old_to_show_is_not_spoken_for(
    cache: StockCache, clock: HandClock, served: Served
) -> None:
    await told(cache, clock, "pos", "ginza", A=3)
    clock.pass_(901)
    client = await served()
    assert (await client.get("/stock.json")).status == 503
    await told(cache, clock, "ec", "web", A=40)
    assert parse(await (await client.get("/stock.json")).read()).locations == {"web"}


async def test_of_two_channels_the_freshest_speaks_for_a_location(
    cache: StockCache, clock: HandClock, served: Served
) -> None:
    await told(cache, clock, "pos", "ginza", age=30, A=3)
    await told(cache, clock, "ec", "ginza", age=5, A=9)
    answer = await (await served()).get("/stock.json")
    assert (answer.headers["Age"], parse(await answer.read()).levels) == ("5", (StockLevel("A", "ginza", 9),))


@pytest.mark.parametrize(
    ("header", "status"), [({}, 401), ({"Authorization": "Bearer no"}, 401), ({"Authorization": "Bearer t0ken"}, 200)]
)
async def test_a_relay_with_a_token_answers_only_who_bears_it(
    cache: StockCache, clock: HandClock, served: Served, header: dict[str, str], status: int
) -> None:
    await told(cache, clock, "pos", "ginza", A=3)
    client = await served(token="t0ken")
    assert (await client.get("/stock.json", headers=header)).status == status


@pytest.mark.promise("K-1")
async def test_both_ends_together_carry_counts_and_honest_ages(
    cache: StockCache, clock: HandClock, served: Served, tmp_path: Path
) -> None:
    await told(cache, clock, "pos", "ginza", age=100, A=3)
    client = await served()
    settings = stock_http.Settings(url=str(client.make_url("/stock.json")), poll_s=0.01, calls_per_hour=1_000_000)
    async with endpoint(settings, tmp_path) as source:
        reports = source.reports()
        whole, unchanged = await anext(reports), await anext(reports)
    assert whole.levels == (StockLevel("A", "ginza", 3),)
    assert unchanged.levels is None
    assert min(whole.age, unchanged.age) >= 100
