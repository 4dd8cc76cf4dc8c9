"""A part of a drill as a process of its own: ``python -m edge.drill.part store FOLDER`` or ``… hub FOLDER``.

Both are the product's own, with a pace for faults that come every second and not every month. A store prints a line of
JSON whenever its outbox has taken more: ``stream``, ``last``, ``waiting``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from edge.contacts.dial import Pace

HURRIED = Pace(
    stall=3.0,
    probe=0.5,
    probe_longest=2.0,
    slow=0.2,
    slow_longest=1.0,
    redial=0.2,
    redial_longest=1.0,
    healthy=5.0,
    ack_every=0.2,
)
LOOK_S = 0.005


async def store(folder: Path) -> None:
    """Run the store's edge until cancelled, and print what its ledger has accepted."""
    from edge import app, config

    async with app.running(config.read_store(folder), folder, HURRIED) as parts:
        said: tuple[str, int, int] | None = None
        while True:
            now = parts.outbox.stream, parts.outbox.last, parts.outbox.waiting()
            if now != said and parts.outbox.spool != "memory":  # one in memory promises nothing
                sys.stdout.write(json.dumps(dict(zip(("stream", "last", "waiting"), now, strict=True))) + "\n")
                sys.stdout.flush()
                said = now
            await asyncio.sleep(LOOK_S)


async def hub(folder: Path) -> None:
    """Run head office until cancelled."""
    from edge import config
    from edge import hub as office

    async with office.running(config.read_hub(folder), folder, HURRIED):
        await asyncio.Event().wait()


async def _until_told(part: str, folder: Path) -> None:
    running = asyncio.ensure_future({"store": store, "hub": hub}[part](folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    asyncio.run(_until_told(sys.argv[1], Path(sys.argv[2])))
