"""How long a sign-in must wait after wrong ones: exponential, for the account and for where it comes from.

Pure: time is an argument. An attempt counts before its password is looked at, so a thousand at once are a thousand.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

FREE = 5
"""Attempts before the first delay (RELIABILITY.md 4.1, T7)."""
LONGEST_S = {"account": 60.0, "source": 900.0, "local": 60.0}
"""The longest delay. An account's is short, so that a stranger cannot lock its owner out for long; likewise that of
this machine itself, from which everybody comes behind a reverse proxy."""
FORGET_S = 3600.0
"""Without an attempt for this long, the count starts again."""
MOST = 10_000
"""Names and sources remembered; beyond it the longest unseen is forgotten."""

Key = tuple[str, str]
"""``("account", name)``, and ``("source", address)`` or ``("local", address)``."""


@dataclass(slots=True)
class _Count:
    attempts: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Throttle:
    """The attempts of late."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Key, _Count] = OrderedDict()

    def attempt(self, keys: tuple[Key, ...], now: float) -> float:
        """Count an attempt; gives 0 if it may be tried, else the seconds to wait (it then is not counted)."""
        counts = [self._count(key, now) for key in keys]
        wait = max(count.free_at - now for count in counts)
        if wait > 0:
            return wait
        for key, count in zip(keys, counts, strict=True):
            count.attempts += 1
            count.last = now
            count.free_at = now + delay(count.attempts, LONGEST_S[key[0]])
        return 0.0

    def forgive(self, account: Key, origin: Key) -> None:
        """The attempt was right: its account starts again, its origin loses only this one.

        Whoever has an account gains no free attempts at others by it.
        """
        self._counts.pop(account, None)
        count = self._counts.get(origin)
        if count is not None:
            count.attempts = max(count.attempts - 1, 0)
            count.free_at = 0.0 if count.attempts < FREE else count.free_at

    def _count(self, key: Key, now: float) -> _Count:
        count = self._counts.get(key)
        if count is None or now - count.last > FORGET_S:
            count = self._counts[key] = _Count(last=now)
        self._counts.move_to_end(key)
        while len(self._counts) > MOST:
            self._counts.popitem(last=False)
        return count


def source(address: str) -> Key:
    """The key of where a request comes from."""
    try:
        local = ipaddress.ip_address(address).is_loopback
    except ValueError:
        local = False
    return ("local" if local else "source", address)


def delay(attempts: int, longest: float) -> float:
    """Seconds after so many attempts: none for the first five, then 1, 2, 4, ... up to ``longest``."""
    return 0.0 if attempts < FREE else float(min(2.0 ** min(attempts - FREE, 30), longest))
