"""The service's end of the counter: answers what is asked, keeps the lags on the disk and the figures in health."""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from edge.stock.channel import KIND
from edge.stock.inquiry import lags, told, wishes
from edge.stock.inquiry.desk import HOUR_S, Desk
from edge.stock.inquiry.told import is_first
from edge.stock.inquiry.wishes import Wish
from edge.stock.shelves.shelf import channel_of

log = logging.getLogger(__name__)

LOOK_S = 0.25
FIGURES_S = 2.0
DUE_S = 20.0
SAVE_S = 60.0
Sleep = Callable[[float], Awaitable[None]]


class Service:
    """One desk at work. ``run`` answers, ``figures`` tells ``/metrics``, ``keep`` writes the lags down."""

    def __init__(self, desk: Desk, data: Path, sleep: Sleep = asyncio.sleep) -> None:
        self.desk = desk
        self._data = data
        self._sleep = sleep
        self._under_way: dict[str, Mapping[str, int]] = {}
        self._said: dict[str, dict[str, Any]] = {}
        self._read = False
        self._due: Mapping[str, float] = {}
        self._due_at_s = -math.inf

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What is to be kept alive of it, by name."""
        return {"stock inquiries": self.run, "stock figures": self.figures, "stock lags": self.keep}

    async def run(self) -> None:
        """Answer what is asked, for ever; a disk that refuses is tried again."""
        while True:
            try:
                await self._serve()
            except OSError as error:
                log.info("`tentou stock` gets no answer here: %s", error.strerror)
            await self._sleep(FIGURES_S)

    async def _serve(self) -> None:
        with wishes.serving(self._data):
            while True:
                asked = await asyncio.to_thread(wishes.waiting, self._data, self.desk.wall())
                ids = {wish.id for wish in asked}
                self._under_way = {id: each for id, each in self._under_way.items() if id in ids}
                for wish in asked:
                    await self._answer(wish)
                await self._sleep(LOOK_S)

    async def _answer(self, wish: Wish) -> None:
        if wish.what in ("compare", "ask"):
            await self._look_at_budgets()
            done, found = self._compared(wish)
        else:
            done, found = True, await self._told(wish)
        if done or self._said.get(wish.id) != found:
            self._said = {id: each for id, each in self._said.items() if id in self._under_way} | {wish.id: found}
            await asyncio.to_thread(wishes.answer, self._data, wish, found, done)

    async def _look_at_budgets(self) -> None:
        """Until when comparisons that are awaited have to wait; not asked for again with each look."""
        now_s = self.desk.wall()
        if abs(now_s - self._due_at_s) < DUE_S:
            return
        self._due_at_s = now_s
        try:
            self._due = await self.desk.due()
        except sqlite3.Error:  # that it waits is told all the same
            self._due = {}

    async def _told(self, wish: Wish) -> dict[str, Any]:
        try:
            if wish.what == "explain":
                return told.explained(await self.desk.explain(wish.of), True, self.desk.wall())
            return told.channels(await self.desk.channels(), True, self.desk.wall())
        except sqlite3.Error:
            return {"wrong": "the disk of this machine refuses; `tentou check` says more"}

    def _compared(self, wish: Wish) -> tuple[bool, dict[str, Any]]:
        """How far the comparison goes that was asked for; done once each channel's has ended, or nobody waits.

        One that is down is not awaited, as nobody knows for how long; it is compared once it answers.
        """
        if wish.id not in self._under_way:
            self._under_way[wish.id] = self.desk.compare([wish.of] if wish.of else [])
        asked = self._under_way[wish.id]
        every = [self._progress(channel, number) for channel, number in asked.items()]
        through = {each["channel"] for each in every if each["done"]}
        meant = [each.id for each in self.desk.shop.channels if wish.of in ("", each.id)]
        down = {each: why for each in meant if each not in through and (why := self.desk.down(each))}
        progress = [each for each in every if each["channel"] not in down]
        done = wish.what == "ask" or all(each["done"] for each in progress)
        reached = asked.keys() - down.keys()
        away = [each for each in meant if each not in reached]
        return done, {"channels": progress, "away": away, "down": down}

    def _progress(self, channel: str, number: int) -> dict[str, Any]:
        found = self.desk.comparison(channel)
        ended = found is not None and found.ended >= number
        begun = found is not None and found.begun >= number
        return {
            "channel": channel,
            "done": ended,
            "begun": begun,
            "due_s": round(self._due.get(channel, 0.0)),
            "read": found.rows if found is not None and begun else 0,
            "rows": self.desk.listed(channel),
            "differed": found.differed if found is not None and ended else 0,
            "first": found is not None and ended and is_first(found),
            "refused": self.desk.older(channel) if ended else 0,
        }

    async def figures(self) -> None:
        """Each channel's age and lag in its part of health, so that ``/metrics`` has them; no SKU is named."""
        while True:
            now_s = self.desk.wall()
            for channel in self.desk.shop.channels:
                if self.desk.health is not None:
                    self.desk.health.figures(KIND, channel.id, self._figures(channel.id, now_s))
            await self._sleep(FIGURES_S)

    def _figures(self, channel: str, now_s: float) -> dict[str, float]:
        keys = [key for key in self.desk.cache.all_shelves() if channel_of(key[0]) == channel]
        ages = [age for key in keys if (age := self.desk.cache.age(*key, now_s)) is not None]
        late = self.desk.late(channel, now_s, HOUR_S)
        found = {"age_s": max(ages, default=None), "lag_p50_s": late.p50_s, "lag_p99_s": late.p99_s}
        return {name: round(value, 3) for name, value in found.items() if value is not None}

    async def keep(self) -> None:
        """Write the lags down each minute, behind those that a start finds; a disk that refuses is tried again."""
        try:
            while True:
                await self._kept()
                await self._sleep(SAVE_S)
        finally:
            await self._kept()

    async def _kept(self) -> None:
        try:
            if not self._read:
                self.desk.watch.lags.take(await self.desk.db.read(lags.read))
                self._read = True
            await self.desk.watch.lags.save(self.desk.db, self.desk.wall())
        except sqlite3.Error as error:
            log.info("how late stock is cannot be written down: %s", getattr(error, "sqlite_errorname", ""))
