"""What a scanner sends, cut into codes, and what each of them is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import config
from edge.model import Code
from edge.vision.lines import AT_ONCE, CUT_OFF, LONGEST, Lines
from edge.vision.scanned import code_of
from edge.vision.symbology import SYMBOLOGIES

TOKEN = "MC1:" + "ABCDEFGHIJ0123456789 $%*+-./:" * 6


def fed(lines: Lines, *parts: bytes) -> list[bytes]:
    return [code for part in parts for code in lines.feed(part)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t"])
def test_a_code_ends_with_enter_or_tab(end: bytes) -> None:
    assert fed(Lines(), b"MC1:A" + end, b"MC1:B" + end) == [b"MC1:A", b"MC1:B"]


def test_codes_in_pieces_of_any_size_come_whole_and_in_order() -> None:
    draw = random.Random(7)
    codes = [f"MC1:{number:06}".encode() * 3 for number in range(1000)]
    sent, lines, found = b"\r".join(codes) + b"\r", Lines(), []
    while sent:
        size = draw.randint(1, 120)
        found += lines.feed(sent[:size])
        sent = sent[size:]
    assert found == codes


def test_silence_inside_a_code_makes_what_came_before_void() -> None:
    lines = Lines()
    assert lines.feed(b"MC1:HALF") == []
    assert lines.waiting
    assert lines.quiet() == [CUT_OFF]
    assert lines.feed(b"MC1:WHOLE\r") == [b"MC1:WHOLE"]
    assert lines.quiet() == []


def test_after_a_code_that_is_too_long_the_next_is_whole_again() -> None:
    lines = Lines()
    found = fed(lines, b"A" * (LONGEST + 1), b"B" * 5000, b"C\rMC1:NEXT\r", b"D" * (LONGEST + 1) + b"\rE\r")
    assert found == [CUT_OFF, b"MC1:NEXT", CUT_OFF, b"E"]


def test_the_longest_code_is_whole_and_so_are_as_many_at_once_as_there_may_be() -> None:
    longest = b"A" * LONGEST
    assert fed(Lines(), longest + b"\r", longest, b"\r") == [longest, longest]
    assert fed(Lines(), b"A\r" * AT_ONCE) == [b"A"] * AT_ONCE
    assert fed(Lines(), b"A\r" * (AT_ONCE + 1)) == [CUT_OFF]


@pytest.mark.promise("X-3")
@given(st.lists(st.binary(max_size=700), max_size=30))
def test_whatever_comes_is_bounded(parts: list[bytes]) -> None:
    lines = Lines()
    for part in parts:
        codes = lines.feed(part)
        assert len(codes) <= AT_ONCE
        assert all(0 < len(code) <= LONGEST for code in codes)
        assert len(lines._partial) <= LONGEST


@pytest.mark.parametrize(
    ("text", "symbology", "plain"),
    [
        (TOKEN, "qrcode", TOKEN),
        ("4901234567894", "ean13", "4901234567894"),
        ("4901234567895", "qrcode", "4901234567895"),
        ("490123456789", "qrcode", "490123456789"),
        ("]Q1" + TOKEN, "qrcode", TOKEN),
        ("]Q14901234567894", "qrcode", "4901234567894"),
        ("]E04901234567894", "ean13", "4901234567894"),
        ("]E0036000291452", "ean13", "0036000291452"),
        ("]C1ABC", "code128", "ABC"),
        ("]A0ABC", "code39", "ABC"),
        ("]F0A123B", "codabar", "A123B"),
        ("]I012345678", "itf", "12345678"),
    ],
)
def test_the_symbology_is_the_scanners_word_or_the_texts_form(text: str, symbology: str, plain: str) -> None:
    assert code_of(text) == Code(plain, symbology, "scanner")


@pytest.mark.parametrize("symbology", SYMBOLOGIES)
def test_the_settings_word_for_the_symbology_goes_before_all(symbology: str) -> None:
    assert code_of("]Q14901234567894", symbology) == Code("4901234567894", symbology, "scanner")
    told = config.Scanner(id="s", screen="w", adapter="serial", symbology=symbology)
    assert told.symbology == symbology


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "text",
    ["", "\0", "AB\x1dC", "会員", "caf\u00e9", "A" * 513, "]Q1", "]E412345670", "]d1DATAMATRIX", "AB\x7f", "\x80"],
)
def test_what_is_no_plain_text_or_no_symbology_of_ours_is_no_code(text: str) -> None:
    assert code_of(text) is None


def test_a_scanned_text_never_shows_in_a_repr() -> None:
    assert TOKEN not in repr(code_of(TOKEN))
