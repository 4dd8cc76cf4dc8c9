"""What content asks of others: a database of one thread, and a guard before the studio's door."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Protocol, TypeVar

from aiohttp import web

from provisioning.accounts import Role

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


class Guard(Protocol):
    """Who is at the door. Its own middleware refuses cross-site requests before they come here."""

    def require(self, request: web.Request, role: Role, active: bool = True) -> Account:
        """The account with the right to ``role``'s pages; raises a redirect to the sign-in page.

        ``active`` False is for a page's own polling, which must keep no session awake.
        """
