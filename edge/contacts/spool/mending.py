"""Keeping an outbox in a good place while it is in use: away from a spoilt file, and back from memory to the disk."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import secrets
import sqlite3
import threading
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.event import Range, source_of
from edge.contacts.spool import quarantine, salvage
from edge.contacts.spool.ballast import Ballast, ballast_of
from edge.contacts.spool.carve import Carved
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.place import Place, in_memory, on_disk
from edge.contacts.spool.quarantine import Fork, Order
from edge.contacts.spool.room import Caps
from edge.contacts.spool.schema import Loaded
from edge.contacts.spool.soundness import OVERTAKEN, TORN, fault, look
from edge.db import cause, full
from edge.health import Health

log = logging.getLogger(__name__)

RETRY = 30.0
"""Seconds between two tries to use a disk that refused."""

RENEWAL = 3600.0
"""Seconds between two new streams that head office's word alone is the reason for: who forges it must not have the
device begin one after the other. Until then nothing is sent or deleted."""

_KIND, _NAME = "disk", "outbox"
_SPOILT = "Look at this device's disk; what lies in quarantine may go once head office has what it needs of it."
_REFUSED = "See the disk of this device; it is tried again every 30 s, no restart is needed."


@dataclass
class Mender:
    """The place of one outbox. ``days`` is how long a spoilt file is kept, ``boot`` this boot's id."""

    path: Path
    device: Device
    boot: str
    clock: Clock
    health: Health
    days: int = quarantine.DAYS
    retry: float = RETRY
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    renewed: float = -math.inf

    async def open(self, caps: Caps) -> Outbox:
        """The outbox, in its file or, where the disk refuses, in memory."""
        self.place = await self._somewhere()
        self.box = self._outbox(self.place, caps)
        self.box.heals = True
        return self.box

    async def close(self) -> None:
        """Close the place, in order unless the file is known to be spoilt."""
        self.place.trusted = not self.box.spoilt.is_set()
        await self.stack.aclose()

    async def run(self) -> None:
        """For ever: save what lies in quarantine, and move whenever the place has become bad, or a better one is."""
        while True:
            async with asyncio.TaskGroup() as beside:  # what fails there fails here, at once, and is begun again
                tidying = beside.create_task(self._tidy(), name="outbox tidy")
                await (self._bad() if self._on_disk else asyncio.sleep(self.retry))
                tidying.cancel()
            await (self._away() if self._on_disk else self._back())

    async def _bad(self) -> None:
        """Until the file has to be left."""
        reasons = [asyncio.create_task(self.box.spoilt.wait()), asyncio.create_task(self._overtaken())]
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in reasons:
                each.cancel()

    async def _overtaken(self) -> None:
        await self.box.overtaken.wait()
        self.health.down(_KIND, _NAME, OVERTAKEN, "Nothing: a new stream is begun, at most one an hour.")
        await asyncio.sleep(self.renewed + RENEWAL - asyncio.get_running_loop().time())

    @property
    def _on_disk(self) -> bool:
        return self.place.sentinel is not None

    def _outbox(self, place: Place, caps: Caps) -> Outbox:
        box = Outbox(place.db, self.device, place.loaded, self.boot, caps, self.clock, place.reserve)
        place.told_by(lambda: (box.last, box.acked))
        return box

    async def _somewhere(self) -> Place:
        try:
            place = await self._there()
        except (sqlite3.Error, OSError) as error:
            why = f"{cause(error)}: contacts are sent, but a restart forgets those that head office has not confirmed"
            self.health.down(_KIND, _NAME, why, _REFUSED)
            return await self.stack.enter_async_context(in_memory(self.boot))
        remade = "its sentinel was missing or broken, and was made anew: nothing is lost" if place.remade else ""
        self.health.up(_KIND, _NAME, remade)
        return place

    async def _there(self) -> Place:
        """The file; on a full disk once more, without the ballast that lies beside it."""
        try:
            return await self.stack.enter_async_context(on_disk(self.path, self.boot, self.clock.wall()))
        except (sqlite3.Error, OSError) as error:
            if not full(error) or not await asyncio.to_thread(Ballast(ballast_of(self.path), 0).give_up):
                raise
        return await self.stack.enter_async_context(on_disk(self.path, self.boot, self.clock.wall()))

    async def _away(self) -> None:
        """Leave a spoilt file. Meanwhile contacts wait in the ledger's own queue."""
        why, fork = TORN if self.box.spoilt.is_set() else OVERTAKEN, None
        if self.box.overtaken.is_set():
            self.renewed = asyncio.get_running_loop().time()
            fork = Fork(stream=secrets.token_hex(16), above=self.box.reach.ours)
        self.place.trusted = False
        await self.stack.aclose()
        await self._settled()
        with suppress(OSError):  # a disk that does not even rename: memory, then
            await asyncio.to_thread(quarantine.put_away, self.path, why, self.clock.wall(), self.boot, fork)
        self.place = await self._somewhere()
        self._renew(self.place.loaded)

    def _renew(self, loaded: Loaded) -> None:
        self.box.renew(self.place.db, loaded, self.place.reserve)
        self.place.told_by(lambda: (self.box.last, self.box.acked))

    async def _back(self) -> None:
        """Go from memory to the disk, if it is back: first all that memory holds, then the outbox itself."""
        memory, before = self.stack, self.place
        async with AsyncExitStack() as stack:
            try:
                place = await stack.enter_async_context(on_disk(self.path, self.boot, self.clock.wall()))
                beside = self._outbox(place, self.box.caps)
                moved = await _move(before, beside, place, self.box.acked, self.box.last)
            except (sqlite3.Error, OSError) as error:
                log.debug("the disk is still away: %s", cause(error))
                return
            self.stack, self.place = stack.pop_all(), place
        stream, acked = self.box.stream, self.box.acked
        self._renew(
            Loaded(
                beside.stream,
                beside.boot,
                beside.last,
                beside.acked,
                beside.waiting(),
                place.loaded.opened,
                place.loaded.again,
            )
        )
        async with memory:
            await self._rest(before, stream, (acked, moved))
        self.health.up(_KIND, _NAME, "contacts that waited in memory are on the disk again")

    async def _rest(self, before: Place, stream: str, within: Range) -> None:
        """What came to memory in the last moment, and the gap for what of it is nowhere; however often it takes."""
        acked, moved = within
        while True:
            try:
                moved = await _move(before, self.box, self.place, moved)
                await salvage.tell(self.box, stream, (acked, moved), await _covered(before), {})
            except sqlite3.Error as error:
                self.health.down(_KIND, _NAME, f"contacts wait in memory still: {cause(error)}", _REFUSED)
                await asyncio.sleep(self.retry)
            else:
                return

    async def _tidy(self) -> None:
        """What is to be done beside the work: save what was put away, keep few of it, look a large file through."""
        if not self._on_disk:
            return
        while True:
            if await self._saved():
                break
            await asyncio.sleep(self.retry)
        with suppress(OSError):  # the next start tries again
            await asyncio.to_thread(quarantine.keep_few, self.path, self.days)
        if self.place.doubtful:
            await self._look_through()
        while True:
            if await self._settled():
                return
            await asyncio.sleep(self.retry)

    async def _saved(self) -> bool:
        """Save all that waits in quarantine; False if a disk refuses."""
        try:
            while pending := await asyncio.to_thread(quarantine.waiting, self.path, self.box.stream):
                await self._save(*pending[0], last=len(pending) == 1)
        except (sqlite3.Error, OSError) as error:
            self.health.down(_KIND, _NAME, f"a spoilt file waits to be read: {cause(error)}", _REFUSED)
            return False
        return True

    async def _settled(self) -> bool:
        """Whether head office has confirmed all that was saved; until then it lies in quarantine, too."""
        try:
            return await asyncio.to_thread(quarantine.settle, self.path, self.box.stream, self.box.acked)
        except OSError as error:
            log.debug("quarantine %s", cause(error))
            return False

    async def _save(self, folder: Path, order: Order, last: bool) -> None:
        lies = f"{order.why}; what was there lies in {quarantine.FOLDER}/{folder.name}"
        self.health.down(_KIND, _NAME, f"{lies} and is being read; a new file was begun", _SPOILT)
        saved = await save(self.box, self.path, folder, order, self.device, self.place, last)
        told = f"{saved.rows} contacts were saved, {saved.lost} numbers are told to head office as lost"
        self.health.down(_KIND, _NAME, f"{lies}: {told}", _SPOILT)

    async def _look_through(self) -> None:
        """A large file, once, while it is in use; one that is damaged is left."""
        stop = threading.Event()
        try:
            facts = await asyncio.to_thread(look, self.path, True, stop)
        except sqlite3.Error as error:
            log.warning("the outbox could not be looked through: %s", cause(error))
            return
        finally:
            stop.set()
        if facts is None or fault(None, facts):
            self.box.spoilt.set()


