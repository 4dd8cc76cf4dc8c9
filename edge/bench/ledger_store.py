"""A whole store's edge, as ``tentou run`` starts it, into which contacts come at a rate for a while.

FOLDER: once it runs, the contacts; then ``accepted.json`` in the folder holds how long each took to be durable, in
milliseconds; and it runs on until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from edge import app, config, fitting
from edge.bench.ledger_events import contact
from edge.contacts.spool.outbox import Outbox

ACCEPTED = "accepted.json"
RATE, CONTACTS, SETTLE_S = 50, 500, 2.0
"""Contacts a second: a whole street at one kiosk; and how many, a while after the start."""


async def main(folder: Path) -> None:
    """Until ended."""
    settings = config.read_store(folder)
    fitting.need(settings, folder)
    async with app.running(settings, folder) as parts:
        await asyncio.sleep(SETTLE_S)
        waits = await _accepted(parts.outbox)
        new = folder / f"{ACCEPTED}.new"
        new.write_text(json.dumps({"waits_ms": waits, "waiting": parts.outbox.waiting()}))
        new.replace(folder / ACCEPTED)
        await asyncio.Event().wait()


async def _accepted(book: Outbox) -> list[float]:
    """Each contact comes when it is due, whether or not the one before it is durable yet."""

    async def one() -> float:
        before = time.perf_counter()
        await book.record(contact(time.monotonic()))
        return 1000 * (time.perf_counter() - before)

    began, coming = time.monotonic(), []
    for turn in range(CONTACTS):
        await asyncio.sleep(max(0.0, began + turn / RATE - time.monotonic()))
        coming.append(asyncio.create_task(one()))
    return list(await asyncio.gather(*coming))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
