"""Whether the system's time service (timesyncd, chrony, ntpd: any) holds the kernel's clock in sync."""

from __future__ import annotations

import ctypes

_TIMEX_BYTES = 512
_TIME_ERROR = 5


def kernel_synced() -> bool:
    """The kernel's own word (adjtimex(2): TIME_ERROR is "not synchronised"); False where it cannot be asked."""
    libc = ctypes.CDLL(None)
    ask = getattr(libc, "adjtimex", None) or getattr(libc, "ntp_adjtime", None)
    if ask is None:
        return False
    answer = int(ask(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return 0 <= answer < _TIME_ERROR
