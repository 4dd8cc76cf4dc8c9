"""The delay after wrong passwords, by the thousand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.throttle import LONGEST_S, MOST, Throttle, delay, source

OWNER = (("account", "taro"), ("source", "10.0.0.9"))


@pytest.mark.promise("X-4")
def test_a_thousand_tries_a_minute_for_ten_minutes_are_few() -> None:
    throttle = Throttle()
    tried = [throttle.attempt(OWNER, n * 0.06) for n in range(10_000)].count(0.0)
    assert tried <= 16


def test_an_account_is_slow_also_for_many_sources_but_never_locked_for_long() -> None:
    throttle = Throttle()
    waits = [throttle.attempt((("account", "taro"), ("source", f"10.0.{n}.1")), 0.0) for n in range(9)]
    assert waits[:5] == [0.0] * 5
    assert all(0 < wait <= 60 for wait in waits[5:])


def test_a_right_password_frees_the_account_and_gives_the_source_no_free_tries() -> None:
    throttle = Throttle()
    mine = (("account", "mine"), OWNER[1])
    for n in range(4):
        assert throttle.attempt((("account", f"a{n}"), OWNER[1]), 0.0) == 0
    assert throttle.attempt(mine, 0.0) == 0
    throttle.forgive(*mine)
    assert throttle.attempt(OWNER, 0.0) == 0
    assert throttle.attempt(OWNER, 0.0) == 1


@pytest.mark.parametrize(
    ("address", "kind"), [("127.0.0.1", "local"), ("::1", "local"), ("192.168.1.9", "source"), ("", "source")]
)
def test_everybody_behind_a_proxy_waits_a_minute_at_most(address: str, kind: str) -> None:
    throttle = Throttle()
    assert source(address) == (kind, address)
    for n in range(40):
        assert throttle.attempt((("account", str(n)), source(address)), n * 1000.0) == 0
    wait = throttle.attempt((("account", "one more"), source(address)), 39_000.0)
    assert wait == LONGEST_S[kind]


def test_an_hour_of_quiet_is_forgiven() -> None:
    throttle = Throttle()
    for n in range(20):
        throttle.attempt(OWNER, n * 1000.0)
    assert throttle.attempt(OWNER, 30_000.0) == 0


def test_what_is_remembered_is_bounded() -> None:
    throttle = Throttle()
    for n in range(2 * MOST):
        throttle.attempt((("account", str(n)), ("source", str(n))), 0.0)
    assert len(throttle._counts) <= MOST


@given(st.integers(0, 10_000), st.floats(1, 900))
def test_a_delay_only_grows_and_is_bounded(attempts: int, longest: float) -> None:
    assert 0 <= delay(attempts, longest) <= delay(attempts + 1, longest) <= longest
