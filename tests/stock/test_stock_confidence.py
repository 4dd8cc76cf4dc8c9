"""How likely something is still there, against a table of seconds and against another computation."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.stock.words.confidence import DAY_S, SURE, chance

MINUTE, HOUR, DAY = 60.0, 3600.0, 43_200.0
LASTS = {
    1: (37 * MINUTE, 4.3 * HOUR, 9.8 * HOUR, 2 * DAY),
    5: (7.4 * MINUTE, 51 * MINUTE, 2 * HOUR, 4.7 * HOUR),
    20: (1.9 * MINUTE, 13 * MINUTE, 29 * MINUTE, 71 * MINUTE),
    100: (22.0, 2.6 * MINUTE, 5.9 * MINUTE, 14 * MINUTE),
}
"""For how long 1, 2, 3 and 5 are there with 95 %, by sales a day (a day there is 12 h of selling)."""
TABLE = [(sold, left, lasts) for sold, row in LASTS.items() for left, lasts in zip((1, 2, 3, 5), row, strict=True)]
MEANS = (1e-9, 0.01, 0.5, 1.0, 3.0, 10.0, 99.5, 1000.3, 9999.0)
NEAR = (-30.0, -3.0, -1.0, 0.0, 0.4, 1.0, 3.0, 30.0)


def exactly(available: int, mean: float) -> float:
    """The sum of the probabilities of 0 to ``available`` - 1, in 60 digits."""
    with localcontext(prec=60):
        term = total = (-Decimal(mean)).exp()
        for sold in range(1, available):
            term *= Decimal(mean) / sold
            total += term
        return float(total)


@pytest.mark.parametrize(("sold", "left", "lasts"), TABLE)
def test_95_per_cent_last_as_long_as_the_reference_says(sold: float, left: int, lasts: float) -> None:
    assert chance(left, sold, lasts * 0.95) > SURE > chance(left, sold, lasts * 1.06)


@pytest.mark.parametrize(("mean", "spread"), list(product(MEANS, NEAR)))
def test_a_chance_is_what_another_computation_says(mean: float, spread: float) -> None:
    available = max(1, round(mean + spread * math.sqrt(mean)))
    assert chance(available, mean * DAY_S, 1.0) == pytest.approx(exactly(available, mean), abs=1e-9)


@pytest.mark.parametrize("spread", NEAR)
def test_a_large_mean_goes_on_where_the_sum_ends(spread: float) -> None:
    below, above = 9_999.9, 10_000.1
    available = round(10_000 + spread * 100)
    assert chance(available, below * DAY_S, 1) == pytest.approx(chance(available, above * DAY_S, 1), abs=1e-3)


@pytest.mark.parametrize(("rate", "seconds"), [(math.nan, 1.0), (-1.0, 1.0), (1.0, math.nan), (1.0, -1.0)])
def test_no_chance_comes_of_what_is_no_rate_or_no_age(rate: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="numbers from 0"):
        chance(3, rate, seconds)


@given(
    st.integers(-5, 10**18) | st.integers(10**300, 10**400),
    st.floats(0, allow_nan=False),
    st.floats(0, allow_nan=False),
)
def test_whatever_is_asked_a_chance_is_from_0_to_1(available: int, rate: float, seconds: float) -> None:
    assert 0.0 <= chance(available, rate, seconds) <= 1.0
    assert available > 0 or chance(available, rate, seconds) == 0.0


@given(st.integers(1, 50), st.floats(0, 500), st.floats(0, 900), st.floats(0, 900))
def test_a_chance_never_grows_with_age_and_never_falls_with_the_figure(
    left: int, rate: float, seconds: float, more: float
) -> None:
    assert chance(left, rate, seconds) >= chance(left, rate, seconds + more) - 1e-12
    assert chance(left + 1, rate, seconds) >= chance(left, rate, seconds) - 1e-12


def test_what_does_not_sell_is_still_there() -> None:
    assert (chance(1, 0.0, 900.0), chance(1, 50.0, 0.0), chance(0, 0.0, 0.0)) == (1.0, 1.0, 0.0)
