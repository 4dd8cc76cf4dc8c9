"""What content asks of others: a database of one thread, and a guard before the studio's door."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from aiohttp import web

from content.model import Call
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


class Calls(Protocol):
    """What shoppers asked of this store's people; all of it is read from memory."""

    version: int

    def heed(self) -> None:
        """A page of the staff's asks for news now: from here on a call would be seen."""

    def full(self) -> bool:
        """Whether so many wait that kiosks call nobody until some are seen to."""

    def today(self) -> Sequence[Call]:
        """Those of the shop's day, the newest first."""

    def settle(self, key: str, done: bool) -> None:
        """Staff have seen to one, or take that back; one that is gone stays gone."""
