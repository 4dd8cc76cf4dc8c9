"""The ledger, as sessions see it: ``note`` a contact and go on; the disk is somebody else's business."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter, deque

from edge.contacts.event import BadContact
from edge.contacts.spool.draft import Draft
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.room import Refused
from edge.db import cause
from edge.health import Health
from edge.model import Contact

log = logging.getLogger(__name__)

QUEUE = 1_000
"""How many contacts wait for a disk that does not answer: at one a second, a quarter of an hour."""

BATCH = 100
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
REFUSALS = 60.0
"""Seconds between two gaps about what a full outbox refuses: each gap takes room, too."""

_SHORT = "degraded: the disk or the outbox is nearly full, and contacts that count less are dropped"


class Ledger:
    """A bounded queue before the outbox. What it cannot keep is counted; a gap tells of it once the disk is back.

    ``lost`` counts for ever, by kind; ``latest`` is when the last of a kind was noted, by the monotonic clock. A gap's
    reason is ``refused`` for what a full outbox did not take, by its settings, and ``not kept`` for what found no place
    in the queue or could be no event.
    """

    def __init__(self, outbox: Outbox, health: Health, queue: int = QUEUE, refusals: float = REFUSALS) -> None:
        self.lost: Counter[str] = Counter()
        self.latest: dict[str, float] = {}
        self._outbox, self._health, self._limit = outbox, health, queue
        self._refusals, self._told = refusals, -refusals
        self._queue: deque[Draft] = deque()
        self._unaccounted: dict[str, Counter[str]] = {}
        self._more = asyncio.Event()

    def note(self, contact: Contact) -> None:
        """Hand over a contact. Never waits and never raises; one that cannot be kept is counted."""
        try:
            draft = self._outbox.draft(contact)
        except BadContact as error:
            log.error("a contact cannot be an event: %s", error)
            self._count("not kept", contact.kind)
            return
        if len(self._queue) >= self._limit:
            self._count("not kept", contact.kind)
            return
        self._queue.append(draft)
        self.latest[contact.kind] = contact.at
        self._more.set()

    def queued(self) -> int:
        """How many contacts wait for the disk."""
        return len(self._queue)

    async def run(self) -> None:
        """Carry contacts to the outbox, in order, for ever; on a cancel keep what is in the queue, if the disk can."""
        tending = asyncio.create_task(self._outbox.tend(), name="outbox room")
        try:
            while True:
                await self._due()
                await self._carry()
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)
            with contextlib.suppress(sqlite3.Error):
                while self._queue or self._unaccounted:
                    self._told = -self._refusals  # nothing waits for its time now, whatever is noted meanwhile
                    await self._keep()

    async def _due(self) -> None:
        """Wait for something to carry: a contact, or the time to tell of what was refused."""
        wait = self._told + self._refusals - time.monotonic() if self._unaccounted else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._more.wait()
        self._more.clear()

    async def _carry(self) -> None:
        pause = FIRST_PAUSE
        while self._queue or self._tellable():
            try:
                await self._keep()
            except sqlite3.Error as error:
                self._health.down("ledger", "outbox", cause(error), "see the disk of this device", self._figures())
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    async def _keep(self) -> None:
        """One batch, and once the queue is empty the gaps of the stretch; what could not be written stays.

        What is being written is taken out first: a cancel cannot stop the database's thread, so it will be kept.
        """
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        try:
            if batch:
                await self._outbox.keep(batch)
        except Refused:
            for draft in batch:
                self._count("refused", draft.contact.kind)
        except sqlite3.Error:
            self._queue.extendleft(reversed(batch))
            raise
        for reason in self._tellable() if not self._queue else ():
            await self._account(reason)
        self._tell()

    def _tellable(self) -> list[str]:
        """The reasons whose gap is due."""
        quiet = time.monotonic() < self._told + self._refusals
        return [reason for reason in self._unaccounted if reason != "refused" or not quiet]

    async def _account(self, reason: str) -> None:
        counts = self._unaccounted.pop(reason)
        try:
            await self._outbox.account(reason, counts)
        except sqlite3.Error:
            self._unaccounted[reason] = self._unaccounted.get(reason, Counter()) + counts
            raise
        if reason == "refused":
            self._told = time.monotonic()

    def _tell(self) -> None:
        if self._outbox.spool == "degraded":
            self._health.down("ledger", "outbox", _SHORT, "free room on the disk of this device", self._figures())
        else:
            self._health.up("ledger", "outbox", "", self._figures())

    def _count(self, reason: str, kind: str) -> None:
        self.lost[kind] += 1
        self._unaccounted.setdefault(reason, Counter())[kind] += 1
        self._more.set()

    def _figures(self) -> dict[str, float]:
        return {"waiting": self._outbox.waiting(), "queue": len(self._queue), "lost": self.lost.total()}
