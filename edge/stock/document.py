"""The stock document "tentou-stock/1", as the relay writes it and ``stock_http`` reads it; other shapes are refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config import Id
from edge.model import Json
from edge.ports import StockItem, StockLevel
from edge.stock.gtin import checked

FORMAT = "tentou-stock/1"
MOST = 9_999_999
"""No shop has more of one product in one place; a larger count is a source's mistake."""
Sku = Annotated[str, Field(pattern=r"^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$")]
"""1 to 128 characters without control characters, no space at either end."""


class BadDocument(ValueError):
    """A stock document that cannot be used; the text says where and why and quotes nothing of what it holds."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Count = Annotated[int, Field(ge=0, le=MOST)]
Text = Annotated[str, Field(max_length=256, pattern=r"^\P{C}*$")]


class _Level(_Strict):
    sku: Sku
    location: Id
    available: Count | None = None
    on_hand: Annotated[int, Field(ge=-MOST, le=MOST)] | None = None
    reserved: Count = 0
    hold: Count = 0
    safety: Count = 0
    status: Literal["", "in", "few", "none", "order"] = ""
    incoming: Count = 0
    incoming_on: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    sold_daily: Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)] | None = None
    revision: Annotated[int, Field(ge=0, lt=1 << 63)] = 0


class _Item(_Strict):
    sku: Sku
    gtin: Annotated[str, Field(pattern=r"^[0-9]{0,14}$")] = ""
    style: Text = ""
    color: Text = ""
    size: Text = ""
    name: Text = ""
    few: Count | None = None


class _Document(_Strict):
    format: Literal["tentou-stock/1"]
    locations: list[Id] = Field(min_length=1, max_length=10_000)
    levels: list[_Level]
    items: list[_Item] = Field(default=[])


@dataclass(frozen=True, slots=True)
class Document:
    """The ``locations`` that a document speaks for, its levels and what it says of SKUs themselves."""

    locations: frozenset[str]
    levels: tuple[StockLevel, ...]
    items: tuple[StockItem, ...] = ()


def parse(text: bytes) -> Document:
    """What a document says; raises BadDocument."""
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise BadDocument(f"{_place(first['loc'])}: {first['msg']}") from None
    levels = tuple(StockLevel(**level.model_dump()) for level in document.levels)
    locations = frozenset(document.locations)
    check(locations, levels)
    return Document(locations, levels, tuple(_item(number, item) for number, item in enumerate(document.items)))


def _item(number: int, item: _Item) -> StockItem:
    gtin = checked(item.gtin) if item.gtin else ""
    if gtin is None:
        raise BadDocument(f"items.{number}.gtin: not 8, 12, 13 or 14 digits, the last of which checks them")
    return StockItem(item.sku, gtin, item.style, item.color, item.size, item.name, item.few)


def check(locations: frozenset[str], levels: Sequence[StockLevel]) -> None:
    """Every level with a figure, at a location that is spoken for, each SKU once a location; raises BadDocument."""
    seen: set[tuple[str, str]] = set()
    for number, level in enumerate(levels):
        if level.location not in locations:
            raise BadDocument(f"levels.{number}: a location that 'locations' does not name")
        if level.available is None and level.on_hand is None and not level.status:
            raise BadDocument(f"levels.{number}: one of available, on_hand and status is needed")
        if level.incoming_on and not _is_day(level.incoming_on):
            raise BadDocument(f"levels.{number}.incoming_on: there is no such day")
        if (level.sku, level.location) in seen:
            raise BadDocument(f"levels.{number}: the same SKU and location as an earlier level")
        seen.add((level.sku, level.location))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def write(shelves: Iterable[tuple[str, Iterable[tuple[str, int]]]]) -> bytes:
    """The document of locations and their (SKU, count) rows, in the order given."""
    locations: list[str] = []
    levels: list[Json] = []
    for location, rows in shelves:
        locations.append(location)
        levels += [{"sku": sku, "location": location, "available": count} for sku, count in rows]
    document = {"format": FORMAT, "locations": locations, "levels": levels}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _place(steps: tuple[int | str, ...]) -> str:
    """Where in a document a fault lies; an unknown key is the sender's text, so it is shown short and in ASCII."""
    return ".".join(ascii(step)[1:-1][:40] if isinstance(step, str) else str(step) for step in steps) or "the document"
