"""Kills of a process that accepts events at a rate: which of the accepted are in its files afterwards.

The writer is a process of its own that tells each number once its event is accepted; those words outlive it in a file.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench.store import NotStarted
from edge.contacts.spool.outbox import FILE

RATES = (100, 500, 2000)
LIVES_S = (0.8, 1.6)
"""A writer lives for a time between these, from its first word on."""
START_S = 20.0
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Death:
    """One kill: how many were accepted, how many of those are gone, and after how many ms an accepted one was there."""

    accepted: int
    lost: int
    seen_ms: float


def killed(deaths: int, rates: Sequence[int], peer: Path | None) -> dict[str, Any]:
    """So many kills at each rate, of the outbox, or of thingsboard-gateway's SQLite storage in the folder ``peer``."""
    return {f"{rate}": _summed([_death(rate, peer) for _ in range(deaths)]) for rate in rates}


def _summed(deaths: Sequence[Death]) -> dict[str, Any]:
    return {
        "kills": len(deaths),
        "accepted": sum(one.accepted for one in deaths),
        "lost": sum(one.lost for one in deaths),
        "most": max(one.lost for one in deaths),
        "seen_ms": round(median(one.seen_ms for one in deaths), 1),
    }


def _death(rate: int, peer: Path | None) -> Death:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = folder / "accepted"
        with told.open("wb") as words, (folder / "said").open("wb") as said:
            process = subprocess.Popen(_command(rate, folder, peer), stdout=words, stderr=said)
            try:
                _until(lambda: told.stat().st_size > 0, process, folder / "said")
                seen_ms = _seen(folder, told, peer)
                time.sleep(random.uniform(*LIVES_S))  # noqa: S311 - a moment, no secret
            finally:
                process.kill()
                process.wait()
        accepted = set(_numbers(told))
        return Death(len(accepted), len(accepted - _kept(folder, peer)), seen_ms)


def _command(rate: int, folder: Path, peer: Path | None) -> list[str]:
    if peer is None:
        return [sys.executable, "-P", "-m", "edge.bench.ledger_writer", str(folder), str(rate)]
    # Its modules need the standard library alone; nothing of ours is on its path.
    return [sys.executable, "-I", str(HERE / "ledger_peer.py"), str(peer), str(folder), str(rate)]


def _until(done: Callable[[], bool], process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_S
    while not done():
        if process.poll() is not None or time.monotonic() > until:
            raise NotStarted(f"a writer did not start: {said.read_text('utf-8', 'replace')[-300:].strip()}")
        time.sleep(0.01)


def _seen(folder: Path, told: Path, peer: Path | None) -> float:
    """Milliseconds from now, when a number has just been told, until another process can read it."""
    newest, began = max(_numbers(told)), time.perf_counter()
    while newest not in _kept(folder, peer) and time.perf_counter() - began < START_S:
        time.sleep(0.002)
    return 1000 * (time.perf_counter() - began)


def _numbers(told: Path) -> Iterator[int]:
    return (int(line) for line in told.read_bytes().split(b"\n")[:-1])


def _kept(folder: Path, peer: Path | None) -> set[int]:
    """The numbers that are in the files."""
    if peer is None:
        return _asked(folder / FILE, "SELECT seq FROM outbox")
    return {number for file in (folder / "tb").glob("*.db") for number in _asked(file, "SELECT message FROM messages")}


def _asked(file: Path, question: str) -> set[int]:
    try:
        with closing(sqlite3.connect(file, timeout=5)) as connection:
            return {int(str(row[0]).split(" ", 1)[0]) for row in connection.execute(question)}
    except sqlite3.OperationalError:
        return set()  # its writer has not made the table yet
