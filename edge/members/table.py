"""Members from a table: a CSV file with a header, whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from edge.model import LANGUAGES, Coupon, Profile

COLUMNS = ("ref", "tier", "segments", "nickname", "language", "favourites", "coupons")
_REF = re.compile(r"[A-Za-z0-9_-]{12}|s1\.[A-Za-z0-9_-]{16}")
_LANGUAGE = re.compile(r"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?")


class BadTable(ValueError):
    """A table that is not taken; the text names the line and quotes nothing of a member."""


def parse(data: bytes) -> Mapping[str, Profile]:
    """Profiles by ref; raises BadTable. UTF-8, with or without BOM; several values in a cell stand with ``;`` between.

    A coupon is ``id=日本語|English|中文|한국어`` (all but the first title may be left out). An unknown column is refused, so that
    no address or birthday comes along by accident.
    """
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(rows, [])
        _check(header)
        found: dict[str, Profile] = {}
        for cells in rows:
            if cells:
                _add(found, header, cells, rows.line_num)
    except UnicodeDecodeError as error:
        raise BadTable(f"byte {error.start}: not UTF-8") from error
    except csv.Error as error:
        raise BadTable(f"line {rows.line_num}: {error}") from error
    return found


def _check(header: list[str]) -> None:
    unknown = sorted(set(header) - set(COLUMNS))
    if unknown or "ref" not in header or len(set(header)) != len(header):
        what = f"unknown column '{unknown[0]}'" if unknown else "no column 'ref', or one twice"
        raise BadTable(f"line 1: {what}; known: {', '.join(COLUMNS)}")


def _add(found: dict[str, Profile], header: list[str], cells: list[str], line: int) -> None:
    if len(cells) != len(header):
        raise BadTable(f"line {line}: {len(cells)} cells under {len(header)} columns")
    profile = _profile(dict(zip(header, (cell.strip() for cell in cells), strict=True)), line)
    if profile.ref in found:
        raise BadTable(f"line {line}: a ref that an earlier line has")
    found[profile.ref] = profile


def _profile(row: dict[str, str], line: int) -> Profile:
    language = row.get("language", "")
    if not _REF.fullmatch(row["ref"]):
        raise BadTable(f"line {line}: ref is neither a token's sub (12 signs) nor s1. and 16 signs")
    if not _LANGUAGE.fullmatch(language):
        raise BadTable(f"line {line}: language is no BCP 47 tag")
    return Profile(
        ref=row["ref"],
        tier=row.get("tier", ""),
        segments=frozenset(_several(row.get("segments", ""))),
        nickname=row.get("nickname", ""),
        language=language,
        favourites=_several(row.get("favourites", "")),
        coupons=tuple(_coupon(text, line) for text in _several(row.get("coupons", ""))),
    )


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _coupon(text: str, line: int) -> Coupon:
    name, equals, titles = text.partition("=")
    said = [title.strip() for title in titles.split("|")]
    if not (name and equals and said[0]) or len(said) > len(LANGUAGES):
        raise BadTable(f"line {line}: a coupon is not of the form id=日本語|English|中文|한국어")
    title = {tongue: words for tongue, words in zip(LANGUAGES, said, strict=False) if words}
    return Coupon(name.strip(), title)
