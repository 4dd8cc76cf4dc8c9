"""An edge's ledger alone in a process: an outbox that is full, and the uplink that empties it.

FOLDER PORT BATCH: drains as fast as the broker takes it, until head office has committed the last event and the last
row is deleted.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from edge.adapters import upstream_mqtt
from edge.bench.ledger_child import done, started
from edge.bench.ledger_events import device
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE, Outbox
from edge.health import Health

LOOK_S = 0.02


async def main(folder: Path, port: int, batch: int) -> None:
    """Drain once."""
    settings = upstream_mqtt.Settings(port=port)
    async with outbox(folder / FILE, device()) as book, upstream_mqtt.open(settings, folder) as dial:
        start = await started()
        running = asyncio.create_task(uplink.run(book, dial, device(), Health(), pace(batch)))
        await _empty(book)
        done(start)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def pace(batch: int) -> Pace:
    """The product's own times, with no bound on the drain and no wait before it."""
    return replace(Pace(), batch=batch, drain=0.0, spread=0.0)


async def _empty(book: Outbox) -> None:
    """The outbox has no word for this: in a shop nobody waits for it."""
    while book.acked < book.last or book.waiting():  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
