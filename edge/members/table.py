"""Members from a table: a CSV file with a header, whole or not at all."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import TypeVar

from edge.members.text import REF, is_plain, language
from edge.model import COUPON_KINDS, EVERYWHERE, LANGUAGES, Coupon, Profile

T = TypeVar("T")
COLUMNS = (
    "ref",
    "personal_screen",
    "tier",
    "tier_label",
    "segments",
    "nickname",
    "language",
    "favourites",
    "coupons",
)
_BLOCKS = {"nickname": "greet", "language": "greet", "tier_label": "tier"}
_SUFFIX = re.compile(r"(?P<rest>.*?)\s+@(?P<what>[^\s@]+)\s*")
_COLUMN = re.compile(r"[a-z_]{1,32}")
_DAYS = re.compile(r"(?P<first>\d{4}-\d\d-\d\d)?\.\.(?P<last>\d{4}-\d\d-\d\d)?")


class BadTable(ValueError):
    """A table that is not taken; the text names the line and quotes nothing of a member."""


def parse(data: bytes) -> Mapping[str, Profile]:
    """Profiles by ref; raises BadTable. UTF-8, with or without BOM; several values in a cell stand with ``;`` between.

    A coupon is ``id=日本語|English|中文|한국어`` (all but the first title may be left out), then as wanted
    ``@2026-11-01..2026-11-30`` (its days, either end may be open), ``@stores:s001,s002`` and ``@percent`` (its kind).
    A row is its member's consent unless ``personal_screen`` says ``no``. An unknown column is refused, so that no
    address or birthday comes along by accident.
    """
    return rows(data, COLUMNS, ("ref",), _profile)


def rows(
    data: bytes, known: Collection[str], needed: Collection[str], read: Callable[[dict[str, str], int], T]
) -> Mapping[str, T]:
    """Each line of a table with a column ``ref``, by that ref, as ``read`` makes it of its cells; raises BadTable."""
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        _check(header, known, needed)
        found: dict[str, T] = {}
        for cells in lines:
            if cells:
                row = _row(header, cells, lines.line_num)
                if row["ref"] in found:
                    raise BadTable(f"line {lines.line_num}: a ref that an earlier line has")
                found[row["ref"]] = read(row, lines.line_num)
    except UnicodeDecodeError as error:
        raise BadTable(f"byte {error.start}: not UTF-8") from error
    except csv.Error as error:
        raise BadTable(f"line {lines.line_num}: {error}") from error
    return found


def _check(header: list[str], known: Collection[str], needed: Collection[str]) -> None:
    if unknown := sorted(set(header) - set(known)):
        # A table without its header has a member where the names of columns should be.
        name = f"unknown column '{unknown[0]}'" if _COLUMN.fullmatch(unknown[0]) else "no header, or a name in it"
        raise BadTable(f"line 1: {name}; known: {', '.join(known)}")
    if len(set(header)) != len(header) or set(needed) - set(header):
        lacking = next((name for name in needed if name not in header), needed)
        raise BadTable(f"line 1: no column '{lacking}', or one twice; known: {', '.join(known)}")


def _row(header: list[str], cells: list[str], line: int) -> dict[str, str]:
    if len(cells) != len(header):
        raise BadTable(f"line {line}: {len(cells)} cells under {len(header)} columns")
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    if not REF.fullmatch(row["ref"]):
        raise BadTable(f"line {line}: ref is neither a token's sub (12 signs) nor s1. and 16 signs")
    if row.get("language") and not language(row["language"]):
        raise BadTable(f"line {line}: language is no BCP 47 tag")
    return row


def agreed(row: Mapping[str, str], line: int) -> bool:
    """Whether a row's member agreed to personal content on a screen; raises BadTable if that is not plainly said."""
    said = row.get("personal_screen", "yes")
    if said not in ("yes", "no"):
        raise BadTable(f"line {line}: personal_screen is neither yes nor no")
    return said == "yes"


def _profile(row: dict[str, str], line: int) -> Profile:
    coupons = tuple(_coupon(text, line) for text in _several(row.get("coupons", "")))
    if not all(is_plain(row.get(name, "")) for name in ("tier", "tier_label", "segments", "favourites")):
        raise BadTable(f"line {line}: a tier, segment or favourite holds signs that no name has")
    if not agreed(row, line):
        return Profile(row["ref"], language=row.get("language", ""))
    nickname = row.get("nickname", "")
    return Profile(
        ref=row["ref"],
        tier=row.get("tier", ""),
        tier_label=row.get("tier_label", ""),
        segments=frozenset(_several(row.get("segments", ""))),
        nickname=nickname if is_plain(nickname) else "",  # members choose it: theirs alone is lost, not the table
        language=row.get("language", ""),
        favourites=_several(row.get("favourites", "")),
        coupons=coupons,
        have=_have(tuple(row)),
    )


@functools.lru_cache(maxsize=8)
def _have(header: tuple[str, ...]) -> frozenset[str]:
    """The blocks that a table's columns give: one value for all its rows."""
    return frozenset(_BLOCKS.get(name, name) for name in header if name not in ("ref", "personal_screen"))


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _coupon(text: str, line: int) -> Coupon:
    name, equals, titles = text.partition("=")
    kind, first, last, stores = "", None, None, EVERYWHERE
    while "@" in titles and (more := _SUFFIX.fullmatch(titles)):
        titles, what = more["rest"], more["what"]
        if days := _DAYS.fullmatch(what):
            first, last = _day(days["first"], line), _day(days["last"], line)
        elif what.startswith("stores:"):
            stores = frozenset(what.removeprefix("stores:").split(","))
        elif what in COUPON_KINDS:
            kind = what
        else:
            raise BadTable(f"line {line}: what follows the @ of a coupon is neither days, stores: nor a kind")
    said = [title.strip() for title in titles.split("|")]
    if not (name and equals and said[0]) or len(said) > len(LANGUAGES) or not is_plain(text):
        raise BadTable(f"line {line}: a coupon is not of the form id=日本語|English|中文|한국어")
    title = {tongue: words for tongue, words in zip(LANGUAGES, said, strict=False) if words}
    return Coupon(name.strip(), title, kind, first, last, stores)


def _day(text: str | None, line: int) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadTable(f"line {line}: a coupon's day is no day of the calendar") from error
