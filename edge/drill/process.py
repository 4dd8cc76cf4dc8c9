"""A process that is to run for ever, and that a drill may kill, freeze and start again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge.demo.tree import LEAF

AGAIN_S = 0.3
"""Before a process that ended by itself starts again."""
GRACE_S = 5.0
LINE = 1 << 20


def _nothing() -> None:
    """Nothing is to be done before a start."""


def _unheard(_: bytes) -> None:
    """Nobody listens to what is printed."""


class Process:
    """One process by its command. ``deaths`` counts the ends that nobody had asked for.

    ``before`` runs before each start, ``hear`` gets each whole line of its output; the rest goes to ``log``.
    """

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        before: Callable[[], None] = _nothing,
        hear: Callable[[bytes], None] = _unheard,
    ) -> None:
        self.deaths = 0
        self.starts = 0
        self._argv, self._log, self._before, self._hear = tuple(argv), log, before, hear
        self._wanted, self._gone = asyncio.Event(), asyncio.Event()
        self._wanted.set()
        self._gone.set()
        self._running: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Keep it running until cancelled; it is gone when this has ended."""
        while True:
            await self._wanted.wait()
            self._gone.clear()
            try:
                await self._live()
            finally:
                self._running = None
                self._gone.set()
            if self._wanted.is_set():
                self.deaths += 1
                await asyncio.sleep(AGAIN_S)

    async def kill(self) -> None:
        """Kill it (SIGKILL) and wait until it is gone; it stays down until ``let``."""
        self._wanted.clear()
        self.signal(signal.SIGKILL)
        await self._gone.wait()

    def let(self) -> None:
        """It may run again."""
        self._wanted.set()

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal; nothing happens while it is down."""
        if self._running is not None and self._running.returncode is None:
            with suppress(ProcessLookupError):
                self._running.send_signal(sign)

    async def _live(self) -> None:
        """From its start to its end."""
        self._before()
        with self._log.open("ab") as log:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(LEAF), str(os.getpid()), *self._argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE,
                start_new_session=True,  # Ctrl-C at the terminal is for the drill, which ends them in order
            )
        self._running = running
        self.starts += 1
        try:
            if not self._wanted.is_set():
                running.kill()
            assert running.stdout is not None
            while (line := await running.stdout.readline()).endswith(b"\n"):
                self._hear(line)
            await running.wait()
        finally:
            await _ended(running)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then make it; nothing happens to one that has ended."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GRACE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
