"""When to send what on one connection: the window, what is sent again and when, as a value without I/O or a clock.

A message carries one event or a run of them, and is known by its first one's number. It is sent again only on a new
connection, when an acknowledgement shows a hole, or as one probe with a growing pause (MQTT.md 3.1: to send the window
again on a timer flooded a slow broker). Times are monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from edge.contacts.event import Range
from edge.contacts.line.dial import Confirms, Pace


class Verdict(StrEnum):
    """What a PUBACK's reason means for its event (RELIABILITY.md 2.5)."""

    TAKEN = "taken"
    NOBODY = "nobody listens"
    BUSY = "busy"
    REFUSED = "refused topic"
    MALFORMED = "refused payload"
    TOO_LARGE = "too large"


_VERDICTS = {
    0x00: Verdict.TAKEN,
    0x10: Verdict.NOBODY,
    0x87: Verdict.REFUSED,
    0x90: Verdict.REFUSED,
    0x95: Verdict.TOO_LARGE,
    0x99: Verdict.MALFORMED,
}


def verdict_of(reason: int) -> Verdict:
    """The verdict of a reason code; one that nobody has defined is treated as busy, so nothing is lost by it."""
    return _VERDICTS.get(reason, Verdict.BUSY)


@dataclass
class Flight:
    """One connection's sending. ``cursor`` is the highest number handed out; ``sent`` are the messages, as ranges of
    numbers, that are not confirmed yet, ``aloft`` those without their PUBACK: each first number and its last."""

    cursor: int
    limit: int
    pace: Pace
    confirms: Confirms
    now: float
    acked: int = field(init=False)
    window: float = field(init=False)
    ahead: float = field(init=False)
    aloft: dict[int, int] = field(default_factory=dict)
    sent: deque[Range] = field(default_factory=deque)
    budget: float = math.inf
    holding: bool = False
    busy_since: float = math.inf

    def __post_init__(self) -> None:
        self.acked = self.cursor
        self.window = float(self.limit)
        self.ahead = float(self.pace.ahead)
        self._steep = True
        self._answered_at = self.now
        self._resume_at = -math.inf
        self._slow = self.pace.slow
        self._round = 1
        self._again_from = self._fetched_at = -1
        self._probe_wait = self.pace.probe
        self._probe_at = self.now + self._probe_wait

    def room(self, now: float) -> int:
        """How many messages may be sent now, from ``cursor`` on."""
        if now < self._resume_at or (self.aloft and next(reversed(self.aloft)) > self.cursor):
            return 0  # a pause, or the last of an earlier run is still out
        free = min(int(self.window) - len(self.aloft), self.ahead - len(self.sent), self.budget)
        return max(0, int(free))

    def depart(self, first: int, last: int, now: float) -> None:
        """A message of these events was handed to the link."""
        self._answered_at = self._answered_at if self.aloft else now
        self.aloft[first] = last
        self.sent.append((first, last))
        self.cursor = last
        self.budget -= 1
        self._probe_at = now + self._probe_wait

    def held_up(self) -> bool:
        """Whether nothing may be sent because the inbox waits for a number that is not ours to send: the gap that
        accounts for it lies further on, and goes before its turn. Once for each watermark and probe."""
        if self.confirms is not Confirms.INBOX or self.aloft or not self.sent or self._fetched_at == self.acked:
            return False
        return len(self.sent) >= int(self.ahead) and self.sent[0][0] > self.acked + 1

    def fetched(self, seq: int, acked: int, now: float) -> None:
        """The gap for the number after a watermark was handed to the link; 0 if there is none.

        It may have moved on while the gap was looked for: then another gap holds it up, and is fetched, too.
        """
        self._fetched_at = acked
        if seq:
            self._answered_at = now
            self.aloft[seq] = seq

    def land(self, first: int, reason: int, now: float) -> Verdict:
        """The PUBACK of a message came."""
        self.aloft.pop(first, None)
        self._answered_at = now
        verdict = verdict_of(reason)
        if verdict is Verdict.TAKEN:
            self._taken()
        elif verdict is Verdict.NOBODY:
            self._hold(first, now)
        elif verdict is Verdict.BUSY:
            self._slow_down(first, now)
        else:
            self.rewind(first - 1)
            self.budget += 1  # what is set aside was no answer to the probe
        return verdict

    def landed_upto(self) -> int:
        """Up to which number every event handed out has its PUBACK of reason 0x00: what ``puback`` mode deletes."""
        return min([*self.aloft, self.cursor + 1]) - 1

    def confirm(self, upto: int, highest: int, now: float) -> None:
        """All up to ``upto`` is committed; ``highest`` above it shows that something in between is missing."""
        # What was sent has arrived even if the watermark stands: a gap that is still to be sent may hold it.
        arrived = bool(self.sent) and highest >= self.sent[0][0]
        if upto > self.acked:
            self._forward(upto)
            self._probe_wait = self.pace.probe
            arrived = True
        if arrived:
            self._grow()
            self._probe_at = now + self._probe_wait
        # Only an event that was ours to send is sent again: below the first sent one lies what a gap accounts for.
        hole = highest > upto and self.sent and self.sent[0][0] <= upto + 1 and self.sent[0][0] not in self.aloft
        if hole and upto != self._again_from:
            self._again_from = upto
            self.ahead, self._steep = max(float(self.limit), self.ahead / 2), False
            self.rewind(upto)

    def nudge(self) -> None:
        """The inbox has just come: send again from the watermark, at full width."""
        self.rewind(self.acked)
        self.holding, self.budget, self._round = False, math.inf, 1
        self._probe_wait = self.pace.probe

    def probe(self, now: float) -> bool:
        """Start again with one event if nothing was confirmed for long; True if it did."""
        if self.aloft or now < self._probe_at or not self._unsure():
            return False
        self.rewind(self.acked)
        self._fetched_at = -1
        self.budget = self._round = 1
        self._probe_wait = min(self._probe_wait * 2, self.pace.probe_longest)
        self._probe_at = now + self._probe_wait
        return True

    def stalled(self, now: float) -> bool:
        """True if the far side has not answered for too long: the connection is to be dropped."""
        return bool(self.aloft) and now - self._answered_at > self.pace.stall

    def eldest(self, now: float) -> float:
        """For how many seconds the far side has owed an answer; 0 if it owes none."""
        return now - self._answered_at if self.aloft else 0.0

    def wake_at(self, now: float) -> float:
        """When to look again if nothing happens before; infinity if only news can change anything."""
        times = [self._resume_at] if self._resume_at > now else []
        if self.aloft:
            times.append(self._answered_at + self.pace.stall)
        elif self._unsure():
            times.append(self._probe_at)
        return min(times, default=math.inf)

    def rewind(self, to: int) -> None:
        """Hand out again what lies above ``to``."""
        self.cursor = min(self.cursor, max(to, self.acked))
        while self.sent and self.sent[-1][1] > self.cursor:
            self.sent.pop()

    def _unsure(self) -> bool:
        return self.holding or (self.confirms is Confirms.INBOX and (bool(self.sent) or self.budget <= 0))

    def _forward(self, upto: int) -> None:
        """The watermark moved. What went well may go further ahead: thrice as far a round, after a hole more slowly.

        A broker's queue is finite (mosquitto's 1,000 by default), and what it drops shows as a hole.
        """
        self.acked = upto
        self.cursor = max(self.cursor, upto)
        full, done = len(self.sent) > self.ahead / 2, 0
        while self.sent and self.sent[0][1] <= upto:
            self.sent.popleft()
            done += 1
        if full:
            self.ahead = min(float(self.pace.ahead_most), self.ahead + (2 * done if self._steep else self.limit))

    def _taken(self) -> None:
        if self.holding:
            self.holding, self.budget = False, math.inf
        self._slow, self.busy_since = self.pace.slow, math.inf
        self.window = min(float(self.limit), self.window + 1 / self.window)

    def _slow_down(self, first: int, now: float) -> None:
        self.rewind(first - 1)
        if now < self._resume_at:
            return  # one burst of refusals is one word
        self.busy_since = min(self.busy_since, now)
        self.window = max(1.0, self.window // 2)
        self._resume_at, self._slow = now + self._slow, min(self._slow * 2, self.pace.slow_longest)

    def _hold(self, first: int, now: float) -> None:
        self.rewind(first - 1)
        if not self.holding:
            self._probe_at = now + self._probe_wait
        self.holding, self.budget = True, 0

    def _grow(self) -> None:
        """A probe was answered: twice as many next, as long as there is more behind the watermark."""
        if math.isinf(self.budget):
            return
        self._round *= 2
        self.budget = self._round if self._round < 8 * self.limit else math.inf
