"""The link from a screen to a phone: short, about a product alone, and never led astray."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config import BadConfig, read_store
from edge.handoff import KINDS, Kind, Leading, Link, Offering, base, filled, read, target, written

BASE = "https://go.acme.example/h/"
ID = "AbCdEfGhIjKl-_09"
LINK = Link(ID, "hold", "linen-dress-sky", "s001")


def opened(text: str) -> Link | None:
    """A link as the hub reads it."""
    parts = urlsplit(text)
    return read(parts.path.rpartition("/")[2], {name: each[0] for name, each in parse_qs(parts.query).items()})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", ["s001", ""])
def test_what_the_edge_writes_the_hub_reads(kind: Kind, store: str) -> None:
    link = Link(ID, kind, "LN_09.M-x", store)
    assert opened(written(BASE, link)) == link


def test_a_link_is_short_and_the_product_needs_no_word() -> None:
    assert written(BASE, LINK) == f"{BASE}{ID}?p=linen-dress-sky&s=s001&k=hold"
    assert written(BASE, Link(ID, "product", "LN-1")) == f"{BASE}{ID}?p=LN-1"


@pytest.mark.parametrize(
    ("id", "query"),
    [
        ("short", {"p": "LN-1"}),
        (ID + "x", {"p": "LN-1"}),
        (ID[:-1] + "\n", {"p": "LN-1"}),
        (ID, {}),
        (ID, {"p": "../admin"}),
        (ID, {"p": "https://evil.example/"}),
        (ID, {"p": "a" * 65}),
        (ID, {"p": "LN-1", "s": "Evil.example"}),
        (ID, {"p": "ＬＮ"}),
    ],
)
def test_what_is_no_link_of_ours_is_none(id: str, query: dict[str, str]) -> None:
    assert read(id, query) is None


def test_an_unknown_kind_is_the_product() -> None:
    assert read(ID, {"p": "LN-1", "k": "javascript:"}) == Link(ID, "product", "LN-1")


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_asked_for_leads_to_the_templates_host_or_nowhere(id: str, p: str, s: str, k: str) -> None:
    link = read(id, {"p": p, "s": s, "k": k})
    assert link is None or urlsplit(filled("https://shop.example/p/{sku}?at={store}", link)).netloc == "shop.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://go.acme.example/h/",
        "https://go.acme.example/h",
        "https://go.acme.example/h/?x=/",
        "https://go.acme.example/#/",
        "https://user:secret@go.acme.example/h/",
        "https://go.acme.example/01/04901234567894/10/",
        "https://go.acme.example/h h/",
        "https:///h/",
        "javascript:alert(1)//",
        "https://go.acme.example/" + "h" * 80 + "/",
    ],
)
def test_a_base_that_is_unsafe_or_could_be_a_products_code_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        base(url)


@pytest.mark.parametrize(
    "template",
    [
        "http://shop.example/{sku}",
        "https://{store}.example/{sku}",
        "https://shop.example{sku}",
        "https://shop.example/{sku}/{member}",
        "https://shop.example/{sku.x}",
        "//shop.example/{sku}",
        "https://a@shop.example/{sku}",
    ],
)
def test_a_template_whose_host_a_link_could_choose_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="must|may stand"):
        target(template)


def test_a_link_leads_to_its_kinds_template_else_to_the_products() -> None:
    leading = Leading(product="https://shop.example/p/{sku}?h={id}", hold="http://127.0.0.1:9/{store}/{sku}")
    assert leading.goal(LINK) == "http://127.0.0.1:9/s001/linen-dress-sky"
    assert leading.goal(Link(ID, "order", "LN-1")) == f"https://shop.example/p/LN-1?h={ID}"
    assert Leading().goal(LINK) == ""


def test_what_a_sign_can_offer_is_among_the_kinds() -> None:
    assert Offering(url=BASE, kinds=("basket", "hold", "basket")).kinds == ("basket", "hold")
    with pytest.raises(ValidationError, match="nobody can touch"):
        Offering(url=BASE, kinds=("hold",))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('url = "http://go.acme.example/h/"', r"device.toml:6: handoff.url: .*must be an https address"),
        ('url = "https://go.acme.example/h/"\nkinds = ["hold"]', r"device.toml:7: handoff.kinds: .*nobody can touch"),
        ('url = "https://go.acme.example/h/"\nkind = ["hold"]', r"unknown key 'handoff.kind'; did you mean 'kinds'"),
        ("kinds = []", r"handoff.url: is needed"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    device = '[device]\nchain = "acme"\nstore = "s001"\nid = "s001-edge"\n'
    (tmp_path / "device.toml").write_text(device + f"[handoff]\n{line}\n")
    with pytest.raises(BadConfig, match=words):
        read_store(tmp_path)
