"""What a channel's webhooks left to do: deliveries to work off, rows to read again, a comparison to make."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection

from edge.stock.intake import streams
from edge.stock.intake.clocks import moved_or
from edge.stock.intake.streams import Stream
from edge.stock.system import Key, Pushed

MOST_WAITING = 10_000
UNORDERED_S = 30.0
"""How much later a push may have been read than one of a higher number, where several processes take turns."""
HOLE_S = 2.0
"""How long a missing push may still come behind its followers before everything is compared."""
COALESCE_S = 0.5
"""So long what webhooks name is gathered, as more of it comes together."""
TIE_S = 0.05
"""Ties are few: they are gathered so long, and twice as long each time while they go on, up to COALESCE_S."""
Rows = set[tuple[str, str]]
"""(SKU, location) of ours."""


class Pushes:
    """One channel's. An id is a delivery's; it is settled when all that it asked for is done."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: list[tuple[str, Pushed]] = []
        self._keys: dict[Key, Rows] = {}
        self._flood = False
        self._tie_s = TIE_S
        self._read_at = -math.inf
        self._ids: list[str] = []
        self._owed_rows: Rows = set()
        self._settled: list[str] = []
        self._owed_whole: list[str] = []
        self._wants = False
        self._missed = self._missing = False
        self._rounds = 0
        self._flight: tuple[dict[Key, Rows], list[str]] | None = None
        self._hole_at = math.inf
        self._moved = asyncio.Event()
        self._sent: dict[int, float] = {}
        self.stream = Stream()

    # Deliveries

    def room(self) -> bool:
        """Whether one more can wait."""
        return len(self._told) < MOST_WAITING

    def add(self, id: str, pushed: Pushed) -> None:
        """A delivery came."""
        self._told.append((id, pushed))
        self._wake()

    async def take(self) -> list[tuple[str, Pushed]]:
        """All that wait, at least one, oldest first; they count as untaken until ``done``."""
        while not self._told:
            await self._wait()
        return list(self._told)

    def done(self, told: Collection[tuple[str, Pushed]]) -> None:
        """The first so many are in the cache or among what is to be read."""
        del self._told[: len(told)]
        for id, pushed in told:
            self._number(pushed)
            (self._owed_whole if pushed.everything else self._ids).append(id)
        if not self._keys and not self._flight:
            self._settled += self._ids
            self._ids = []
        self._wake()

    def owe(self, id: str, keys: Collection[Key], rows: Collection[tuple[str, str]], everything: bool) -> None:
        """A delivery of before this start: its rows are read again, whatever it said of them."""
        for key in keys:
            self._keys.setdefault(key, set())
        self._owed_rows |= set(rows)
        (self._owed_whole if everything else self._ids).append(id)
        self._wants |= everything
        self._missed |= everything

    def owed_rows(self) -> Rows:
        """Rows of before this start, for which there is no key yet; they are handed out once."""
        rows, self._owed_rows = self._owed_rows, set()
        return rows

    def settled(self) -> list[str]:
        """Ids that are worked off, handed out once."""
        ids, self._settled = self._settled, []
        return ids

    # What is to be read again

    def ask(self, key: Key, row: tuple[str, str] | None = None, flood: bool = True) -> None:
        """Read this again; ``row`` is what it is in our terms, where that is known. Of a ``flood`` more will come."""
        self._keys.setdefault(key, set()).update([row] if row else [])
        self._flood = self._flood or flood
        self._wake()

    async def gathered(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Until there is something to read, and what comes together with it has come, too."""
        while not self._keys:
            await self._wait()
        lately = self._monotonic() - self._read_at < COALESCE_S
        self._tie_s = min(2 * self._tie_s, COALESCE_S) if lately else TIE_S
        await sleep(COALESCE_S if self._flood else self._tie_s)

    def take_keys(self) -> dict[Key, Rows]:
        """All that is to be read now; whoever reads it takes out what it has read."""
        self._flight = self._keys, self._ids
        self._keys, self._ids, self._flood = {}, [], False
        return self._flight[0]

    def give_back(self) -> None:
        """What was taken could not be read now, or whoever took it was ended; what it still has is to be read."""
        keys, ids = self._flight or ({}, [])
        for key, rows in keys.items():
            self._keys.setdefault(key, set()).update(rows)
        self._ids, self._flight = ids + self._ids, None

    def read(self) -> None:
        """What was taken has been read."""
        self._settled += self._flight[1] if self._flight else []
        if not self._keys:
            self._settled += self._ids
            self._ids = []
        self._flight = None
        self._rounds += 1
        self._read_at = self._monotonic()
        self._wake()

    def idle(self) -> bool:
        """Whether nothing waits, is to be read, or is being read."""
        return not (self._told or self._keys or self._flight)

    async def read_through(self) -> None:
        """Until all that is to be read now has been."""
        enough = self._rounds + (self._flight is not None) + bool(self._keys)
        while self._rounds < enough and (self._keys or self._flight):
            await self._wait()

    # Comparisons

    def want(self, missed: bool = True) -> None:
        """Everything is to be read again, as soon as the budgets allow; ``missed`` if something changed of which
        nothing else is known, so that until then nobody can tell that all is as it was."""
        self._wants = True
        self._missed |= missed
        self._wake()

    @property
    def misses(self) -> bool:
        """Whether something changed that only the next comparison, or the one that goes on, finds."""
        return self._missed or self._missing

    def begin_comparison(self) -> tuple[list[str], Stream]:
        """Before the first question: the deliveries that it settles, and how the stream stands."""
        ids, self._owed_whole, self._wants = self._owed_whole, [], False
        self._missed, self._missing = False, self._missed or self._missing
        return ids, self.stream

    def end_comparison(self, ids: list[str], then: Stream, through: bool) -> bool:
        """After the last answer, or when it failed; whether no push is given up with it that never came."""
        if not through:
            self._owed_whole = ids + self._owed_whole
            return True
        self._settled += ids
        self._missing = False
        came = self.stream.last >= then.highest
        self.stream = streams.compared(self.stream, then)
        self._note_hole()
        self._wake()
        return came

    async def wanted(self, seconds: float, least: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Until the next comparison is due: after so many seconds, or after ``least`` where one is wanted."""
        start = self._monotonic()
        while (left := self._left(start, seconds, least)) > 0:
            await self._wait(left, sleep)

    def _left(self, start: float, seconds: float, least: float) -> float:
        now = self._monotonic()
        hole = self._hole_at + HOLE_S
        due = start + seconds if not self._wants else start + least
        return min(due, max(hole, start + least)) - now

    # Streams

    def word(self) -> float | None:
        """When (by the system's clock) all was as what is known now; None while something is missing or to be read."""
        if not self.stream.vouches or not self.idle() or self.misses:
            return None
        return self._sent.get(self.stream.last) or None

    def _number(self, pushed: Pushed) -> None:
        if not pushed.stream or pushed.seq < 1:
            return
        if pushed.stream == self.stream.name and pushed.seq < self.stream.last:
            sent_s = self._sent.get(self.stream.last, math.inf)
            if pushed.sent_s > sent_s + UNORDERED_S:
                self.stream = Stream()  # its numbers were given before: it was restored from a backup
        before = self.stream
        self.stream = streams.heard(before, pushed.stream, pushed.seq)
        if self.stream.name != before.name:
            self._sent = {}
        self._sent[pushed.seq] = pushed.sent_s
        self._sent = {seq: at for seq, at in self._sent.items() if seq >= self.stream.last}
        self._note_hole()

    def _note_hole(self) -> None:
        if not self.stream.name or self.stream.vouches:
            self._hole_at = math.inf
        elif self._hole_at == math.inf:
            self._hole_at = self._monotonic()

    # Waiting

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _wait(self, seconds: float = math.inf, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Until something moved, or so long."""
        await moved_or(self._moved, seconds, sleep)
