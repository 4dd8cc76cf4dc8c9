"""Rows of anybody's JSON as levels and items: JSON Pointers say where each figure lies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from edge.ports import StockAway, StockItem, StockLevel
from edge.stock.shops import answers
from edge.stock.shops.answers import Figure, Gtin, Name, TheirId
from edge.stock.shops.pointer import found, steps
from edge.stock.system import Page

FIGURES = ("available", "on_hand", "reserved", "hold", "safety", "incoming")
TEXTS = ("gtin", "style", "color", "size", "name", "few")
_COUNT = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Place = Callable[[str], str | None]


def _order(value: Any) -> int:
    """A revision: a whole number as it is, a moment as milliseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    return answers.milliseconds(value)


def _day(value: Any) -> str:
    """The day of a date or a moment; empty for what is none."""
    day = value[:10] if isinstance(value, str) else ""
    return day if _DAY.fullmatch(day) else ""


def _word(value: Any) -> str:
    """A status as text: true and false are words too."""
    return str(value).lower() if isinstance(value, bool) else str(value)[: answers.LONGEST_NAME]


def _own(value: Any) -> str:
    """A SKU, which may be a number."""
    return answers.sku(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


class _Row(BaseModel):
    sku: Annotated[str, BeforeValidator(_own)] = ""
    location: TheirId | None = None
    available: Figure | None = None
    on_hand: Figure | None = None
    reserved: Figure = 0
    hold: Figure = 0
    safety: Figure = 0
    incoming: Figure = 0
    incoming_on: Annotated[str, BeforeValidator(_day)] = ""
    sold_daily: Annotated[Decimal, Field(ge=0, le=10_000_000, allow_inf_nan=False)] | None = None
    status: Annotated[str, BeforeValidator(_word)] = ""
    revision: Annotated[int, BeforeValidator(_order), Field(ge=0, lt=1 << 62)] = 0
    gtin: Gtin = ""
    style: Name = ""
    color: Name = ""
    size: Name = ""
    name: Name = ""
    few: Figure | None = None


class Rows:
    """How one system's rows are read. ``who`` names it in errors, ``only`` is its one place where rows name none."""

    def __init__(
        self,
        rows: str,
        fields: Mapping[str, str],
        statuses: Mapping[str, str],
        place: Place,
        only: str | None,
        who: str,
    ) -> None:
        self._list = steps(rows)
        self._fields = {name: steps(pointer) for name, pointer in fields.items()}
        self._described = any(name in fields for name in TEXTS)
        self._statuses = statuses
        self._place = place
        self._only = only
        self._who = who

    def listed(self, document: Any, alone: bool = False) -> list[Any]:
        """The rows of an answer; ``alone`` takes one that stands by itself. Raises StockAway."""
        there = found(document, self._list)
        if alone and isinstance(there, dict):
            return [there]
        if not isinstance(there, list):
            raise StockAway(f"{self._who} answered without the list that rows points to")
        return there

    def page(self, rows: Sequence[Any], place: str | None) -> Page:
        """The levels and items of some rows, all of one place of theirs if it is given; raises StockAway."""
        read = [self._row(row) for row in rows]
        if read and not any(row.sku for row in read):
            raise StockAway(f"{self._who} gives rows without any SKU; look at rows and fields")
        levels = [level for row in read if row.sku for level in self._level(row, place)]
        if len({(level.sku, level.location) for level in levels}) < len(levels):
            raise StockAway(f"{self._who} gives two rows for one SKU and place, and nobody can say which counts")
        return Page(tuple(levels), tuple(_item(row) for row in read if row.sku and self._described))

    def _row(self, row: Any) -> _Row:
        values = {name: found(row, pointer) for name, pointer in self._fields.items()}
        return answers.read(_Row, {name: value for name, value in values.items() if value not in (None, "")}, self._who)

    def _level(self, row: _Row, place: str | None) -> Iterator[StockLevel]:
        their = row.location or place or self._only
        if their is None or (ours := self._place(their)) is None:
            return
        figures = {name: getattr(row, name) for name in FIGURES}
        status = self._statuses.get(row.status, "")
        rate = None if row.sold_daily is None else float(row.sold_daily)
        yield StockLevel(
            row.sku,
            ours,
            **figures,
            status=status,
            incoming_on=row.incoming_on,
            sold_daily=rate,
            revision=row.revision,
        )


def _item(row: _Row) -> StockItem:
    return StockItem(row.sku, row.gtin, row.style, row.color, row.size, row.name, row.few)
