"""Who a pseudonym is with a vendor: a table that the member server writes, as only it can make pseudonyms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.members import table

COLUMNS = ("ref", "customer", "personal_screen", "language")
_CUSTOMER = re.compile(r"[A-Za-z0-9][\x21-\x7e]{0,127}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the vendor knows them: ``customer`` is the vendor's id, or whatever its adapter asks by.

    ``agreed`` is whether they agreed to personal content on a screen; nothing is asked of who did not.
    """

    customer: str = field(repr=False)
    agreed: bool = True
    language: str = ""


def parse(data: bytes) -> Mapping[str, Entry]:
    """Entries by ref of a CSV with the columns ``ref,customer`` and, as wanted, ``personal_screen`` and ``language``.

    Raises BadTable, as a table of members does.
    """
    return table.rows(data, COLUMNS, ("ref", "customer"), _entry)


def _entry(row: dict[str, str], line: int) -> Entry:
    if not _CUSTOMER.fullmatch(row["customer"]):
        raise table.BadTable(f"line {line}: customer is empty, too long or holds signs that no id has")
    return Entry(row["customer"], table.agreed(row, line), row.get("language", ""))
