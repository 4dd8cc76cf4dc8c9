"""Base45 (RFC 9285), strict: every byte string has one text, and no other text decodes to it.

The package on PyPI drops white space, so one token would have two texts.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {sign: value for value, sign in enumerate(ALPHABET)}


class BadBase45(ValueError):
    """A sign outside the alphabet, a length that cannot be, or a group above its range."""


def encode(data: bytes) -> str:
    """Two bytes become three signs, a last single byte two."""
    groups = (data[at : at + 2] for at in range(0, len(data), 2))
    return "".join(_signs(int.from_bytes(group), 3 if len(group) == 2 else 2) for group in groups)


def _signs(number: int, count: int) -> str:
    return "".join(ALPHABET[number // 45**power % 45] for power in range(count))


def decode(text: str) -> bytes:
    """The bytes of a text; raises BadBase45."""
    if len(text) % 3 == 1:
        raise BadBase45("length")
    return b"".join(_bytes(text[at : at + 3]) for at in range(0, len(text), 3))


def _bytes(group: str) -> bytes:
    try:
        low, middle, high = (_VALUE[sign] for sign in group.ljust(3, "0"))
    except KeyError:
        raise BadBase45("alphabet") from None
    size, number = len(group) - 1, low + 45 * middle + 2025 * high
    if number >= 1 << 8 * size:
        raise BadBase45("range")
    return number.to_bytes(size)
