"""Reports on their way from the ways by which a system is heard to the cache, one after the other, and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from edge.ports import StockReport, Taken
from edge.stock.intake.reports import older

MOST = 8


class Giving:
    """One run of a channel. Each who gives has one report on its way at most, so there is room at once for all."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._said: asyncio.Queue[tuple[StockReport, float, asyncio.Future[Taken]] | Exception] = asyncio.Queue(MOST)
        self._hopes: dict[int, asyncio.Future[Taken]] = {}

    async def give(self, report: StockReport) -> Taken:
        """Give a report and wait until the cache has it; reports stay in the order in which they are given."""
        hope: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        await self._said.put((report, self._monotonic(), hope))
        return await hope

    async def fail(self, error: Exception) -> None:
        """Whoever reads the reports is to be ended by this."""
        await self._said.put(error)

    async def reports(self) -> AsyncIterator[StockReport]:
        """Reports for ever, each as much older as it waited."""
        while True:
            said = await self._said.get()
            if isinstance(said, Exception):
                raise said
            told, since, hope = said
            report = older(told, self._monotonic() - since)
            self._hopes[id(report)] = hope
            yield report

    def taken(self, report: StockReport, taken: Taken) -> None:
        """The report is in the cache."""
        hope = self._hopes.pop(id(report), None)
        if hope is not None and not hope.done():
            hope.set_result(taken)
