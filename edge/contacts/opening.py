"""Opening the outbox whatever the disk did to its file: a spoilt one goes to quarantine, a refused one to memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from edge.config import Device
from edge.contacts import schema
from edge.contacts.clock import Clock, boot_id
from edge.contacts.outbox import CAP, IN_MEMORY, Outbox
from edge.db import MEMORY, broken, cause, database, quarantine


@asynccontextmanager
async def outbox(
    path: Path, device: Device, cap: int = CAP, clock: Clock | None = None, bootid: str = ""
) -> AsyncIterator[Outbox]:
    """Open the outbox of a device; raises sqlite3.Error if the file cannot be used.

    A file that is no longer a database is moved to ``quarantine/``; the new one has a stream of its own and a gap.
    """
    trusted = Clock(synced=lambda: True) if device.clock == "trusted" else Clock()
    boot, times = bootid or boot_id(), clock or trusted
    spoilt = await _spoilt(path, boot)
    if spoilt:
        await asyncio.to_thread(quarantine, path, int(times.wall()))
    async with database(path, schema.migrate) as db:
        loaded = await db.write(lambda connection: schema.load(connection, boot))
        opened = Outbox(db, device, loaded, boot, cap, times)
        if spoilt:
            await opened.account("corruption", Counter())
        yield opened


@asynccontextmanager
async def outbox_anyway(path: Path, device: Device, tell: Callable[[str], None]) -> AsyncIterator[Outbox]:
    """As ``outbox``; where the disk refuses, one in memory. ``tell`` hears that it is no promise, or an empty text."""
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(outbox(path, device))
        except (sqlite3.Error, OSError) as error:
            tell(f"{cause(error)}: contacts are sent, but a restart forgets those that head office has not confirmed")
            opened = await stack.enter_async_context(outbox(MEMORY, device, cap=IN_MEMORY))
        else:
            tell("")
        yield opened


async def _spoilt(path: Path, boot: str) -> bool:
    try:
        async with database(path, schema.migrate) as db:
            await db.write(lambda connection: schema.load(connection, boot))
            await db.read(lambda connection: schema.page(connection, 0, 1))
    except sqlite3.DatabaseError as error:
        if broken(error):
            return True
        raise
    return False
