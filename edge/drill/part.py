"""A part of a drill as a process of its own: ``python -m edge.drill.part store FOLDER`` or ``… hub FOLDER``.

Both are the product's own, with a pace for faults that come every second and not every month. A store prints a line of
JSON whenever its outbox has changed: ``stream``, ``rows`` (number and id of each event that is new), ``waiting``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.contacts.line.dial import Pace
from edge.contacts.spool.schema import Row

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
PAGE = 500


async def store(folder: Path) -> None:
    """Run the store's edge until cancelled, and print what its ledger has accepted."""
    from edge import app, config

    async with app.running(config.read_store(folder), folder, HURRIED) as parts:
        box, stream, upto, waited = parts.outbox, "", 0, -1
        while True:
            if box.stream != stream:
                stream, upto = box.stream, 0
            last, waits = box.last, box.waiting()
            if box.spool != "memory" and (last > upto or waits != waited):  # one in memory promises nothing
                rows = [row for row in await box.page(upto, PAGE) if row.seq <= last]
                if box.stream != stream:
                    continue  # the file was left for a new one in between
                upto, waited = (rows[-1].seq if len(rows) == PAGE else max(upto, last)), waits
                _say(stream, rows, waits)
            await asyncio.sleep(LOOK_S)


def _say(stream: str, rows: Sequence[Row], waiting: int) -> None:
    named = [(row.seq, json.loads(row.body)["id"]) for row in rows if row.whole]
    sys.stdout.write(json.dumps({"stream": stream, "rows": named, "waiting": waiting}) + "\n")
    sys.stdout.flush()


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
