"""Who is signed in: sessions in memory, ended by idleness, by age, by signing out, or with their account.

Pure but for randomness: time is an argument. A token is known here only by its SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from provisioning.accounts import Account, Role

IDLE_S = {Role.IT: 15 * 60.0, Role.STAFF: 8 * 3600.0}
"""A session ends after so long without a request by its person (RELIABILITY.md 4.1, T7)."""
OLDEST_S = 12 * 3600.0
"""No session outlives a long working day."""
MOST = 16
"""Sessions of one account; the oldest ends when one more begins."""


@dataclass(slots=True)
class _Session:
    account: Account
    begun: float
    seen: float


class Sessions:
    """All sessions of this process; a restart ends them."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Session] = {}

    def begin(self, account: Account, now: float) -> str:
        """A new session's token, 256 random bits."""
        self._tidy(now)
        mine = [key for key, session in self._open.items() if session.account.name == account.name]
        for key in mine[: max(len(mine) - MOST + 1, 0)]:
            del self._open[key]
        token = secrets.token_urlsafe(32)
        self._open[_digest(token)] = _Session(account, now, now)
        return token

    def find(self, token: str, now: float, active: bool = True) -> Account | None:
        """Whose session the token is; ``active`` False looks without keeping it awake, as a page's polling does."""
        session = self._open.get(_digest(token))
        if session is None or _over(session, now):
            return None
        if active:
            session.seen = now
        return session.account

    def end(self, token: str) -> None:
        """End one session."""
        self._open.pop(_digest(token), None)

    def end_all(self, name: str) -> None:
        """End every session of an account."""
        for key in [key for key, session in self._open.items() if session.account.name == name]:
            del self._open[key]

    def _tidy(self, now: float) -> None:
        for key in [key for key, session in self._open.items() if _over(session, now)]:
            del self._open[key]


def _over(session: _Session, now: float) -> bool:
    return now - session.seen > IDLE_S[session.account.role] or now - session.begun > OLDEST_S


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
