"""Which texts leave an eye: members' and products', and no other, whatever it reads."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import StaticRule
from edge.demo.phone import PAYMENT
from edge.members.mc1 import MAX_CHARS
from edge.members.static import compile_rules, forms
from edge.model import Code
from edge.ports import Frame, Gray
from edge.sessions.goods import Wares
from edge.vision.forms import joined, sieve
from edge.vision.stream import Stream
from edge.vision.watch import Watch
from edge.vision.wire import heard

CARD = StaticRule(name="card", symbologies=("qrcode", "ean13"), pattern=r"29(?P<member>[0-9]{10})[0-9]", check="ean13")
FORMS = joined(forms(compile_rules([CARD])), Wares(("ean13", "qrcode")).forms)
LINK = "https://shop.example/01/09520123456788/21/7?linkType=all"


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("MC1:ABC", "qrcode"),
        ("MC1:" + "\n" * (MAX_CHARS - 4), "qrcode"),
        ("2912345678904", "qrcode"),
        ("4901234567894", "ean13"),
        (LINK, "qrcode"),
    ],
)
def test_a_members_and_a_products_text_may_leave(text: str, symbology: str) -> None:
    assert sieve(FORMS)(Code(text, symbology, "zxing"))


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        (PAYMENT, "qrcode"),
        ("00020101021229300012D156000000000510A93FO3230Q5204481253033925802JP", "qrcode"),
        ("https://shop.example/campaign", "qrcode"),
        ("4901234567894", "qrcode"),
        ("MC1:" + "A" * MAX_CHARS, "qrcode"),
        ("WIFI:S:home;T:WPA;P:secret;;", "qrcode"),
        ("4901234567894", "code128"),
        ("", "ean13"),
    ],
)
def test_every_other_text_stays_in_the_eye(text: str, symbology: str) -> None:
    assert not sieve(FORMS)(Code(text, symbology, "zxing"))


def test_without_products_no_address_leaves_and_without_forms_every_text_does() -> None:
    link = Code(LINK, "qrcode", "zxing")
    assert not sieve(joined(forms(()), Wares().forms))(link)
    assert sieve({})(link)


class Reading(Stream):
    """A stream that sees two codes in every frame."""

    def look(self, _: Gray) -> tuple[Code, ...]:
        return Code(PAYMENT, "qrcode", "zxing"), Code("MC1:X", "qrcode", "zxing")


def test_a_frame_is_told_without_what_must_stay() -> None:
    lines: list[bytes] = []
    watch = Watch("door", lambda: Reading(("qrcode",)), lines.append, may_leave=sieve(FORMS))
    watch.see(Frame(np.zeros((120, 160), np.uint8), 1), 0.1)
    (look,) = [heard(line, "door") for line in lines]
    assert [code.text for code in look.codes] == ["MC1:X"]  # type: ignore[union-attr]


def test_a_view_of_nothing_that_may_leave_is_not_told_at_all() -> None:
    lines: list[bytes] = []
    watch = Watch("door", lambda: Reading(("qrcode",)), lines.append, may_leave=lambda _: False)
    for number in range(3):
        watch.see(Frame(np.zeros((120, 160), np.uint8), number), number / 10)
    assert lines == []
