"""Static rules: what matches, and what is refused before the first shopper comes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import MemberCode, StaticRule
from edge.members import pattern
from edge.members.static import BadRule, compile_rules, match, reference, symbologies


def rule(**changes: Any) -> StaticRule:
    base = {"name": "card", "symbologies": ("code128",), "pattern": r"M(?P<member>\d{8})\d", "check": "luhn"}
    return StaticRule(**(base | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pattern": r"(?P<member>\d*)"}, "only \\?"),
        ({"pattern": r"(?P<member>\d+)"}, "only \\?"),
        ({"pattern": r"(?P<member>\d{3,})"}, "only \\?"),
        ({"pattern": r"(?P<member>\d{,3})"}, "only \\?"),
        ({"pattern": r"(?P<member>\d{8})?"}, "quantified group"),
        ({"pattern": r"(?P<member>\d)(?:(?:\d){2}){2}"}, "quantified group"),
        ({"pattern": r"(?P<member>\d)(?:\d{2}){2}"}, "quantified group"),
        ({"pattern": r"(?P<member>\d)(?:a|b){2}"}, "quantified group"),
        ({"pattern": r"(?P<member>\d{2,3}?)"}, "second quantifier"),
        ({"pattern": r"(?P<member>\d{2}+)"}, "second quantifier"),
        ({"pattern": r"\d{8}"}, "exactly one group"),
        ({"pattern": r"(?P<other>\d{8})"}, "neither"),
        ({"pattern": r"(\d)(?P<member>\d{8})"}, "neither"),
        ({"pattern": r"(?P<member>\d)(?P<member>\d)"}, "exactly one group"),
        ({"pattern": r"(?:(?P<member>\d{8}))"}, "inside another"),
        ({"pattern": r"(?P<member>\d{8})|x"}, "outside a group"),
        ({"pattern": r"(?P<member>\d{65})"}, "1 to 64"),
        ({"pattern": r"(?P<member>)"}, "may match nothing"),
        ({"pattern": r"(?P<member>\d?\d?\d?\d?\d{8})"}, "at most 3"),
        ({"pattern": r"(?P<member>\d{5,3})"}, "counts down"),
        ({"pattern": r"(?P<member>[9-0])"}, "counts down"),
        ({"pattern": r"(?P<member>.{8})"}, "not taken here"),
        ({"pattern": r"^(?P<member>\d{8})$"}, "not taken here"),
        ({"pattern": r"(?P<member>\w{8})"}, "not taken here"),
        ({"pattern": r"(?P<member>会員\d{8})"}, "not taken here"),
        ({"pattern": r"(?P<member>[^0-9]{8})"}, "class"),
        ({"pattern": r"(?=x)(?P<member>\d{8})"}, "neither"),
        ({"pattern": r"(?P<member>\d{8}"}, "without"),
        ({"pattern": r"(?P<member>\d{8}))"}, "without"),
        ({"symbologies": ("codabar",), "check": "none"}, "codabar is misread"),
        ({"symbologies": ("qrcode", "code39"), "check": "none"}, "code39 is misread"),
        ({"symbologies": ("pdf417",)}, "pdf417"),
        ({"symbologies": ()}, "none named"),
        ({"pattern": r"M(?P<member>\d?)\d"}, "may match nothing"),
        ({"pattern": r"M(?P<member>(?:))\d"}, "may match nothing"),
        ({"check": "lunh"}, "did you mean 'luhn'"),
        ({"check": "ean13"}, "13 digits"),
    ],
)
def test_an_unsafe_rule_stops_the_start_with_its_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRule, match=words) as refused:
        compile_rules([rule(**changes)])
    assert "rule 'card'" in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        (r"(?P<member>\d{8})", r"(?P<member>\d{8,10})", True),
        (r"(?P<member>\d{8})", r"(?P<member>\d{9,10})", False),
        (r"1(?P<member>\d{7})", r"2(?P<member>\d{7})", False),
        (r"(?:1|2)(?P<member>\d{7})", r"[2-3](?P<member>\d{7})", True),
        (r"A?(?P<member>\d{7})", r"(?P<member>\d{7})B?", True),
        (r"A(?P<member>\d{7})", r"(?P<member>\d{7})B?", False),
        (r"(?P<member>(?:ab){2})", r"a(?P<member>ba)b", True),
    ],
)
def test_two_rules_for_one_number_stop_the_start(one: str, other: str, meets: bool) -> None:
    rules = [rule(name="one", pattern=one), rule(name="other", pattern=other)]
    apart = [rules[0], rule(name="other", pattern=other, symbologies=("itf",))]
    assert len(compile_rules(apart)) == 2
    if not meets:
        assert len(compile_rules(rules)) == 2
        return
    with pytest.raises(BadRule, match="'one' and 'other' match one number"):
        compile_rules(rules)


def test_a_name_is_given_once() -> None:
    with pytest.raises(BadRule, match="two rules are named 'card'"):
        compile_rules(MemberCode(ref_key=Path("ref.key"), static=(rule(), rule(symbologies=("itf",)))))


@pytest.mark.promise("M-4")
def test_without_a_secret_for_pseudonyms_no_number_is_taken() -> None:
    with pytest.raises(BadRule, match="ref_key"):
        compile_rules(MemberCode(static=(rule(),)))
    assert compile_rules(MemberCode()) == ()


PIECES = st.sampled_from([r"\d", "A", "[AB]", "[0-2A-]", r"\d{2}", "A{1,2}", "B?", "(?:A|B1)", "(?:1A){2}", r"\."])


@given(
    st.lists(PIECES, max_size=3), st.lists(PIECES, min_size=1, max_size=3), st.text("AB012-.", min_size=1, max_size=9)
)
def test_what_our_patterns_mean_is_what_re_means(before: list[str], member: list[str], text: str) -> None:
    whole = "".join(before) + "(?P<member>" + "".join(member) + ")"
    try:
        tree = pattern.parse(whole)
    except pattern.BadPattern:
        return
    literal = pattern.parse("(?P<member>" + re.escape(text).replace(r"\-", "-") + ")")
    assert pattern.meet(tree, literal) == (re.fullmatch(whole, text) is not None)
    low, high = pattern.lengths(tree)
    assert re.fullmatch(whole, text) is None or low <= len(text) <= high


def test_only_the_symbologies_that_rules_name_are_switched_on() -> None:
    assert symbologies(()) == {"qrcode"}
    assert symbologies(compile_rules([rule(symbologies=("codabar", "ean13"))])) == {"qrcode", "codabar", "ean13"}


def test_a_number_matches_whole_with_its_check_digit_in_its_symbology() -> None:
    rules = compile_rules([rule()])
    matches = [match(f"M12345678{check}", "code128", rules) for check in range(10)]
    assert [found for found in matches if found] == [(rules[0], "12345678")]
    good = f"M12345678{matches.index((rules[0], '12345678'))}"
    assert match(good, "qrcode", rules) is None
    for other in (good + "\n", " " + good, good + "0" * 60, good.replace("1", "１"), good.lower()):
        assert match(other, "code128", rules) is None


@pytest.mark.promise("M-4")
def test_the_pseudonym_says_nothing_of_the_number_and_differs_by_rule_and_key() -> None:
    one, other = compile_rules([rule(name="one"), rule(name="other", symbologies=("itf",))])
    refs = {reference(each, number, key) for each in (one, other) for number in ("1", "2") for key in (b"a", b"b")}
    assert len(refs) == 8
    assert all(re.fullmatch(r"s1\.[A-Za-z0-9_-]{16}", ref) for ref in refs)
