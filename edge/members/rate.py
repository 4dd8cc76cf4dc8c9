"""How often codes may come: one number shown again and again, or a film of made-up ones, is not served for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.members.classify import Hint, Recognised, Rejected, hint
from edge.members.reasons import Reason


@dataclass(slots=True)
class Rate:
    """At most ``most`` scans of one ref in ``seconds``, in memory; at most ``refs`` refs are remembered."""

    most: int = 20
    seconds: float = 60.0
    refs: int = 4096
    _seen: dict[str, deque[float]] = field(default_factory=dict, repr=False)

    def at(self, monotonic: float) -> Callable[[str], bool]:
        """The ``hasty`` of a Context for a scan at this time; asking counts as one scan."""
        return lambda ref: self.hasty(ref, monotonic)

    def hasty(self, ref: str, now: float) -> bool:
        """Whether a scan at ``now`` is one too many; it counts only if it is not."""
        times = self._seen.pop(ref, deque())
        self._seen[ref] = times
        while times and times[0] <= now - self.seconds:
            times.popleft()
        if len(self._seen) > self.refs:
            del self._seen[next(iter(self._seen))]
        if len(times) >= self.most:
            return True
        times.append(now)
        return False


REFUSED = 12
"""Refused codes in a minute at one eye of which the shopper is told, each by a hint of 5 s: all that a screen says."""

UNPROVEN = 30
"""Fixed numbers in a minute at one eye: more than a queue of members shows, and few beside a film of made-up ones."""

TOLD_S = 60.0


@dataclass(frozen=True, slots=True)
class Flooded:
    """At one eye ``count`` codes were passed over in silence, as too many came, until ``at`` (monotonic seconds)."""

    eye: str
    count: int
    at: float


@dataclass(slots=True)
class Flood:
    """A film of codes before an eye neither flickers its screen nor fills the ledger (reason ``rate``).

    What only a signature can make, a good token, always passes, however much came before it.
    """

    _refused: Rate = field(default_factory=lambda: Rate(REFUSED))
    _unproven: Rate = field(default_factory=lambda: Rate(UNPROVEN))
    _silent: dict[str, tuple[float, int]] = field(default_factory=dict)

    def judge(self, eye: str, outcome: Recognised | Rejected, now: float) -> Recognised | Rejected:
        """The outcome itself, or ``rate`` where too many such came to this eye within a minute of ``now``."""
        if isinstance(outcome, Recognised):
            one_too_many = outcome.kind == "static" and self._unproven.hasty(eye, now)
        elif outcome.reason is Reason.RATE:
            one_too_many = True
        else:
            one_too_many = hint(outcome.reason) is not Hint.NONE and self._refused.hasty(eye, now)
        if not one_too_many:
            return outcome
        since, count = self._silent.get(eye, (now, 0))
        self._silent[eye] = since, count + 1
        return Rejected(Reason.RATE)

    def ended(self, now: float) -> list[Flooded]:
        """What was passed over at each eye where the minute since the first is over, told once."""
        over = [eye for eye, (since, _) in self._silent.items() if now - since >= TOLD_S]
        return [Flooded(eye, self._silent.pop(eye)[1], now) for eye in over]
