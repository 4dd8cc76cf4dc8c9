"""Stock files, good and bad."""

from __future__ import annotations

import csv
import io
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ports import StockItem, StockLevel
from edge.stock.table import BadTable, parse

HEAD = "sku,location,available\n"
GOOD = [
    (HEAD + "A,ginza,3\n", [("A", "ginza", 3)]),
    ("\ufeff" + HEAD + "A,ginza,3", [("A", "ginza", 3)]),
    (HEAD.replace("\n", "\r\n") + "A,ginza,3\r\nB,web,0\r\n", [("A", "ginza", 3), ("B", "web", 0)]),
    (HEAD + '"A, ""red""",ginza, 3 \n\n', [('A, "red"', "ginza", 3)]),
    ("name,Available,SKU,location\nシャツ,3,LN-赤,ginza\n", [("LN-赤", "ginza", 3)]),
    (HEAD, []),
]
BAD = [
    ("", "line 1: one column 'sku'"),
    ("A,ginza,3\n", "line 1: one column 'sku'"),
    ("sku,sku,location,available\n", "line 1: one column 'sku'"),
    ("sku,location\n", "line 1: one of the columns available, on_hand, status"),
    ("sku,location,status\nA,ginza,soon\n", "line 2: status"),
    ("sku,location,on_hand,hold\nA,ginza,3,-1\n", "line 2: hold"),
    ("sku,location,on_hand,sold_daily\nA,ginza,3,nan\n", "line 2: sold_daily"),
    ("sku,location,on_hand,incoming_on\nA,ginza,3,tomorrow\n", "line 2: incoming_on"),
    ("sku,location,on_hand,gtin\nA,ginza,3,4901234567890\n", "line 2: gtin"),
    ("sku,location,on_hand,name\nA,ginza,3," + "x" * 257 + "\n", "line 2: name"),
    ("sku;location;available\nA;ginza;3\n", "line 1: columns must be separated by commas"),
    (HEAD + "A,ginza,3\nB,gin", "line 3: 2 columns"),
    (HEAD + "A,ginza\n", "line 2: 2 columns"),
    (HEAD + "A,ginza,-1\n", "line 2: available"),
    (HEAD + "A,ginza,3.5\n", "line 2: available"),
    (HEAD + "A,ginza,nan\n", "line 2: available"),
    (HEAD + "A,ginza,1e3\n", "line 2: available"),
    (HEAD + "A,ginza,１２\n", "line 2: available"),
    (HEAD + "A,ginza,99999999\n", "line 2: available"),
    (HEAD + "A,ginza,\n", "line 2: available"),
    (HEAD + "A,銀座,3\n", "line 2: location"),
    (HEAD + "A,../x,3\n", "line 2: location"),
    (HEAD + ",ginza,3\n", "line 2: sku"),
    (HEAD + "A\x07,ginza,3\n", "line 2: sku"),
    (HEAD + "x" * 129 + ",ginza,3\n", "line 2: sku"),
    (HEAD + "A,ginza,3\nB,ginza,1\nA,ginza,4\n", "line 4: the same sku and location as line 2"),
    (HEAD + 'A,ginza,3\n"B,ginza,1\n', "line 3: unexpected end of data"),
    (HEAD + "A,ginza,3\n\0\0\0", "line 3: a NUL"),
]


@pytest.mark.parametrize(("text", "levels"), GOOD)
def test_a_file_gives_its_levels(text: str, levels: list[tuple[str, str, int]]) -> None:
    assert parse(text.encode()).levels == tuple(StockLevel(*level) for level in levels)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_a_bad_row_refuses_the_file_with_its_line_and_reason(text: str, complaint: str) -> None:
    with pytest.raises(BadTable, match="^" + complaint):
        parse(text.encode())


def test_a_file_in_another_encoding_is_refused_with_the_setting_that_would_read_it() -> None:
    text = (HEAD + "A,ginza,3\nシャツ,ginza,1\n").encode("cp932")
    with pytest.raises(BadTable, match=r"line 3: not utf-8.*cp932"):
        parse(text)
    assert parse(text, "cp932").levels[1] == StockLevel("シャツ", "ginza", 1)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_spreadsheets_unicode_text_is_named(encoding: str) -> None:
    with pytest.raises(BadTable, match="line 1: it is UTF-16.*save it as CSV UTF-8"):
        parse(("\ufeff" + HEAD + "A,ginza,3\n").encode(encoding))


@pytest.mark.parametrize(("sign", "said"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_with_another_sign_between_its_columns_is_told_which(sign: str, said: str) -> None:
    with pytest.raises(BadTable, match=f"line 1: columns must be separated by commas, not by {said}"):
        parse((HEAD + "A,ginza,3\n").replace(",", sign).encode())


def test_digits_of_another_script_are_no_count() -> None:
    with pytest.raises(BadTable, match="line 2: available must be a whole number in ASCII digits"):
        parse((HEAD + "A,ginza,１２\n").encode())


@pytest.mark.promise("X-3")
@given(st.binary(max_size=200) | st.text(printable, max_size=200).map(lambda text: (HEAD + text).encode()))
def test_no_bytes_do_anything_but_parse_or_be_refused(data: bytes) -> None:
    try:
        levels = parse(data).levels
    except BadTable:
        return
    assert all(level.available is not None and level.available >= 0 for level in levels)
    assert all(level.sku and level.location for level in levels)


@given(
    st.dictionaries(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9,\"' ア-ン-]{0,20}[A-Z]", fullmatch=True), st.sampled_from(["ginza", "web"])
        ),
        st.integers(0, 9_999_999),
        max_size=20,
    )
)
def test_what_a_csv_writer_wrote_is_read_back(counts: dict[tuple[str, str], int]) -> None:
    file = io.StringIO()
    rows = [(sku, location, count) for (sku, location), count in counts.items()]
    csv.writer(file).writerows([("sku", "location", "available"), *rows])
    stripped = {(sku.strip(), location): count for (sku, location), count in counts.items()}
    if len(stripped) == len(counts):
        read = {(level.sku, level.location): level.available for level in parse(file.getvalue().encode()).levels}
        assert read == stripped


def test_further_columns_tell_of_the_figures_and_of_the_product_itself() -> None:
    head = "sku,location,on_hand,reserved,hold,safety,incoming,incoming_on,sold_daily,gtin,style,color,size,name,few\n"
    rows = "A,ginza,5,1,1,,12,2026-12-01,2.5,4901234567894,LN,白,M,シャツ,2\nA,web,-3,,,,,,,,,,,,\n"
    found = parse((head + rows).encode())
    first = StockLevel("A", "ginza", None, 5, 1, 1, incoming=12, incoming_on="2026-12-01", sold_daily=2.5)
    assert found.levels == (first, StockLevel("A", "web", None, -3))
    assert found.items == (StockItem("A", "04901234567894", "LN", "白", "M", "シャツ", 2),)


def test_a_status_alone_is_a_level() -> None:
    assert parse(b"sku,location,status\nA,ginza,few\n").levels == (StockLevel("A", "ginza", status="few"),)
