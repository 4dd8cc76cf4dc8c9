"""Polling an endpoint: ETag, Age, budget, and every answer that is none."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from edge import plug
from edge.adapters import stock_http
from edge.adapters.stock_http import Settings
from edge.config import BadConfig, checked
from edge.health import Health
from edge.ports import StockAway, StockReport
from edge.stock.cache import StockCache
from edge.stock.channel import feed
from edge.stock.level import sellable
from tests.stock.intake.rig import driven, endpoint

if TYPE_CHECKING:
    from tests.stock.conftest import Ec, HandClock

FAST = {"poll_s": 0.01, "calls_per_hour": 1_000_000}


@asynccontextmanager
async def polled(ec: Ec, where: Path | None = None, **settings: Any) -> AsyncIterator[AsyncIterator[StockReport]]:
    chosen = checked(Settings, FAST | {"url": ec.url} | settings, "stock")
    with TemporaryDirectory() as folder:
        async with endpoint(chosen, where or Path(folder)) as source:
            yield source.reports()


def counts(report: StockReport) -> dict[str, int]:
    assert report.levels is not None
    return {level.sku: sellable(level) or 0 for level in report.levels}


def test_the_adapter_is_found_by_its_name() -> None:
    assert plug.adapter("stock", "http") is stock_http


async def test_an_unchanged_document_is_asked_for_by_its_etag_and_keeps_its_levels(ec: Ec) -> None:
    async with polled(ec) as reports:
        first, second = await anext(reports), await anext(reports)
    assert counts(first) == {"A": 3}
    assert second.levels is None
    assert second.locations == {"ginza"}
    assert [call.headers.get("If-None-Match") is not None for call in ec.calls] == [False, True]


async def test_a_changed_document_is_read_whole(ec: Ec) -> None:
    async with polled(ec) as reports:
        await anext(reports)
        ec.counts = {"A": 2, "B": 1}
        assert counts(await anext(reports)) == {"A": 2, "B": 1}


async def test_a_source_without_etag_is_read_whole_each_time(ec: Ec) -> None:
    body = b'{"format":"tentou-stock/1","locations":["ginza"],"levels":[]}'
    ec.answer = lambda: web.Response(body=body)
    async with polled(ec) as reports:
        assert [counts(await anext(reports)) for _ in range(2)] == [{}, {}]
    assert all("If-None-Match" not in call.headers for call in ec.calls)


@pytest.mark.promise("K-1")
async def test_the_age_that_the_source_declares_counts_also_when_unchanged(ec: Ec) -> None:
    ec.age = "40"
    async with polled(ec) as reports:
        ages = [(await anext(reports)).age for _ in range(2)]
    assert all(40 <= age < 50 for age in ages)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("age", ["-1", "soon", "1.5", "NaN", "", "9" * 30])
async def test_an_age_that_cannot_be_read_is_not_taken_for_young(ec: Ec, age: str) -> None:
    ec.age = age
    async with polled(ec) as reports:
        with pytest.raises(StockAway, match="Age header"):
            await anext(reports)


def _status(status: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, headers=headers, text="secret")


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (_status(500), "answered 500"),
        (_status(401), "answered 401; look at token_file"),
        (_status(404), "answered 404"),
        (_status(204), "answered 204"),
        (_status(304), "answered 304"),
        (_status(302, Location="http://127.0.0.1:1/"), "a redirect"),
        (_status(200), "no tentou-stock/1 document"),
        (lambda: web.Response(body=b" " * (stock_http.MAX_BYTES + 1)), "more than 8192 KiB"),
        (
            lambda: web.Response(
                body=gzip.compress(b" " * (stock_http.MAX_BYTES + 1)), headers={"Content-Encoding": "gzip"}
            ),
            "more than 8192 KiB",
        ),
        (lambda: web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "broke off"),
    ],
)
async def test_an_answer_that_is_no_document_is_away_and_quotes_nothing(
    ec: Ec, answer: Callable[[], web.Response], complaint: str
) -> None:
    ec.answer = answer
    async with polled(ec) as reports:
        with pytest.raises(StockAway, match=complaint) as away:
            await anext(reports)
    assert "secret" not in str(away.value)
    assert len(ec.calls) == 1


async def test_a_source_that_is_not_there_is_away(ec: Ec) -> None:
    await ec.stop()
    async with polled(ec) as reports:
        with pytest.raises(StockAway, match="cannot be reached"):
            await anext(reports)


async def test_a_source_that_hangs_is_away_after_its_timeout(ec: Ec) -> None:
    async def hang() -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    ec.answer = hang
    async with polled(ec, timeout_s=0.05) as reports:
        with pytest.raises(StockAway, match=r"within 0\.05 s"):
            await anext(reports)


async def test_the_bearer_token_comes_from_its_file(ec: Ec, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    async with polled(ec, tmp_path, token_file="token") as reports:
        await anext(reports)
    assert ec.calls[0].headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("content", ["", "two words", "line\r\nX-Evil: 1", "日本", "x" * 5000])
async def test_a_token_file_that_holds_no_token_is_away_without_telling_it(
    ec: Ec, tmp_path: Path, content: str
) -> None:
    (tmp_path / "token").write_text(content)
    async with polled(ec, tmp_path, token_file="token") as reports:
        with pytest.raises(StockAway, match="token file") as away:
            await anext(reports)
    assert not content or content not in str(away.value)
    assert ec.calls == []


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "url",
    [
        "http://ec.example/stock.json",
        "http://10.0.0.5/stock.json",
        "ftp://127.0.0.1/stock.json",
        "file:///etc/passwd",
        "https://user:secret@ec.example/",
        "https://",
        "stock.json",
    ],
)
def test_only_https_or_this_machine_is_asked(url: str) -> None:
    with pytest.raises(BadConfig, match="url"):
        checked(Settings, {"url": url}, "stock.ec")


@pytest.mark.parametrize(
    "url", ["https://ec.example/s", "http://localhost:1/s", "http://127.0.0.9/s", "http://[::1]:80/"]
)
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert checked(Settings, {"url": url}, "stock.ec").url == url


@pytest.mark.promise("K-4")
@pytest.mark.parametrize("budget", [1, 30])
async def test_an_error_storm_stays_within_the_declared_calls_per_hour_over_restarts(
    ec: Ec, cache: StockCache, clock: HandClock, tmp_path: Path, budget: int
) -> None:
    began = clock.monotonic
    times: list[float] = []
    over = asyncio.Event()

    def fail() -> web.Response:
        times.append(clock.monotonic - began)
        if len(times) % (budget + 1) == 0:
            over.set()
        return web.Response(status=500) if len(times) % 2 else web.Response(body=b"[")

    ec.answer = fail
    settings = Settings(url=ec.url, poll_s=0.5, calls_per_hour=budget)
    for _ in range(3):
        over.clear()
        async with endpoint(settings, tmp_path, driven(clock)) as source:
            storm = asyncio.create_task(feed("ec", source, cache, Health(), lambda: clock.wall, clock.sleep))
            await asyncio.wait_for(over.wait(), 60)
            storm.cancel()
            with suppress(asyncio.CancelledError):
                await storm
    for first in times:
        assert sum(first <= time < first + 3600 for time in times) <= budget


@pytest.mark.promise("K-4")
async def test_a_source_that_fails_is_asked_evenly_and_not_all_at_once(
    ec: Ec, clock: HandClock, tmp_path: Path
) -> None:
    times: list[float] = []

    def fail() -> web.Response:
        times.append(clock.monotonic)
        return web.Response(status=500)

    ec.answer = fail
    async with endpoint(Settings(url=ec.url, calls_per_hour=60), tmp_path, driven(clock)) as source:
        for _ in range(8):
            with pytest.raises(StockAway):
                await anext(source.reports())
    assert min(after - before for before, after in pairwise(times)) >= 60


@pytest.mark.promise("K-4")
async def test_a_dropped_connection_is_one_call_not_two(ec: Ec) -> None:
    async def drop() -> web.Response:
        transport = ec.calls[-1].transport
        assert transport is not None
        transport.close()
        return web.Response()

    async with polled(ec) as reports:
        await anext(reports)
        ec.answer = drop
        with pytest.raises(StockAway, match="broke off"):
            await anext(reports)
    assert len(ec.calls) == 2


@pytest.mark.promise("K-4")
async def test_a_source_that_asks_for_rest_is_not_called_before(ec: Ec, clock: HandClock, tmp_path: Path) -> None:
    ec.answer = _status(429, **{"Retry-After": "600"})
    times: list[float] = []
    async with endpoint(Settings(url=ec.url), tmp_path, driven(clock)) as source:
        for _ in range(2):
            with pytest.raises(StockAway, match="429"):
                await anext(source.reports())
            times.append(clock.monotonic)
    assert times[1] - times[0] == pytest.approx(600, abs=1.0)
