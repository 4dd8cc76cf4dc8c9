"""A system's own names for products, and ours: by a CSV file, or by the product's number (JAN, EAN, UPC)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.ports import StockItem, StockLevel
from edge.stock.gtin import checked
from edge.stock.system import Page

COLUMNS = ("their", "sku", "gtin")
MOST_BYTES = 64 * 1024 * 1024
MOST_FIGURE = 9_999_999


class BadNames(ValueError):
    """A file of names that cannot be used; the text names the line."""


class BadPage(ValueError):
    """What a system says that cannot be; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file of names says: our SKU by their name, and by the product's number in 14 digits."""

    by_name: Mapping[str, str] = field(default_factory=dict)
    by_gtin: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Rows:
    """The rows of a file (UTF-8, a header that names ``their``, ``sku``, ``gtin``); raises BadNames."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadNames(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise BadNames(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MiB")
    try:
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadNames(f"{path} is not UTF-8") from error
    except BadNames as error:
        raise BadNames(f"{path} {error}") from error


def parse(text: str) -> Rows:
    """The rows of a file's text; ``their`` or ``gtin`` may be empty in a row, not both. Raises BadNames."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    by_name: dict[str, str] = {}
    by_gtin: dict[str, str] = {}
    try:
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            raise BadNames(f"line 1: the columns {', '.join(COLUMNS)} are needed; {missing[0]} is missing")
        for row in reader:
            _row({column: (row[column] or "").strip() for column in COLUMNS}, reader.line_num, by_name, by_gtin)
    except csv.Error as error:
        raise BadNames(f"line {reader.line_num}: {error}") from error
    return Rows(by_name, by_gtin)


def _row(row: Mapping[str, str], line: int, by_name: dict[str, str], by_gtin: dict[str, str]) -> None:
    gtin = checked(row["gtin"]) if row["gtin"] else ""
    if gtin is None:
        raise BadNames(f"line {line}: gtin must have 8, 12, 13 or 14 digits and a right check digit")
    if not _listable(row["sku"]) or not (row["their"] or gtin):
        raise BadNames(f"line {line}: a sku, and their own name of it or its gtin, are needed")
    for known, name in ((by_name, row["their"]), (by_gtin, gtin)):
        if name and known.setdefault(name, row["sku"]) != row["sku"]:
            raise BadNames(f"line {line}: the same name as in an earlier line, with another sku")


class Names:
    """Our SKU for each of theirs. ``catalogue`` gives our SKU for a product's number, "" if it has none.

    A name of the file goes first, then the file's and the catalogue's number of the product (which may be the name
    itself); what is found nowhere keeps its own name.
    """

    def __init__(self, rows: Rows, catalogue: Callable[[str], str] = lambda _: "") -> None:
        self._rows = rows
        self._catalogue = catalogue
        self._gtins: dict[str, str] = {}
        self._theirs: dict[str, str] = {sku: their for their, sku in rows.by_name.items()}

    def ours(self, their: str) -> str:
        """Our SKU for a name of theirs."""
        if found := self._rows.by_name.get(their):
            return found
        gtin = self._gtins.get(their) or checked(their) or ""
        found = (self._rows.by_gtin.get(gtin) or self._catalogue(gtin)) if gtin else ""
        if found:
            self._theirs[found] = their
        return found or their

    def theirs(self, sku: str) -> str:
        """Their name for a SKU of ours, as far as it was heard."""
        return self._theirs.get(sku, sku)

    def page(self, page: Page, locations: frozenset[str]) -> Page:
        """What a page says, in our names, at these locations alone; raises BadPage for what cannot be."""
        for item in page.items:
            if item.gtin:
                self._gtins[item.sku] = item.gtin
        return Page(self.levels(page.levels, locations), self._items(page.items))

    def levels(self, levels: Iterable[StockLevel], locations: frozenset[str]) -> tuple[StockLevel, ...]:
        """Levels in our names, those alone that can be listed."""
        kept = [level for level in levels if level.location in locations and _listable(level.sku)]
        if not all(_possible(level) for level in kept):
            raise BadPage("it names a figure that cannot be")
        return tuple(self._named(level) for level in kept)

    def _named(self, level: StockLevel) -> StockLevel:
        sku = self.ours(level.sku)
        return level if sku == level.sku else replace(level, sku=sku)

    def _items(self, items: Iterable[StockItem]) -> tuple[StockItem, ...]:
        kept = (item for item in items if _listable(item.sku))
        return tuple(item if (sku := self.ours(item.sku)) == item.sku else replace(item, sku=sku) for item in kept)


def _listable(sku: str) -> bool:
    """A name that a screen can look up: a longer one, or one with signs of control, is nobody's SKU."""
    return 0 < len(sku) <= 128 and sku.isprintable() and sku == sku.strip()


def _possible(level: StockLevel) -> bool:
    figures = (level.available, level.on_hand, level.reserved, level.hold, level.safety, level.incoming)
    return all(figure is None or abs(figure) <= MOST_FIGURE for figure in figures) and 0 <= level.revision < 2**63
