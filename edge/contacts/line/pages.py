"""The outbox's rows in their order, read ahead of need so that the sending never waits for the disk."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from itertools import islice

from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.schema import Row

log = logging.getLogger(__name__)

PAGE = 500
LOW = 1_000
"""With fewer rows than this at hand the next page is read."""

RETRY_S = 1.0


class Pages:
    """Rows after a place. What is at hand is at most LOW + PAGE rows; the news are told when more have come."""

    def __init__(self, outbox: Outbox, tasks: asyncio.TaskGroup) -> None:
        self._outbox, self._tasks = outbox, tasks
        self._rows: deque[Row] = deque()
        self._at = self._tail = -1
        self._read: asyncio.Task[None] | None = None
        self._ended_at = -1
        self._moves = 0
        self._rewritten = outbox.rewritten

    def after(self, cursor: int, most: int) -> list[Row]:
        """At most so many rows that follow the cursor; none if there are none yet, or they are still being read."""
        if cursor != self._at or self._outbox.rewritten != self._rewritten:
            self._move(cursor)
        if len(self._rows) < LOW and self._read is None and self._tail < self._outbox.last != self._ended_at:
            self._read = self._tasks.create_task(self._fill(self._tail), name="uplink read")
        return list(islice(self._rows, most))

    def passed(self, count: int) -> None:
        """The first of them are on their way."""
        for _ in range(count):
            self._at = self._rows.popleft().seq

    def stale(self) -> None:
        """What is at hand may have changed on the disk."""
        self._move(self._at)

    def _move(self, cursor: int) -> None:
        self._rows.clear()
        self._at = self._tail = cursor
        self._rewritten = self._outbox.rewritten
        self._ended_at = -1
        self._moves += 1

    async def _fill(self, tail: int) -> None:
        last, moves = self._outbox.last, self._moves
        try:
            found = await self._outbox.page(tail, PAGE)
        except sqlite3.Error as error:
            log.warning("the outbox cannot be read now: %s", type(error).__name__)
            await asyncio.sleep(RETRY_S)
            found, last = [], -1
        self._read = None
        if moves == self._moves and self._rewritten == self._outbox.rewritten:  # else these are not the rows to send
            self._rows.extend(found)
            self._tail = found[-1].seq if found else tail
            self._ended_at = last if len(found) < PAGE else -1
        self._outbox.news.set()
