"""What one channel says of SKUs themselves, in memory: packed, and found by style and by GTIN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge.ports import StockItem
from edge.stock.shelves.sheet import Names

_APART = "\x1f"


class Book:
    """Items by their SKU's number; a text of all fields each, which costs a third of an object of them."""

    def __init__(self) -> None:
        self._texts: dict[int, bytes] = {}
        self._styles: dict[str, dict[int, None]] = {}
        self._gtins: dict[int, int] = {}

    def put(self, number: int, item: StockItem) -> None:
        """Take what is said of a SKU, in place of what was said before."""
        before = self._fields(number)
        if before:
            self._forget(number, before)
        few = "" if item.few is None else str(item.few)
        fields = (item.gtin, item.style, item.color, item.size, few, item.name)
        self._texts[number] = _APART.join(fields).encode()
        if item.style:
            self._styles.setdefault(item.style, {})[number] = None
        if item.gtin:
            self._gtins[int(item.gtin)] = number

    def get(self, number: int, sku: str) -> StockItem | None:
        """What is said of a SKU."""
        fields = self._fields(number)
        if not fields:
            return None
        gtin, style, color, size, few, name = fields
        return StockItem(sku, gtin, style, color, size, name, int(few) if few else None)

    def style(self, style: str) -> Iterable[int]:
        """The SKUs of a style."""
        return self._styles.get(style, ())

    def by_gtin(self, gtin: str) -> int | None:
        """The SKU of a GTIN of 14 digits."""
        return self._gtins.get(int(gtin))

    def _fields(self, number: int) -> list[str]:
        text = self._texts.get(number)
        return text.decode().split(_APART) if text is not None else []

    def _forget(self, number: int, fields: Sequence[str]) -> None:
        gtin, style = fields[0], fields[1]
        if gtin and self._gtins.get(int(gtin)) == number:
            del self._gtins[int(gtin)]
        if style:
            of = self._styles[style]
            of.pop(number, None)
            if not of:
                del self._styles[style]


def read_book(items: Iterable[StockItem], names: Names) -> Book:
    """A book of items."""
    book = Book()
    for item in items:
        book.put(names.number(item.sku), item)
    return book


def joined(said: Iterable[StockItem | None]) -> StockItem | None:
    """One item out of what several channels say: of each field the first that is not empty."""
    whole: StockItem | None = None
    for item in said:
        if item is None:
            continue
        if whole is None:
            whole = item
            continue
        whole = replace(
            whole,
            gtin=whole.gtin or item.gtin,
            style=whole.style or item.style,
            color=whole.color or item.color,
            size=whole.size or item.size,
            name=whole.name or item.name,
            few=item.few if whole.few is None else whole.few,
        )
    return whole
