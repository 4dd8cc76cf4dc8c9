"""The messages of the stock wire: what is written is what is read, within bounds, and clocks that are not ours."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ports import STATUSES, StockItem, StockLevel
from edge.stock.line import beat, rows, topics
from edge.stock.line.beat import Beat, HubClock, Word
from edge.stock.line.rows import Note

SKUS = st.text(st.sampled_from(string.ascii_letters + string.digits + "-#あ亜 "), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
COUNTS = st.integers(0, 9_999_999)
LEVELS = st.builds(
    StockLevel,
    SKUS,
    st.just("ginza"),
    st.none() | st.integers(-9, 9_999_999),
    st.none() | COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    st.sampled_from(("", *STATUSES)),
    COUNTS,
    st.sampled_from(("", "2026-12-01")),
    st.none() | st.floats(0, 1000),
)
ITEMS = st.builds(StockItem, SKUS, st.sampled_from(("", "04912345678904")), SKUS, SKUS, SKUS, SKUS, st.none() | COUNTS)
WORDS = st.builds(Word, st.just("5a5a5a5a"), st.integers(0, 10**12), st.none() | st.integers(0, 10**9))
DIGESTS, FLAGS = st.none() | st.integers(0, 2**53), st.booleans()
BEATS = st.builds(Beat, st.integers(1, 2**53), COUNTS, WORDS, DIGESTS, COUNTS, FLAGS, FLAGS)


@st.composite
def notes(draw: st.DrawFn) -> Note:
    levels = draw(st.lists(LEVELS, unique_by=lambda level: level.sku, max_size=12))
    known = {level.sku for level in levels}
    gone = draw(st.lists(SKUS.filter(lambda sku: sku not in known), unique=True, max_size=4))
    items = draw(st.lists(ITEMS, unique_by=lambda item: item.sku, max_size=4))
    n = draw(st.integers(1, 10**6))
    return Note(7, n, n - 1, tuple(levels), tuple(gone), tuple(items), word=draw(WORDS))


@settings(max_examples=60)
@given(notes())
def test_a_note_is_read_as_it_was_written(note: Note) -> None:
    read = rows.parse(rows.write(note), "ginza")
    assert (read, read.word) == (note, note.word)


@settings(max_examples=60)
@given(notes(), st.integers(1, 5), st.integers(300, 2000))
def test_a_split_note_says_the_same_in_parts_within_the_bounds(note: Note, most: int, size: int) -> None:
    parts = rows.split(note, most, size)
    assert [each.part for each in parts] == list(range(1, len(parts) + 1))
    assert {each.parts for each in parts} == {len(parts)}
    assert all(len(each.levels) + len(each.gone) + len(each.items) <= most for each in parts)
    joined = [tuple(row for each in parts for row in getattr(each, name)) for name in ("levels", "gone", "items")]
    assert joined == [note.levels, note.gone, note.items]


@given(BEATS)
def test_a_beat_is_read_as_it_was_written_and_fits_into_a_header(told: Beat) -> None:
    text = beat.write(told)
    assert beat.parse(text.encode()) == told
    assert text.isascii()
    assert len(text) <= beat.MOST_BYTES


def test_parts_stay_below_the_bytes_that_a_broker_takes() -> None:
    long = tuple(StockLevel(f"{number:0128}", "ginza", number) for number in range(500))
    parts = rows.split(Note(1, 2, 1, long, word=Word("5a5a5a5a", 1, 1)), 500, 4096)
    assert max(len(rows.write(part)) for part in parts) <= 4096


@pytest.mark.promise("K-1")
@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 600), st.floats(0, 5), st.floats(-1e-4, 1e-4))
def test_an_age_is_never_below_the_true_one_whatever_the_way_took_and_however_the_clocks_part(
    way_there: float, way: float, later: float, old: float, drift: float
) -> None:
    """The hub's clock is 5,000 s ahead and runs faster or slower by 1e-4; asked at 100 of ours, it answers with it."""

    def hubs(ours: float) -> int:
        return int((5_000 + ours * (1 + drift)) * 1000)

    clock = HubClock("5a5a5a5a", hubs(100 + way_there), 100)
    said = 100 + way_there + later
    age = clock.age(Word("5a5a5a5a", hubs(said), int(old * 1000) + 1), said + way)
    assert age is not None
    assert age >= old + way - 0.002


def test_of_two_readings_of_a_clock_the_tighter_counts_and_one_of_a_new_start_always() -> None:
    slow, quick = HubClock("aaaaaaaa", 10_000, 5.0), HubClock("aaaaaaaa", 12_000, 8.0)
    assert quick.closer(slow) is quick
    assert replace(slow, local_s=8.0, at_ms=14_000).closer(quick) is quick
    assert HubClock("bbbbbbbb", 0, 9.0).closer(quick).boot == "bbbbbbbb"


def test_a_word_of_another_start_of_the_hub_has_no_age() -> None:
    assert HubClock("aaaaaaaa", 10_000, 5.0).age(Word("bbbbbbbb", 10_000, 0), 5.0) is None
    assert HubClock("aaaaaaaa", 10_000, 5.0).age(Word("aaaaaaaa", 10_000, None), 5.0) is None


def test_topics_are_read_as_they_are_made() -> None:
    assert topics.read(topics.changes("ginza", "pos")) == ("pos", "ginza", False)
    assert topics.read(topics.beat("ginza", "pos")) == ("pos", "ginza", True)
    assert topics.heard(["web", "ginza"]) == ("d/v1/loc/ginza/stock/#", "d/v1/loc/web/stock/#")


@pytest.mark.parametrize(
    "topic", ["d/v1/loc/ginza/stock", "d/v1/loc/GINZA/stock/pos", "d/v1/loc/a/stock/b/c", "u/v1/x"]
)
def test_another_topic_is_none_of_stock(topic: str) -> None:
    assert topics.read(topic) is None
