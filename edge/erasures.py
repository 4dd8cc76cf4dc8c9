"""Erasure at both ends: whom head office's signed list names is taken out of all that an edge or a hub still holds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge.contacts.office.sink import Erasing, SinkAway
from edge.contacts.spool import quarantine
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.rewriting import NAMING, NAMING_DEAD, Part, Rows, cut_log, names, rewrite, taken_out, unnamed
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
_SINK_ADVICE = "Mend the database; whom the list names is taken out of it as soon as it can be written."
_DONE = "erased"
"""In the outbox's own table ``meta``: the version of the list that was carried out in this file."""


class Erasures:
    """Carries out the list on ``shelf`` once, and keeps new contacts from naming whom it names.

    ``path`` is the outbox's file: of the spoilt ones before it, those that name somebody go once they are saved.
    ``forget`` is called with each member, for what else is held of them.
    """

    def __init__(
        self,
        shelf: Shelf[ErasureList],
        outbox: Outbox,
        path: Path,
        health: Health,
        forget: Callable[[str], None] | None = None,
    ) -> None:
        self._shelf, self._outbox, self._path, self._health, self._forget = shelf, outbox, path, health, forget
        self._settling = asyncio.Lock()
        self._done: tuple[str, int] = ("", 0)  # stream and version of the list that was carried out
        self._clean: set[tuple[Path, int]] = set()  # what was searched for whom the list of a version names
        outbox.unnamed, outbox.redacted = self.unnamed, self.redacted

    def unnamed(self, contact: Contact) -> Contact:
        """A contact as it may be recorded now."""
        held = self._shelf.held
        return unnamed(contact, held.asked) if held else contact

    def redacted(self, body: bytes) -> bytes:
        """An event's bytes as they may be put in again now."""
        held = self._shelf.held
        return (taken_out(held.asked)(body) or body) if held else body

    async def run(self) -> None:
        """Carry out each list that comes, by whatever way, for ever."""
        while True:
            await self.settle()
            await asyncio.sleep(LOOK_S)

    async def settle(self) -> None:
        """The list that is held now is carried out, or health says why it cannot be."""
        held, told = self._shelf.held, self._health.teller("disk", "erasure", _ADVICE)
        async with self._settling:
            if held is None:
                return
            try:
                if self._done != (self._outbox.stream, held.version):
                    await self._carry_out(held)
                await asyncio.to_thread(self._clear, held)
            except (sqlite3.Error, OSError) as error:
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

    def _clear(self, held: ErasureList) -> None:
        """Delete the spoilt files that name somebody and of which all that can be read was put in again."""
        for folder in quarantine.saved(self._path):
            if (folder, held.version) in self._clean:
                continue
            if any(names(file, held.asked) for file in folder.iterdir()):
                quarantine.wipe(folder)
            self._clean.add((folder, held.version))


def _carried_out(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT v FROM meta WHERE k = ?", [_DONE]).fetchone()
    return int(row[0]) if row else 0


def _book(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_DONE, version])


async def keep(shelf: Shelf[ErasureList], sink: object, health: Health) -> None:
    """Head office's end: whom the list names is taken out of the database, and of all that still comes, for ever.

    Each list once: what is there stays known to the sink itself.
    """
    told, done = health.teller("sink", "erasure", _SINK_ADVICE), 0
    while True:
        held = shelf.held
        if held is not None and held.version != done:
            try:
                changed = await _erased(sink, held)
            except SinkAway as error:
                told(str(error))
            else:
                done = held.version
                said = f"version {held.version}: {len(held.asked)} members are erased"
                health.up("sink", "erasure", said, {"members": len(held.asked), "changed": changed})
        await asyncio.sleep(LOOK_S)


async def _erased(sink: object, held: ErasureList) -> int:
    if not isinstance(sink, Erasing):
        raise SinkAway("this sink cannot erase; do it by hand in its database")
    return await sink.erase(held.asked)
