"""Files written whole or not at all, secrets readable by their owner alone, and the ids that name them."""

from __future__ import annotations

import os
import re
from pathlib import Path

PUBLIC = 0o644
SECRET = 0o600

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Refused(Exception):
    """Something asked of provisioning cannot be done; the text says what to do."""


def check_id(what: str, name: str) -> str:
    """The name itself; raises Refused unless it can stand in topics and file names (RELIABILITY.md 4.1, T12)."""
    if not _ID.fullmatch(name):
        raise Refused(f"{what} '{name}' cannot be an id; use a to z, 0 to 9 and '-', at most 63, as in 'ginza-1'")
    return name


def write(path: Path, data: bytes | str, mode: int = PUBLIC) -> Path:
    """Replace a file in one step: a reader sees the old bytes or the new, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
    return path
