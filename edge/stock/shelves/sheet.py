"""A shelf in memory: its rows packed into one run of bytes, 46 each, and the sums of its buckets.

300,000 rows as objects would be 100 MB and a pause of the garbage collector; so they are 20 MB and none.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from struct import Struct

from edge.ports import STATUSES, StockLevel
from edge.stock.shelves.figures import BUCKETS, WRAP, Figures, bucket, digest_of

_ROW = Struct("<BB7iqd")
_AVAILABLE, _ON_HAND, _SOLD = 1, 2, 4
_STATUS = ("", *STATUSES)
_CODES = {status: code for code, status in enumerate(_STATUS)}
_STEP = 4096
NOBODY = -1
"""The number of a SKU that was never heard of."""


class Names:
    """Every SKU once, by a number that it keeps while the program runs. Numbers are given in the database's thread."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.skus: list[str] = []

    def number(self, sku: str) -> int:
        """The number of a SKU, a new one if it has none yet."""
        known = self.ids.get(sku)
        if known is None:
            self.skus.append(sku)
            known = self.ids[sku] = len(self.skus) - 1
        return known


@dataclass(frozen=True, slots=True)
class Patch:
    """A row's new figures (None: gone); ``drift`` is by how much its bucket's sum moves."""

    number: int
    sku: str
    figures: Figures | None
    revision: int
    drift: int


class Sheet:
    """Rows by their SKU's number. One thread changes it at a time; another may read a row meanwhile."""

    def __init__(self) -> None:
        self.buckets = array("Q", bytes(8 * BUCKETS))
        self.count = 0
        self._digest: int | None = None
        self._slots = array("i")
        self._rows = bytearray()
        self._free: list[int] = []

    def put(self, patch: Patch) -> None:
        """Take a row's new figures."""
        self.drift(bucket(patch.sku), patch.drift)
        if patch.figures is None:
            self._drop(patch.number)
        else:
            self.set(patch.number, patch.figures, patch.revision)

    def drift(self, bucket: int, by: int) -> None:
        """Move a bucket's sum."""
        self.buckets[bucket] = (self.buckets[bucket] + by) & WRAP
        self._digest = None

    @property
    def digest(self) -> int:
        """One number of all buckets; kept, as a hub tells it with each answer and beat."""
        if self._digest is None:
            self._digest = digest_of(self.buckets)
        return self._digest

    def set(self, number: int, figures: Figures, revision: int) -> None:
        """Write a row; its bucket's sum is the caller's."""
        slot = self._slot(number)
        if slot < 0:
            slot = self._free.pop() if self._free else len(self._rows) // _ROW.size
            self._point(number, slot)
            self.count += 1
        self._rows[slot * _ROW.size : (slot + 1) * _ROW.size] = _packed(figures, revision)

    def get(self, number: int, sku: str, location: str) -> StockLevel | None:
        """The level of a SKU, None if it is not on the shelf."""
        slot = self._slot(number)
        if slot < 0:
            return None
        flags, code, available, on_hand, reserved, hold, safety, incoming, day, revision, sold = _ROW.unpack_from(
            self._rows, slot * _ROW.size
        )
        return StockLevel(
            sku,
            location,
            available if flags & _AVAILABLE else None,
            on_hand if flags & _ON_HAND else None,
            reserved,
            hold,
            safety,
            _STATUS[code],
            incoming,
            date.fromordinal(day).isoformat() if day else "",
            sold if flags & _SOLD else None,
            revision,
        )

    def lists(self, number: int) -> bool:
        """Whether a SKU is on the shelf."""
        return self._slot(number) >= 0

    def numbers(self) -> Iterator[int]:
        """Every SKU on the shelf, by its number."""
        return (number for number, slot in enumerate(self._slots) if slot)

    def _slot(self, number: int) -> int:
        return self._slots[number] - 1 if 0 <= number < len(self._slots) else -1

    def _point(self, number: int, slot: int) -> None:
        if number >= len(self._slots):
            self._slots.frombytes(bytes(self._slots.itemsize * (number + _STEP - len(self._slots))))
        self._slots[number] = slot + 1

    def _drop(self, number: int) -> None:
        slot = self._slot(number)
        if slot >= 0:
            self._slots[number] = 0
            self._free.append(slot)
            self.count -= 1


def _packed(figures: Figures, revision: int) -> bytes:
    available, on_hand, reserved, hold, safety, status, incoming, incoming_on, sold = figures
    flags = (
        (_AVAILABLE if available is not None else 0)
        | (_ON_HAND if on_hand is not None else 0)
        | (_SOLD if sold is not None else 0)
    )
    day = date.fromisoformat(incoming_on).toordinal() if incoming_on else 0
    return _ROW.pack(
        flags,
        _CODES[status],
        available or 0,
        on_hand or 0,
        reserved,
        hold,
        safety,
        incoming,
        day,
        revision,
        sold or 0.0,
    )
