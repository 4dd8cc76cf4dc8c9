"""The ledger, as sessions see it: ``note`` a contact and go on; the disk is somebody else's business."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import Counter, deque

from edge.contacts.event import BadContact, checked
from edge.contacts.outbox import Outbox
from edge.db import cause
from edge.health import Health
from edge.model import Contact

log = logging.getLogger(__name__)

QUEUE = 1_000
"""How many contacts wait for a disk that does not answer: at one a second, a quarter of an hour."""

BATCH = 100
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0


class Ledger:
    """A bounded queue before the outbox. What it cannot keep is counted; a gap tells of it once the disk is back."""

    def __init__(self, outbox: Outbox, health: Health, queue: int = QUEUE) -> None:
        self.lost: Counter[str] = Counter()
        self._outbox, self._health, self._limit = outbox, health, queue
        self._queue: deque[Contact] = deque()
        self._unaccounted: Counter[str] = Counter()
        self._more = asyncio.Event()

    def note(self, contact: Contact) -> None:
        """Hand over a contact. Never waits and never raises; one that cannot be kept is counted."""
        try:
            checked(contact)
        except BadContact as error:
            log.error("a contact cannot be an event: %s", error)
            self._count(contact.kind)
            return
        if len(self._queue) >= self._limit:
            self._count(contact.kind)
            return
        self._queue.append(contact)
        self._more.set()

    async def run(self) -> None:
        """Carry contacts to the outbox, in order, for ever; on a cancel keep what is in the queue, if the disk can."""
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                await self._carry()
        finally:
            with contextlib.suppress(sqlite3.Error):
                while self._queue:
                    await self._keep()

    async def _carry(self) -> None:
        pause = FIRST_PAUSE
        while self._queue or self._unaccounted:
            try:
                await self._keep()
            except sqlite3.Error as error:
                self._health.down("ledger", "outbox", cause(error), "see the disk of this device", self._figures())
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    async def _keep(self) -> None:
        """One batch, and once the queue is empty the gap of the stretch; what could not be written stays.

        What is being written is taken out first: a cancel cannot stop the database's thread, so it will be kept.
        """
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        try:
            if batch:
                await self._outbox.record_all(batch)
        except sqlite3.Error:
            self._queue.extendleft(reversed(batch))
            raise
        if self._unaccounted and not self._queue:
            await self._account()
        self._health.up("ledger", "outbox", "", self._figures())

    async def _account(self) -> None:
        counts, self._unaccounted = self._unaccounted, Counter()
        try:
            await self._outbox.account("not kept", counts)
        except sqlite3.Error:
            self._unaccounted.update(counts)
            raise

    def _count(self, kind: str) -> None:
        self.lost[kind] += 1
        self._unaccounted[kind] += 1
        self._more.set()

    def _figures(self) -> dict[str, float]:
        return {"waiting": self._outbox.waiting(), "queue": len(self._queue), "lost": self.lost.total()}
