"""What of a profile may be used now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from edge.members.profiles import current, filled, usable
from edge.model import BLOCKS, Coupon, Profile

HANA = Profile(
    "AAECAwQFBgcI",
    tier="gold",
    segments=frozenset({"linen"}),
    nickname="はな",
    language="ja",
    favourites=("LN-1",),
    coupons=(Coupon("c", {"ja": "夏"}),),
    tier_label="ゴールド",
    have=frozenset(BLOCKS),
    as_of=dict.fromkeys(BLOCKS, 1000.0),
    ttl_s=90,
)


def test_a_young_profile_is_whole() -> None:
    assert current(HANA, 1090) == HANA


def test_a_block_that_is_too_old_is_left_out_alone() -> None:
    mixed = replace(HANA, as_of={**HANA.as_of, "coupons": 900.0, "greet": 900.0})
    left = current(mixed, 1000)
    assert left == replace(HANA, coupons=(), nickname="", language="")
    assert left is not None
    assert left.as_of.keys() == {"tier", "segments", "favourites"}


@pytest.mark.parametrize(("now", "held"), [(1091, 0), (0, 91)], ids=["by the clock", "by how long we have it"])
def test_when_all_is_too_old_nothing_is_left(now: float, held: float) -> None:
    assert current(HANA, now, held) is None


def test_a_block_that_failed_is_filled_from_what_was_kept_with_its_age() -> None:
    fresh = Profile(HANA.ref, tier="silver", have=frozenset({"tier", "coupons"}), as_of={"tier": 2000.0})
    whole = filled(fresh, HANA)
    assert (whole.tier, whole.coupons, whole.favourites) == ("silver", HANA.coupons, ())
    assert whole.as_of == {"tier": 2000.0, "coupons": 1000.0}


@pytest.mark.parametrize("kept", [None, Profile(HANA.ref)])
def test_nothing_is_filled_from_nothing(kept: Profile | None) -> None:
    fresh = Profile(HANA.ref, have=frozenset({"tier"}))
    assert filled(fresh, kept) is fresh


def test_who_took_their_consent_back_is_filled_with_nothing() -> None:
    fresh = Profile(HANA.ref, language="ja", as_of={"greet": 2000.0})
    assert filled(fresh, HANA) is fresh


@pytest.mark.parametrize(
    ("coupon", "counts"),
    [
        (Coupon("c", {}), True),
        (Coupon("c", {}, first=date(2026, 11, 22), last=date(2026, 11, 22)), True),
        (Coupon("c", {}, first=date(2026, 11, 23)), False),
        (Coupon("c", {}, last=date(2026, 11, 21)), False),
        (Coupon("c", {}, stores=frozenset({"s002", "s001"})), True),
        (Coupon("c", {}, stores=frozenset({"s002"})), False),
        (Coupon("c", {}, stores=frozenset()), False),
    ],
)
def test_a_coupon_counts_on_its_days_in_its_stores(coupon: Coupon, counts: bool) -> None:
    left = usable(replace(HANA, coupons=(coupon,)), "s001", date(2026, 11, 22))
    assert left.coupons == ((coupon,) if counts else ())


def test_no_repr_names_a_member() -> None:
    assert not any(name in repr(HANA) for name in ("AAECAwQFBgcI", "はな", "LN-1", "夏"))
