"""What the system says of its time: whether a time service (timesyncd, chrony, ntpd: any) keeps it, and which boot."""

from __future__ import annotations

import ctypes
from pathlib import Path

_TIMEX_BYTES = 512
_TIME_ERROR = 5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def kernel_synced() -> bool:
    """The kernel's own word (adjtimex(2): TIME_ERROR is "not synchronised"); False where it cannot be asked."""
    libc = ctypes.CDLL(None)
    ask = getattr(libc, "adjtimex", None) or getattr(libc, "ntp_adjtime", None)
    if ask is None:
        return False
    answer = int(ask(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return 0 <= answer < _TIME_ERROR


def boot_id() -> str:
    """This boot's own id, empty where the system has none: then nothing of another start is believed to be of this."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
