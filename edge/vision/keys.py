"""From the keys of a scanner that acts as a keyboard to the bytes that it means."""

from __future__ import annotations

from edge.vision.layouts import ENTER, PAD, TAB, Layout

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
UP, DOWN = 0, 1
SHIFTS, CTRLS, ALTS = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
CAPS_LOCK = 58
LOST = b"\0"
"""What stands for keys that never arrived or type nothing that a code can hold: it spoils the code it falls into."""


class Keyboard:
    """The keys of one device in their order; what it holds down, and what it types by Alt and the number pad."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: set[int] = set()
        self._caps = False
        self._number = ""

    def event(self, kind: int, code: int, value: int) -> bytes:
        """What one ``input_event`` adds to the text: a sign, the end of a code as a line feed or tab, or nothing."""
        if kind == EV_SYN and code == SYN_DROPPED:
            self._held.clear()
            return LOST
        if kind != EV_KEY:
            return b""
        if value == UP:
            return self._released(code)
        return self._pressed(code) if value == DOWN else b""

    def _pressed(self, code: int) -> bytes:
        if code in SHIFTS | CTRLS | ALTS:
            self._held.add(code)
            return b""
        if code == CAPS_LOCK:
            self._caps = not self._caps
            return b""
        if self._held & ALTS and code in PAD:
            self._number = (self._number + PAD[code])[-4:]
            return b""
        return self._typed(code)

    def _released(self, code: int) -> bytes:
        """Letting Alt go types the sign whose number was entered meanwhile."""
        self._held.discard(code)
        if code not in ALTS or not self._number:
            return b""
        number, self._number = int(self._number), ""
        return bytes([number]) if number < 256 else LOST

    def _typed(self, code: int) -> bytes:
        if code in ENTER:
            return b"\n"
        if code == TAB:
            return b"\t"
        if self._held & (CTRLS | ALTS):
            return LOST
        plain, shifted = self._layout.get(code, ("", ""))
        shift = bool(self._held & SHIFTS) != (self._caps and plain.isalpha())
        return (shifted if shift else plain).encode() or LOST
