"""A reader of core deterministic CBOR (RFC 8949 4.2.1) that takes nothing else: one value has one encoding.

A general decoder is no use against hostile bytes here: it accepts long forms, duplicates and tags that build objects.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_DEPTH = 128
"""More than a token has bytes, so that a nested one is refused for its form and not for our reader's limit."""

_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_FLOATS = {2: "e", 4: "f", 8: "d"}


@dataclass(frozen=True, slots=True)
class Other:
    """A well-formed item that no member code holds: a tag, a float, a simple value."""

    head: int


Item = int | bytes | str | list["Item"] | dict[bytes, "Item"] | Other
"""A map's keys stay in their encoded form, so that 1, 1.0 and true are never one key."""


class BadCbor(ValueError):
    """Not one well-formed, deterministically encoded item."""


def decode(data: bytes) -> Item:
    """The one item that fills ``data``; raises BadCbor."""
    item, end = _item(data, 0, MAX_DEPTH)
    if end != len(data):
        raise BadCbor("trailing bytes")
    return item


def _item(data: bytes, at: int, depth: int) -> tuple[Item, int]:
    if depth == 0:
        raise BadCbor("too deep")
    major, number, end = _head(data, at)
    match major:
        case 0:
            return number, end
        case 1:
            return -1 - number, end
        case 2:
            return _slice(data, end, number)
        case 3:
            return _text(data, end, number)
        case 4:
            return _array(data, end, number, depth)
        case 5:
            return _map(data, end, number, depth)
        case 6:
            return Other(data[at]), _item(data, end, depth - 1)[1]
    return Other(data[at]), end


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and where the head ends; only the shortest form of the argument is taken."""
    initial = _slice(data, at, 1)[0][0]
    major, info = initial >> 5, initial & 31
    if info < 24:
        return major, info, at + 1
    if info not in _WIDTHS:
        raise BadCbor("reserved or indefinite length")
    width = _WIDTHS[info]
    raw, end = _slice(data, at + 1, width)
    number = int.from_bytes(raw)
    if major != 7 and number < (24 if width == 1 else 256 ** (width // 2)):
        raise BadCbor("long form")
    if major == 7 and width == 1 and number < 32:
        raise BadCbor("simple value in two bytes")
    if major == 7 and width > 1 and not _shortest(raw):
        raise BadCbor("long form")
    return major, number, end


def _shortest(raw: bytes) -> bool:
    """Whether no shorter float holds the same value; of the many spellings of NaN only the shortest is taken."""
    (value,) = struct.unpack(f">{_FLOATS[len(raw)]}", raw)
    if value != value:
        return raw == b"\x7e\x00"
    return len(raw) == 2 or not _fits(value, _FLOATS[len(raw) // 2])


def _fits(value: float, form: str) -> bool:
    try:
        return bool(struct.unpack(f">{form}", struct.pack(f">{form}", value))[0] == value)
    except OverflowError:
        return False


def _slice(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise BadCbor("cut off")
    return data[at : at + size], at + size


def _text(data: bytes, at: int, size: int) -> tuple[str, int]:
    raw, end = _slice(data, at, size)
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        raise BadCbor("not UTF-8") from None


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Item], int]:
    if count > len(data):
        raise BadCbor("cut off")
    items: list[Item] = []
    for _ in range(count):
        item, at = _item(data, at, depth - 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[bytes, Item], int]:
    if count > len(data):
        raise BadCbor("cut off")
    items: dict[bytes, Item] = {}
    last = b""
    for _ in range(count):
        _, end = _item(data, at, depth - 1)
        key = data[at:end]
        if key <= last:
            raise BadCbor("keys out of order or twice")
        items[key], at = _item(data, end, depth - 1)
        last = key
    return items, at
