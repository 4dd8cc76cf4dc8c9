"""One channel of stock: a source's reports into the cache, for ever, its absences told on the health page."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext

from edge.health import Health
from edge.ports import Answered, StockAway, StockReport, StockSource
from edge.stock.cache import StockCache
from edge.stock.freshness import ASK_S
from edge.stock.inquiry.watch import Watch

KIND = "stock"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
MEANWHILE = "Screens show its age and no number, and 確認中 after 15 minutes."
"""What becomes of the numbers of a channel that is away (``freshness`` has the bounds)."""
Sleep = Callable[[float], Awaitable[None]]


async def feed(
    channel_id: str,
    source: StockSource,
    cache: StockCache,
    health: Health,
    wall: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
    watch: Watch | None = None,
) -> None:
    """Keep a channel's stock up to date until cancelled; ``watch`` hears how its reports fared.

    A source that is away is expected: health says so once, what was known stays with its age, and the source is tried
    again after a pause that doubles to 10 s, with jitter; how often it is really called is the source's own budget.
    """
    pause = FIRST_PAUSE_S
    while True:
        try:
            with watch.following(channel_id, source) if watch else nullcontext():
                async with _closing(source.reports()) as reports:
                    async for report in reports:
                        await _take(channel_id, source, report, cache, wall, watch)
                        pause = FIRST_PAUSE_S
                        _tell(channel_id, report, cache, health)
            _away(channel_id, "the source ended", health)
        except StockAway as away:
            _away(channel_id, str(away), health)
        except sqlite3.Error as error:
            health.down(
                KIND, channel_id, f"the cache cannot be written: {error}", "Make room on the disk of this device."
            )
        await sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _take(
    channel_id: str,
    source: StockSource,
    report: StockReport,
    cache: StockCache,
    wall: Callable[[], float],
    watch: Watch | None,
) -> None:
    """A report into the cache; its source, and whoever watches, hear what became of it."""
    channel = _named(channel_id, report)
    known_s = min((cache.standing(channel, place).watermark_s for place in report.locations), default=0.0)
    taken = await cache.apply(channel_id, report, wall())
    if isinstance(source, Answered):
        source.taken(report, taken)
    if watch is not None:
        watch.heard(channel_id, report, taken, known_s, wall())


def _named(channel_id: str, report: StockReport) -> str:
    return f"{channel_id}/{report.part}" if report.part else channel_id


@asynccontextmanager
async def _closing(reports: AsyncIterator[StockReport]) -> AsyncIterator[AsyncIterator[StockReport]]:
    """Reports that are closed at the end if they are a generator, so that it holds no file or connection till later."""
    try:
        yield reports
    finally:
        if isinstance(reports, AsyncGenerator):
            await reports.aclose()


def _tell(channel_id: str, report: StockReport, cache: StockCache, health: Health) -> None:
    """The channel works, unless it faithfully repeats a word that is too old to show."""
    channel = _named(channel_id, report)
    levels = sum(cache.standing(channel, location).rows for location in report.locations)
    figures = {"levels": float(levels), "locations": float(len(report.locations)), "age_s": round(report.age, 1)}
    if report.age <= ASK_S:
        health.up(KIND, channel_id)
        health.figures(KIND, channel_id, figures)
        return
    detail = f"it answers, but its word is {int(report.age // 60)} minutes old"
    health.down(KIND, channel_id, detail, "Look at what feeds this source: it no longer gets new stock.")
    health.figures(KIND, channel_id, figures)


def _away(channel_id: str, why: str, health: Health) -> None:
    todo = (
        f"Put right what the detail names, or the settings of [[stock]] '{channel_id}'; it is tried again by itself. "
        f"{MEANWHILE}"
    )
    health.down(KIND, channel_id, why, todo)
