"""Base45 has one text for each byte string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.members import base45


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_the_examples_of_the_standard_come_out(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@given(st.binary(max_size=200))
def test_what_was_encoded_is_decoded(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(base45.ALPHABET + "a\n", max_size=30))
def test_a_text_that_decodes_is_the_only_one_for_its_bytes(text: str) -> None:
    try:
        data = base45.decode(text)
    except base45.BadBase45:
        return
    assert base45.encode(data) == text


@pytest.mark.parametrize("text", ["A", "BB8A", "::", "GGW", ":::", "bb8", "BB8\n", "BB 8 ", "ＢＢ８", "^^^"])
def test_a_sign_or_group_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(base45.BadBase45):
        base45.decode(text)
