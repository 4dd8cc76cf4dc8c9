"""An edge's ledger and uplink in a process whose clock somebody moves: does what its standard input says, line by line.

``record`` keeps a contact, ``dial`` starts the uplink, ``drained`` waits until head office has confirmed all. Each is
answered by a line. The clock counts as synchronised once the file ``synced`` is there.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from edge.adapters import upstream_mqtt
from edge.config import Device
from edge.contacts.clock import Clock
from edge.contacts.line import uplink
from edge.contacts.line.dial import Will
from edge.contacts.spool import anchor
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE, Outbox
from edge.health import Health
from edge.model import Contact
from edge.ports import Link
from edge.supervise import kept

DEVICE = Device(chain="tentou", store="shibuya", id="edge-1")


class Counted:
    """A dial that counts how often it was needed."""

    def __init__(self, port: int) -> None:
        self._dial = upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port, keepalive=5), Path("."))
        self.dials, self.name, self.confirms = 0, self._dial.name, self._dial.confirms

    @asynccontextmanager
    async def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AsyncIterator[Link]:
        self.dials += 1
        async with self._dial(who, will, topics) as link:
            yield link


async def main(folder: Path, port: int) -> None:
    clock = Clock(synced=(folder / "synced").exists)
    health, dial = Health(), Counted(port)
    line = asyncio.Event()

    async def upstream(box: Outbox) -> None:
        await line.wait()
        await uplink.run(box, dial, DEVICE, health)

    async with outbox(folder / FILE, DEVICE, clock=clock) as box:
        clocked = partial(anchor.keep, box, clock, health, 0.02)
        async with kept({"clock": clocked, "uplink": partial(upstream, box)}):
            while (said := (await asyncio.to_thread(sys.stdin.readline)).strip()) != "end":
                if said == "record":
                    await box.record(Contact("scan", "entrance", time.monotonic()))
                elif said == "dial":
                    line.set()
                while said == "drained" and box.acked < box.last:
                    await asyncio.sleep(0.01)
                told = {"last": box.last, "acked": box.acked, "dials": dial.dials, "wall": time.time()}
                sys.stdout.write(json.dumps(told) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
