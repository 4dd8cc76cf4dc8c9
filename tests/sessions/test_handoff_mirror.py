"""A mirror, or another kiosk opposite: our own cameras take no QR that our own screens draw."""

from __future__ import annotations

import numpy as np
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from edge.config import StaticRule
from edge.handoff import KINDS, Kind, Link, base, written
from edge.members.static import compile_rules, forms
from edge.model import Code
from edge.sessions.goods import Wares
from edge.stock.gtin import product
from edge.vision.cascade import Cascade
from edge.vision.forms import joined, sieve
from tests.sessions.test_products import follow_once

CARD = StaticRule(name="card", symbologies=("qrcode", "ean13"), pattern=r"29(?P<member>[0-9]{10})[0-9]", check="ean13")
FORMS = joined(forms(compile_rules([CARD])), Wares(("ean13", "qrcode")).forms)
BASES = ("https://go.acme.example/h/", "https://go.acme.example/01/h/", "http://127.0.0.1:8083/h/", "https://a.jp/0/1/")
IDS = st.text("ABCXYZabcxyz0123456789-_", min_size=16, max_size=16)
SKUS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,30}\Z") | st.sampled_from(
    ["04901234567894", "4901234567894", "01"]
)


def bases() -> list[str]:
    """Those that a store may have."""
    taken = []
    for each in BASES:
        try:
            taken.append(base(each))
        except ValueError:
            continue
    return taken


@pytest.mark.promise("V-3")
@given(st.sampled_from(bases()), IDS, st.sampled_from(KINDS), SKUS, st.sampled_from(["s001", ""]))
def test_no_link_of_ours_leaves_an_eye_or_names_a_product(url: str, id: str, kind: Kind, sku: str, store: str) -> None:
    text = written(url, Link(id, kind, sku, store))
    assert not sieve(FORMS)(Code(text, "qrcode", "zxing"))
    assert product(text, "qrcode") is None


def test_a_base_with_the_mark_of_a_products_code_is_not_among_them() -> None:
    assert len(bases()) == len(BASES) - 1


async def test_a_link_that_is_in_view_all_the_same_opens_nothing() -> None:
    link = written(BASES[0], Link("A" * 16, "product", "04901234567894", "s001"))
    assert await follow_once(Code(link, "qrcode", "zxing")) == []


@pytest.mark.promise("V-6")
async def test_a_link_beside_a_members_code_neither_crowds_nor_hides_it() -> None:
    link = written(BASES[0], Link("A" * 16, "hold", "LN-1", "s001"))
    told = await follow_once(Code(link, "qrcode", "zxing"), Code("MC1:A", "qrcode", "zxing"))
    assert [each.code.text for each in told if hasattr(each, "code")] == ["MC1:A"]
    assert len(told) == 1


def test_a_mirrored_screen_shows_our_reader_the_same_foreign_link() -> None:
    link = written(BASES[0], Link("A" * 16, "product", "LN-1", "s001"))
    modules = np.array([[module > 0 for module in row] for row in segno.make_qr(link, error="l").matrix])
    gray = np.where(np.kron(np.pad(modules, 4), np.ones((6, 6), bool)), 0, 255).astype(np.uint8)
    for seen in (gray, np.ascontiguousarray(gray[:, ::-1])):
        assert [sieve(FORMS)(code) for code in Cascade(("qrcode",), "zxing").decode(seen)] == [False]
