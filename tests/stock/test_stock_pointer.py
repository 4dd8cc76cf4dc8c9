"""Where in a document a JSON Pointer leads."""

from __future__ import annotations

from typing import Any

import pytest

from edge.stock.shops.pointer import found, stands, steps


@pytest.mark.parametrize(
    ("pointer", "there"),
    [
        ("", {"a/b": [10, {"m~n": 1}], "": 3}), ("/a~1b/0", 10), ("/a~1b/1/m~0n", 1), ("/", 3), ("/a~1b/2", None),
        ("/a~1b/01", None), ("/a~1b/-", None), ("/x", None), ("/a~1b/0/y", None),
    ],
)  # fmt: skip
def test_a_pointer_leads_where_rfc_6901_says(pointer: str, there: Any) -> None:
    assert found({"a/b": [10, {"m~n": 1}], "": 3}, steps(pointer)) == there


@pytest.mark.parametrize("pointer", ["a", "/~2", "/a~", "#/a"])
def test_what_is_no_pointer_is_told(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON Pointer"):
        steps(pointer)


@pytest.mark.parametrize(
    ("pointer", "there"), [("", True), ("/a", True), ("/b", False), ("/l/0", True), ("/l/1", False)]
)
def test_null_stands_where_it_stands(pointer: str, there: bool) -> None:
    assert stands({"a": None, "l": [1]}, steps(pointer)) is there
