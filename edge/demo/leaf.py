"""Becomes a command that gets SIGTERM when the process that started it dies: ``leaf.py PARENT COMMAND…``.

Run by its path without site packages, so that it costs a few milliseconds; the process keeps its id.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Linux, prctl(2); the setting outlives execve."""


def main(parent: int, argv: list[str]) -> None:
    """Replace this process by ``argv``; ends at once if the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
