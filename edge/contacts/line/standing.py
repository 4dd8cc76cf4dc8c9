"""What the uplink remembers from one connection to the next."""

from __future__ import annotations

import math
from random import random

from edge.contacts.line.bucket import Bucket
from edge.contacts.line.dial import Pace
from edge.contacts.line.doubts import Doubts
from edge.contacts.line.policy import Policy
from edge.contacts.spool.outbox import Outbox


def figures(outbox: Outbox, days: float | None = None) -> dict[str, float]:
    """What the health page tells of the sending; ``days`` are what our certificate still lasts."""
    told: dict[str, float] = {"waiting": outbox.waiting(), "last": outbox.last, "acknowledged": outbox.acked}
    return told if days is None else {**told, "certificate_days": round(days, 1)}


class Standing:
    """What is remembered from one connection to the next. ``lost_at`` is when the last one ended, on the loop's clock;
    ``narrow`` a window below the usual, after the far side said that ours was too wide."""

    def __init__(self, pace: Pace, now: float) -> None:
        self.doubts = Doubts()
        self.policy = Policy()
        self.bucket = Bucket(pace.drain, now)
        self.narrow = pace.window
        self.retried = 0
        self.lost_at = math.inf
        self._pace = pace
        self._opened_at, self._chance = now, 0.0

    def opened(self, now: float) -> None:
        """A connection was made."""
        long_away = now - self.lost_at > self._pace.outage
        self._opened_at, self._chance = now, random() if long_away else 0.0  # noqa: S311 - jitter, no secret

    def heard(self, policy: Policy, now: float) -> None:
        """Head office's policy holds from now on; what it leaves open is as our settings say."""
        self.policy = policy
        self.bucket.set_rate(self._pace.drain if policy.drain_eps is None else policy.drain_eps, now)

    def backlog_at(self, now: float) -> float:
        """When the next message of a backlog may go."""
        spread = self.policy.connect_spread_s
        starts = self._opened_at + self._chance * (self._pace.spread if spread is None else spread)
        return max(starts, self.bucket.ready_at(now))
