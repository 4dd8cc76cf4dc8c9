"""The two libraries that read codes, behind one shape: a gray picture in, codes out, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp

from edge.model import Code
from edge.ports import Gray
from edge.vision.region import Box
from edge.vision.symbology import SYMBOLOGIES


@dataclass(frozen=True, slots=True)
class Found:
    """A code and where in the picture it lies."""

    code: Code
    box: Box

    def moved(self, place: Box) -> Found:
        """The same, found in a place of a frame, as it lies in the frame."""
        box, left, top = self.box, place.left, place.top
        return Found(self.code, Box(box.left + left, box.top + top, box.right + left, box.bottom + top))


Reader = Callable[[Gray], tuple[Found, ...]]

_ZXING = {
    "qrcode": zxingcpp.BarcodeFormat.QRCodeModel2,
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "codabar": zxingcpp.BarcodeFormat.Codabar,
    "code39": zxingcpp.BarcodeFormat.Code39,
    "itf": zxingcpp.BarcodeFormat.ITF,
}
_ZXING_NAMES = {**{kind: name for name, kind in _ZXING.items()}, zxingcpp.BarcodeFormat.QRCode: "qrcode"}
_ZBAR_NAMES = {
    "QRCODE": "qrcode",
    "EAN13": "ean13",
    "CODE128": "code128",
    "CODABAR": "codabar",
    "CODE39": "code39",
    "I25": "itf",
}


class UnknownSymbology(Exception):
    """A symbology that no reader knows is wanted."""


def reader(engine: str, symbologies: Collection[str]) -> Reader:
    """The reader of an engine for the wanted symbologies alone; raises UnknownSymbology, KeyError for an engine."""
    if not symbologies:  # which the libraries take for all of them
        return lambda _: ()
    strange = sorted(set(symbologies) - set(SYMBOLOGIES))
    if strange:
        raise UnknownSymbology(f"no symbology '{strange[0]}'; known: {', '.join(SYMBOLOGIES)}")
    return {"zxing": _zxing, "pyzbar": _pyzbar}[engine](symbologies)


def clean(text: str) -> str:
    """The text as it survives UTF-8: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _zxing(symbologies: Collection[str]) -> Reader:
    """zxing-cpp: inverted and shrunken tries on, turned ones off (they found nothing more in any set measured)."""
    formats = zxingcpp.BarcodeFormats([_ZXING[name] for name in symbologies])

    def read(gray: Gray) -> tuple[Found, ...]:
        try:
            found = zxingcpp.read_barcodes(gray, formats=formats, try_rotate=False, text_mode=zxingcpp.TextMode.Plain)
            named = ((_ZXING_NAMES.get(code.format, ""), code) for code in found)
            return tuple(
                Found(Code(clean(code.text), name, "zxing"), _corners(code.position))
                for name, code in named
                if code.text and name in symbologies
            )
        except (ValueError, RuntimeError, TypeError):
            return ()

    return read


def _corners(position: Any) -> Box:
    """The upright box around a code's four corners."""
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    across, down = [corner.x for corner in corners], [corner.y for corner in corners]
    return Box(max(min(across), 0), max(min(down), 0), max(*across, 1), max(*down, 1))


def _pyzbar(symbologies: Collection[str]) -> Reader:
    """zbar, for each picture as it is and, if that gives nothing, inverted: zbar knows dark on light alone."""
    library = _zbar()
    kinds = [kind for kind in library.ZBarSymbol if _ZBAR_NAMES.get(kind.name) in symbologies]

    def once(gray: Gray) -> tuple[Found, ...]:
        try:
            found = library.decode(gray, symbols=kinds)
            return tuple(
                Found(Code(code.data.decode("utf-8", "replace"), _ZBAR_NAMES[code.type], "pyzbar"), _rectangle(code))
                for code in found
                if _ZBAR_NAMES.get(code.type) in symbologies and code.data
            )
        except (library.PyZbarError, ValueError, TypeError):
            return ()

    def read(gray: Gray) -> tuple[Found, ...]:
        return (once(gray) or once(np.subtract(255, gray))) if gray.size else ()

    return read


def _rectangle(code: Any) -> Box:
    left, top, width, height = code.rect
    return Box(max(left, 0), max(top, 0), max(left + width, 1), max(top + height, 1))


def _zbar() -> Any:
    """pyzbar, imported only where it is wanted, without the two calls that lose a whole frame.

    One part of a structured-append sequence in view has orientation -1, for which pyzbar raises ValueError
    and gives none of the frame's codes (pyzbar issue 139): without the function it does not ask. A sequence whose
    part is numbered beyond its end has no corners, around which pyzbar finds no box: it lies in the first pixel.
    """
    from pyzbar import locations, pyzbar

    def somewhere(points: list[Any]) -> list[Any]:
        return locations.convex_hull(points) if points else [locations.Point(0, 0)]

    pyzbar.zbar_symbol_get_orientation = None
    pyzbar.convex_hull = lambda points: somewhere(list(points))
    return pyzbar


def distinct(codes: Iterable[Code]) -> tuple[Code, ...]:
    """The codes in order, each text of a symbology once, whoever read it."""
    return tuple({(code.symbology, code.text): code for code in reversed(tuple(codes))}.values())[::-1]
