"""What the ledger asks of an upstream adapter: to dial the far side and say what its acknowledgement is worth."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import random
from typing import Protocol, runtime_checkable

from edge.ports import Link, LinkLost


class Confirms(StrEnum):
    """Who confirms that an event has arrived: head office's inbox after its commit, or the far side's PUBACK alone."""

    INBOX = "inbox"
    PUBACK = "puback"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the connection is lost and does not return within ``delay_s``."""

    topic: str
    payload: bytes = field(repr=False)
    delay_s: int = 30


class Dial(Protocol):
    """Opens connections. ``name`` is for the health page, without secrets."""

    @property
    def name(self) -> str:
        """Where it leads, such as ``mqtt 127.0.0.1:1883``."""

    @property
    def confirms(self) -> Confirms:
        """Whose word lets the outbox delete."""

    def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AbstractAsyncContextManager[Link]:
        """Connect as ``who`` with a will and subscriptions; raises LinkLost if the far side is away."""


@runtime_checkable
class Certified(Protocol):
    """A dial that shows a certificate of its own."""

    def days_left(self, now: float) -> float | None:
        """How many days it still lasts at this UNIX time, negative when it has expired; None if there is none."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of the wire, in seconds of the monotonic clock; the figures are those of RELIABILITY.md 2.5 and 2.7.

    ``window`` is how many messages may lack their PUBACK (a link names its own, the smaller counts), ``ahead`` how many
    may be sent and not yet confirmed at first, ``ahead_most`` after it went well. More than ``backlog`` events that
    are still to be sent are a backlog: it goes in batches of up to ``batch`` events, ``drain`` messages a second
    (0: no bound), and after an outage longer than ``outage`` it starts somewhere within ``spread``.
    """

    window: int = 100
    ahead: int = 2_000
    ahead_most: int = 50_000
    stall: float = 20.0
    probe: float = 5.0
    probe_longest: float = 60.0
    slow: float = 1.0
    slow_longest: float = 60.0
    busy: float = 900.0
    redial: float = 1.0
    redial_longest: float = 60.0
    healthy: float = 60.0
    ack_every: float = 0.5
    backlog: int = 80
    batch: int = 50
    batch_bytes: int = 65_536
    drain: float = 0.0
    outage: float = 600.0
    spread: float = 300.0


def redial_pause(attempt: int, pace: Pace, chance: float | None = None) -> float:
    """How long to wait before the next attempt: full jitter, so that a chain's stores do not return at once."""
    longest = min(pace.redial_longest, pace.redial * 2.0 ** min(attempt, 30))
    return longest * (random() if chance is None else chance)  # noqa: S311 - jitter, no secret


def spread(pace: Pace, seconds: float | None) -> Pace:
    """The pace of a chain whose edges head office lets return over so many seconds, from the first attempt on."""
    if seconds is None:
        return pace
    return replace(pace, redial=max(pace.redial, seconds), redial_longest=max(pace.redial_longest, seconds))


def lost_or_worse(errors: ExceptionGroup[Exception]) -> Exception:
    """What a group of a connection's tasks ended with: anything but a lost link comes first."""
    lost, worse = errors.split(LinkLost)
    if worse is not None or lost is None:
        return worse or errors
    found: Exception = lost
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return LinkLost(str(found), found.cause if isinstance(found, LinkLost) else "")
