"""The picture that always exists: what a screen plays when a shop has published nothing (promise C-3)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from content.model import Media
from content.resolve import WELCOME

PICTURE = Path(__file__).parent / "static" / "welcome.svg"


@cache
def welcome() -> Media:
    """The welcome as a medium; square, with its middle in the part that both portrait and landscape keep."""
    digest = hashlib.sha256(PICTURE.read_bytes()).hexdigest()
    return Media(WELCOME, "いらっしゃいませ", "image", digest, ".svg", 2160, 2160)
