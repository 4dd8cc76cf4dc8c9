"""Ways to spoil a store's outbox while the store is down: what a dying disk, a power cut or a wrong hand does."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

PAGE = 4096
"""SQLite's page, and where the first one that is not the header's begins."""


def _header(path: Path, _: Random) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def _page(path: Path, dice: Random) -> None:
    pages = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        file.seek(dice.randrange(1, max(2, pages)) * PAGE)
        file.write(dice.randbytes(PAGE))


def _truncate(path: Path, dice: Random) -> None:
    os.truncate(path, dice.randrange(path.stat().st_size))


def _wal(path: Path, _: Random) -> None:
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)


WAYS: Mapping[str, Callable[[Path, Random], None]] = {
    "header": _header,
    "page": _page,
    "truncate": _truncate,
    "wal": _wal,
}


def spoil(way: str, path: Path, dice: Random) -> bool:
    """Spoil the file, which nobody has open; False if there is none yet or the disk takes nothing."""
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        WAYS[way](path, dice)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False  # the disk is full just now, and a hole in the file cannot be written
    return True
