"""A product's number out of bars and Digital Links, and nothing out of anything else."""

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.stock.gtin import LONGEST, local, product, worth

MUG = "09520123456788"
"""GS1's own number for examples (prefix 952)."""


def with_check(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


DIGITS = st.sampled_from((7, 11, 12, 13)).flatmap(lambda many: st.text("0123456789", min_size=many, max_size=many))
NUMBERS = DIGITS.filter(lambda digits: int(digits) > 0).map(with_check)
VALUES = st.text(string.ascii_letters + string.digits + "!\"%&'()*+,-./:;<=>?_", min_size=1, max_size=20)
STEMS = st.lists(st.text(string.ascii_letters + string.digits + "-_.~", max_size=8), max_size=3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4901234567894", "04901234567894"),
        ("0036000291452", "00036000291452"),
        ("036000291452", None),
        ("9784101010014", "09784101010014"),
        ("4901234567895", None),
        ("49123456", None),
        ("4901234567894 ", None),
        ("４９０１２３４５６７８９４", None),
        ("0000000000000", None),
        ("", None),
    ],
)
def test_bars_give_their_number_if_its_check_digit_is_right(text: str, found: str | None) -> None:
    assert product(text, "ean13") == found


@pytest.mark.parametrize(
    "link",
    [
        f"https://id.gs1.org/01/{MUG}",
        f"http://id.gs1.org/01/{MUG}",
        f"HTTPS://SHOP.EXAMPLE/01/{MUG}",
        "https://shop.example/01/9520123456788",
        f"https://shop.example/tana/3/01/{MUG}",
        f"https://shop.example/01/faux/01/{MUG}",
        f"https://shop.example:8443/01/{MUG}",
        f"https://[2001:db8::1]/01/{MUG}",
        f"https://xn--fsq.example./01/{MUG}",
        f"https://id.gs1.org/01/{MUG}/22/2A",
        f"https://id.gs1.org/01/{MUG}/10/LOT%2F7/21/S.1",
        f"https://id.gs1.org/01/{MUG}/22/2A/10/LOT/21/1?17=271231&3103=000195",
        f"https://id.gs1.org/01/{MUG}/235/XYZ?10=LOT",
        f"https://id.gs1.org/01/{MUG}?",
        f"https://id.gs1.org/01/{MUG}?linkType=all#top",
        f"https://id.gs1.org/01/%30{MUG[1:]}",
    ],
)
def test_a_digital_link_of_any_domain_gives_its_number(link: str) -> None:
    assert product(link, "qrcode") == MUG


@pytest.mark.parametrize(
    ("number", "found"),
    [("416000336108", "00416000336108"), ("49123456", "00000049123456"), ("10614141000019", "10614141000019")],
)
def test_shorter_numbers_of_older_links_are_filled_up(number: str, found: str) -> None:
    assert product(f"https://a.example/01/{number}", "qrcode") == found


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/",
        "https://example.com/products/4901234567894",
        f"https://example.com/?01={MUG}",
        f"https://example.com/#/01/{MUG}",
        f"https://id.gs1.org/01/{MUG[:-1]}9",
        f"https://id.gs1.org/01/{MUG}/",
        f"https://id.gs1.org/01/{MUG}/21/1/10/2",
        f"https://id.gs1.org/01/{MUG}/21/",
        f"https://id.gs1.org/01/{MUG}/21/{'9' * 21}",
        f"https://id.gs1.org/01/{MUG}/235/X/10/2",
        f"https://id.gs1.org/01/{MUG}/414/9520123456788",
        f"https://id.gs1.org/01/{MUG}/22/100%",
        f"https://id.gs1.org/gtin/{MUG}",
        f"https://id.gs1.org/1/{MUG}",
        "https://id.gs1.org/00/952012345678912345",
        f"https://01/{MUG}",
        f"https://me@example.com/01/{MUG}",
        f"HtTp://example.com/01/{MUG}",
        f"ftp://example.com/01/{MUG}",
        f"javascript:https://example.com/01/{MUG}",
        f" https://example.com/01/{MUG}",
        f"https://example.com/01/{MUG}\n",
        "https://example.com/01/" + "".join(chr(0xFF10 + int(digit)) for digit in MUG),
        f"https://example.com/{'a' * LONGEST}/01/{MUG}",
        MUG,
        "4901234567894",
        "hQVDUFYwMWETTwegAAAAAAAAAQAAAAAAAA",
        "00020101021229300012D156000000000510A93FO3230Q5204481253033925802JP5904SHOP6005TOKYO6304ABCD",
        "MC1:ABCD",
    ],
)
def test_another_address_a_payment_code_or_any_other_text_gives_nothing(text: str) -> None:
    assert product(text, "qrcode") is None


@pytest.mark.parametrize("symbology", ["code128", "codabar", "code39", "itf", "", "EAN13"])
def test_other_symbologies_bear_no_product(symbology: str) -> None:
    assert product("4901234567894", symbology) is None


@given(NUMBERS, STEMS, st.none() | VALUES, st.none() | VALUES, st.none() | VALUES)
def test_every_number_comes_back_from_every_link_that_bears_it(
    number: str, stem: list[str], variant: str | None, lot: str | None, serial: str | None
) -> None:
    qualifiers = [("22", variant), ("10", lot), ("21", serial)]
    path = [*stem, "01", number, *(part for key, value in qualifiers if value for part in (key, quote(value, safe="")))]
    assert product("https://" + "/".join(["shop.example", *path]), "qrcode") == number.zfill(14)


@given(NUMBERS, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_never_taken(number: str, place: int, more: int) -> None:
    at = place % len(number)
    wrong = number[:at] + str((int(number[at]) + more) % 10) + number[at + 1 :]
    assert product(f"https://shop.example/01/{wrong}", "qrcode") is None
    assert product(wrong.zfill(13), "ean13") is None


@pytest.mark.promise("X-3")
@given(st.text(max_size=600) | st.from_regex(r"https?://[^/]{0,9}(/01/[0-9]{0,15}){0,20}/?.{0,30}"))
def test_whatever_is_read_the_answer_is_a_number_or_nothing(text: str) -> None:
    for symbology in ("qrcode", "ean13"):
        found = product(text, symbology)
        assert found is None or (len(found) == 14 and found.isascii() and found.isdigit())


@pytest.mark.parametrize(
    ("gtin", "own"),
    [
        ("02112345678900", True),
        ("02912345678904", True),
        ("00212345678905", True),
        ("00412345678903", True),
        ("00512345678902", True),
        ("01920094012003", True),
        ("09912345678906", True),
        ("00000020000004", True),
        ("04901234567894", False),
        ("09784101010014", False),
        ("00036000291452", False),
        ("00000049123456", False),
        ("12112345678907", False),
    ],
)
def test_a_number_that_any_shop_may_give_counts_only_where_it_is_known(gtin: str, own: bool) -> None:
    assert local(gtin) is own
    assert worth(gtin, lambda _: False) == (None if own else gtin)
    assert worth(gtin, lambda _: True) == gtin
    assert worth(None, lambda _: True) is None
