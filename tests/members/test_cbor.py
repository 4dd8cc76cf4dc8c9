"""The strict reader of CBOR agrees with cbor2 and takes one encoding of each value."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.members import cbor

LEAVES = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5), max_leaves=8)
MAPS = st.dictionaries(st.integers(0, 2**40), VALUES, max_size=6)


def plain(item: cbor.Item) -> Any:
    """An item in the spelling of cbor2."""
    if isinstance(item, list):
        return [plain(part) for part in item]
    if isinstance(item, dict):
        return {plain(cbor.decode(key)): plain(value) for key, value in item.items()}
    assert not isinstance(item, cbor.Other)
    return item


@given(VALUES | MAPS)
def test_what_cbor2_writes_canonically_is_read(value: Any) -> None:
    assert plain(cbor.decode(cbor2.dumps(value, canonical=True))) == value


@given(VALUES | MAPS, st.data())
def test_a_changed_encoding_is_refused_or_is_the_one_of_another_value(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(cbor2.dumps(value, canonical=True))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        item = cbor.decode(bytes(encoded))
        read = plain(item)
    except (cbor.BadCbor, AssertionError, TypeError):  # TypeError: a list as a map's key, which Python cannot hold
        return
    assert cbor2.dumps(read) == encoded  # in the order that was read: cbor2's canonical order is another, by length


@given(st.binary(max_size=130))
def test_no_bytes_upset_the_reader(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except cbor.BadCbor:
        return
    assert value == cbor.decode(data)


@pytest.mark.parametrize(
    "text",
    [
        "", "1800", "1817", "190018", "1a0000ffff", "1b00000000ffffffff", "5800", "9800", "b800", "5f40ff", "9fff",
        "bfff", "7f6161ff", "0000", "8101ff", "4261", "61ff", "a2010101 02", "a202000100", "a1", "5bffffffffffffffff",
        "9bffffffffffffffff", "1c", "ff", "f818", "818181818181818181", "d9d9f7",
        "fa3fc00000", "fb3ff8000000000000", "fb3ff0000020000000", "fa7fc00000", "f97e01", "f97fff", "fa7f800000",
    ],
)  # fmt: skip
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(cbor.BadCbor):
        cbor.decode(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text",
    [
        "f6",
        "f5",
        "f97e00",
        "f97c00",
        "fa3f800001",
        "fb3ff199999999999a",
        "fb7fefffffffffffff",
        "c074323031332d30332d32315432303a30343a30305a",
    ],
)
def test_an_item_that_no_code_holds_is_read_past(text: str) -> None:
    assert isinstance(cbor.decode(bytes.fromhex(text)), cbor.Other)
