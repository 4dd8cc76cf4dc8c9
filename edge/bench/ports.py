"""Ports that have to be named before whoever listens there is started."""

from __future__ import annotations

import secrets
import socket

FIRST, LAST = 10_000, 32_767
"""Below those that Linux hands out by itself (``ip_local_port_range``): whatever connects, or listens at port 0,
meanwhile gets none of these."""
TRIES = 100


def free_port() -> int:
    """A port of loopback that nobody holds now; drawn anew each time, so that two who ask at once hardly ever draw the
    same. Raises OSError."""
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"of {TRIES} ports none is free")
