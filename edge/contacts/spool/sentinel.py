"""The sentinel: a small file beside the outbox that knows what must be in it.

A database of 0 bytes passes every check and opens as a new, empty one; an older copy is a database in good order.
Only a second file tells (RELIABILITY.md 2.3, 2.8).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.db import cause

AHEAD = 1_000
"""How many numbers are reserved at once: one small file is written for each thousand contacts."""

_LENGTH = 512
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Mark(BaseModel):
    """What the file says. No number above ``reserved`` was ever given; ``last`` had been committed and ``acked``
    confirmed when it was written; ``clean`` says that the outbox was closed in order, and ``reserved`` is its last one.

    ``generation`` counts the streams of this device, ``boot`` is the kernel's id of the boot in which it was written.
    """

    model_config = ConfigDict(frozen=True)

    stream: str = Field(pattern=r"^[0-9a-f]{32}$")
    generation: int = Field(1, ge=1)
    reserved: int = Field(ge=0)
    last: int = Field(0, ge=0)
    acked: int = Field(0, ge=0)
    clean: bool = False
    boot: str = Field("", max_length=64)


def sentinel_of(path: Path) -> Path:
    """Where the sentinel of an outbox lies: ``outbox.json`` beside ``outbox.sqlite``."""
    return path.with_suffix(".json")


def read_mark(path: Path) -> Mark | None:
    """What a sentinel says; None where there is none, or nothing that can be read."""
    try:
        return Mark.model_validate_json(path.read_bytes()[: 16 * _LENGTH])
    except (OSError, ValidationError):
        return None


def write_mark(path: Path, mark: Mark) -> None:
    """Put a sentinel in place at once and durably; raises OSError.

    Where there is no room for a second file, the one that is there is written over: it always has the same length.
    """
    content = mark.model_dump_json().encode().ljust(_LENGTH)
    try:
        replace(path, content)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _write(path, content, 0)


def replace(path: Path, content: bytes) -> None:
    """Put a small file in the place of another, whole or not at all, durably; raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        _write(fresh, content, os.O_CREAT | os.O_TRUNC)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _write(path: Path, content: bytes, flags: int) -> None:
    file = os.open(path, os.O_WRONLY | flags, 0o644)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@dataclass
class Sentinel:
    """The sentinel of an open outbox. ``known`` gives the last number that is committed, and the last confirmed.

    Until the first number is asked for, the file says what it said: an outbox that gives none stays cleanly closed.
    """

    path: Path
    mark: Mark
    known: Callable[[], tuple[int, int]] = field(default=lambda: (0, 0))

    def reserve(self, seq: int) -> None:
        """Called before ``seq`` is given, in the database's thread; raises sqlite3.OperationalError: do not give it."""
        if seq <= self.mark.reserved and not self.mark.clean:
            return
        last, acked = self.known()
        above = {"reserved": max(seq + AHEAD - 1, self.mark.reserved), "last": last, "acked": acked, "clean": False}
        mark = self.mark.model_copy(update=above)
        try:
            write_mark(self.path, mark)
        except OSError as error:
            raise sqlite3.OperationalError(f"the sentinel {cause(error)}") from error
        self.mark = mark

    def close(self, last: int, acked: int, clean: bool) -> None:
        """No number above ``last`` is given any more; it is clean once the database is closed, too. Raises OSError."""
        unused = self.mark.clean and self.mark.reserved == last
        numbers = {"reserved": last, "last": last, "acked": acked, "clean": clean or unused}
        mark = self.mark.model_copy(update=numbers)
        if mark != self.mark:
            write_mark(self.path, mark)
        self.mark = mark