async def save(
    box: Outbox, path: Path, folder: Path, order: Order, device: Device, place: Place, last: bool
) -> salvage.Saved:
    """Salvage one folder; with the ``last`` the bookkeeping ends, too. Raises sqlite3.Error or OSError."""
    source = source_of(device.chain, device.store, device.id)
    saved = await salvage.salvage(box, folder / path.name, order, source, place.reserve)
    await asyncio.to_thread(quarantine.done, folder, order, box.stream, box.last)
    if last:
        await salvage.forget(box)
    return saved


async def _move(before: Place, box: Outbox, place: Place, after: int, upto: float = math.inf) -> int:
    """Copy the rows of a place above a number into an outbox until ``upto`` is there; the last one's number.

    More may come meanwhile, faster than a disk takes them. Raises sqlite3.Error.
    """
    while after < upto and (rows := await before.db.read(partial(_rows, after))):
        await salvage.take_in(box, rows, place.reserve)
        after = rows[-1].seq
    return after


def _rows(after: int, connection: sqlite3.Connection) -> list[Carved]:
    found = connection.execute(
        "SELECT seq, kind, mono, wall, sync, body FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
        [after, salvage.CHUNK],
    )
    return [Carved(seq, kind, mono, wall, bool(sync), body) for seq, kind, mono, wall, sync, body in found]


async def _covered(place: Place) -> list[Range]:
    """What gaps of a place account for in its own stream."""
    texts = await place.db.read(lambda connection: connection.execute("SELECT ranges FROM gaps").fetchall())
    return [(first, last) for (text,) in texts for first, last in json.loads(text)]
