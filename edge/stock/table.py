"""A stock file as point-of-sale systems export it: rows of sku, location, available, taken whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from edge.ports import StockLevel
from edge.stock.document import MOST

COLUMNS = ("sku", "location", "available")
MOST_ROWS = 2_000_000
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_COUNT = re.compile(r"[0-9]{1,7}")


class BadTable(ValueError):
    """A stock file that cannot be used; the text names the line and what would be right."""


def parse(data: bytes, encoding: str = "utf-8") -> tuple[StockLevel, ...]:
    """The levels of a file (UTF-8 with or without a mark of byte order, any line ends); raises BadTable.

    The first line names the columns, in any order; columns beside the three are left alone.
    """
    text = _decoded(data, encoding)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        places = _places(next(reader, []))
        levels = tuple(_levels(reader, places))
    except csv.Error as error:
        raise BadTable(f"line {reader.line_num}: {error}") from error
    return levels


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "is it Shift_JIS? then set encoding = 'cp932'" if encoding == "utf-8" else "look at how it is exported"
        raise BadTable(f"line {line}: not {encoding}; {hint}") from error
    if "\0" in text:
        raise BadTable(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character; is this a text file?")
    return text


def _places(header: Sequence[str]) -> tuple[int, int, int]:
    """Where the three columns stand."""
    names = [name.strip().lower() for name in header]
    for column in COLUMNS:
        if names.count(column) != 1:
            raise BadTable(f"line 1: one column '{column}' is needed; the first line must name {', '.join(COLUMNS)}")
    return names.index("sku"), names.index("location"), names.index("available")


def _levels(reader: Iterator[list[str]], places: tuple[int, int, int]) -> Iterator[StockLevel]:
    seen: dict[tuple[str, str], int] = {}
    for row in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]
        if not row:
            continue
        level = _level(row, places, line)
        earlier = seen.setdefault((level.sku, level.location), line)
        if earlier != line:
            raise BadTable(f"line {line}: the same sku and location as line {earlier}")
        if len(seen) > MOST_ROWS:
            raise BadTable(f"line {line}: more than {MOST_ROWS} rows")
        yield level


def _level(row: Sequence[str], places: tuple[int, int, int], line: int) -> StockLevel:
    if len(row) <= max(places):
        raise BadTable(f"line {line}: {len(row)} columns, {max(places) + 1} are needed; is the file cut off?")
    sku, location, available = (row[place].strip() for place in places)
    if not 0 < len(sku) <= 128 or not sku.isprintable():
        raise BadTable(f"line {line}: sku must have 1 to 128 printable characters")
    if not _LOCATION.fullmatch(location):
        raise BadTable(f"line {line}: location must be an id of small letters, digits and '-'")
    if not _COUNT.fullmatch(available):
        raise BadTable(f"line {line}: available must be a whole number from 0 to {MOST}")
    return StockLevel(sku, location, int(available))
