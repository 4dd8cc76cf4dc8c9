"""QR symbols that no honest encoder makes: any codewords under valid error correction, drawn beside a good code.

Segno lends its tables, its Reed-Solomon and the fixed patterns of ISO/IEC 18004; what the symbol says is ours, bit by
bit, so that a reader's error correction passes it and only its parser is left to refuse it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp
from segno import consts as _consts
from segno import encoder as _encoder

from edge.ports import Gray

consts: Any = _consts
encoder: Any = _encoder
"""Segno's inner parts have no types."""

Matrix = npt.NDArray[np.uint8]
"""A symbol's modules without its quiet zone; 1 is dark."""
Bits = Sequence[tuple[int, int]]
"""Fields of a bit stream, each its width and its value."""

LEVELS = {"l": consts.ERROR_LEVEL_L, "m": consts.ERROR_LEVEL_M, "q": consts.ERROR_LEVEL_Q, "h": consts.ERROR_LEVEL_H}
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
END, NUMERIC, ALNUM, PARTS, BYTE, FNC1, ECI, KANJI, FNC1_2ND, HANZI = 0, 1, 2, 3, 4, 5, 7, 8, 9, 13
RESERVED = (6, 10, 11, 12, 14, 15)
QUIET = 4


def good_text(number: int) -> str:
    """A text like a member's token, 195 characters of QR's alphanumeric set, another for each number."""
    return "MC1:" + "".join(random.Random(number).choices(ALPHANUMERIC, k=191))


def capacity(version: int, level: str = "l") -> int:
    """Codewords of data that a symbol holds."""
    return int(consts.SYMBOL_CAPACITY[version][LEVELS[level]]) // 8


def symbol(codewords: bytes, version: int, level: str = "l", mask: int = 0) -> Matrix:
    """The symbol that carries exactly these codewords of data, with the error correction that belongs to them."""
    assert len(codewords) == capacity(version, level)
    bits = encoder.Buffer()
    for word in codewords:
        bits.append_bits(word, 8)
    message = np.array(list(encoder.make_final_message(version, LEVELS[level], bits).getbits()), np.uint8)
    rows, columns = _order(version)
    matrix = _fixed(version, level, mask).copy()
    matrix[rows, columns] = message ^ _mask(version, mask)[rows, columns]
    return matrix


