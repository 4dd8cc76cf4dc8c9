"""tapirscan, a stronger and dearer reader of QR codes: an extra, and never asked but for what is held still and unread.

A plain read by zxing-cpp takes a hundredth of its time. It is young, so everything works without it.
"""

from __future__ import annotations

import atexit
from collections.abc import Collection
from functools import cache
from typing import Any, Literal

from edge.model import Code
from edge.ports import Gray
from edge.vision.readers import Found, Reader, clean
from edge.vision.region import Box
from edge.vision.symbology import STRONGER

Efforts = Literal["low", "medium", "high"]


def strong(effort: Efforts, symbologies: Collection[str]) -> Reader | None:
    """The reader at an effort; None where it is not installed or no QR code is wanted."""
    if "qrcode" not in symbologies:
        return None
    try:
        import tapirscan
    except ImportError:
        return None
    _scanner(effort)  # made before the first frame: an eye may load no library after it is locked in

    def read(gray: Gray) -> tuple[Found, ...]:
        try:
            found = _scanner(effort).scan(gray).barcodes
        except (tapirscan.ScannerError, ValueError):  # ValueError: fewer than three pixels either way
            return ()
        return tuple(Found(Code(clean(one.text), "qrcode", STRONGER), _box(one.rect)) for one in found if one.text)

    return read


@cache
def _scanner(effort: Efforts) -> Any:
    """One for the whole process, on the thread that asks; let go before Python's end, at which it would complain."""
    import tapirscan

    atexit.register(_scanner.cache_clear)
    return tapirscan.Scanner(effort, formats=["QRCode"], parallel=False)


def _box(rect: Any) -> Box:
    left, top = max(int(rect.left), 0), max(int(rect.top), 0)
    return Box(left, top, left + max(int(rect.width), 1), top + max(int(rect.height), 1))
