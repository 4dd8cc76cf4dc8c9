"""A watched stock file: replaced, written in place, bad, old, away."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edge import plug
from edge.adapters import stock_csv
from edge.adapters.stock_csv import CsvStock, Drop, Settings
from edge.config import BadConfig, checked
from edge.ports import StockAway, StockReport
from edge.stock.level import sellable
from edge.stock.table import Table

if TYPE_CHECKING:
    from tests.stock.conftest import HandClock

HEAD = "sku,location,available\n"
Next = Callable[[], Awaitable[StockReport]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stock.csv"
    path.write_text(HEAD + "A,ginza,3\n")
    return path


@asynccontextmanager
async def watched(file: Path, **settings: Any) -> AsyncIterator[Next]:
    """The next report of a file, again and again."""
    chosen = checked(Settings, {"path": file.name, "poll_s": 0.01} | settings, "stock")
    async with stock_csv.open(chosen, file.parent) as source:
        reports = source.reports()
        yield lambda: anext(reports)


def counts(report: StockReport) -> dict[str, int]:
    assert report.levels is not None
    return {level.sku: sellable(level) or 0 for level in report.levels}


async def changed(next_report: Next) -> dict[str, int]:
    """The counts of the next report that has any."""
    while (report := await next_report()).levels is None:
        pass
    return counts(report)


def test_the_adapter_is_found_by_its_name() -> None:
    assert plug.adapter("stock", "csv") is stock_csv


async def test_a_file_is_reported_whole_and_then_as_unchanged_at_every_look(file: Path) -> None:
    async with watched(file) as next_report:
        first, second = await next_report(), await next_report()
    assert counts(first) == {"A": 3}
    assert second.levels is None
    assert first.locations == second.locations == {"ginza"}


async def test_a_file_replaced_whole_is_read_again(file: Path) -> None:
    async with watched(file) as next_report:
        await changed(next_report)
        other = file.with_suffix(".new")
        other.write_text(HEAD + "A,ginza,2\n")
        os.replace(other, file)
        assert await changed(next_report) == {"A": 2}


async def test_a_file_written_in_place_is_read_again_even_at_the_same_size_and_time(file: Path) -> None:
    async with watched(file) as next_report:
        await changed(next_report)
        times = file.stat()
        file.write_text(HEAD + "A,ginza,2\n")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert await changed(next_report) == {"A": 2}


async def test_a_file_that_is_being_written_is_left_alone_until_it_rests(file: Path) -> None:
    clock_stands = Settings(path=Path("stock.csv"), poll_s=0.01)
    source = CsvStock(file, clock_stands, wall=lambda: 0.0, monotonic=lambda: 0.0)
    looks = [source._look()]
    read: list[int] = []

    def writing() -> stock_csv.Signature:
        if len(looks) < 5:
            file.write_text(HEAD + "A,ginza,3\n" * len(looks))
        looks.append(stock_csv._signature(file.stat()))
        return looks[-1]

    source._look = writing  # type: ignore[method-assign]
    file.write_text(HEAD)

    def reading(expected: stock_csv.Signature, path: Path) -> Table:
        read.append(len(looks))
        return Table(())

    source._read = reading  # type: ignore[method-assign]
    with pytest.raises(StockAway, match="no rows"):
        await anext(source.reports())
    assert read == [len(looks)]
    assert looks[-1] == looks[-2]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (HEAD + "A,ginza,3\nB,ginza,-1\n", "line 3: available must be a whole number"),
        (HEAD, "has no rows"),
        ("", "line 1"),
    ],
)
async def test_a_bad_file_is_away_with_its_line_and_reason(file: Path, data: str, complaint: str) -> None:
    async with watched(file) as next_report:
        await changed(next_report)
        file.write_text(data)
        with pytest.raises(StockAway, match=complaint):
            await changed(next_report)


async def test_a_file_that_is_gone_or_no_file_is_away(file: Path) -> None:
    file.unlink()
    async with watched(file) as next_report:
        with pytest.raises(StockAway, match="No such file"):
            await next_report()
    file.mkdir()
    async with watched(file) as next_report:
        with pytest.raises(StockAway, match="is no file"):
            await next_report()


async def test_a_pipe_in_the_files_place_is_refused_without_waiting_on_it(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    async with watched(file) as next_report:
        with pytest.raises(StockAway, match="is no file"):
            await next_report()


async def test_a_file_too_large_is_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_csv, "MAX_BYTES", 16)
    async with watched(file) as next_report:
        with pytest.raises(StockAway, match="larger than"):
            await next_report()


async def test_declared_locations_are_spoken_for_even_without_rows(file: Path) -> None:
    async with watched(file, locations=("ginza", "web")) as next_report:
        assert (await next_report()).locations == {"ginza", "web"}
        file.write_text(HEAD)
        assert await changed(next_report) == {}


async def test_a_row_outside_the_declared_locations_refuses_the_file(file: Path) -> None:
    async with watched(file, locations=("web",)) as next_report:
        with pytest.raises(StockAway, match="'ginza'"):
            await next_report()


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(
    ("max_age_s", "written_ago", "known_for", "age"),
    [
        (None, 5000, 0, 0),
        (3600, 3599, 0, 0),
        (3600, 3601, 0, 3601),
        (60, 30, 90, 90),
        (60, -30, 90, 90),
    ],
)
def test_a_file_older_than_allowed_is_as_old_as_its_writing(
    file: Path, clock: HandClock, max_age_s: float | None, written_ago: float, known_for: float, age: float
) -> None:
    settings = Settings(path=file, max_age_s=max_age_s)
    source = CsvStock(file, settings, lambda: clock.wall, lambda: clock.monotonic)
    written_ns = int((clock.wall - written_ago) * 1e9)
    found = source._age((1, 1, written_ns, written_ns), clock.monotonic - known_for, clock.monotonic)
    assert found == pytest.approx(age, abs=1e-3)


@pytest.mark.promise("K-1")
def test_a_file_from_the_future_is_not_believed_where_its_age_matters(file: Path, clock: HandClock) -> None:
    source = CsvStock(file, Settings(path=file, max_age_s=60), lambda: clock.wall, lambda: clock.monotonic)
    tomorrow = int((clock.wall + 86400) * 1e9)
    with pytest.raises(StockAway, match="future"):
        source._age((1, 1, tomorrow, tomorrow), clock.monotonic, clock.monotonic)


DROP: dict[str, Any] = {"deltas": "change-*.csv"}


def beside(file: Path, name: str, rows: str) -> Path:
    """A file of changes, newer than the whole one."""
    path = file.with_name(name)
    path.write_text(HEAD + rows)
    at = file.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(at, at))
    return path


async def test_files_of_changes_are_told_by_themselves_and_after_a_restart_with_the_whole_one(file: Path) -> None:
    async with watched(file, **DROP) as next_report:
        assert (await next_report()).whole
        beside(file, "change-01.csv", "A,ginza,2\nB,ginza,9\n")
        while (report := await next_report()).levels is None:
            pass
        assert (report.whole, counts(report)) == (False, {"A": 2, "B": 9})
    async with watched(file, **DROP) as next_report:
        report = await next_report()
        assert (report.whole, counts(report)) == (True, {"A": 2, "B": 9})


async def test_changes_count_in_order_of_their_names_also_where_one_comes_late(file: Path) -> None:
    beside(file, "change-02.csv", "A,ginza,2\n")
    async with watched(file, **DROP) as next_report:
        assert await changed(next_report) == {"A": 2}
        beside(file, "change-01.csv", "A,ginza,7\nB,ginza,7\n")
        assert await changed(next_report) == {"A": 2, "B": 7}


async def test_changes_that_are_taken_away_while_their_folder_is_read_are_not_there(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "glob", lambda folder, _: iter([folder / "stock-1.csv"]))
    async with watched(file, deltas="stock-*.csv") as next_report:
        assert counts(await next_report()) == {"A": 3}


async def test_a_new_whole_file_ends_the_changes_before_it(file: Path) -> None:
    old = beside(file, "change-01.csv", "A,ginza,2\n")
    async with watched(file, **DROP) as next_report:
        assert await changed(next_report) == {"A": 2}
        file.write_text(HEAD + "A,ginza,8\n")
        later = old.stat().st_mtime_ns + 1_000_000
        os.utime(file, ns=(later, later))
        assert await changed(next_report) == {"A": 8}


@pytest.mark.parametrize(
    ("rows", "complaint"), [("A,ginza,-1\n", r"change-01\.csv line 2"), ("A,shinjuku,1\n", "'shinjuku'")]
)
async def test_changes_that_cannot_be_are_told_by_their_file(file: Path, rows: str, complaint: str) -> None:
    async with watched(file, **DROP) as next_report:
        await changed(next_report)
        beside(file, "change-01.csv", rows)
        with pytest.raises(StockAway, match=complaint):
            await changed(next_report)


@pytest.mark.promise("K-1")
async def test_a_file_whose_marker_is_older_says_nothing_at_all(file: Path) -> None:
    marker = file.with_name("stock.csv.done")
    marker.touch()
    source = CsvStock(file, Settings(path=file, poll_s=0.01, done=".done", deltas="stock*"), time.time, time.monotonic)
    reports = source.reports()
    assert counts(await anext(reports)) == {"A": 3}
    file.write_text(HEAD + "A,ginza,1\n")
    looks, beside_ = [0], source._beside

    def looked(found: Any) -> Any:
        looks[0] += 1
        if looks[0] == 5:
            marker.touch()
        return beside_(found)

    source._beside = looked  # type: ignore[method-assign,assignment]
    assert counts(await anext(reports)) == {"A": 1}
    assert looks[0] >= 5


def test_a_marker_that_does_not_come_is_told(file: Path, clock: HandClock) -> None:
    settings = Settings(path=file, done=".done")
    source = CsvStock(file, settings, lambda: clock.wall, lambda: clock.monotonic)
    now = Drop(stock_csv._signature(file.stat()), *source._beside(stock_csv._signature(file.stat())))
    assert not source._rests(now, now, clock.monotonic - 59)
    with pytest.raises(StockAway, match=r"without its '\.done'"):
        source._rests(now, now, clock.monotonic - 61)


@pytest.mark.parametrize(("untouched_s", "rests"), [(29, False), (31, True)])
def test_a_file_rests_for_as_long_as_it_is_told_to(
    file: Path, clock: HandClock, untouched_s: float, rests: bool
) -> None:
    source = CsvStock(file, Settings(path=file, rest_s=30), lambda: clock.wall, lambda: clock.monotonic)
    written = int((clock.wall - untouched_s) * 1e9)
    now = Drop((1, 1, written, written))
    assert source._rests(now, now, clock.monotonic) is rests


@pytest.mark.parametrize(("untouched_s", "read"), [(9, False), (11, True), (-5, True)])
def test_a_file_cut_within_a_number_is_not_read_before_it_lay_still_for_long(
    file: Path, clock: HandClock, untouched_s: float, read: bool
) -> None:
    file.write_text(HEAD + "A,ginza,1")
    signature = stock_csv._signature(file.stat())
    wall_s = signature[3] / 1e9 + untouched_s
    source = CsvStock(file, Settings(path=file), lambda: wall_s, lambda: clock.monotonic)
    assert (source._read(signature, file) is not None) is read
    file.write_text(HEAD + "A,ginza,12\n")
    assert source._read(stock_csv._signature(file.stat()), file) is not None


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadConfig, match="did you mean 'max_age_s'"):
        checked(Settings, {"path": "stock.csv", "max_age": 3}, "stock.pos")
