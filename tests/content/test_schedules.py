"""When a campaign is on: dates, days, hours, past midnight, clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.model import Campaign, Daypart, Layer
from content.schedule import closed, over, until_closing

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = frozenset(range(5))


def campaign(*dayparts: Daypart, first: date | None = None, last: date | None = None) -> Campaign:
    return Campaign("c", "c", Layer.SCHEDULE, ("m",), dayparts=dayparts, first=first, last=last)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


MORNING = Daypart(WEEKDAYS, time(9), time(12))
FRIDAY_NIGHT = Daypart(frozenset({4}), time(22), time(2))


@pytest.mark.promise("C-2")
@pytest.mark.parametrize(
    ("part", "when", "rule"),
    [
        (MORNING, "2026-11-20T08:59:59", "hours"),
        (MORNING, "2026-11-20T09:00:00", ""),
        (MORNING, "2026-11-20T11:59:59", ""),
        (MORNING, "2026-11-20T12:00:00", "hours"),
        (MORNING, "2026-11-21T10:00:00", "day"),
        (FRIDAY_NIGHT, "2026-11-20T23:00:00", ""),
        (FRIDAY_NIGHT, "2026-11-21T01:59:59", ""),
        (FRIDAY_NIGHT, "2026-11-21T02:00:00", "day"),
        (FRIDAY_NIGHT, "2026-11-20T01:00:00", "hours"),
        (Daypart(), "2026-11-20T00:00:00", ""),
        (Daypart(frozenset({4}), time(10), time(10)), "2026-11-21T09:59:00", ""),
    ],
)
def test_a_daypart_is_on_from_its_start_until_just_before_its_end(part: Daypart, when: str, rule: str) -> None:
    assert closed(campaign(part), tokyo(when)) == rule


@pytest.mark.parametrize(
    ("when", "rule"),
    [("2026-11-30T23:59", "first"), ("2026-12-01T00:00", ""), ("2026-12-24T23:59", ""), ("2026-12-25T00:00", "last")],
)
def test_dates_are_inclusive(when: str, rule: str) -> None:
    assert closed(campaign(first=date(2026, 12, 1), last=date(2026, 12, 24)), tokyo(when)) == rule


def test_the_night_after_the_last_day_still_belongs_to_it() -> None:
    night = campaign(Daypart(start=time(22), end=time(2)), first=date(2026, 12, 31), last=date(2026, 12, 31))
    assert closed(night, tokyo("2026-12-31T01:00")) == "first" or closed(night, tokyo("2026-12-31T01:00")) == "hours"
    assert closed(night, tokyo("2027-01-01T01:00")) == ""
    assert closed(night, tokyo("2027-01-01T02:00")) == "last"
    assert over(night, tokyo("2027-01-01T02:00"))
    assert not over(night, tokyo("2027-01-01T01:00"))


@pytest.mark.parametrize(
    ("utc", "rule"),
    [
        ("2026-03-29T00:59:00", "hours"),  # 01:59, and then the clock shows 03:00
        ("2026-03-29T01:00:00", ""),
        ("2026-10-25T00:15:00", "hours"),  # 02:15, the first time
        ("2026-10-25T00:45:00", ""),  # 02:45, the first time
        ("2026-10-25T01:15:00", "hours"),  # 02:15 again
        ("2026-10-25T01:45:00", ""),  # 02:45 again
    ],
)
def test_a_clock_change_follows_the_clock_on_the_wall(utc: str, rule: str) -> None:
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone(BERLIN)
    assert closed(campaign(Daypart(start=time(2, 30), end=time(4))), now) == rule


dayparts = st.builds(
    Daypart,
    days=st.frozensets(st.integers(0, 6)),
    start=st.times().map(lambda each: each.replace(second=0, microsecond=0)),
    end=st.times().map(lambda each: each.replace(second=0, microsecond=0)),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(TOKYO))  # noqa: DTZ001


@given(part=dayparts, now=moments)
def test_a_week_is_covered_by_a_daypart_and_its_opposite_without_overlap(part: Daypart, now: datetime) -> None:
    """What is closed by ``start-end`` on all days is open by ``end-start``, if neither spans the whole day."""
    everyday = Daypart(start=part.start, end=part.end)
    opposite = Daypart(start=part.end, end=part.start)
    if part.start != part.end:
        assert (closed(campaign(everyday), now) == "") != (closed(campaign(opposite), now) == "")


@given(part=dayparts, now=moments)
def test_a_daypart_is_open_for_the_same_minutes_each_week(part: Daypart, now: datetime) -> None:
    assert closed(campaign(part), now) == closed(campaign(part), now + timedelta(weeks=1))


@given(first=st.dates(date(2026, 1, 1), date(2027, 1, 1)), days=st.integers(0, 30), part=dayparts, now=moments)
def test_what_is_over_never_comes_back(first: date, days: int, part: Daypart, now: datetime) -> None:
    made = campaign(part, first=first, last=first + timedelta(days))
    if over(made, now):
        assert all(closed(made, now + timedelta(hours=hour)) for hour in range(72))


@given(now=moments, closing=st.times())
def test_until_closing_is_on_now_and_off_tomorrow(now: datetime, closing: time) -> None:
    day, part = until_closing(now, closing.replace(second=0, microsecond=0))
    made = campaign(part, first=day, last=day)
    assert closed(made, now) == ""
    assert closed(made, now + timedelta(days=1)) == "last"
