"""A token's bytes taken apart in rows, each saying what it is. Unlike ``cbor`` this reads on over what must not be
(long forms, keys twice, indefinite lengths) and notes it, so that whoever made it can see what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge.members import cbor

DEEPEST = 12
_PARTS = ("protected", "unprotected", "payload", "signature")
_INSIDE = {"protected": "headers", "payload": "claims"}
_KEYS = {"headers": {1: "alg", 4: "kid"}, "claims": {2: "sub", 4: "exp", 6: "iat", 7: "cti", -65537: "ext"}}
_EXT = ("flags", "tier", "segment", "segment", "segment", "segment")
_TITLES = {
    "token": "COSE_Sign1, untagged",
    "protected": "protected header",
    "unprotected": "unprotected header",
    "headers": "protected header",
}
_ALGORITHMS = {-19: "Ed25519", -8: "EdDSA, taken as Ed25519"}


@dataclass(frozen=True, slots=True)
class Row:
    """Some bytes of a token: where they begin, how deep they lie, their heads and strings, what they say."""

    at: int
    depth: int
    parts: tuple[bytes, ...]
    means: str

    @property
    def hex(self) -> str:
        """The bytes in hex, a space between heads and contents."""
        return " ".join(part.hex().upper() for part in self.parts if part)


@dataclass(frozen=True, slots=True)
class Stop:
    """Something at a byte that must not be so, ``within`` the token, its headers or its claims."""

    at: int
    why: str
    within: str = field(default="token", compare=False)


class _Lost(Exception):
    """The bytes cannot be read on from here."""


def annotate(data: bytes) -> tuple[tuple[Row, ...], tuple[Stop, ...]]:
    """The rows of a token and the faults in them, in the order of the bytes; never raises."""
    walk = _Walk(data, len(data))
    if data:
        walk.whole("token", 0)
    return tuple(walk.rows), tuple(dict.fromkeys(walk.faults))


@dataclass(slots=True)
class _Head:
    at: int
    major: int
    number: int | None
    parts: tuple[bytes, ...]


@dataclass(slots=True)
class _Walk:
    data: bytes
    end: int
    at: int = 0
    within: str = "token"
    rows: list[Row] = field(default_factory=list)
    faults: list[Stop] = field(default_factory=list)

    def whole(self, role: str, depth: int) -> None:
        """One item up to ``end``, then whatever is left over; after this nothing is lost to the caller."""
        begin = self.at
        try:
            self.item(role, depth, ())
            if self.at < self.end:
                self.fault(self.at, f"{self.end - self.at} bytes too many")
        except _Lost:
            last = self.rows[-1:]
            self.at = max([begin, *(row.at + sum(map(len, row.parts)) for row in last)])
        if self.at < self.end:
            self.row(self.at, depth, (self.take(self.end - self.at),), "not read")

    def fault(self, at: int, why: str) -> None:
        self.faults.append(Stop(at, why, self.within))

    def row(self, at: int, depth: int, parts: tuple[bytes, ...], means: str) -> None:
        self.rows.append(Row(at, depth, parts, means))

    def lose(self, at: int, why: str) -> _Lost:
        self.at = at
        self.fault(at, f"{why}; reading stops here")
        return _Lost()

    def take(self, size: int) -> bytes:
        if self.at + size > self.end:
            raise self.lose(self.at, f"cut off: {size} more bytes are due, {self.end - self.at} are there")
        self.at += size
        return self.data[self.at - size : self.at]

    def head(self) -> _Head:
        """A head in any form, with a note of each that is not the one."""
        at = self.at
        initial = self.take(1)
        major, info = initial[0] >> 5, initial[0] & 31
        if info < 24:
            return _Head(at, major, info, (initial,))
        if info == 31 and major in (2, 3, 4, 5):
            self.fault(at, "indefinite length")
            return _Head(at, major, None, (initial,))
        if info > 27:
            raise self.lose(at, f"{initial.hex().upper()} begins no item")
        raw = self.take(1 << info - 24)
        try:
            cbor.decode(bytes([initial[0] if major == 7 else info]) + raw)  # as a number, which has no contents
        except cbor.BadCbor:
            self.fault(at, "longer than it need be")
        return _Head(at, major, int.from_bytes(raw), (initial, raw))

    def item(self, role: str, depth: int, lead: tuple[bytes, ...], begin: int | None = None) -> int | None:
        """One item, its row led by the bytes of its key; an integer is returned, for it may be a key."""
        if depth > DEEPEST:
            raise self.lose(self.at, "nested too deep")
        head = self.head()
        at = head.at if begin is None else begin
        readers: dict[int, Callable[[str, int, tuple[bytes, ...], int, _Head], int | None]]
        readers = {2: self.string, 3: self.string, 4: self.array, 5: self.map, 6: self.tag}
        return readers.get(head.major, self.scalar)(role, depth, lead, at, head)

    def scalar(self, role: str, depth: int, lead: tuple[bytes, ...], at: int, head: _Head) -> int | None:
        assert head.number is not None
        number = {0: head.number, 1: -1 - head.number}.get(head.major)
        means = f"simple value or float {head.number}" if number is None else _number(role, number)
        self.row(at, depth, lead + head.parts, _titled(role, means))
        return number

    def string(self, role: str, depth: int, lead: tuple[bytes, ...], at: int, head: _Head) -> None:
        kind = "bytes" if head.major == 2 else "text"
        if head.number is None:
            self.row(at, depth, lead + head.parts, _titled(role, f"{kind} in pieces"))
            return self.pieces(depth)
        if role in _INSIDE and head.major == 2:
            self.row(at, depth, lead + head.parts, _titled(role, f"{head.number} bytes"))
            return self.inside(_INSIDE[role], head.number, depth + 1)
        data = self.take(head.number)
        self.row(at, depth, (*lead, *head.parts, data), _titled(role, self.content(kind, data, head.at)))

    def content(self, kind: str, data: bytes, at: int) -> str:
        if kind == "bytes":
            return f"h'{data.hex()}'" if len(data) <= 16 else f"{len(data)} bytes"
        try:
            return f'"{data.decode()}"' if data.decode().isprintable() else f"text of {len(data)} bytes"
        except UnicodeDecodeError:
            self.fault(at, "text that is not UTF-8")
            return f"{len(data)} bytes, not UTF-8"

    def inside(self, role: str, size: int, depth: int) -> None:
        """The item that a byte string carries; what is wrong inside ends with the string."""
        if self.at + size > self.end:
            self.fault(self.at, f"cut off: {size} more bytes are due, {self.end - self.at} are there")
        outer, self.end, self.within = self.end, min(self.at + size, self.end), role
        if self.at < self.end:
            self.whole(role, depth)
        self.end, self.within = outer, "token"

    def array(self, role: str, depth: int, lead: tuple[bytes, ...], at: int, head: _Head) -> None:
        self.row(at, depth, lead + head.parts, _titled(role, f"array of {_count(head)}"))
        roles = {"token": _PARTS, "ext": _EXT}.get(role, ())
        place = 0
        while self.more(place, head.number, depth):
            self.item(roles[place] if place < len(roles) else "", depth + 1, ())
            place += 1

    def map(self, role: str, depth: int, lead: tuple[bytes, ...], at: int, head: _Head) -> None:
        self.row(at, depth, lead + head.parts, _titled(role, f"map of {_count(head)}"))
        place, last = 0, b""
        while self.more(place, head.number, depth):
            last = self.entry("headers" if role == "unprotected" else role, depth + 1, last)
            place += 1

    def entry(self, role: str, depth: int, last: bytes) -> bytes:
        """A key and its value, in one row if the key is a number; the key's bytes are returned."""
        at, rows = self.at, len(self.rows)
        number = self.item("", depth, ())
        key = self.data[at : self.at]
        if key <= last:
            self.fault(at, "key twice" if key == last else "key out of order")
        lead = self.rows.pop().parts if number is not None and len(self.rows) == rows + 1 else ()
        name = "value" if number is None else _KEYS.get(role, {}).get(number, f"key {number}")
        self.item(name, depth, lead, at if lead else None)
        return key

    def tag(self, role: str, depth: int, lead: tuple[bytes, ...], at: int, head: _Head) -> None:
        self.row(at, depth, lead + head.parts, f"tag {head.number}, which no token has")
        self.item(role, depth + 1, ())

    def pieces(self, depth: int) -> None:
        place = 0
        while self.more(place, None, depth):
            self.item("", depth + 1, ())
            place += 1

    def more(self, place: int, count: int | None, depth: int) -> bool:
        if count is not None:
            return place < count
        if self.data[self.at : self.at + 1] != b"\xff" or self.at >= self.end:
            return True
        self.row(self.at, depth, (self.take(1),), "end of what has no length")
        return False


def _count(head: _Head) -> str:
    return "no stated length" if head.number is None else str(head.number)


def _titled(role: str, means: str) -> str:
    title = _TITLES.get(role, role)
    return f"{title}: {means}" if title else means


def _number(role: str, number: int) -> str:
    if role in ("exp", "iat") and 0 <= number < 1 << 32:
        return f"{number} = {datetime.fromtimestamp(number, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if role == "alg":
        return f"{number}, {_ALGORITHMS.get(number, 'which is not taken')}"
    return f"0x{number:02x}" if role == "flags" and number >= 0 else str(number)
