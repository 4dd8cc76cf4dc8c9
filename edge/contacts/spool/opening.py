"""Opening the outbox whatever the disk did to its file: a spoilt one goes to quarantine, a refused one to memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.config import Device
from edge.contacts.clock import Clock, boot_id, clock_of
from edge.contacts.spool import quarantine
from edge.contacts.spool.mending import Mender, save
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.place import on_disk
from edge.contacts.spool.room import USUAL, Caps
from edge.health import Health
from edge.supervise import kept


@asynccontextmanager
async def outbox(
    path: Path, device: Device, caps: Caps = USUAL, clock: Clock | None = None, bootid: str = ""
) -> AsyncIterator[Outbox]:
    """Open the outbox of a device; raises sqlite3.Error or OSError if the file cannot be used.

    A file that is not what its sentinel says is moved to ``quarantine/``; the new one has a stream of its own, what
    could be read of the old one, and a gap for the rest.
    """
    boot, times = bootid or boot_id(), clock or clock_of(device)
    async with on_disk(path, boot, times.wall()) as place:
        box = Outbox(place.db, device, place.loaded, boot, caps, times, place.reserve)
        place.told_by(lambda: (box.last, box.acked))
        pending = await asyncio.to_thread(quarantine.waiting, path, box.stream)
        for n, (folder, order) in enumerate(pending, 1):
            await save(box, path, folder, order, device, place, last=n == len(pending))
        yield box


@asynccontextmanager
async def outbox_anyway(
    path: Path, device: Device, health: Health, caps: Caps = USUAL, days: int = quarantine.DAYS
) -> AsyncIterator[Outbox]:
    """As ``outbox``, but it opens at once and whatever the disk does: what is spoilt is saved while contacts are kept.

    Where the disk refuses, memory holds them until it is back. A file that is spoilt while it is in use is left for a
    new one: ``stream`` changes. ``health`` says what happened; a spoilt file is kept for ``days``.
    """
    mender = Mender(path, device, boot_id(), clock_of(device), health, days)
    box = await mender.open(caps)
    try:
        async with kept({"outbox": mender.run}):
            yield box
    finally:
        await mender.close()
