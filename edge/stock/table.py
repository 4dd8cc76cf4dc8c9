"""A stock file as point-of-sale systems export it: rows of SKU, location and figures, taken whole or not at all."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from edge.ports import STATUSES, StockItem, StockLevel
from edge.stock.document import MOST
from edge.stock.gtin import checked
from edge.stock.shelves.figures import LONGEST_TEXT

NEEDED = ("sku", "location")
FIGURES = ("available", "on_hand", "status")
"""Of these one is needed."""
COUNTS = ("available", "on_hand", "reserved", "hold", "safety", "incoming", "few")
TEXTS = ("style", "color", "size", "name")
COLUMNS = (*NEEDED, *FIGURES, *COUNTS[2:], *TEXTS, "gtin", "incoming_on", "sold_daily")
MOST_ROWS = 2_000_000
SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""What other exports put between columns."""
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_COUNT = re.compile(r"[0-9]{1,7}")
_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says: levels, and of SKUs themselves what its first row of each tells."""

    levels: tuple[StockLevel, ...]
    items: tuple[StockItem, ...] = ()


class BadTable(ValueError):
    """A stock file that cannot be used; the text names the line and what would be right."""


def parse(data: bytes, encoding: str = "utf-8") -> Table:
    """What a file says (UTF-8 with or without a mark of byte order, any line ends); raises BadTable.

    The first line names the columns, in any order; those beside COLUMNS are left alone.
    """
    reader = csv.reader(io.StringIO(_decoded(data, encoding), newline=""), strict=True)
    try:
        places = _places(next(reader, []))
        return _table(reader, places)
    except csv.Error as error:
        raise BadTable(f"line {reader.line_num}: {error}") from error


def _decoded(data: bytes, encoding: str) -> str:
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and not encoding.lower().startswith("utf-16"):
        raise BadTable('line 1: it is UTF-16 (a spreadsheet\'s "Unicode text"); save it as CSV UTF-8')
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "is it Shift_JIS? then set encoding = 'cp932'" if encoding == "utf-8" else "look at how it is exported"
        raise BadTable(f"line {line}: not {encoding}; {hint}") from error
    if "\0" in text:
        raise BadTable(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character; is this a text file?")
    return text


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where the columns stand."""
    names = [name.strip().lower() for name in header]
    if len(names) == 1 and (sign := next((sign for sign in SIGNS if sign in header[0]), None)):
        raise BadTable(f"line 1: columns must be separated by commas, not by {SIGNS[sign]}")
    for column in COLUMNS:
        if names.count(column) > 1 or (column in NEEDED and column not in names):
            raise BadTable(f"line 1: one column '{column}' is needed; the first line must name {', '.join(NEEDED)}")
    if not any(column in names for column in FIGURES):
        raise BadTable(f"line 1: one of the columns {', '.join(FIGURES)} is needed")
    return {column: names.index(column) for column in COLUMNS if column in names}


def _table(reader: Iterator[list[str]], places: Mapping[str, int]) -> Table:
    lines: dict[tuple[str, str], int] = {}
    levels: list[StockLevel] = []
    items: dict[str, StockItem] = {}
    described = not places.keys().isdisjoint((*TEXTS, "gtin", "few"))
    for row in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]
        if not row:
            continue
        cells = _cells(row, places, line)
        level = _level(cells, line)
        earlier = lines.setdefault((level.sku, level.location), line)
        if earlier != line:
            raise BadTable(f"line {line}: the same sku and location as line {earlier}")
        if len(lines) > MOST_ROWS:
            raise BadTable(f"line {line}: more than {MOST_ROWS} rows")
        levels.append(level)
        if described and level.sku not in items:
            items[level.sku] = _item(cells, line)
    return Table(tuple(levels), tuple(items.values()))


def _cells(row: Sequence[str], places: Mapping[str, int], line: int) -> dict[str, str]:
    """A row's cells by column, those that are empty left out."""
    if len(row) <= max(places.values()):
        raise BadTable(f"line {line}: {len(row)} columns, {max(places.values()) + 1} are needed; is the file cut off?")
    return {column: cell for column, place in places.items() if (cell := row[place].strip())}


def _level(cells: Mapping[str, str], line: int) -> StockLevel:
    sku, location = cells.get("sku", ""), cells.get("location", "")
    if not 0 < len(sku) <= 128 or not sku.isprintable():
        raise BadTable(f"line {line}: sku must have 1 to 128 printable characters")
    if not _LOCATION.fullmatch(location):
        raise BadTable(f"line {line}: location must be an id of small letters, digits and '-'")
    counts = {column: _count(cells, column, line) for column in COUNTS if column != "few"}
    status, told = cells.get("status", ""), (counts["available"], counts["on_hand"])
    if status and status not in STATUSES:
        raise BadTable(f"line {line}: status must be one of {', '.join(STATUSES)}")
    if told == (None, None) and not status:
        raise BadTable(f"line {line}: available (or on_hand, or status) must be told")
    rest = {column: counts[column] or 0 for column in ("reserved", "hold", "safety", "incoming")}
    sold = _rate(cells.get("sold_daily"), line)
    return StockLevel(sku, location, *told, **rest, status=status, incoming_on=_day(cells, line), sold_daily=sold)


def _count(cells: Mapping[str, str], column: str, line: int) -> int | None:
    text = cells.get(column)
    if text is None:
        return None
    below = column == "on_hand" and text.startswith("-")
    if not _COUNT.fullmatch(text.removeprefix("-") if below else text):
        raise BadTable(f"line {line}: {column} must be a whole number in ASCII digits, from 0 to {MOST}")
    return int(text)


def _rate(text: str | None, line: int) -> float | None:
    if text is not None and not _RATE.fullmatch(text):
        raise BadTable(f"line {line}: sold_daily must be a number from 0 to {MOST}")
    return None if text is None else float(text)


def _day(cells: Mapping[str, str], line: int) -> str:
    text = cells.get("incoming_on", "")
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise BadTable(f"line {line}: incoming_on must be a day as 2026-12-01") from None


def _item(cells: Mapping[str, str], line: int) -> StockItem:
    texts = {column: cells.get(column, "") for column in TEXTS}
    for column, text in texts.items():
        if len(text) > LONGEST_TEXT or not text.isprintable():
            raise BadTable(f"line {line}: {column} must have up to {LONGEST_TEXT} printable characters")
    gtin = checked(cells["gtin"]) if "gtin" in cells else ""
    if gtin is None:
        raise BadTable(f"line {line}: gtin must have 8, 12, 13 or 14 digits, the last of which checks them")
    return StockItem(cells["sku"], gtin, **texts, few=_count(cells, "few", line))
