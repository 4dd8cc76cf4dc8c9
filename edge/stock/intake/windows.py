"""Budgets as sliding windows: whether a call may go now, and if not, when (promise K-4). Pure: time is an argument.

A call counts from the moment in which it may go until ``per_s`` after its answer came or was given up. The source saw
it some time in between, so that no window of the source's holds more than the budget, whatever the way there took.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from enum import IntEnum

from edge.stock.system import Budget

LONGEST_HOLD_S = 3600.0


class Urgency(IntEnum):
    """What goes first where a budget is short."""

    RESERVE = 0
    READ = 1
    POLL = 2
    COMPARE = 3


SHARES = {Urgency.RESERVE: 1.0, Urgency.READ: 0.9, Urgency.POLL: 0.8, Urgency.COMPARE: 0.6}
"""Up to how much of a budget may be in use for another call of this urgency to go: a comparison never leaves a
shopper's wish or a read-back to wait for an hour."""

SURE_POLLS, BLIND_POLLS, SHOWN, WHOLES = 0.5, 0.1, 0.1, 0.4
"""How much of a budget rounds that go on for ever take evenly: polls that vouch, or those that do not with what screens
show and comparisons. Either stay within what lets a comparison go: polls that used more would end comparisons for good,
and where nothing else vouches all would grow old."""


class Window:
    """What one budget was used for. Times are seconds of one clock, never set back."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._ended: deque[tuple[float, float]] = deque()
        self._spent = 0.0

    def wait(self, cost: float, share: float, open_cost: float, now: float) -> float:
        """Seconds until a call of this cost may go: 0 now, infinity only after an open call has ended."""
        self._forget(now)
        if self._room(open_cost + self._spent, cost, share):
            return 0.0
        spent = self._spent
        for end, ended_cost in self._ended:
            spent -= ended_cost
            if self._room(open_cost + spent, cost, share):
                # A hair longer, so that whoever slept so long by another rounding finds the room.
                return max(end + self.budget.per_s - now, 0.0) + 1e-6
        return math.inf

    def _room(self, used: float, cost: float, share: float) -> bool:
        return used + cost <= self.budget.calls + 1e-9 and used < self.budget.calls * share

    def ended(self, cost: float, at: float) -> None:
        """A call is over."""
        last = self._ended[-1][0] if self._ended else at
        self._ended.append((max(at, last), cost))
        self._spent += cost

    def _forget(self, now: float) -> None:
        while self._ended and self._ended[0][0] + self.budget.per_s <= now:
            self._spent -= self._ended.popleft()[1]
        if not self._ended:
            self._spent = 0.0


class Windows:
    """All budgets of one contract, and what the source asked for by itself."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self._windows = [Window(budget) for budget in budgets]
        self._open = 0.0
        self._held_until = -math.inf

    def wait(self, cost: float, urgency: Urgency, now: float) -> float:
        """Seconds until a call may go; infinity if that depends on an open one's end."""
        share = SHARES[urgency]
        pauses = [window.wait(cost, share, self._open, now) for window in self._windows]
        return max([self._held_until - now, 0.0, *pauses])

    def affords(self, cost: float) -> bool:
        """Whether a call of this cost can ever go."""
        return all(cost <= window.budget.calls for window in self._windows)

    def begin(self, cost: float) -> None:
        """A call goes."""
        self._open += cost

    def end(self, cost: float, now: float) -> None:
        """A call that went is over, whatever became of it."""
        self._open = max(0.0, self._open - cost)
        self.add(cost, now)

    def add(self, cost: float, at: float) -> None:
        """So much was used (or, below 0, was not) until a moment."""
        for window in self._windows:
            window.ended(cost, at)

    def hold(self, seconds: float, now: float) -> None:
        """The source asked to be left alone, for at most an hour."""
        self._held_until = max(self._held_until, now + min(max(seconds, 0.0), LONGEST_HOLD_S))

    @property
    def longest_s(self) -> float:
        """The longest of the windows; what is older counts nowhere."""
        return max((window.budget.per_s for window in self._windows), default=0.0)

    def even_s(self, calls: float, share: float) -> float:
        """How far apart rounds of so many calls lie that are spread evenly over so much of every budget."""
        spaces = (
            calls * window.budget.per_s / (window.budget.calls * share)
            for window in self._windows
            if window.budget.calls
        )
        return max(spaces, default=0.0)
