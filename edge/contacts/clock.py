"""The clocks that stamp a contact: a monotonic one that orders nothing but durations, a wall clock that is a label."""

from __future__ import annotations

import ctypes
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TIME_ERROR = 5  # adjtimex(2): the kernel's clock is not synchronised
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def synced() -> bool:
    """True if the kernel says that its clock is disciplined by NTP or better; False where nobody can tell."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (AttributeError, OSError, TypeError):
        return False
    timex = (ctypes.c_char * 1024)()  # all zero: read only; the structure is 208 bytes on 64-bit Linux
    return 0 <= int(adjtimex(timex)) < _TIME_ERROR


def boot_id() -> str:
    """This boot's own id, or one of this process where the system has none."""
    try:
        return str(uuid.UUID(_BOOT_ID.read_text().strip()))
    except OSError:
        return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Clock:
    """``mono`` in seconds since boot, ``wall`` in UNIX seconds as believed, ``synced`` whether to believe it."""

    mono: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    synced: Callable[[], bool] = synced
