"""How often one code may come: a stolen or generated number shown again and again is not served for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rate:
    """At most ``most`` scans of one ref in ``seconds``, in memory; at most ``refs`` refs are remembered."""

    most: int = 20
    seconds: float = 60.0
    refs: int = 4096
    _seen: dict[str, deque[float]] = field(default_factory=dict, repr=False)

    def at(self, monotonic: float) -> Callable[[str], bool]:
        """The ``hasty`` of a Context for a scan at this time; asking counts as one scan."""
        return lambda ref: self._hasty(ref, monotonic)

    def _hasty(self, ref: str, now: float) -> bool:
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
