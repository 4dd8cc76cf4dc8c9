"""How fast a backlog goes out: a token bucket over the monotonic clock, as a value without I/O.

After an outage a whole chain returns at once, and what hurts head office is the backlog (RELIABILITY.md 7.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Bucket:
    """Lets ``rate`` messages a second pass, and at most a second's worth at once; rate 0 lets all pass."""

    rate: float
    now: float
    _tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = max(1.0, self.rate)

    def ready_at(self, now: float) -> float:
        """When the next message may go: ``now`` if it may at once."""
        if self.rate == 0:
            return now
        self._fill(now)
        return now if self._tokens >= 1.0 else now + (1.0 - self._tokens) / self.rate

    def take(self, now: float) -> None:
        """One goes."""
        if self.rate:
            self._fill(now)
            self._tokens = max(0.0, self._tokens - 1.0)

    def set_rate(self, rate: float, now: float) -> None:
        """Another rate from now on."""
        self._fill(now)
        self.rate = rate
        self._tokens = min(self._tokens, max(1.0, rate))

    def _fill(self, now: float) -> None:
        self._tokens = min(max(1.0, self.rate), self._tokens + max(0.0, now - self.now) * self.rate)
        # A tenth of a microsecond is what is lost between a time that was named and its token.
        self._tokens = round(self._tokens, 7)
        self.now = now
