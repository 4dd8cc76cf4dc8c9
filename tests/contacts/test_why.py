"""The way of a contact, as the page for IT tells it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts.way.stations import ADVICE, WORDS, Facts, Mood, told

WELL = Facts(
    readers=1,
    reading=1,
    scan_s=3.0,
    row_s=3.0,
    queue=0,
    spool="ok",
    ledger_down="",
    file_down="",
    file_todo="",
    record_since_s=3.0,
    waiting=0,
    oldest_s=None,
    line="up",
    line_said="",
    line_todo="",
    line_since_s=9.0,
    inbox="up",
    inbox_said="",
    inbox_todo="",
    inbox_since_s=9.0,
    ack_s=2.0,
    puback=False,
    upstream=True,
)
CASES: list[tuple[dict[str, Any], str, Mood]] = [
    ({}, "all well", Mood.WELL),
    ({"readers": 0, "reading": 0}, "no reader", Mood.BAD),
    ({"reading": 0}, "readers down", Mood.BAD),
    ({"scan_s": 7200.0}, "no scan", Mood.WAITING),
    ({"scan_s": None}, "no scan", Mood.WAITING),
    ({"spool": "memory"}, "memory only", Mood.BAD),
    ({"ledger_down": "the disk is full"}, "disk refuses", Mood.BAD),
    ({"spool": "degraded"}, "disk full", Mood.BAD),
    ({"spool": "degraded", "ledger_down": "degraded: nearly full"}, "disk full", Mood.BAD),
    ({"spool": "degraded", "ledger_down": "the disk is full", "queue": 3}, "disk refuses", Mood.BAD),
    ({"file_down": "the file is gone"}, "file spoilt", Mood.BAD),
    ({"file_down": "the disk is read-only", "spool": "memory"}, "memory only", Mood.BAD),
    ({"upstream": False, "line": "", "inbox": ""}, "no upstream", Mood.BAD),
    ({"line": "down", "inbox": ""}, "line down", Mood.BAD),
    ({"line": "", "inbox": ""}, "connecting", Mood.WAITING),
    ({"waiting": 900, "oldest_s": 600.0}, "draining", Mood.WAITING),
    ({"waiting": 900, "oldest_s": 5.0}, "all well", Mood.WELL),
    ({"inbox": "down", "waiting": 9, "oldest_s": 600.0}, "inbox silent", Mood.BAD),
    ({"inbox": ""}, "not heard", Mood.WAITING),
    ({"inbox": "", "puback": True}, "all well", Mood.WELL),
    ({"dead": {"refused topic": 2}}, "set aside", Mood.BAD),
    ({"lost": 7}, "accounted for", Mood.WAITING),
    ({"lost": 7, "line": "down"}, "line down", Mood.BAD),
]


@pytest.mark.parametrize(("change", "word", "mood"), CASES)
def test_the_first_station_that_needs_a_hand_says_what_to_do(change: dict[str, Any], word: str, mood: Mood) -> None:
    found = told(replace(WELL, **change))
    assert (found.first, found.mood) == (ADVICE[word], mood)


@given(
    st.builds(
        Facts,
        **{
            each.name: {
                "int": st.integers(0, 3),
                "str": st.sampled_from(["", "up", "down", "ok", "memory", "degraded"]),
                "bool": st.booleans(),
                "float | None": st.none() | st.floats(0, 1e6),
                "Mapping[str, int]": st.sampled_from([{}, {"poison": 1}]),
            }[str(each.type)]
            for each in fields(Facts)
        },
    )
)
def test_whatever_is_the_case_every_station_has_words_and_there_is_a_next_step(facts: Facts) -> None:
    found = told(facts)
    assert [station.id for station in found.stations] == ["scan", "record", "line", "inbox", "aside"]
    assert all(station.word in WORDS for station in found.stations)
    assert found.first in ADVICE.values()
    needy = {station.mood for station in found.stations}
    assert found.mood is max(needy, key=[Mood.WELL, Mood.WAITING, Mood.BAD].index)


def test_trouble_says_since_when_what_it_is_and_what_to_do() -> None:
    said: dict[str, Any] = {"line_said": "nobody answers there", "line_todo": "check the network", "line_since_s": 90.0}
    found = told(replace(WELL, line="down", inbox="", **said)).stations[2]
    assert (found.said, found.todo, found.since_s) == ("nobody answers there", "check the network", 90.0)
