"""Head office's hub as it runs in production, in its own process, for the ledger's benchmarks."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.bench.mosquitto import inbox_listens
from edge.bench.store import NotStarted, end

SINK = "contacts.sqlite"


@contextmanager
def hub(folder: Path, port: int, web: int = 0, top: str = "", more: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A hub at that broker with a new SQLite sink, once it listens; raises NotStarted.

    ``web`` is its pages' port (0: any that is free); ``top`` and ``more`` are settings to stand above and below.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hub.toml").write_text(
        f'{top}[web]\nport = {web}\n\n[upstream]\nadapter = "mqtt"\nsettings = {{ port = {port} }}\n\n'
        f'[sink]\nadapter = "sqlite"\nsettings = {{ path = "{SINK}" }}\n{more}'
    )
    with (folder / "hub.log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "edge", "hub", "--config", str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _listens(port, folder / "hub.log")
            yield process
        finally:
            end(process)


def _listens(port: int, log: Path) -> None:
    try:
        asyncio.run(inbox_listens(port))
    except NotStarted as error:
        raise NotStarted(f"{error}: {log.read_text('utf-8', 'replace')[-300:].strip()}") from None


def committed(folder: Path) -> int:
    """How many contacts are in its sink."""
    with closing(sqlite3.connect(folder / "data" / SINK)) as connection:
        return int(connection.execute("SELECT count(*) FROM contacts").fetchone()[0])
