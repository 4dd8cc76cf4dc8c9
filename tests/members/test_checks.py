"""Check digits agree with the examples of those who defined them, and catch what they are for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.members.checks import CHECKS

EXAMPLES = {
    # Published ones, but for m10w21 (summed by hand) and the zeros of m11 (a rest of 11 is written 0).
    # m11 is the rule of Japan's 個人番号; those of mod16 are by barcode-net.com, Intermec and ActiveBarcode.
    "luhn": ["79927398713", "4111111111111111", "A79927398713B"],
    "ean13": ["4006381333931", "4901234567894", "9784101010014"],
    "m10w31": ["4006381333931", "96385074", "036000291452", "00012345600012"],
    "m10w21": ["12344", "201511195"],
    "m11": ["123456789018", "00000000000"],
    "mod16": ["A37859+B", "A012345B", "A7898A"],
    "mod43": ["CODE39W"],
    "mod97": ["3214282912345698765432161182", "79444"],
    "damm": ["5724", "112946"],
    "verhoeff": ["2363", "123451", "84736430954837284567892"],
}


def test_every_check_of_the_document_is_there() -> None:
    assert " ".join(CHECKS) == "none luhn ean13 m10w31 m10w21 m11 mod16 mod43 mod97 damm verhoeff"
    assert set(EXAMPLES) == set(CHECKS) - {"none"}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in EXAMPLES.items() for text in texts])
def test_a_good_number_has_the_right_check_digit(name: str, text: str) -> None:
    assert CHECKS[name](text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_digit_misread_is_caught(name: str) -> None:
    text = EXAMPLES[name][0]
    places = [at for at, sign in enumerate(text) if sign.isdigit()]
    changed = [text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :] for at in places]
    caught = [other for other in changed if not CHECKS[name](other)]
    assert len(caught) == len(changed)


@pytest.mark.parametrize("name", ["damm", "verhoeff", "mod97"])
def test_two_neighbours_swapped_are_caught(name: str) -> None:
    for text in EXAMPLES[name]:
        for at in range(len(text) - 1):
            swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            assert swapped == text or not CHECKS[name](swapped)


@given(st.sampled_from(sorted(EXAMPLES)), st.text(max_size=20))
def test_no_text_upsets_a_check(name: str, text: str) -> None:
    assert CHECKS[name](text) in (True, False)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.parametrize("text", ["", "0", "A", "AB"])
def test_a_text_too_short_for_a_check_digit_is_refused(name: str, text: str) -> None:
    assert not CHECKS[name](text)
