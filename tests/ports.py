"""Ports that have to be named before whoever listens there is started."""

from __future__ import annotations

import secrets
import socket

FIRST, LAST = 10_000, 32_767
"""Below those that Linux hands out by itself (``ip_local_port_range``): whatever connects or listens at port 0 in
another test meanwhile gets none of these."""
TRIES = 100


def free_port() -> int:
    """A port at which nobody listens; drawn anew each time, so that two tests at once draw the same one hardly ever."""
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"of {TRIES} ports none is free")
