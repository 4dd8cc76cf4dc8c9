"""The demo's process tree: starts its children, starts again what dies, and ends them all."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

LEAF = Path(__file__).with_name("leaf.py")
SHORT_LIFE = 3.0
"""A child that lives less than this many seconds starts again after a growing pause."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0
GRACE = 3.5
"""Seconds between SIGTERM and SIGKILL at the end; all is over within 5 s."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process: its name in logs and in ``processes.json``, and its command."""

    name: str
    argv: tuple[str, ...]


class Tree:
    """The children that run now. ``pids`` is kept in ``folder/processes.json``, their output in ``folder/logs``."""

    def __init__(self, folder: Path, children: Sequence[Child]) -> None:
        self.folder = folder
        self.children = tuple(children)
        self.pids: dict[str, int] = {}
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    async def keep(self, child: Child) -> None:
        """Run one child for ever; its process is gone when this task has ended."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            process = await self._start(child)
            try:
                code = await process.wait()
            finally:
                await _end(process)
                self._note(child, None)
            lived = time.monotonic() - started
            pause = FIRST_PAUSE if lived > SHORT_LIFE else min(pause * 2, LONGEST_PAUSE)
            log.warning("%s ended after %.1f s with %s and starts again", child.name, lived, code)
            await asyncio.sleep(pause)

    async def _start(self, child: Child) -> asyncio.subprocess.Process:
        with (self.folder / "logs" / f"{child.name}.log").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(LEAF), str(os.getpid()), *child.argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._note(child, process.pid)
        return process

    def _note(self, child: Child, pid: int | None) -> None:
        if pid is None:
            self.pids.pop(child.name, None)
        else:
            self.pids[child.name] = pid
        path = self.folder / "processes.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.pids))
        fresh.replace(path)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, then make it; nothing happens to one that has ended."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GRACE)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended in this very moment
            process.kill()
        await process.wait()


@asynccontextmanager
async def grown(folder: Path, children: Sequence[Child]) -> AsyncIterator[Tree]:
    """The tree while its children run; at the end each is asked to end, and after 3.5 s made to."""
    tree = Tree(folder, children)
    tasks = [asyncio.create_task(tree.keep(child), name=child.name) for child in children]
    try:
        yield tree
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
