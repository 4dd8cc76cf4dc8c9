"""The names of what can be read and by what, for both sides of an eye's pipe."""

from __future__ import annotations

SYMBOLOGIES = ("qrcode", "ean13", "code128", "codabar", "code39", "itf")
LINEAR = frozenset(SYMBOLOGIES) - {"qrcode"}
"""One-dimensional symbologies detect errors poorly or not at all; each one switched on costs time a frame."""

ENGINES = ("zxing", "pyzbar")
"""Those that a camera's settings can name."""
STRONGER = "tapirscan"
READERS = (*ENGINES, STRONGER)
"""Those that an eye may say it read a code with."""
