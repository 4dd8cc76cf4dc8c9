"""How many calls a source may get in a second, all members together; beyond that nobody is asked (promise K-4)."""

from __future__ import annotations

from collections import deque

SLACK = 1.1
"""A tenth more than a second: calls that left evenly may arrive a little closer together."""

LONGEST_HOLD_S = 60.0


class Budget:
    """At most ``calls_per_second`` calls in any second; times are seconds of the monotonic clock."""

    def __init__(self, calls_per_second: float) -> None:
        most = max(1, int(calls_per_second))
        self._window = max(1.0, most / calls_per_second) * SLACK
        self._calls: deque[float] = deque(maxlen=most)
        self._held = float("-inf")

    def wait(self, now: float) -> float:
        """How many seconds until a call may go; 0 now."""
        full = len(self._calls) == self._calls.maxlen
        free = self._calls[0] + self._window if full else now
        return max(0.0, free - now, self._held - now)

    def called(self, now: float) -> None:
        """A call goes now, whatever becomes of it."""
        self._calls.append(now)

    def hold(self, now: float, seconds: float) -> None:
        """The source asked to be left alone for a while, at most a minute."""
        self._held = max(self._held, now + min(max(seconds, 0.0), LONGEST_HOLD_S))
