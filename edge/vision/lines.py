"""Where a scanner's codes begin and end in what it sends, and how one finds the next code after a broken one. Pure."""

from __future__ import annotations

import re

LONGEST = 512
"""No code of ours is as long (MEMBER_CODES 1 and 2)."""
AT_ONCE = 16
"""More codes in one piece come from no scanner; such a piece is dropped as a whole."""
ENDS = re.compile(rb"[\r\n\t]+")
CUT_OFF = b"\0"
"""A code that was too long, lost its end or came in a flood."""


class Lines:
    """The codes of one scanner: each ends with Enter or Tab, and silence inside one makes what came before void."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._partial = b""
        self._spoiled = False

    @property
    def waiting(self) -> bool:
        """A code has begun and not ended."""
        return bool(self._partial) or self._spoiled

    def feed(self, part: bytes) -> list[bytes]:
        """The codes that end in this part; CUT_OFF in the place of one that cannot be used."""
        *ended, self._partial = ENDS.split(self._partial + part)
        if ended and self._spoiled:
            ended[0], self._spoiled = CUT_OFF, False
        if len(self._partial) > self._longest:
            self._partial, self._spoiled = b"", True
        codes = [code if len(code) <= self._longest else CUT_OFF for code in ended if code]
        return codes if len(codes) <= AT_ONCE else [CUT_OFF]

    def quiet(self) -> list[bytes]:
        """Nothing came for longer than a scanner rests inside a code: what comes next begins a new one."""
        lost = [CUT_OFF] if self.waiting else []
        self._partial, self._spoiled = b"", False
        return lost
