"""A token drawn as apps must draw it (MEMBER_CODES 2): alphanumeric, level L, version 6, dark on light."""

from __future__ import annotations

from pathlib import Path

import segno

VERSION = 6
QUIET = 4
"""Modules of light on every side (ISO/IEC 18004 5.3.8)."""


def draw(text: str) -> segno.QRCode:
    """The symbol; raises ValueError for a text that no version 6 symbol holds in alphanumeric mode."""
    try:
        return segno.make_qr(text, version=VERSION, error="l", mode="alphanumeric", boost_error=False)
    except ValueError:
        raise ValueError("not a token: version 6 at level L holds 195 signs of 0-9 A-Z $%*+-./: and space") from None


def save(text: str, path: Path) -> None:
    """Write an SVG, 10 units a module; raises ValueError or OSError."""
    symbol = draw(text)
    with path.open("wb") as file:
        symbol.save(file, kind="svg", scale=10, border=QUIET, dark="#000", light="#fff")
