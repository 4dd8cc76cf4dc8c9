"""The stock document: what is written is read, everything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ports import StockItem, StockLevel
from edge.stock.document import BadDocument, Document, parse, write

LEVEL = {"sku": "A", "location": "ginza", "available": 3}


def text(**changed: Any) -> bytes:
    return json.dumps({"format": "tentou-stock/1", "locations": ["ginza"], "levels": [LEVEL]} | changed).encode()


def test_a_document_gives_its_locations_and_levels() -> None:
    assert parse(text()) == Document(frozenset({"ginza"}), (StockLevel("A", "ginza", 3),))


def test_more_figures_and_what_is_said_of_products_are_read() -> None:
    level = {"sku": "A", "location": "ginza", "on_hand": 5, "hold": 1, "sold_daily": 2, "revision": 7}
    found = parse(text(levels=[level], items=[{"sku": "A", "gtin": "4901234567894", "style": "LN", "few": 2}]))
    assert found.levels == (StockLevel("A", "ginza", None, 5, hold=1, sold_daily=2.0, revision=7),)
    assert found.items == (StockItem("A", "04901234567894", "LN", few=2),)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "the document: Invalid JSON"),
        (b"<html>", "the document: Invalid JSON"),
        (b"[" * 100_000, "the document: Invalid JSON"),
        (b"[]", "the document"),
        (b"{}", "format"),
        (text(format="tentou-stock/2"), "format"),
        (text(locations=[]), "locations"),
        (text(locations=["../x"]), "locations.0"),
        (text(products=[]), "products: Extra inputs"),
        (text(**{"\x1b[2J\n": 1}), r"\\x1b\[2J\\n: Extra inputs"),
        (text(levels=[LEVEL | {"available": -1}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": 10_000_000}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": 10**30}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": 3.0}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": float("nan")}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": float("inf")}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": "3"}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": True}]), "levels.0.available"),
        (text(levels=[LEVEL | {"available": None}]), "levels.0: one of available"),
        (text(levels=[LEVEL | {"incoming_on": "2026-02-30"}]), "levels.0.incoming_on"),
        (text(levels=[LEVEL | {"status": "soon"}]), "levels.0.status"),
        (text(levels=[LEVEL | {"sold_daily": -1}]), "levels.0.sold_daily"),
        (text(items=[{"sku": "A", "gtin": "4901234567890"}]), "items.0.gtin"),
        (text(items=[{"sku": "A", "name": "x" * 257}]), "items.0.name"),
        (text(levels=[LEVEL | {"sku": ""}]), "levels.0.sku"),
        (text(levels=[LEVEL | {"sku": "A\u202e"}]), "levels.0.sku"),
        (text(levels=[LEVEL | {"sku": "x" * 129}]), "levels.0.sku"),
        (text(levels=[LEVEL | {"delta": 1}]), "levels.0.delta"),
        (text(levels=[LEVEL | {"location": "web"}]), "levels.0: a location"),
        (text(levels=[LEVEL, LEVEL]), "levels.1: the same"),
    ],
)
def test_a_document_of_another_shape_is_refused_with_the_place_of_the_fault(data: bytes, complaint: str) -> None:
    with pytest.raises(BadDocument, match="^" + complaint):
        parse(data)


def test_a_refusal_quotes_nothing_of_the_document() -> None:
    with pytest.raises(BadDocument) as refused:
        parse(text(levels=[LEVEL | {"sku": "secret\n"}]))
    assert "secret" not in str(refused.value)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True),
        st.dictionaries(st.from_regex(r"[A-Z0-9ア-ン-]{1,12}", fullmatch=True), st.integers(0, 9_999_999), max_size=5),
        min_size=1,
        max_size=4,
    )
)
def test_what_the_relay_writes_is_what_an_edge_reads(shelves: dict[str, dict[str, int]]) -> None:
    read = parse(write((place, counts.items()) for place, counts in shelves.items()))
    assert read.locations == shelves.keys()
    assert {(level.location, level.sku): level.available for level in read.levels} == {
        (place, sku): count for place, counts in shelves.items() for sku, count in counts.items()
    }


@pytest.mark.promise("X-3")
@given(
    st.binary(max_size=100)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_nothing_but_a_refusal_comes_of_noise(data: bytes) -> None:
    with pytest.raises(BadDocument):
        parse(data)