def stream(fields: Bits, version: int, level: str = "l", padded: bool = True) -> bytes:
    """Fields as codewords: cut where the symbol is full, else padded as an encoder pads (or with ones)."""
    bits = "".join(format(value, f"0{width}b")[-width:] for width, value in fields if width)
    size = 8 * capacity(version, level)
    pad = "1110110000010001" if padded else "1"
    bits = (bits + "0" * (-len(bits) % 8 if padded else 0) + pad * size)[:size]
    return int(bits, 2).to_bytes(size // 8)


def counted(mode: int, width: int, count: int, *data: tuple[int, int]) -> Bits:
    """A segment: its mode, its count of characters (``width`` bits), its data."""
    return ((4, mode), (width, count), *data)


def said(text: bytes) -> Bits:
    """An honest byte segment for versions 1 to 9."""
    return counted(BYTE, 8, len(text), *((8, byte) for byte in text))


def malformed() -> dict[str, Matrix]:
    """Over 64 bit streams, each wrong or strange in its own way."""
    small = {name: symbol(stream(fields, 2), 2) for name, fields in _streams().items()}
    large = {
        "every value of a byte": counted(BYTE, 16, 256, *((8, byte) for byte in range(256))),
        "a hundred numbers of one digit": [field for n in range(100) for field in counted(NUMERIC, 12, 1, (4, n % 10))],
    }
    return small | {name: symbol(stream(fields, 10), 10) for name, fields in large.items()}


def _streams() -> dict[str, Bits]:
    """The malformed streams for version 2 level L: 272 bits; counts have 10, 9, 8 and 8 bits."""
    widths = {"numeric": (NUMERIC, 10), "alphanumeric": (ALNUM, 9), "byte": (BYTE, 8), "kanji": (KANJI, 8)}
    made: dict[str, Bits] = {"nothing": ((272, 0),), "ones": ((272, (1 << 272) - 1),)}
    for name, (mode, width) in widths.items():
        made[f"{name}: no character"] = counted(mode, width, 0)
        made[f"{name}: the largest count"] = counted(mode, width, (1 << width) - 1)
        made[f"{name}: more than there is room for"] = counted(mode, width, 100, (240, 0))
        made[f"{name}: cut in its head"] = (*said(b"x" * 31), *counted(mode, width, 5))
        made[f"{name}: cut in its data"] = (*said(b"x" * 29), *counted(mode, width, 3))
    made |= {f"reserved mode {mode}": ((4, mode), (200, 1 << 199)) for mode in RESERVED}
    made |= {f"reserved mode {mode} after a text": (*said(b"text"), (4, mode), (60, 7)) for mode in (6, 15)}
    made |= _values() | _designators() | _texts()
    return made


def _values() -> dict[str, Bits]:
    """Characters that do not exist."""
    return {
        "numeric: 1023 in three digits": counted(NUMERIC, 10, 3, (10, 1023)),
        "numeric: 127 in two digits": counted(NUMERIC, 10, 2, (7, 127)),
        "numeric: 15 in one digit": counted(NUMERIC, 10, 1, (4, 15)),
        "alphanumeric: a pair of 2047": counted(ALNUM, 9, 2, (11, 2047)),
        "alphanumeric: a sign of 63": counted(ALNUM, 9, 1, (6, 63)),
        "kanji: 8191": counted(KANJI, 8, 3, (13, 8191), (13, 8191), (13, 8191)),
        "kanji: unassigned": counted(KANJI, 8, 2, (13, 0x1EBF), (13, 0x00BD)),
        "hanzi of an unknown set": ((4, HANZI), (4, 15), (8, 3), (39, 1 << 38)),
        "hanzi: the largest count": ((4, HANZI), (4, 1), (8, 255), (200, 12345)),
        "hanzi: 8191": ((4, HANZI), (4, 1), (8, 2), (13, 8191), (13, 8191)),
    }


def _designators() -> dict[str, Bits]:
    """Interpretations, functions and parts in a wrong place or of a wrong value."""
    part = ((4, PARTS), (4, 0), (4, 1), (8, 0x5A))
    return {
        "ECI 127": ((4, ECI), (8, 127), *said(b"text")),
        "ECI 16383": ((4, ECI), (2, 2), (14, 16383), *said(b"text")),
        "ECI 2097151, out of range": ((4, ECI), (3, 6), (21, 2097151), *said(b"text")),
        "ECI with an impossible head": ((4, ECI), (8, 255), *said(b"text")),
        "ECI cut": (*said(b"x" * 31), (4, ECI), (3, 6)),
        "ECI twenty times": tuple([(4, ECI), (8, 26)] * 20),
        "ECI UTF-8, bytes that are none": ((4, ECI), (8, 26), *said(b"\xc0\xaf\xed\xa0\x80\xff\xf8")),
        "ECI UTF-16, an odd number of bytes": ((4, ECI), (8, 25), *said(b"\xd8\x00\xd8\x00\x00")),
        "ECI Shift JIS, half a character": ((4, ECI), (8, 20), *said(b"\x83")),
        "ECI binary": ((4, ECI), (2, 2), (14, 899), *said(bytes(range(20)))),
        "FNC1 first, percent signs": ((4, FNC1), *counted(ALNUM, 9, 3, (11, 38 * 45 + 38), (6, 38))),
        "FNC1 first, twice": ((4, FNC1), (4, FNC1), *said(b"text")),
        "FNC1 after a text": (*said(b"text"), (4, FNC1), *said(b"text")),
        "FNC1 second, application 255": ((4, FNC1_2ND), (8, 255), *said(b"text")),
        "FNC1 second, cut": (*said(b"x" * 31), (4, FNC1_2ND)),
        "a part of two": (*part, *said(b"first half")),
        "a part beyond the last": ((4, PARTS), (4, 15), (4, 1), (8, 0), *said(b"text")),
        "a part of a part": (*part, *part, *said(b"text")),
        "a part after a text": (*said(b"text"), *part, *said(b"text")),
        "a part of nothing": part,
    }


def _texts() -> dict[str, Bits]:
    """Bytes that a text does not hold."""
    return {
        "bytes of zero": said(bytes(30)),
        "bytes of ones": said(b"\xff" * 30),
        "bytes that only continue": said(b"\x80" * 30),
        "a lone surrogate": said(b"\xed\xa0\xbd"),
        "marks of byte order": said(b"\xef\xbb\xbf\xff\xfe\xfe\xff"),
        "escape sequences": said(b"\x1b[2J\x1b]0;x\x07\r\n"),
        "twenty empty segments": tuple([(4, BYTE), (8, 0)] * 20),
        "padding that is none": ((8, 0x40), (8, 0x14)),
        "a wrong end": (*said(b"text"), (4, END), (100, (1 << 100) - 1)),
        "the sign of a screen's markup": said(b"<script>alert(1)</script>"),
    }


def random_symbols(seed: int, count: int) -> Iterator[Matrix]:
    """Symbols of random codewords, versions 1 to 10, every level and mask."""
    chance = random.Random(seed)
    for _ in range(count):
        version, level = chance.randint(1, 10), chance.choice("lmqh")
        yield symbol(chance.randbytes(capacity(version, level)), version, level, chance.randrange(8))


def other_kinds() -> dict[str, Matrix]:
    """Micro QR and rMQR, which an eye does not read."""
    kinds = {"micro": zxingcpp.BarcodeFormat.MicroQRCode, "rmqr": zxingcpp.BarcodeFormat.RMQRCode}
    made = {
        name: zxingcpp.write_barcode_to_image(zxingcpp.create_barcode("MC1:A", kind)) for name, kind in kinds.items()
    }
    return {name: _trimmed((np.array(picture) < 128).astype(np.uint8)) for name, picture in made.items()}


def drawn(matrix: Matrix, scale: int = 3) -> Gray:
    """A symbol with its quiet zone, dark on white."""
    framed = np.pad(matrix, QUIET)
    return np.asarray(np.kron(np.where(framed, 0, 255), np.ones((scale, scale))), np.uint8)


def finder_storm(side: int = 15) -> Gray:
    """Nothing but finder patterns: every triple of them could be a symbol."""
    finder = np.pad(np.ones((3, 3), np.uint8), 1)
    finder = np.pad(np.pad(finder, 1, constant_values=1), 1)
    return np.asarray(np.kron(np.where(np.tile(finder, (side, side)), 0, 255), np.ones((3, 3))), np.uint8)


def noise_with_finders(seed: int, side: int = 61) -> Matrix:
    """A symbol whose every module but the fixed ones is chance."""
    chance = np.random.default_rng(seed).integers(0, 2, (side, side), np.uint8)
    fixed = _patterns((side - 17) // 4)
    return np.where(fixed > 1, chance, fixed).astype(np.uint8)


def nested(outer: Matrix, inner: Gray, scale: int = 3) -> Gray:
    """A symbol with another one, quiet zone and all, laid over its middle."""
    picture = drawn(outer, scale)
    top, left = ((have - wanted) // 2 for have, wanted in zip(picture.shape, inner.shape, strict=True))
    picture[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return picture


def frame(pictures: Iterable[Gray], width: int = 640, gap: int = 12, ground: int = 130) -> Gray:
    """Pictures in rows on gray, in their order."""
    rows: list[list[Gray]] = [[]]
    for picture in pictures:
        if rows[-1] and sum(other.shape[1] + gap for other in rows[-1]) + picture.shape[1] + 2 * gap > width:
            rows.append([])
        rows[-1].append(picture)
    width = max(width, *(picture.shape[1] + 2 * gap for row in rows for picture in row))
    return np.concatenate([_row(row, width, gap, ground) for row in rows])


def _row(pictures: Sequence[Gray], width: int, gap: int, ground: int) -> Gray:
    scene = np.full((max(picture.shape[0] for picture in pictures) + 2 * gap, width), ground, np.uint8)
    left = gap
    for picture in pictures:
        height, across = picture.shape
        scene[gap : gap + height, left : left + across] = picture
        left += across + gap
    return scene


def _trimmed(matrix: Matrix) -> Matrix:
    """Without the light rows and columns around."""
    left, top, width, height = cv2.boundingRect(matrix)
    return matrix[top : top + height, left : left + width]


@cache
def _patterns(version: int) -> Matrix:
    """What is fixed in every symbol of a version; 2 where codewords go."""
    side = 4 * version + 17
    matrix = encoder.make_matrix(side, side)
    encoder.add_finder_patterns(matrix, side, side)
    encoder.add_alignment_patterns(matrix, side, side)
    matrix[-8][8] = 1
    return np.array([list(row) for row in matrix], np.uint8)


@cache
def _fixed(version: int, level: str, mask: int) -> Matrix:
    """The fixed modules of a symbol, its format and version among them."""
    matrix = [bytearray(row.tobytes()) for row in _patterns(version)]
    encoder.add_format_info(matrix, version, LEVELS[level], mask)
    encoder.add_version_info(matrix, version)
    return np.array([list(row) for row in matrix], np.uint8)


@cache
def _order(version: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns in the order of the message's bits: pairs of columns from the right, up and down in turn."""
    patterns, side = _patterns(version), 4 * version + 17
    rights = [right if right > 6 else right - 1 for right in range(side - 1, 0, -2)]
    cells = (
        (row, column)
        for turn, right in enumerate(rights)
        for row in (range(side) if turn % 2 else range(side - 1, -1, -1))
        for column in (right, right - 1)
        if patterns[row, column] > 1
    )
    rows, columns = zip(*cells, strict=True)
    return np.array(rows), np.array(columns)


@cache
def _mask(version: int, mask: int) -> Matrix:
    """The data mask's pattern (ISO/IEC 18004 table 10)."""
    rows, columns = np.indices((4 * version + 17, 4 * version + 17))
    product = rows * columns
    kinds = (
        (rows + columns) % 2,
        rows % 2,
        columns % 3,
        (rows + columns) % 3,
        (rows // 2 + columns // 3) % 2,
        product % 2 + product % 3,
        (product % 2 + product % 3) % 2,
        ((rows + columns) % 2 + product % 3) % 2,
    )
    return np.asarray(kinds[mask] == 0, np.uint8)
