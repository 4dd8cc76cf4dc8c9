"""A benchmark's part in a process of its own: both ends of the few words that it says to the one that measures."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.store import NotStarted

READY = "ready"


@dataclass(frozen=True, slots=True)
class Start:
    """The moment from which a child counts: seconds, and seconds of its CPU."""

    at: float
    cpu: float


async def started() -> Start:
    """In the child: say that it is ready and wait until it is told to go."""
    _say(READY)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return Start(time.perf_counter(), time.process_time())


def done(start: Start, **more: Any) -> None:
    """In the child: say how long it took, what CPU it cost, and more."""
    took = {"seconds": time.perf_counter() - start.at, "cpu_s": time.process_time() - start.cpu}
    _say(json.dumps(took | more))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Child:
    """In the parent: one such process."""

    process: subprocess.Popen[str]
    log: Path

    def ready(self) -> None:
        """Wait until it can go; raises NotStarted."""
        self._line()

    def go(self) -> None:
        """Let it begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What it measured, once it has; raises NotStarted if it ended without a word."""
        found: dict[str, Any] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise NotStarted(f"a part of the benchmark ended: {self.log.read_text('utf-8', 'replace')[-300:].strip()}")
        return line


@contextmanager
def child(folder: Path, module: str, *words: object) -> Iterator[Child]:
    """Run a module of ours with such arguments; ended after the block. What it complains of is kept in ``folder``."""
    log = folder / f"{module}.log"
    with log.open("ab") as output:
        command = [sys.executable, "-P", "-m", module, *(f"{word}" for word in words)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True)
        try:
            yield Child(process, log)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
