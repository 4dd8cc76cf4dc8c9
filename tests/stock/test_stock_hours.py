"""When a place is open, and what of it can be set at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from edge.config import Location
from edge.stock.words.hours import Open, opened

DAILY = "10:00-20:00"
LATE = {"fri": "18:00-29:00", "sat": "18:00-05:00"}
WEEK = {"mon": "10:00-20:00", "sun": "10:00-19:30"}

# 2026-11-23 is a Monday
CASES: list[tuple[Any, str, Open | None]] = [
    (DAILY, "2026-11-23 09:59", None),
    (DAILY, "2026-11-23 10:00", Open(600, "20:00")),
    (DAILY, "2026-11-23 19:59", Open(1, "20:00")),
    (DAILY, "2026-11-23 20:00", None),
    ("", "2026-11-23 12:00", None),
    ({}, "2026-11-23 12:00", None),
    (WEEK, "2026-11-23 12:00", Open(480, "20:00")),
    (WEEK, "2026-11-24 12:00", None),
    (WEEK, "2026-11-29 19:00", Open(30, "19:30")),
    (LATE, "2026-11-27 17:59", None),
    (LATE, "2026-11-27 23:30", Open(330, "5:00")),
    (LATE, "2026-11-28 04:00", Open(60, "5:00")),
    (LATE, "2026-11-28 05:00", None),
    (LATE, "2026-11-29 04:59", Open(1, "5:00")),
    (LATE, "2026-11-30 04:00", None),
    ("00:00-24:00", "2026-11-23 23:59", Open(1441, "24:00")),
    ("09:00-24:00", "2026-11-23 23:00", Open(60, "24:00")),
    ("05:00-29:00", "2026-11-23 03:00", Open(120, "5:00")),
]
ABSURD: list[dict[str, Any]] = [
    {"hours": "10-20"},
    {"hours": "25:00-26:00"},
    {"hours": "10:00-20:60"},
    {"hours": "01:00-28:00"},
    {"hours": {"mo": DAILY}},
    {"hours": {"mon": "always"}},
    {"lat": 35.6},
    {"lat": 91, "lon": 0},
    {"lat": float("nan"), "lon": 139.7},
    {"minutes": -1},
    {"minutes": 1000},
    {"cutoff": "25:00"},
    {"place": "here", "ships": True},
    {"place": "here", "orders": True},
    {"place": "online", "pickup": True},
    {"open": DAILY},
]


@pytest.mark.parametrize(("hours", "moment", "said"), CASES)
def test_a_place_is_open_as_its_hours_say(hours: Any, moment: str, said: Open | None) -> None:
    place = Location(id="shibuya", place="near", name={}, hours=hours)
    assert opened(place, datetime.fromisoformat(f"{moment}+09:00")) == said


@pytest.mark.parametrize("settings", ABSURD)
def test_a_place_that_cannot_be_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Location(**{"id": "shibuya", "place": "near", "name": {}} | settings)


def test_a_place_can_be_set_in_full() -> None:
    near = {"minutes": 8, "lat": 35.66, "lon": 139.7, "hours": WEEK, "pickup": True, "orders": True, "cutoff": "15:00"}
    assert Location(id="shibuya", place="near", name={"ja": "渋谷店"}, **near).opening(6) == (600, 1170)
