"""Rows of a shelf as they travel, both ways: arrays without names, cut off after the last value that says something.

A row is ``[sku, available, on_hand, reserved, hold, safety, status, incoming, incoming_on, sold_daily]``, an item
``[sku, gtin, style, color, size, name, few]``. A source's own revision stays at the hub: on the wire the hub's
numbering alone orders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge.asking import CannotAsk, strict
from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.line.beat import MOST, BadWord, Word, fields, read_word, whole, word_fields
from edge.stock.shelves.figures import FIELDS, checked, figures

PART_ROWS = 500
PART_BYTES = 128 * 1024
MOST_ROWS = 2_000_000
MOST_PARTS = 100_000
_SOME, _INT, _STR = (int, type(None)), (int,), (str,)
_LEVEL = FIELDS
_LEVEL_TYPES = (_SOME, _SOME, _INT, _INT, _INT, _STR, _INT, _STR, (int, float, type(None)))
_ITEM = ("gtin", "style", "color", "size", "name", "few")
_ITEM_TYPES = (_STR, _STR, _STR, _STR, _STR, _SOME)
_NO_LEVEL = tuple(getattr(StockLevel("", ""), name) for name in _LEVEL)
_NO_ITEM = tuple(getattr(StockItem(""), name) for name in _ITEM)


@dataclass(frozen=True, slots=True)
class Note:
    """What changed in a shelf after ``after`` up to ``n``: each row's latest figures, so that it can be taken twice.

    A note in ``parts`` counts when all have come; one that is read by HTTP has no ``word``.
    """

    epoch: int
    n: int
    after: int = 0
    levels: Sequence[StockLevel] = ()
    gone: Sequence[str] = ()
    items: Sequence[StockItem] = ()
    part: int = 1
    parts: int = 1
    word: Word | None = field(default=None, compare=False)


def write(note: Note) -> bytes:
    """A note as one message."""
    return _joined(note, [_row(level) for level in note.levels], note.gone, [_item(item) for item in note.items])


def split(note: Note, most_rows: int = PART_ROWS, most_bytes: int = PART_BYTES) -> list[Note]:
    """The note as several, none with more rows or, where a row can be that small, more bytes than this."""
    loads: list[tuple[str, Any, int]] = [("levels", level, len(_text(_row(level)))) for level in note.levels]
    loads += [("gone", sku, len(_text(sku))) for sku in note.gone]
    loads += [("items", item, len(_text(_item(item)))) for item in note.items]
    groups = list(_groups(loads, most_rows, most_bytes - 256)) or [{}]
    return [_part(note, group, number, len(groups)) for number, group in enumerate(groups, 1)]


def _part(note: Note, group: Mapping[str, Sequence[Any]], part: int, parts: int) -> Note:
    levels, gone, items = (tuple(group.get(name, ())) for name in ("levels", "gone", "items"))
    return replace(note, levels=levels, gone=gone, items=items, part=part, parts=parts)


def _groups(loads: Sequence[tuple[str, Any, int]], most: int, most_bytes: int) -> Iterator[dict[str, list[Any]]]:
    group: dict[str, list[Any]] = {}
    rows = size = 0
    for name, load, length in loads:
        if rows and (rows == most or size + length + 1 > most_bytes):
            yield group
            group, rows, size = {}, 0, 0
        group.setdefault(name, []).append(load)
        rows, size = rows + 1, size + length + 1
    if group:
        yield group


def _joined(note: Note, levels: Sequence[Any], gone: Sequence[str], items: Sequence[Any]) -> bytes:
    told: dict[str, Any] = {"e": note.epoch, "n": note.n, "p": note.after, "c": [note.part, note.parts], "r": levels}
    told |= ({"g": list(gone)} if gone else {}) | ({"i": items} if items else {})
    if note.word is not None:
        told |= word_fields(note.word)
    return _text(told)


def _row(level: StockLevel) -> list[Any]:
    return [level.sku, *_cut([getattr(level, name) for name in _LEVEL], _NO_LEVEL)]


def _item(item: StockItem) -> list[Any]:
    return [item.sku, *_cut([getattr(item, name) for name in _ITEM], _NO_ITEM)]


def _cut(values: list[Any], defaults: Sequence[Any]) -> list[Any]:
    while values and values[-1] == defaults[len(values) - 1]:
        values.pop()
    return values


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def parse(text: bytes, location: str, most_rows: int = MOST_ROWS) -> Note:
    """The note in a message about a location; raises BadWord, which quotes nothing of it."""
    try:
        value = strict(text)
    except CannotAsk as error:
        raise BadWord(str(error)) from None
    return read(value, location, most_rows)


def read(value: Any, location: str, most_rows: int = MOST_ROWS) -> Note:
    """The note of a JSON value; raises BadWord for rows that cannot be, and for a row that stands twice."""
    told = fields(value)
    part, parts = _parts(told.get("c", [1, 1]))
    rows, gone, items = (_listed(told, name, most_rows) for name in "rgi")
    levels = tuple(_level(row, location) for row in rows)
    skus = [level.sku for level in levels] + [_sku(sku) for sku in gone]
    if len(set(skus)) != len(skus):
        raise BadWord("r, g: a SKU stands twice")
    return Note(
        whole(told, "e", MOST),
        whole(told, "n", MOST),
        whole(told, "p", MOST) if "p" in told else 0,
        levels,
        tuple(gone),
        tuple(_read_item(row) for row in items),
        part,
        parts,
        read_word(told) if "boot" in told else None,
    )


def _parts(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(each) is not int for each in value):
        raise BadWord("c: part and parts are needed")
    if not 1 <= value[0] <= value[1] <= MOST_PARTS:
        raise BadWord("c: a part of so many is needed")
    return value[0], value[1]


def _listed(told: Mapping[str, Any], name: str, most: int) -> list[Any]:
    rows = told.get(name, [])
    if not isinstance(rows, list) or len(rows) > most:
        raise BadWord(f"{name}: a list of at most {most} is needed")
    return rows


def _level(row: Any, location: str) -> StockLevel:
    values = _named(row, _LEVEL, _LEVEL_TYPES, "r")
    level = StockLevel(row[0], location, **values)
    try:
        figures(level)
    except StockAway as error:
        raise BadWord(f"r: {error}") from None
    return level


def _read_item(row: Any) -> StockItem:
    item = StockItem(row[0], **_named(row, _ITEM, _ITEM_TYPES, "i"))
    try:
        return checked(item)
    except StockAway as error:
        raise BadWord(f"i: {error}") from None


def _named(row: Any, names: Sequence[str], types: Sequence[tuple[type, ...]], where: str) -> dict[str, Any]:
    """The values of a row after its SKU; raises BadWord for a type that is not the value's own (true is no 1)."""
    if not isinstance(row, list) or not 1 <= len(row) <= 1 + len(names):
        raise BadWord(f"{where}: an array of a SKU and its values is needed")
    if any(type(value) not in kinds for value, kinds in zip(row, ((str,), *types), strict=False)):
        raise BadWord(f"{where}: a value is of another type than its place says")
    return dict(zip(names, row[1:], strict=False))


def _sku(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 128 or not value.isprintable():
        raise BadWord("g: a SKU must have 1 to 128 characters that can be printed")
    return value
