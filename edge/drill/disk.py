"""A small disk for a store, so that it can be filled: a tmpfs that only the drill and its children see."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTES = 24
FILLER = "filler"
CLONE_NEWNS = 0x00020000
"""Linux, unshare(2): mounts of one's own, which end with the last process that sees them."""
BLOCK = 1 << 16


@contextmanager
def small(path: Path, wanted: bool) -> Iterator[str]:
    """A small disk at ``path`` while the block runs, if ``wanted``; why it could not be had, or an empty text.

    Only this process and its children see it. The thread that calls must be the one that starts them.
    """
    why = _mount(path) if wanted else ""
    try:
        yield why
    finally:
        if wanted and not why:
            subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=False)


def _mount(path: Path) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(CLONE_NEWNS) != 0:
        return f"this user may not mount: {os.strerror(ctypes.get_errno())}"
    own = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False)
    options = f"size={MEGABYTES}m,mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tentou-drill", str(path)], capture_output=True, check=False
    )
    return "" if own.returncode == done.returncode == 0 else "this user may not mount"


def fill(folder: Path) -> None:
    """Take every byte that is left."""
    with (folder / FILLER).open("ab", buffering=0) as file:
        size = BLOCK
        while size:
            try:
                file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2


def free(folder: Path) -> None:
    """Give back what ``fill`` took."""
    (folder / FILLER).unlink(missing_ok=True)
