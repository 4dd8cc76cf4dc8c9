"""Erasure in a store: whom head office's signed list names is taken out of all that this edge still holds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial

from edge.contacts.outbox import Outbox
from edge.contacts.rewriting import NAMING, NAMING_DEAD, Part, Rows, cut_log, rewrite, taken_out, unnamed
from edge.db import cause
from edge.health import Health
from edge.members.erasure import ErasureList
from edge.members.shelf import Shelf
from edge.model import Contact

LOOK_S = 1.0
TRIES = 100
"""How often the log is tried to be cut, ``PAUSE_S`` apart, before that is left to the next look."""

PAUSE_S = 0.05
_ADVICE = "See the disk of this device; whom the list names is taken out of what waits as soon as it can be written."
_DONE = "erased"
"""In the outbox's own table ``meta``: the version of the list that was carried out in this file."""


class Erasures:
    """Carries out the list on ``shelf`` once, and keeps new contacts from naming whom it names.

    ``forget`` is called with each member, for what else is held of them.
    """

    def __init__(
        self,
        shelf: Shelf[ErasureList],
        outbox: Outbox,
        health: Health,
        forget: Callable[[str], None] | None = None,
    ) -> None:
        self._shelf, self._outbox, self._health, self._forget = shelf, outbox, health, forget
        self._settling = asyncio.Lock()
        self._done: tuple[str, int] = ("", 0)  # stream and version of the list that was carried out
        outbox.unnamed = self.unnamed

    @property
    def members(self) -> frozenset[str]:
        """Whom no contact may name."""
        return self._shelf.held.members if self._shelf.held else frozenset()

    def unnamed(self, contact: Contact) -> Contact:
        """A contact as it may be recorded now."""
        held = self._shelf.held
        return unnamed(contact, held.asked) if held else contact

    async def run(self) -> None:
        """Carry out each list that comes, by whatever way, for ever."""
        while True:
            await self.settle()
            await asyncio.sleep(LOOK_S)

    async def settle(self) -> None:
        """The list that is held now is carried out, or health says why it cannot be."""
        held, told = self._shelf.held, self._health.teller("disk", "erasure", _ADVICE)
        async with self._settling:
            if held is None or self._done == (self._outbox.stream, held.version):
                return
            try:
                await self._carry_out(held)
            except sqlite3.Error as error:
                told(cause(error))
            else:
                told("")

    async def _carry_out(self, held: ErasureList) -> None:
        stream = self._outbox.stream
        if self._forget is not None:
            for member in held.members:
                self._forget(member)
        if await self._outbox.look(_carried_out) < held.version:
            changed = await self._rewrite(NAMING, held) + await self._rewrite(NAMING_DEAD, held)
            if not await self._cut():
                return
            await self._outbox.act(partial(_book, version=held.version))
            self._health.count("ledger", {"erased": changed})
        self._done = (stream, held.version)

    async def _rewrite(self, rows: Rows, held: ErasureList) -> int:
        change, part, changed = taken_out(held.asked), Part(0), 0
        while part.upto is not None:
            part = await self._outbox.act(partial(rewrite, rows=rows, change=change, after=part.upto))
            changed += part.changed
        return changed

    async def _cut(self) -> bool:
        """Leave no old row in the log. Whoever reads the file beside us may keep it for a while."""
        for _ in range(TRIES):
            if await self._outbox.look(cut_log):
                return True
            await asyncio.sleep(PAUSE_S)
        return False


def _carried_out(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT v FROM meta WHERE k = ?", [_DONE]).fetchone()
    return int(row[0]) if row else 0


def _book(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_DONE, version])
