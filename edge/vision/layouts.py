"""Which sign a key types: the Japanese and the US keyboard, by the key numbers of Linux (input-event-codes.h).

A scanner that acts as a keyboard sends keys, not signs: read under another layout than its own, every sign but digits
and letters may turn into another one (UI.md 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping

Layout = Mapping[int, tuple[str, str]]
"""By key number the sign alone and with Shift; "" where a key types none."""

LETTERS = (range(16, 26), "qwertyuiop"), (range(30, 39), "asdfghjkl"), (range(44, 51), "zxcvbnm")
PAD: Mapping[int, str] = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
"""The digits of the number pad, whatever NumLock says: a scanner has no use for its arrows."""
ENTER, TAB, SPACE = (28, 96), 15, 57


def _row(keys: range, plain: str, shifted: str) -> dict[int, tuple[str, str]]:
    return {key: (sign, other.strip()) for key, sign, other in zip(keys, plain, shifted, strict=True)}


_COMMON: Layout = {
    **{key: (sign, sign.upper()) for keys, signs in LETTERS for key, sign in zip(keys, signs, strict=True)},
    **{key: (sign, sign) for key, sign in PAD.items()},
    **{55: ("*", "*"), 74: ("-", "-"), 78: ("+", "+"), 83: (".", "."), 98: ("/", "/"), 117: ("=", "=")},
    **{SPACE: (" ", " ")},
}

LAYOUTS: Mapping[str, Layout] = {
    "us": {
        **_COMMON,
        **_row(range(2, 14), "1234567890-=", "!@#$%^&*()_+"),
        **_row(range(26, 28), "[]", "{}"),
        **_row(range(39, 42), ";'`", ':"~'),
        **_row(range(51, 54), ",./", "<>?"),
        **{43: ("\\", "|"), 86: ("\\", "|")},
    },
    "jp": {
        **_COMMON,
        **_row(range(2, 14), "1234567890-^", "!\"#$%&'() =~"),
        **_row(range(26, 28), "@[", "`{"),
        **_row(range(39, 41), ";:", "+*"),
        **_row(range(51, 54), ",./", "<>?"),
        **{43: ("]", "}"), 89: ("\\", "_"), 124: ("\\", "|")},
    },
}
"""``jp`` is the Japanese 106/109 keyboard (JIS X 6002), whose ¥ key types what ASCII calls a backslash."""
