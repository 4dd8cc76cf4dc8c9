"""A member's phone: codes that change, codes that cheat."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.demo.people import people
from edge.demo.phone import VARIANTS, Phones, as_svg, symbol
from edge.demo.seed import goods
from edge.members.keyset import Key, KeySet, kid_of
from edge.members.mc1 import verify
from edge.members.reasons import Refused
from edge.stock.gtin import product

NOW = 1_790_000_000.0


def chain() -> tuple[Phones, KeySet]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    keys: Mapping[bytes, Key] = {kid_of(public): Key(kid_of(public), public, 0, 2**32 - 1)}
    return Phones(key, b"secret", people()), KeySet("tentou", 1, 0, 2**32 - 1, keys)


def test_a_fresh_code_is_accepted_until_it_is_redrawn_and_a_little_longer() -> None:
    phones, keyset = chain()
    code = phones.shown("1001", "fresh", NOW)
    for later in (0, 29, 59):
        assert verify(code.text, keyset, NOW + later).claims.flags == people()["1001"].bits
    assert phones.shown("1001", "fresh", NOW + 29) == code
    assert phones.shown("1001", "fresh", NOW + 30) != code


@pytest.mark.parametrize(
    ("variant", "reason"), [("expired", "expired"), ("forged", "signature"), ("other", "unknown_key")]
)
def test_a_bad_code_is_bad_for_the_reason_on_its_button(variant: str, reason: str) -> None:
    phones, keyset = chain()
    with pytest.raises(Refused) as refused:
        verify(phones.shown("1003", variant, NOW).text, keyset, NOW)
    assert refused.value.reason == reason


def test_a_frozen_code_is_the_one_that_was_held_up_before() -> None:
    phones, _ = chain()
    held = phones.present("1001", "fresh", NOW)
    assert phones.present("1001", "frozen", NOW + 40).text == held.text
    assert phones.present("1001", "frozen", NOW + 100).text == held.text
    phones.present("1001", "fresh", NOW + 101)
    assert phones.present("1001", "frozen", NOW + 102).text != held.text


@pytest.mark.parametrize("member", sorted(people()))
def test_a_products_bars_and_its_shelf_label_name_one_product_of_the_shop(member: str) -> None:
    phones, _ = chain()
    shown = [phones.shown(member, variant, NOW) for variant in ("jan", "link")]
    (gtin,) = {product(code.text, code.symbology) for code in shown}
    assert gtin in {good.gtin.zfill(14) for good in goods()}
    payment = phones.shown(member, "payment", NOW)
    assert product(payment.text, payment.symbology) is None


def test_a_phone_held_up_again_shows_a_code_never_shown_before() -> None:
    phones, _ = chain()
    texts = {phones.present("1002", "fresh", NOW + later).text for later in range(5)}
    assert len(texts) == 5


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_code_is_a_qr_or_an_ean_13_and_never_in_a_repr(variant: str) -> None:
    code = chain()[0].shown("1006", variant, NOW)
    sizes = {"static": (1, 95), "jan": (1, 95), "link": (33, 33), "payment": (29, 29)}
    assert symbol(code).shape == sizes.get(variant, (41, 41))
    assert code.text not in repr(code)
    assert as_svg(symbol(code)).startswith("<svg")
