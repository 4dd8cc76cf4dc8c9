"""How fast a backlog goes, and head office's word on it: pure, with the time as an argument."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts.line.bucket import Bucket
from edge.contacts.line.dial import Pace, redial_pause, spread
from edge.contacts.line.policy import BadPolicy, Policy, read_policy
from edge.contacts.line.standing import Standing


def passed(bucket: Bucket, seconds: float) -> int:
    """How many messages go in so long, each as soon as it may."""
    count, now = 0, 0.0
    while (at := bucket.ready_at(now)) <= seconds:
        now = at
        bucket.take(now)
        count += 1
    return count


@given(st.floats(0.1, 50.0), st.floats(0.0, 20.0))
def test_no_more_goes_than_the_rate_and_one_seconds_worth(rate: float, seconds: float) -> None:
    count = passed(Bucket(rate, 0.0), seconds)
    assert count <= max(1.0, rate) + rate * seconds + 1
    assert count >= rate * seconds - 1


def test_a_rate_of_nothing_lets_all_pass() -> None:
    bucket = Bucket(0.0, 0.0)
    for _ in range(1_000):
        assert bucket.ready_at(7.0) == 7.0
        bucket.take(7.0)


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket(1.0, 100.0)
    bucket.take(100.0)
    assert bucket.ready_at(50.0) > 50.0


def test_a_new_rate_counts_at_once() -> None:
    bucket = Bucket(1.0, 0.0)
    bucket.take(0.0)
    bucket.set_rate(10.0, 0.0)
    assert bucket.ready_at(0.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("payload", "policy"),
    [
        (b"", Policy()),
        (b"{}", Policy()),
        (b'{"drain_eps": 2, "connect_spread_s": 60, "else": [1]}', Policy(2.0, 60.0)),
        (b'{"drain_eps": null, "connect_spread_s": 0.5}', Policy(None, 0.5)),
    ],
)
def test_a_policy_says_what_it_says_and_leaves_the_rest_open(payload: bytes, policy: Policy) -> None:
    assert read_policy(payload) == policy


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"no",
        b"[" * 4_000,
        b'{"drain_eps": -1}',
        b'{"drain_eps": 1e300}',
        b'{"drain_eps": NaN}',
        b'{"drain_eps": Infinity}',
        b'{"drain_eps": "5"}',
        b'{"drain_eps": true}',
        b'{"connect_spread_s": 1e9}',
        json.dumps({"x": "y" * 5_000}).encode(),
    ],
)
def test_what_is_no_policy_changes_nothing(payload: bytes) -> None:
    with pytest.raises(BadPolicy):
        read_policy(payload)


def test_after_a_long_outage_alone_a_backlog_starts_somewhere_within_the_spread() -> None:
    pace = Pace()
    short, long = Standing(pace, 0.0), Standing(pace, 0.0)
    short.lost_at = long.lost_at = 0.0
    short.opened(pace.outage - 1)
    assert short.backlog_at(pace.outage - 1) == pace.outage - 1
    starts = []
    for _ in range(50):
        long.opened(pace.outage + 1)
        starts.append(long.backlog_at(pace.outage + 1) - pace.outage - 1)
    assert all(0 <= start <= pace.spread for start in starts)
    assert len(set(starts)) > 40
    long.heard(Policy(connect_spread_s=0.0), 0.0)
    assert long.backlog_at(pace.outage + 1) == pace.outage + 1


def test_the_policys_rate_wins_while_it_is_set() -> None:
    standing = Standing(Pace(drain=5.0), 0.0)
    standing.heard(Policy(drain_eps=0.5), 0.0)
    assert standing.bucket.rate == 0.5
    standing.heard(Policy(), 0.0)
    assert standing.bucket.rate == 5.0


def test_head_office_spreads_the_first_attempt_too_and_never_hastens_one() -> None:
    assert spread(Pace(), None) == Pace()
    assert redial_pause(0, spread(Pace(), 1_800.0), chance=0.5) == 900.0
    assert redial_pause(9, spread(Pace(), 1_800.0), chance=1.0) == 1_800.0
    assert redial_pause(9, spread(Pace(), 0.0), chance=1.0) == redial_pause(9, Pace(), chance=1.0)
