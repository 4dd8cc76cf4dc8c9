"""Whether asking for changes finds what comparisons find: two questions in a row must miss a change."""

from __future__ import annotations

from edge.stock.intake.witness import Witness

A, B = ("A", "ginza"), ("B", "ginza")


def test_a_change_that_two_questions_after_it_do_not_tell_is_missed() -> None:
    witness = Witness(0.0)
    witness.differed([A], 10.0)
    assert [witness.asked(at) for at in (11.0, 16.0, 21.0)] == [0, 1, 0]


def test_a_question_that_was_on_its_way_need_not_know_it() -> None:
    witness = Witness(0.0)
    witness.differed([A], 10.0)
    assert [witness.asked(at) for at in (8.0, 9.9, 11.0)] == [0, 0, 0]


def test_a_change_that_is_told_is_not_missed_and_clears_no_other() -> None:
    witness = Witness(0.0)
    witness.differed([A, B], 10.0)
    witness.told({A})
    assert [witness.asked(at) for at in (11.0, 16.0)] == [0, 1]


def test_a_system_that_lags_behind_itself_is_given_so_long() -> None:
    witness = Witness(10.0)
    witness.differed([A], 10.0)
    assert [witness.asked(at) for at in (11.0, 16.0, 21.0, 26.0)] == [0, 0, 0, 1]


def test_what_is_told_while_a_comparison_crosses_it_is_not_missed_and_after_it_counts() -> None:
    witness = Witness(0.0)
    witness.begin()
    witness.told({A})
    witness.differed([A, B], 10.0)
    assert [witness.asked(at) for at in (11.0, 16.0)] == [0, 1]
    witness.end()
    witness.begin()
    witness.differed([A], 20.0)
    assert [witness.asked(at) for at in (21.0, 26.0)] == [0, 1]


def test_what_need_not_be_told_is_forgotten() -> None:
    witness = Witness(0.0)
    witness.differed([A], 10.0)
    witness.forget()
    assert [witness.asked(at) for at in (11.0, 16.0)] == [0, 0]
