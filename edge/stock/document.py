"""The stock document "tentou-stock/1", as the relay writes it and ``stock_http`` reads it; other shapes are refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config import Id
from edge.model import Json
from edge.ports import StockLevel

FORMAT = "tentou-stock/1"
MOST = 9_999_999
"""No shop has more of one product in one place; a larger count is a source's mistake."""
Sku = Annotated[str, Field(pattern=r"^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$")]
"""1 to 128 characters without control characters, no space at either end."""


class BadDocument(ValueError):
    """A stock document that cannot be used; the text says where and why and quotes nothing of what it holds."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Level(_Strict):
    sku: Sku
    location: Id
    available: int = Field(ge=0, le=MOST)


class _Document(_Strict):
    format: Literal["tentou-stock/1"]
    locations: list[Id] = Field(min_length=1, max_length=10_000)
    levels: list[_Level]


def parse(text: bytes) -> tuple[frozenset[str], tuple[StockLevel, ...]]:
    """The locations that a document speaks for and its levels; raises BadDocument."""
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise BadDocument(f"{_place(first['loc'])}: {first['msg']}") from None
    levels = tuple(StockLevel(level.sku, level.location, level.available) for level in document.levels)
    locations = frozenset(document.locations)
    check(locations, levels)
    return locations, levels


def check(locations: frozenset[str], levels: Sequence[StockLevel]) -> None:
    """Every level at a location that is spoken for, each SKU once a location; raises BadDocument."""
    seen: set[tuple[str, str]] = set()
    for number, level in enumerate(levels):
        if level.location not in locations:
            raise BadDocument(f"levels.{number}: a location that 'locations' does not name")
        if (level.sku, level.location) in seen:
            raise BadDocument(f"levels.{number}: the same SKU and location as an earlier level")
        seen.add((level.sku, level.location))


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
