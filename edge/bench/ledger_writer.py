"""A process that records contacts at a rate into an outbox and tells each number once it is accepted, until killed."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from edge.bench.ledger_events import contact, device
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE, Outbox


async def main(folder: Path, rate: float) -> None:
    """For ever; a contact is recorded when it is due, whether or not the one before it is durable yet."""
    async with outbox(folder / FILE, device()) as book, asyncio.TaskGroup() as tasks:
        began, count = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, began + count / rate - time.monotonic()))
            count += 1
            tasks.create_task(_accepted(book))


async def _accepted(book: Outbox) -> None:
    os.write(sys.stdout.fileno(), b"%d\n" % await book.record(contact(1.0)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
