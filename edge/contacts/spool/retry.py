"""A wish of IT to send again what was set aside: a small file that the running service takes up and deletes.

One process writes an outbox (SQLite's own advice, and RELIABILITY.md 2.2), so the command only asks.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

FILE = "outbox.retry"
LOOK_S = 0.2


def ask(data: Path, reason: str, patience_s: float) -> bool:
    """Leave the wish in a device's data folder; whether the service took it up in time. It stays if not."""
    wish = data / FILE
    part = wish.with_suffix(".part")
    part.write_text(json.dumps({"reason": reason}), "utf-8")
    os.replace(part, wish)
    end = time.monotonic() + patience_s
    while wish.exists() and time.monotonic() < end:
        time.sleep(LOOK_S)
    return not wish.exists()


def asked(data: Path) -> str | None:
    """The reason for which the dead are wished back, "" for all; None if nobody wishes. A file of others is none."""
    try:
        wish = json.loads((data / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    reason = wish.get("reason") if isinstance(wish, dict) else None
    return reason if isinstance(reason, str) else None


def taken(data: Path) -> None:
    """The wish is fulfilled."""
    (data / FILE).unlink(missing_ok=True)
