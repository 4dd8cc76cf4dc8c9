"""What shops' systems send, as values: figures, moments, names, and who signed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from edge.ports import StockAway
from edge.stock.document import MOST
from edge.stock.shops import answers, push, signing
from edge.stock.shops.answers import Figure, Gtin, Moment
from edge.stock.shops.skus import Skus
from edge.stock.system import BadDelivery

BODY = b'{"inventory_item_id":411,"available":3}'


class Row(BaseModel):
    n: Figure
    at: Moment = 0


@pytest.mark.parametrize(
    ("sent", "means"),
    [(3, 3), ("3", 3), ("2.50000", 2), (" 7 ", 7), ("-1.5", 0), (-4, 0), (2.9, 2), ("1E+2", 100), (MOST, MOST)],
)
def test_a_figure_is_the_whole_units_that_are_surely_there(sent: Any, means: int) -> None:
    assert answers.whole(sent) == means


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "sent",
    [None, True, "", "many", "NaN", "Infinity", "1e308", 1e308, MOST + 1, "9" * 50, [], {}, "0x10", float("nan")],
)
def test_what_no_stock_is_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="figure"):
        answers.whole(sent)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("2026-11-21T09:12:45Z", 1_795_252_365_000),
        ("2026-11-21T18:12:45+09:00", 1_795_252_365_000),
        ("2026-11-21T09:12:45.223Z", 1_795_252_365_223),
        ("2026-11-21T09:12:45.2239999Z", 1_795_252_365_223),
    ],
)
def test_a_moment_is_milliseconds_whatever_its_zone(text: str, ms: int) -> None:
    assert answers.milliseconds(text) == ms


@pytest.mark.parametrize("text", ["2026-11-21T09:12:45", "", "soon", 5, "0001-01-01T00:00:00Z", "9" * 99, None])
def test_a_moment_without_a_zone_or_out_of_all_time_is_none(text: Any) -> None:
    with pytest.raises(ValueError, match=r"moment|Invalid isoformat"):
        answers.milliseconds(text)


@given(st.integers(1, 4_000_000_000_000))
def test_a_moment_that_is_asked_for_is_read_back_the_same(ms: int) -> None:
    assert answers.milliseconds(answers.moment(ms / 1000)) in (ms, ms - 1)


def test_names_are_one_short_line_and_never_control_characters() -> None:
    assert answers.name("リネン\r\n<script>\x00 シャツ") == "リネン <script> シャツ"
    assert len(answers.name("長" * 10_000_000)) == answers.LONGEST_NAME
    assert answers.name(None) == answers.name(7) == ""


def test_a_sku_that_cannot_be_a_key_is_none() -> None:
    assert answers.sku(" LN-09-M ") == "LN-09-M"
    assert [answers.sku(bad) for bad in (None, "", "a\nb", "x" * 129, 5)] == [""] * 5


def test_a_gtin_counts_with_its_check_digit_alone() -> None:
    class Item(BaseModel):
        barcode: Gtin = ""

    assert Item(barcode="4901234567894").barcode == "04901234567894"
    assert Item(barcode="4901234567890").barcode == Item.model_validate({"barcode": None}).barcode == ""


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"サイズ": "M", "カラー": "白"}, ("白", "M")),
        ({"Size": "M"}, ("", "M")),
        ({"Colour": "white", "Material": "linen"}, ("white", "")),
        ({}, ("", "")),
    ],
)
def test_the_axes_of_a_style_are_found_by_their_names(options: dict[str, str], found: tuple[str, str]) -> None:
    assert answers.axes(options) == found


def test_what_is_wrong_with_an_answer_is_told_by_our_own_words() -> None:
    with pytest.raises(StockAway, match=r"Shop answered in a form that is not documented \(n\)") as away:
        answers.read(Row, {"n": "secret"}, "Shop")
    assert "secret" not in str(away.value)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body", [b"", b"[" * 10_000, b'{"n":NaN}', b'{"n":1,"n":2}', b'{"n":1e999}', b"\xff", b'{"n":{}}']
)
def test_a_hostile_body_is_no_delivery(body: bytes) -> None:
    with pytest.raises(BadDelivery):
        answers.told(Row, body)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hush\n")
    return path


BY_OPENSSL: dict[signing.Encoded, str] = {  # openssl dgst -sha256 -hmac hush, over BODY
    signing.hex_: "e09e0597789adb2bca72a16d2ff1d5598f098cdf50d005d13d6e3c2d08574fee",
    signing.base64_: "4J4Fl3ia2yvKcqFtL/HVWY8JjN9Q0AXRPW48LQhXT+4=",
}


@pytest.mark.parametrize("encoded", list(BY_OPENSSL))
def test_a_signature_that_openssl_made_is_right(file: Path, encoded: signing.Encoded) -> None:
    signing.signed(BY_OPENSSL[encoded], BODY, file, encoded)
    with pytest.raises(BadDelivery, match="signature"):
        signing.signed(BY_OPENSSL[encoded], BODY + b" ", file, encoded)


@pytest.mark.parametrize("given", ["", "é", "0" * 64, "=" * 44, "\udcff"])
def test_any_other_signature_is_refused(file: Path, given: str) -> None:
    with pytest.raises(BadDelivery, match="signature"):
        signing.signed(given, BODY, file, signing.hex_)


def test_for_a_while_the_secret_before_it_counts_too(file: Path) -> None:
    given = signing.base64_(b"\x00")
    with pytest.raises(BadDelivery):
        signing.signed(given, BODY, file, signing.base64_)
    file.write_text("new\nhush\n")
    signing.borne("hush", file)
    signing.borne("new", file)
    with pytest.raises(BadDelivery, match="header"):
        signing.borne("older", file)


@pytest.mark.parametrize("content", ["", "\n\n", "a\nb\nc\n", None])
def test_without_a_secret_nobody_is_believed(file: Path, content: str | None) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    with pytest.raises(BadDelivery, match="secret file"):
        signing.borne("", file)
    with pytest.raises(BadDelivery, match="no secret_file"):
        signing.borne("", None)


def test_a_sku_of_two_products_names_neither() -> None:
    skus = Skus()
    skus.learn("1", "A")
    assert (skus.their("A"), skus.single("A"), skus.sku("1")) == ("1", True, "A")
    skus.learn("2", "A")
    assert (skus.their("A"), skus.single("A")) == (None, False)
    skus.learn("1", "B")
    assert (skus.their("A"), skus.their("B")) == ("2", "1")
    skus.learn("2", "")
    assert (skus.their("A"), skus.knows("2"), skus.knows("3"), skus.sku("3")) == (None, True, False, "")


@pytest.mark.parametrize(
    ("sent_s", "said"),
    [
        (1_795_000_000.0, ""),
        (1_794_999_701.0, ""),
        (1_794_998_140.0, "1860 s before this machine's clock, at most 300 s is believed"),
        (1_795_003_600.0, "3600 s after this machine's clock"),
        (1_795_000.0, "sent_ms is in seconds; milliseconds are needed"),
    ],
)
def test_a_push_that_was_not_sent_just_now_says_how_far_the_clocks_are_apart(sent_s: float, said: str) -> None:
    why = push.untimely(sent_s, 1_795_000_000.0, 300.0)
    assert said in why
    assert bool(why) == bool(said)
