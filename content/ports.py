"""What content asks of others: a database of one thread, and a guard before the studio's door."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Protocol, TypeVar

from aiohttp import web

T = TypeVar("T")


class Database(Protocol):
    """A SQLite file owned by one thread."""

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` in a transaction; returns its result once the commit is on disk."""

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act``, which must not write."""


class Account(Protocol):
    """Somebody who has signed in."""

    @property
    def name(self) -> str:
        """The name for the audit log."""

    @property
    def role(self) -> str:
        """What the account may do."""


class Guard(Protocol):
    """Who is at the door. Cross-site requests are refused by ``require`` itself."""

    def user(self, request: web.Request) -> Account | None:
        """The account that signed in, if any."""

    def require(self, request: web.Request, role: str) -> Account:
        """The account, if it has the role; else raises HTTPFound to the sign-in page or HTTPForbidden."""
