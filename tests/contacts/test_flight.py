"""What is sent when: the window, holes, probes and pauses, as pure steps with the time as an argument."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts.line.dial import Confirms, Pace, redial_pause
from edge.contacts.line.doubts import BATCH, TRIES, Doubts
from edge.contacts.line.flight import Flight, Verdict, verdict_of

PACE = Pace()


def flight(cursor: int = 0, limit: int = 20, confirms: Confirms = Confirms.INBOX) -> Flight:
    return Flight(cursor, limit, PACE, confirms, 0.0)


def send(f: Flight, upto: int, now: float = 0.0) -> None:
    """Hand out and land, one after the other, as far as there is room."""
    while f.cursor < upto and f.room(now):
        f.depart(f.cursor + 1, f.cursor + 1, now)
        f.land(f.cursor, 0x00, now)


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (0x00, Verdict.TAKEN),
        (0x10, Verdict.NOBODY),
        (0x80, Verdict.BUSY),
        (0x83, Verdict.BUSY),
        (0x97, Verdict.BUSY),
        (0x87, Verdict.REFUSED),
        (0x90, Verdict.REFUSED),
        (0x99, Verdict.MALFORMED),
        (0x95, Verdict.TOO_LARGE),
        (0x42, Verdict.BUSY),
    ],
)
def test_each_reason_has_its_verdict_and_an_unknown_one_loses_nothing(reason: int, verdict: Verdict) -> None:
    assert verdict_of(reason) is verdict


def test_no_more_than_the_window_is_without_its_puback() -> None:
    f = flight(limit=3)
    for seq in (1, 2, 3):
        f.depart(seq, seq, 0.0)
    assert f.room(0.0) == 0
    f.land(1, 0x00, 0.0)
    assert f.room(0.0) == 1


def test_no_more_than_so_many_are_sent_ahead_of_the_inbox() -> None:
    f = flight()
    send(f, 10_000)
    assert f.cursor == PACE.ahead
    f.confirm(500, 500, 1.0)
    assert f.room(1.0) == 20


def test_a_hole_is_sent_again_once_and_only_after_what_is_out_has_landed() -> None:
    f = flight()
    send(f, 10)
    f.depart(11, 11, 0.0)
    f.confirm(4, 10, 1.0)
    assert (f.cursor, f.room(1.0)) == (4, 0)
    f.land(11, 0x00, 1.0)
    assert f.room(1.0) == 20
    send(f, 11, 1.0)
    f.confirm(4, 10, 1.5)
    assert f.cursor == 11


def test_a_hole_that_a_gap_accounts_for_is_not_sent_again() -> None:
    f = flight()
    for seq in (1, 2, 4, 5):  # 3 was set aside
        f.depart(seq, seq, 0.0)
        f.land(seq, 0x00, 0.0)
    f.confirm(2, 5, 1.0)
    assert f.cursor == 5


def test_without_a_word_from_the_inbox_one_event_is_tried_again_with_growing_pauses() -> None:
    f, now = flight(), 0.0
    times: list[float] = []
    send(f, 50)
    while len(times) < 6:
        now = f.wake_at(now)
        if f.probe(now):
            times.append(now)
            assert f.room(now) == 1
            send(f, 50, now)
    assert [round(b - a) for a, b in zip([0.0, *times], times, strict=False)] == [5, 10, 20, 40, 60, 60]


def test_an_answered_probe_opens_the_gate_by_doubling() -> None:
    f, now = flight(), 5.0
    rounds: list[int] = []
    send(f, 1_000)
    assert f.probe(now)
    while not math.isinf(f.budget):
        send(f, 1_000, now)
        rounds.append(len(f.sent))
        f.confirm(f.cursor, f.cursor, now)
    assert rounds == [1, 2, 4, 8, 16, 32, 64, 128]


def test_a_probe_that_arrived_is_an_answer_even_while_the_watermark_waits_for_a_gap() -> None:
    f = flight()
    for seq in (1, 4, 5):  # 2 and 3 overflowed; their gap is 5
        f.depart(seq, seq, 0.0)
        f.land(seq, 0x00, 0.0)
    f.confirm(1, 1, 0.0)
    assert f.probe(5.0)
    f.depart(4, 4, 5.0)
    f.land(4, 0x00, 5.0)
    assert f.room(5.0) == 0
    f.confirm(1, 4, 5.0)
    assert f.room(5.0) == 2


@pytest.mark.promise("L-2")
def test_when_nobody_listens_all_is_held_and_one_is_tried() -> None:
    f = flight()
    for seq in (1, 2, 3):
        f.depart(seq, seq, 0.0)
    for seq in (1, 2, 3):
        assert f.land(seq, 0x10, 0.0) is Verdict.NOBODY
    assert (f.cursor, f.room(100.0)) == (0, 0)
    assert f.wake_at(0.0) == 5.0
    assert f.probe(5.0)
    assert f.room(5.0) == 1
    f.depart(1, 1, 5.0)
    f.land(1, 0x00, 5.0)
    assert f.room(5.0) == 20


def test_a_burst_of_refusals_for_a_full_quota_halves_the_window_once_and_pauses() -> None:
    f = flight()
    for seq in range(1, 21):
        f.depart(seq, seq, 0.0)
    for seq in range(1, 21):
        f.land(seq, 0x97, 0.0)
    assert (int(f.window), f.cursor, f.room(0.5)) == (10, 0, 0)
    assert f.room(f.wake_at(0.5)) == 10
    for now in range(1, 200):
        send(f, f.cursor + 1, float(now))
    assert int(f.window) == 20


def test_a_far_side_that_answers_nothing_is_noticed_by_the_monotonic_clock() -> None:
    f = flight()
    f.depart(1, 1, 3.0)
    assert not f.stalled(22.9)
    assert f.stalled(23.1)
    assert f.wake_at(3.0) == 23.0


def test_in_puback_mode_only_what_lies_below_every_open_one_is_confirmed() -> None:
    f = flight(confirms=Confirms.PUBACK)
    for seq in (1, 2, 3):
        f.depart(seq, seq, 0.0)
    f.land(3, 0x00, 0.0)
    assert f.landed_upto() == 0
    f.land(1, 0x00, 0.0)
    assert f.landed_upto() == 1
    f.land(2, 0x10, 0.0)
    assert f.landed_upto() == 1


@given(st.lists(st.tuples(st.sampled_from("sapnt"), st.integers(0, 60)), max_size=80))
def test_whatever_happens_the_cursor_stays_above_the_watermark_and_the_window_holds(steps: list[Any]) -> None:
    f, now = flight(limit=4), 0.0
    for what, number in steps:
        now += number / 10
        f.probe(now)
        if what == "s" and f.room(now):
            f.depart(f.cursor + 1, f.cursor + 1, now)
        elif what == "a":
            f.confirm(min(number, f.cursor), max(number, f.cursor), now)
        elif f.aloft:
            f.land(next(iter(f.aloft)), {"p": 0x00, "n": 0x10, "t": 0x97}.get(what, 0x87), now)
        assert f.cursor >= f.acked
        assert len(f.aloft) <= 4
        assert list(f.sent) == sorted(f.sent)
        assert all(f.acked < last <= f.cursor for _, last in f.sent)


@pytest.mark.promise("L-8")
def test_a_topic_that_is_refused_five_times_is_given_up_for_its_kind() -> None:
    doubts = Doubts()
    assert [doubts.answered((1, 1), "scan", Verdict.REFUSED) for _ in range(TRIES)] == ["", "", "", "", "refused topic"]
    assert doubts.answered((2, 2), "scan", Verdict.REFUSED) == "refused topic"
    assert doubts.answered((3, 3), "play", Verdict.REFUSED) == ""
    assert doubts.answered((4, 4), "scan", Verdict.TAKEN) == ""
    assert doubts.answered((5, 5), "scan", Verdict.REFUSED) == ""


def test_a_payload_is_refused_by_itself_alone() -> None:
    doubts = Doubts()
    for _ in range(TRIES - 1):
        assert doubts.answered((1, 1), "scan", Verdict.MALFORMED) == ""
    assert doubts.answered((2, 2), "scan", Verdict.MALFORMED) == ""
    assert doubts.answered((1, 1), "scan", Verdict.MALFORMED) == "refused payload"


@pytest.mark.promise("L-8")
def test_an_event_that_ends_every_connection_is_found_by_sending_one_at_a_time() -> None:
    doubts = Doubts()
    assert [doubts.lost({5: 5, 6: 6, 7: 7}) for _ in range(2)] == [None, None]
    assert doubts.careful
    assert [doubts.lost({6: 6}) for _ in range(TRIES)] == [None, None, None, None, 6]


def test_connections_that_end_with_nothing_in_flight_make_nobody_suspect() -> None:
    doubts = Doubts()
    for _ in range(100):
        assert doubts.lost({}) is None
    assert not doubts.careful


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_redial_waits_anything_from_nothing_to_a_minute(attempt: int, chance: float) -> None:
    assert 0 <= redial_pause(attempt, PACE, chance) <= 60
    assert redial_pause(0, PACE, 1.0) == 1


def test_a_line_that_ends_by_itself_clears_the_event_that_was_on_it() -> None:
    doubts = Doubts()
    for _ in range(3 * TRIES):
        assert doubts.lost({6: 6}, 0.5) is None
        assert doubts.lost({7: 7}, 0.5) is None
        assert (doubts.careful, doubts.patience) == (True, 1.5)
        assert doubts.lost({}) is None  # in the silence before the next event
    assert not doubts.careful


@pytest.mark.promise("L-8")
def test_a_batch_that_is_refused_is_halved_until_its_poison_is_alone() -> None:
    doubts, first, sizes = Doubts(), 1, []
    while first <= 40:
        size = doubts.batch_at(first, 50)
        sizes.append(size)
        last = min(first + size - 1, 100)
        if size == 1:
            first += 1
        elif first <= 33 <= last:
            assert doubts.answered((first, last), BATCH, Verdict.MALFORMED) == ""
        else:
            first = last + 1
    assert sizes[:7] == [50, 25, 25, 12, 6, 6, 3]
    assert doubts.batch_at(51, 50) == 50


def test_numbers_that_are_missing_in_a_batch_do_not_keep_it_from_being_halved() -> None:
    doubts = Doubts()
    for _ in range(12):
        doubts.answered((10, 1_000), BATCH, Verdict.TOO_LARGE)
    assert doubts.batch_at(10, 50) == 1


def test_a_refused_kind_is_given_up_for_some_minutes_and_a_gap_never_is() -> None:
    doubts = Doubts()
    for kind in ("play", "gap"):
        for _ in range(TRIES):
            doubts.answered((1, 1), kind, Verdict.REFUSED, 100.0)
    assert [doubts.given_up("play", now) for now in (100.0, 699.0, 701.0)] == [True, True, False]
    assert not doubts.given_up("gap", 100.0)


def test_a_gap_goes_by_the_topic_of_another_kind_only_after_its_own_was_refused_often() -> None:
    doubts = Doubts()
    doubts.answered((1, 1), "scan", Verdict.TAKEN)
    assert doubts.detour("gap") == "gap"
    for _ in range(TRIES):
        doubts.answered((2, 2), "gap", Verdict.REFUSED)
    assert (doubts.detour("gap"), doubts.detour("play")) == ("scan", "play")
    doubts.answered((2, 2), "gap", Verdict.TAKEN)
    assert doubts.detour("gap") == "scan"


def test_what_went_well_may_go_further_ahead_and_a_hole_halves_it() -> None:
    f = flight()
    send(f, 10_000)
    f.confirm(PACE.ahead, PACE.ahead, 1.0)
    assert f.ahead == 3 * PACE.ahead
    send(f, 10_000, 1.0)
    f.confirm(PACE.ahead, 10_000, 2.0)
    assert f.ahead == 1.5 * PACE.ahead


def test_a_probe_whose_event_is_set_aside_does_not_end_the_sending() -> None:
    f = flight()
    send(f, 3)
    assert f.probe(5.0)
    f.depart(1, 1, 5.0)
    f.land(1, 0x95, 5.0)
    assert f.room(5.0) == 1


def test_a_gap_that_holds_the_watermark_up_is_fetched_before_its_turn_once_nothing_else_may_go() -> None:
    f = flight()
    f.confirm(1, 1, 0.0)
    f.cursor = 2  # number 2 is nobody's to send
    assert not f.held_up()
    send(f, 10_000)
    assert f.held_up()
    f.fetched(9_000, 1, 0.0)
    assert f.room(0.0) == 0
    assert not f.held_up()
    f.land(9_000, 0x00, 0.0)
    f.confirm(2_002, 9_000, 0.5)
    assert f.cursor == 2_002
    assert f.room(0.5) > 0


def test_a_watermark_that_moves_while_its_gap_is_looked_for_is_held_up_at_the_next_one_at_once() -> None:
    f = flight()
    f.cursor = 10  # the numbers up to 10 are nobody's to send; two gaps account for them
    send(f, 10_000)
    f.confirm(5, 5, 0.0)
    f.fetched(0, 0, 0.0)
    assert f.held_up()
    f.fetched(0, 5, 0.0)
    assert not f.held_up()


def test_a_probe_fetches_the_gap_that_holds_the_watermark_up_again() -> None:
    f = flight()
    f.cursor = 1
    send(f, 10_000)
    f.fetched(9_000, 0, 0.0)
    f.land(9_000, 0x00, 0.0)
    assert not f.held_up()
    assert f.probe(PACE.probe)
    f.cursor, f.budget = 1, math.inf  # the doubling after answered probes has come that far
    send(f, 10_000, PACE.probe)
    assert f.held_up()


def test_in_puback_mode_no_gap_is_fetched() -> None:
    f = flight(confirms=Confirms.PUBACK)
    f.cursor = 1
    send(f, 10_000)
    assert not f.held_up()
