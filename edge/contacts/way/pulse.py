"""When things last happened on a contact's way, and the facts that the IT's page is told of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.status import Status, status
from edge.contacts.way.page import Seen
from edge.contacts.way.stations import Facts
from edge.health import Health, Part, State

READERS = ("eye", "camera", "scanner")


@dataclass
class Pulse:
    """Watches one outbox; ``look`` is called every few seconds. Times are those of the monotonic clock."""

    outbox: Outbox
    ledger: Ledger
    health: Health
    upstream: bool
    puback: bool = False
    mono: Callable[[], float] = time.monotonic
    _numbers: tuple[int, int] = field(default=(0, 0))
    _row_at: float | None = None
    _ack_at: float | None = None

    def __post_init__(self) -> None:
        self._numbers = (self.outbox.last, self.outbox.acked)

    def look(self) -> None:
        """Note whether something was recorded or confirmed since the last look."""
        last, acked = self._numbers
        self._numbers = (self.outbox.last, self.outbox.acked)
        now = self.mono()
        if self.outbox.last != last:
            self._row_at = now
        if self.outbox.acked != acked:
            self._ack_at = now

    async def seen(self) -> Seen:
        """What the page shows now."""
        self.look()
        try:
            books: Status | None = await self.outbox.look(status)
        except sqlite3.Error:
            books = None
        gaps = books.gaps if books else {}
        lines = [(reason, kind, count) for reason, counts in gaps.items() for kind, count in counts.items()]
        return Seen(self._facts(books), lines)

    def _facts(self, books: Status | None) -> Facts:
        readers = [part for part in self.health.parts() if part.kind in READERS]
        ledger, line, inbox = self._part("ledger"), self._part("upstream"), self._part("inbox")
        kept = next((part for part in self.health.parts() if (part.kind, part.name) == ("disk", "outbox")), None)
        file = kept if kept and kept.state is State.DOWN else None
        oldest = books.oldest_wall if books else None
        return Facts(
            readers=len(readers),
            reading=sum(part.state is State.UP for part in readers),
            scan_s=self._age(self.ledger.latest.get("scan")),
            row_s=self._age(self._row_at),
            queue=self.ledger.queued(),
            spool=self.outbox.spool,
            ledger_down=ledger.detail if ledger and ledger.state is State.DOWN else "",
            file_down=file.detail if file else "",
            file_todo=file.todo if file else "",
            record_since_s=_lasting(file or ledger),
            waiting=self.outbox.waiting(),
            oldest_s=None if oldest is None else max(0.0, time.time() - oldest),
            line=str(line.state) if line else "",
            line_said=line.detail if line else "",
            line_todo=line.todo if line else "",
            line_since_s=_lasting(line),
            inbox=str(inbox.state) if inbox else "",
            inbox_said=inbox.detail if inbox else "",
            inbox_todo=inbox.todo if inbox else "",
            inbox_since_s=_lasting(inbox),
            ack_s=self._age(self._ack_at),
            puback=self.puback,
            upstream=self.upstream,
            dead=books.set_aside if books else {},
            lost=sum(sum(counts.values()) for counts in books.gaps.values()) if books else 0,
        )

    def _part(self, kind: str) -> Part | None:
        return next((part for part in self.health.parts() if part.kind == kind), None)

    def _age(self, at: float | None) -> float | None:
        return None if at is None else max(0.0, self.mono() - at)


def _lasting(part: Part | None) -> float | None:
    """For how many seconds a part has been as it is."""
    return None if part is None else max(0.0, time.time() - part.since_s)
