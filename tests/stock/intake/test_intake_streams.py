"""Numbered pushes: what comes twice, late and out of order, and when nothing is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.stock.intake.streams import MOST_AHEAD, Stream, compared, heard

SOUND = Stream("a", 5, sound=True)


def test_a_stream_vouches_once_everything_was_read_since_it_began() -> None:
    begun = heard(Stream(), "a", 7)
    assert not begun.vouches
    assert compared(begun, begun).vouches


def test_what_came_before_a_stream_began_is_not_what_was_read_since() -> None:
    begun = heard(Stream(), "a", 7)
    assert not compared(begun, Stream()).vouches


def test_a_hole_ends_the_vouching_until_it_is_filled() -> None:
    holed = heard(SOUND, "a", 7)
    assert not holed.vouches
    assert heard(holed, "a", 6) == Stream("a", 7, sound=True)


def test_a_hole_is_healed_by_a_reading_that_began_after_it_was_noticed() -> None:
    holed = heard(SOUND, "a", 8)
    assert compared(holed, holed) == Stream("a", 8, sound=True)
    assert not compared(holed, SOUND).vouches


def test_a_sender_that_begins_anew_is_a_stream_of_which_nothing_is_known() -> None:
    assert not heard(SOUND, "b", 1).vouches


def test_too_many_behind_a_hole_are_given_up() -> None:
    stream = SOUND
    for seq in range(7, 7 + MOST_AHEAD + 1):
        stream = heard(stream, "a", seq)
    assert stream == Stream("a", 7 + MOST_AHEAD)


@given(st.permutations(range(6, 18)), st.lists(st.integers(1, 17), max_size=10))
def test_any_order_and_any_repeats_end_alike(order: list[int], twice: list[int]) -> None:
    stream = SOUND
    for seq in [*order, *twice]:
        stream = heard(stream, "a", seq)
    assert stream == Stream("a", 17, sound=True)


@given(st.permutations(range(6, 18)), st.integers(6, 16))
def test_a_missing_one_is_never_vouched_over(order: list[int], lost: int) -> None:
    stream = SOUND
    for seq in order:
        if seq != lost:
            stream = heard(stream, "a", seq)
    assert not stream.vouches
