"""Reading an outbox's rows out of a damaged file: its pages one by one, trusting neither its header nor its tree.

Every intact leaf page gives its rows whatever became of the others, so this finds what scans forward, backward and
by number would find, and the rest. The formats are SQLite's own (its "Database File Format", sections 1.6, 2 and 4).
What is read proves itself: the row by its CRC, its place by the body's own stream and sequence.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = 4096
"""SQLite's usual page, for a file that no longer says its own."""

_MAGIC = b"SQLite format 3\0"
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_LARGEST = 1 << 20
_CHAIN = 512

Values = list[Any]


@dataclass(frozen=True, slots=True)
class Carved:
    """One row of the outbox's table. ``whole`` is whether the CRC agrees with the body."""

    seq: int
    kind: str
    mono: int
    wall: int
    sync: bool
    body: bytes = field(repr=False)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What a page of the file's own books says: the watermark of a stream, and the highest number of the table."""

    stream: str = ""
    acked: int = 0
    last: int = 0


def carve(path: Path) -> Iterator[Carved | Told]:
    """Everything that can be read in a database file and its ``-wal``, the newest state of each page first.

    The same row may come more than once, an older one after a newer one. Never raises for what the bytes are; raises
    OSError where the disk does not give them, but for single pages, which are passed over.
    """
    wal = path.with_name(f"{path.name}-wal")
    size = page_size(path, wal)
    frames, stray = _frames(wal, size) if wal.exists() else ({}, [])
    yield from _of_file(wal, size, sorted(frames.values()), path, frames)
    if path.exists():
        offsets = range(0, path.stat().st_size, size)
        yield from _of_file(path, size, [at for at in offsets if at // size + 1 not in frames], path, frames)
        yield from _of_file(path, size, [(number - 1) * size for number in sorted(frames)], path, {})
    yield from _of_file(wal, size, list(reversed(stray)), path, frames)


def page_size(path: Path, wal: Path) -> int:
    """The size of a page, as the database or else its journal says, or the usual one."""
    head = _head(path, 100)
    said = struct.unpack(">H", head[16:18])[0] if head[:16] == _MAGIC else 0
    if not said and struct.unpack(">I", _head(wal, 32)[:4])[0] in _WAL_MAGICS:
        said = struct.unpack(">I", _head(wal, 32)[8:12])[0]
    said = 65_536 if said == 1 else said
    return said if said >= 512 and said & (said - 1) == 0 and said <= 65_536 else PAGE


def _head(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length).ljust(length, b"\0")
    except OSError:
        return bytes(length)


def _frames(wal: Path, size: int) -> tuple[dict[int, int], list[int]]:
    """Where in the journal the newest committed image of each page begins, and where frames lie beyond its chain.

    The latter count only where the chain broke before its end: after that come frames of older transactions.
    """
    content = wal.read_bytes()
    starts = range(32 + 24, len(content) - size + 1, 24 + size)
    if len(content) < 32 or struct.unpack(">I", content[:4])[0] not in _WAL_MAGICS:
        return {}, list(starts)
    order = ">" if content[3] & 1 else "<"
    salts, sums = content[16:24], _summed(content[:24], (0, 0), order)
    pending: dict[int, int] = {}
    newest: dict[int, int] = {}
    for at in starts:
        head = content[at - 24 : at]
        sums = _summed(content[at : at + size], _summed(head[:8], sums, order), order)
        if head[8:16] != salts or struct.unpack(">II", head[16:24]) != sums:
            return newest, [each for each in starts if each >= at and content[each - 16 : each - 8] == salts]
        number, committed = struct.unpack(">II", head[:8])
        pending[number] = at
        if committed:
            newest |= pending
            pending = {}
    return newest, []


def _summed(content: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(content) // 4}I", content))
    for one, other in zip(words, words, strict=True):
        first = first + one + second & 0xFFFFFFFF
        second = second + other + first & 0xFFFFFFFF
    return first, second


def _of_file(
    source: Path, size: int, offsets: Sequence[int], path: Path, frames: dict[int, int]
) -> Iterator[Carved | Told]:
    if not offsets:
        return
    reader = _Reader(path, size, frames)
    with source.open("rb") as file:
        for at in offsets:
            try:
                file.seek(at)
                page = file.read(size).ljust(size, b"\0")
            except OSError:
                continue  # a sector that cannot be read: its rows are among what is missing
            yield from _of_page(page, 100 if page.startswith(_MAGIC) else 0, reader)


class _Reader:
    """Pages by number, the journal's before the file's, for bodies that go on in other pages."""

    def __init__(self, path: Path, size: int, frames: dict[int, int]) -> None:
        self.path, self.size, self.frames = path, size, frames

    def page(self, number: int) -> bytes:
        """A page; empty where there is none."""
        at, path = self.frames.get(number), self.path.with_name(f"{self.path.name}-wal")
        if at is None:
            at, path = (number - 1) * self.size, self.path
        try:
            with path.open("rb") as file:
                file.seek(max(at, 0))
                return file.read(self.size)
        except OSError:
            return b""


def _of_page(page: bytes, head: int, reader: _Reader) -> Iterator[Carved | Told]:
    kind = page[head]
    if kind not in (_TABLE_LEAF, _INDEX_LEAF):
        return
    count = int.from_bytes(page[head + 3 : head + 5], "big")
    starts = page[head + 8 : head + 8 + 2 * count]
    books: dict[str, Any] = {}
    for (at,) in struct.iter_unpack(">H", starts[: len(starts) // 2 * 2]):
        rowid, values = _cell(page, at, kind == _TABLE_LEAF, reader)
        row = _row(rowid, values)
        if row is not None:
            yield row
        elif len(values) == 2 and isinstance(values[0], str):
            books[values[0]] = values[1]
    yield from _told(books)


def _told(books: dict[str, Any]) -> Iterator[Told]:
    stream, acked, last = books.get("stream"), books.get("acked"), books.get("outbox")
    if isinstance(stream, str) and isinstance(acked, int):
        yield Told(stream=stream, acked=acked)
    if isinstance(last, int):
        yield Told(last=last)


def _cell(page: bytes, at: int, table: bool, reader: _Reader) -> tuple[int, Values]:
    """The row number and the columns of a cell; none where it is no cell."""
    length, at = _varint(page, at)
    rowid, at = _varint(page, at) if table else (0, at)
    if not 0 < length <= _LARGEST:
        return rowid, []
    usable = reader.size
    least = (usable - 12) * 32 // 255 - 23
    most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
    if length <= most:
        return rowid, _columns(page[at : at + length])
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    return rowid, _columns(_followed(page[at : at + local], following, length, reader))


def _followed(start: bytes, number: int, length: int, reader: _Reader) -> bytes:
    """A payload that goes on in overflow pages."""
    parts, have = [start], len(start)
    for _ in range(_CHAIN):
        if have >= length or not number:
            break
        page = reader.page(number)
        number = int.from_bytes(page[:4], "big")
        parts.append(page[4:])
        have += len(page) - 4
    return b"".join(parts)[:length]


def _columns(payload: bytes) -> Values:
    """The values of a record; none where its header makes no sense."""
    end, at = _varint(payload, 0)
    if not at < end <= len(payload):
        return []
    values: Values = []
    data = end
    while at < end and len(values) < 32:
        kind, at = _varint(payload, at)
        length = _INTEGERS.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        values.append(_value(kind, payload[data : data + length]))
        data += length
    return values if data <= len(payload) else []


def _value(kind: int, content: bytes) -> Any:
    if kind in _INTEGERS:
        return int.from_bytes(content, "big", signed=True)
    if kind in (8, 9):
        return kind - 8
    if kind >= 12:
        return content.decode(errors="replace") if kind % 2 else content
    return None


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and where it ends; beyond the content it reads as 0."""
    value = 0
    for taken, byte in enumerate(content[at : at + 9], 1):
        if taken == 9:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + taken
    return 0, len(content)


def _row(seq: int, values: Values) -> Carved | None:
    """The row of the outbox that the columns are, if they are one."""
    if len(values) < 8 or not (isinstance(values[1], str) and isinstance(values[7], bytes) and seq > 0):
        return None
    numbers = [values[n] for n in (3, 4, 5, 6)]
    if not all(isinstance(number, int) for number in numbers):
        return None
    mono, wall, sync, crc = numbers
    return Carved(seq, values[1], mono, wall, bool(sync), values[7], zlib.crc32(values[7]) == crc)
