"""What a drill breaks: a store, its line, a broker and head office, each a process, and people who go on scanning."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.contacts.spool.outbox import FILE
from edge.drill import brokers, folder
from edge.drill.books import Place, Verdict, audit, count_in_sink, in_sink
from edge.drill.folder import Folder
from edge.drill.people import Scanners
from edge.drill.process import Process
from edge.drill.proxy import Proxy, proxied

START_S = 60.0
LOOK_S = 0.1
LAST_WORDS = 400


class NotStarted(Exception):
    """The parts that were to be drilled do not run; the text holds what they said last."""


@dataclass
class Books:
    """What the store has said of its ledger: each event's id with the places that it had, and how many wait now."""

    accepted: dict[str, set[Place]] = field(default_factory=dict)
    waiting: int = 0

    def hear(self, line: bytes) -> None:
        """One line of the store's."""
        said = json.loads(line)
        for seq, id in said["rows"]:
            self.accepted.setdefault(id, set()).add((said["stream"], seq))
        self.waiting = said["waiting"]

    @property
    def total(self) -> int:
        """How many events were accepted."""
        return len(self.accepted)


@dataclass
class Shop:
    """The running parts. ``processes`` are ``store``, ``broker`` and ``hub``."""

    folder: Folder
    broker: str
    processes: Mapping[str, Process]
    line: Proxy
    scanners: Scanners
    books: Books

    @property
    def outbox(self) -> Path:
        """The outbox's file."""
        return self.folder.data / FILE

    def arrived(self) -> int:
        """How many events stand in head office's database."""
        return count_in_sink(self.folder.sink)

    def verdict(self) -> Verdict:
        """The books held against head office's database as they are now."""
        return audit(self.books.accepted, in_sink(self.folder.sink))

    async def open(self) -> None:
        """Wait until the first event has gone all the way; raises NotStarted."""
        clock = asyncio.get_running_loop()
        ends = clock.time() + START_S
        while not self.arrived():
            if clock.time() > ends:
                raise NotStarted(f"nothing arrives at head office after {START_S:g} s: {self._last_words()}")
            await asyncio.sleep(LOOK_S)

    def _last_words(self) -> str:
        said = {name: self.folder.log(name) for name in self.processes}
        ends = {name: log.read_text("utf-8", "replace")[-LAST_WORDS:] for name, log in said.items() if log.exists()}
        return "; ".join(f"{name}: {end.strip() or 'nothing'}" for name, end in ends.items())


@asynccontextmanager
async def shop(home: Path, broker: str, dice: Random) -> AsyncIterator[Shop]:
    """Everything running in ``home``, and ended at the end of the block; raises brokers.NoBroker."""
    port = folder.free_port()
    chosen = brokers.broker(broker, port, home)
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(proxied(port, dice=dice))
        place = folder.made(home, line.port, port, chosen.settings)
        scanners = Scanners(place.store, folder.SCANNERS, place.issuer, dice)
        stack.callback(scanners.unplug)
        books = Books()
        python = (sys.executable, "-m", "edge.drill.part")
        processes = {
            "broker": Process(chosen.argv, place.log("broker")),
            "hub": Process((*python, "hub", str(place.hub)), place.log("hub")),
            "store": Process(
                (*python, "store", str(place.store)), place.log("store"), before=scanners.plug_in, hear=books.hear
            ),
        }
        tasks = [asyncio.create_task(process.run(), name=name) for name, process in processes.items()]
        tasks.append(asyncio.create_task(scanners.scan(), name="people"))
        stack.push_async_callback(_ended, tasks)
        yield Shop(place, chosen.name, processes, line, scanners, books)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
