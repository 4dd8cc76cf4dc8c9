"""A film of codes before an eye neither flickers its screen nor fills the ledger, and hides no good token."""

from __future__ import annotations

import random

import pytest

from edge.members.classify import Flags, Hint, Reason, Recognised, Rejected, hint
from edge.members.rate import REFUSED, UNPROVEN, Flood, Flooded
from edge.model import Level
from edge.sessions import notes

BAD = Rejected(Reason.SIGNATURE)
SILENT = Rejected(Reason.RATE)


def member(kind: str = "mc1") -> Recognised:
    kinds = {"mc1": "mc1", "static": "static"}
    return Recognised(kinds[kind], "r", Flags(), 0, (), Level.MEMBERS, 1e10, b"", False)  # type: ignore[arg-type]


@pytest.mark.promise("X-3")
def test_after_a_dozen_refused_codes_in_a_minute_the_screen_is_silent_until_it_is_over() -> None:
    flood = Flood()
    judged = [flood.judge("cam", BAD, float(second)) for second in range(60)]
    assert judged == [BAD] * REFUSED + [SILENT] * (60 - REFUSED)
    assert flood.judge("cam", BAD, 60.0) == BAD
    assert hint(Reason.RATE) is Hint.NONE


@pytest.mark.promise("X-3")
def test_a_good_token_passes_whatever_came_before_it() -> None:
    flood, good = Flood(), member()
    for number in range(100_000):
        flood.judge("cam", BAD if number % 2 else member("static"), number / 5000)
    assert flood.judge("cam", good, 20.0) is good


def test_a_film_of_made_up_numbers_is_silent_after_as_many_as_a_queue_shows() -> None:
    flood = Flood()
    judged = [flood.judge("cam", member("static"), number / 10) for number in range(100)]
    assert [isinstance(each, Recognised) for each in judged] == [True] * UNPROVEN + [False] * (100 - UNPROVEN)


def test_another_eye_is_not_flooded() -> None:
    flood = Flood()
    for number in range(100):
        flood.judge("door", BAD, number / 10)
    assert flood.judge("till", BAD, 10.0) == BAD


def test_codes_that_nobody_is_told_of_fill_no_bound() -> None:
    flood, foreign = Flood(), Rejected(Reason.FOREIGN)
    assert {flood.judge("cam", foreign, 1.0) for _ in range(1000)} == {foreign}
    assert flood.judge("cam", BAD, 1.0) == BAD


def test_one_entry_a_minute_says_how_many_were_passed_over() -> None:
    flood = Flood()
    for tenth in range(900):
        flood.judge("cam", BAD, tenth / 10)
    assert flood.ended(60.0) == []
    told = flood.ended(90.0)
    assert [(each.eye, each.at) for each in told] == [("cam", 90.0)]
    assert 900 - 2 * REFUSED <= told[0].count <= 900 - REFUSED
    assert flood.ended(500.0) == []


def test_the_ledgers_entry_holds_a_number_and_no_code() -> None:
    contact = notes.flooded("k1", Flooded("cam", 7, 3.0))
    assert (contact.kind, contact.touchpoint, contact.at, contact.member) == ("scan", "k1", 3.0, "")
    assert contact.data == {"outcome": "rejected", "reason": "rate", "count": 7, "eye": "cam"}


def test_no_order_of_codes_lets_more_than_the_bounds_reach_the_screen_within_a_minute() -> None:
    chance = random.Random(1)
    flood, kinds = Flood(), (BAD, member("static"))
    times = sorted(chance.uniform(0, 60) for _ in range(5_000))
    judged = [flood.judge("cam", kinds[chance.random() < 0.5], at) for at in times]
    assert sum(each != SILENT for each in judged) <= REFUSED + UNPROVEN
