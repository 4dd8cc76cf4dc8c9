"""The clocks that stamp a contact: a monotonic one that orders nothing but durations, a wall clock that is a label."""

from __future__ import annotations

import ctypes
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edge.config import Device

_TIME_ERROR = 5  # adjtimex(2): the kernel's clock is not synchronised
_Timex = ctypes.c_char * 1024  # all zero: read only; the structure is 208 bytes on 64-bit Linux
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def synced() -> bool:
    """True if the kernel says that its clock is disciplined by NTP or better; False where nobody can tell."""
    adjtimex = _adjtimex()
    return adjtimex is not None and 0 <= int(adjtimex(_Timex())) < _TIME_ERROR


def slept() -> float:
    """Seconds that the machine was suspended since its boot: what CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


@cache
def _adjtimex() -> Callable[[object], int] | None:
    try:
        return ctypes.CDLL(None).adjtimex
    except (AttributeError, OSError, TypeError):
        return None


def boot_id() -> str:
    """This boot's own id, or one of this process where the system has none."""
    try:
        return str(uuid.UUID(_BOOT_ID.read_text().strip()))
    except OSError:
        return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Clock:
    """``mono`` in seconds since boot without those it ``slept``, ``wall`` in UNIX seconds as believed, ``synced``
    whether to believe it."""

    mono: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    synced: Callable[[], bool] = synced
    slept: Callable[[], float] = slept

    def up_ms(self, at: float) -> int:
        """A moment of ``mono`` in milliseconds since boot, sleep included, as it is kept beside the wall clock's."""
        return round((at + self.slept()) * 1000)


def clock_of(device: Device) -> Clock:
    """The clock of a device; one whose settings call it trusted counts as synchronised from the start."""
    return Clock(synced=lambda: True) if device.clock == "trusted" else Clock()
