"""How late changes were: read back to within ten per cent, kept over a restart, a day long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.db import database
from edge.ports import StockReport, Taken, Way
from edge.stock.inquiry import lags
from edge.stock.inquiry.lags import STEP_S, STEPS, Lags, seconds_of, size_of
from edge.stock.inquiry.picture import HEIGHT, picture, y_of
from edge.stock.inquiry.watch import lags_of

NOW = 1_795_000_000.0


@given(st.floats(0.001, 80_000))
def test_a_lag_is_read_back_to_within_a_fifth_and_never_as_less(seconds: float) -> None:
    assert seconds <= seconds_of(size_of(seconds)) * 1.000001
    assert seconds_of(size_of(seconds)) < seconds * 1.22


def test_of_a_hundred_changes_the_slowest_is_what_99_in_a_hundred_took_or_more() -> None:
    found = Lags()
    found.note("pos", NOW, [0.1] * 99 + [60.0], told=True)
    step = found.late("pos", NOW, 300)
    assert (step.count, step.bounds) == (100, 0)
    half, most, all_ = step.share(0.5), step.share(0.99), step.share(1.0)
    assert half == most == pytest.approx(0.1, rel=0.22)
    assert all_ == pytest.approx(60, rel=0.22)


def test_what_is_older_than_a_day_is_forgotten() -> None:
    found = Lags()
    found.note("pos", NOW, [1.0], told=True)
    found.note("pos", NOW + STEPS * STEP_S, [2.0], told=False)
    day = found.day("pos", NOW + STEPS * STEP_S)
    assert [step.bounds for step in day if step] == [1]
    assert len(day) == STEPS


async def test_a_restart_goes_on_where_the_last_run_ended(tmp_path: Path) -> None:
    before, after = Lags(), Lags()
    before.note("pos", NOW, [0.5, 0.5], told=True)
    after.note("pos", NOW, [0.5], told=False)
    async with database(tmp_path / "stock.sqlite", lags.migrate) as db:
        await before.save(db, NOW)
        after.take(await db.read(lags.read))
    step = after.late("pos", NOW, 300)
    assert (step.count, step.bounds) == (3, 1)


def report(ahead: float | None = None, sent_s: float = 0.0) -> StockReport:
    return StockReport(frozenset({"ginza"}), (), way=Way.PUSH, ahead=ahead, sent_s=sent_s)


@pytest.mark.parametrize(
    ("said", "news", "known_s", "expected"),
    [
        (report(ahead=2.0), (int(NOW * 1000) - 3000,), NOW - 60, ([5.0], True)),
        (report(ahead=0.0), (int(NOW * 1000) + 9000,), NOW - 60, ([0.0], True)),
        (report(ahead=0.0), (17,), NOW - 60, ([60.0], False)),
        (report(sent_s=NOW - 0.5), (17, 18), NOW - 60, ([0.5, 0.5], True)),
        (report(), (17,), NOW - 4, ([4.0], False)),
        (report(), (17,), 0.0, ([], False)),
    ],
)
def test_a_lag_is_what_the_source_tells_or_the_most_that_it_can_be(
    said: StockReport, news: tuple[int, ...], known_s: float, expected: tuple[list[float], bool]
) -> None:
    found, told = lags_of(said, Taken(len(news), news=news), known_s, NOW)
    assert told is expected[1]
    assert found == pytest.approx(expected[0], abs=0.01)


def test_the_picture_stands_on_a_scale_of_tenfolds_and_ends_now() -> None:
    found = Lags()
    found.note("pos", NOW, [0.1], told=False)
    drawn = picture(found.day("pos", NOW), NOW, None)
    (column,) = drawn.columns
    assert column.bound
    assert column.x == pytest.approx(960, abs=4)
    assert column.top < column.bottom <= HEIGHT
    assert y_of(1.0) - y_of(10.0) == pytest.approx(y_of(10.0) - y_of(100.0), abs=0.2)
    assert len(drawn.hours) == 8
    assert all(text.endswith(":00") for _, text in drawn.hours)
