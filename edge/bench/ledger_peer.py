"""thingsboard-gateway's SQLite storage as a process that is given events at a rate and tells each accepted number.

Run by its path, with nothing of ours imported: FOLDER-OF-THE-PACKAGE FOLDER RATE. The storage has its own defaults;
each message begins with its number.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

TEXT = "x" * 650


class Log(logging.Logger):
    """Its storage asks for a level of its own."""

    def trace(self, *_: object, **__: object) -> None:
        """Nothing is kept of it."""


def storage(package: str, folder: Path) -> Any:
    """The storage over files in ``folder``."""
    sys.path.insert(0, package)
    module = importlib.import_module("thingsboard_gateway.storage.sqlite.sqlite_event_storage")
    log = Log("peer")
    return module.SQLiteEventStorage({"data_file_path": f"{folder / 'tb'}/"}, log, threading.Event())


def main(package: str, folder: Path, rate: float) -> None:
    """For ever."""
    kept = storage(package, folder)
    began, count = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, began + count / rate - time.monotonic()))
        count += 1
        if kept.put(f"{count} {TEXT}"):
            os.write(sys.stdout.fileno(), b"%d\n" % count)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
