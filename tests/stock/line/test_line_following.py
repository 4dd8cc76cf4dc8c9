"""What an edge does with each word about a shelf, as a table, and under every disorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ports import StockLevel
from edge.stock.line import following
from edge.stock.line.beat import Beat, Word
from edge.stock.line.following import Place, Step
from edge.stock.line.rows import Note, split

A, B = Word("aaaaaaaa", 1), Word("bbbbbbbb", 1)
HERE = Place(1, 5, "aaaaaaaa")


@pytest.mark.parametrize(
    ("place", "came", "step", "after"),
    [
        (None, Note(1, 6, 5, word=A), Step.COMPARE, None),
        (HERE, Note(2, 6, 5, word=A), Step.COMPARE, None),
        (HERE, Note(1, 6, 5, word=A), Step.TAKE, Place(1, 6, "aaaaaaaa")),
        (HERE, Note(1, 8, 3, word=A), Step.TAKE, Place(1, 8, "aaaaaaaa")),
        (HERE, Note(1, 6, 5, word=B), Step.TAKE, Place(1, 6, "bbbbbbbb")),
        (HERE, Note(1, 7, 6, word=A), Step.FETCH, HERE),
        (HERE, Note(1, 5, 4, word=A), Step.LEAVE, HERE),
        (HERE, Note(1, 3, 2, word=A), Step.LEAVE, HERE),
        (HERE, Note(1, 3, 2, word=B), Step.COMPARE, None),
        (HERE, Note(1, 6, 5, part=1, parts=2, word=A), Step.TAKE, replace(HERE, coming=6, parts=1)),
        (HERE, Note(1, 6, 5, part=2, parts=2, word=A), Step.FETCH, HERE),
        (replace(HERE, coming=6, parts=1), Note(1, 6, 5, part=2, parts=2, word=A), Step.TAKE, Place(1, 6, "aaaaaaaa")),
        (replace(HERE, coming=7, parts=1), Note(1, 6, 5, part=2, parts=2, word=A), Step.FETCH, None),
    ],
)
def test_a_note_is_taken_left_or_asked_for(place: Place | None, came: Note, step: Step, after: Place | None) -> None:
    found, then = following.note(place, came)
    assert found is step
    assert after is None or then == after


@pytest.mark.parametrize(
    ("place", "came", "step", "speaks"),
    [
        (None, Beat(1, 5, A), Step.COMPARE, False),
        (HERE, Beat(2, 5, A), Step.COMPARE, False),
        (HERE, Beat(1, 5, A), Step.LEAVE, True),
        (HERE, Beat(1, 4, A), Step.LEAVE, True),
        (HERE, Beat(1, 4, B), Step.COMPARE, False),
        (HERE, Beat(1, 5, B), Step.LEAVE, True),
        (HERE, Beat(1, 6, A), Step.FETCH, False),
    ],
)
def test_a_beat_speaks_for_who_holds_all_that_it_counts(
    place: Place | None, came: Beat, step: Step, speaks: bool
) -> None:
    found, then = following.beat(place, came)
    assert (found, following.vouched(then, came)) == (step, speaks)


@pytest.mark.promise("K-2")
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=12), st.randoms())
def test_whatever_is_lost_doubled_or_out_of_order_a_beat_never_speaks_for_rows_that_are_not_the_hubs(
    sales: Sequence[tuple[int, int]], chance: object
) -> None:
    """The hub numbers changes of five SKUs; the edge takes, and never asks; what it says it holds is what it holds."""
    random = chance
    truth: list[dict[str, int]] = [{}]
    sent: list[Note] = []
    for n, (sku, count) in enumerate(sales, 1):
        truth.append(truth[-1] | {f"S{sku}": count, f"T{sku}": count})
        levels = tuple(StockLevel(name, "ginza", count) for name in (f"S{sku}", f"T{sku}"))
        sent += split(Note(1, n, n - 1, levels, word=A), random.choice([1, 2]), 4096)  # type: ignore[attr-defined]
    arrived = [note for note in sent for _ in range(random.choice([0, 1, 1, 1, 2]))]  # type: ignore[attr-defined]
    for _ in range(random.choice([0, 1, 2])):  # type: ignore[attr-defined]
        if len(arrived) > 1:
            at = random.randrange(len(arrived) - 1)  # type: ignore[attr-defined]
            arrived[at], arrived[at + 1] = arrived[at + 1], arrived[at]
    place: Place | None = Place(1, 0, "aaaaaaaa")
    held: dict[str, int] = {}
    for note in arrived:
        step, then = following.note(place, note)
        if step is Step.TAKE:
            held |= {level.sku: level.available or 0 for level in note.levels}
            place = then
        for n in range(len(truth)):
            if following.vouched(place, Beat(1, n, A)):
                assert place is not None
                part = {
                    name for each in sent if each.n == place.coming for level in each.levels for name in [level.sku]
                }
                assert {k: v for k, v in held.items() if k not in part} == {
                    k: v for k, v in truth[place.n].items() if k not in part
                }
