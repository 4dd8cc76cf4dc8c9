"""The session's state machine: every table row, and what must hold for any sequence of events."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model import DeviceClass, Level
from edge.sessions.machine import (
    DEADLINES,
    NEXT,
    Done,
    Due,
    End,
    Event,
    Identified,
    Left,
    Lowered,
    Presented,
    Refused,
    Session,
    State,
    Touch,
    step,
)

KIOSK = DEADLINES[DeviceClass.KIOSK]
SIGNAGE = DEADLINES[DeviceClass.SIGNAGE]
ANNA = Identified("s1", Level.SEGMENT, "anna")
BEN = Identified("s2", Level.SEGMENT, "ben")


def test_a_kiosk_session_left_alone_warns_then_ends() -> None:
    session, _ = step(Session(), ANNA, 100.0, KIOSK)
    assert (session.state, session.due) == (State.GREETED, 115.0)
    session, end = step(session, Due(), 115.0, KIOSK)
    assert (session.state, session.due, end) == (State.ENDING, 120.0, None)
    session, end = step(session, Due(), 120.0, KIOSK)
    assert (session, end) == (Session(), End.IDLE)


def test_more_time_takes_the_session_out_of_its_warning() -> None:
    session, _ = step(Session(), ANNA, 100.0, KIOSK)
    session, _ = step(session, Due(), 115.0, KIOSK)
    session, _ = step(session, Touch(), 117.0, KIOSK)
    assert (session.state, session.due) == (State.BROWSING, 132.0)


def test_a_touch_can_unlock_the_personal_level() -> None:
    session, _ = step(Session(), ANNA, 0.0, KIOSK)
    session, _ = step(session, Touch(Level.PERSONAL), 1.0, KIOSK)
    assert session.level is Level.PERSONAL
    session, _ = step(session, Touch(), 2.0, KIOSK)
    assert session.level is Level.PERSONAL


def test_signage_lets_go_fifteen_seconds_after_the_code_left_the_view() -> None:
    session, _ = step(Session(), ANNA, 100.0, SIGNAGE)
    assert session.due == 190.0
    session, _ = step(session, Left(ago=3.0), 113.0, SIGNAGE)
    assert session.due == 125.0
    assert step(session, Due(), 125.0, SIGNAGE) == (Session(), End.IDLE)


@pytest.mark.parametrize(("deadlines", "limit"), [(SIGNAGE, 90.0), (KIOSK, 180.0)])
def test_no_session_outlives_its_limit(deadlines: object, limit: float) -> None:
    assert deadlines in (SIGNAGE, KIOSK)
    table = SIGNAGE if limit == 90.0 else KIOSK
    session, _ = step(Session(), ANNA, 0.0, table)
    now = 0.0
    while now + 10 < limit:
        now += 10
        session, end = step(session, Touch(), now, table)
        assert end is None
    assert session.due == limit
    assert step(session, Due(), limit, table) == (Session(), End.LIMIT)


def test_the_same_member_keeps_its_session_and_another_replaces_it() -> None:
    session, _ = step(Session(), ANNA, 0.0, KIOSK)
    same, end = step(session, replace(ANNA, session="s9"), 5.0, KIOSK)
    assert (same.id, same.due, end) == ("s1", 20.0, None)
    other, end = step(same, BEN, 6.0, KIOSK)
    assert (other.id, end) == ("s2", End.REPLACED)


def test_done_ends_at_once_from_every_state_of_a_session() -> None:
    for state in (State.GREETED, State.BROWSING, State.ENDING):
        assert step(Session(state, "s1"), Done(), 1.0, KIOSK) == (Session(), End.DONE)


def test_two_people_at_once_blank_the_running_session() -> None:
    session, _ = step(Session(), ANNA, 0.0, KIOSK)
    notice, end = step(session, Refused("one"), 1.0, KIOSK)
    assert (notice.state, notice.hint, notice.id, end) == (State.NOTICE, "one", "", End.REFUSED)
    assert step(notice, Due(), 6.0, KIOSK) == (Session(), None)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from([ANNA, BEN, Done(), Touch(), Touch(Level.PERSONAL), Left(3.0), Presented("s3"), Lowered(3.0)]),
    st.sampled_from(["again", "one", "ask"]).map(Refused),
)


@pytest.mark.promise("S-2")
@given(
    st.lists(st.tuples(EVENTS, st.floats(0.0, 30.0)), max_size=40),
    st.sampled_from([SIGNAGE, KIOSK]),
)
def test_whatever_happens_a_session_always_ends(events: list[tuple[Event, float]], deadlines: object) -> None:
    table = SIGNAGE if deadlines is SIGNAGE else KIOSK
    session, now = Session(), 0.0
    for event, pause in events:
        while session.due is not None and session.due <= now + pause:
            session, _ = step(session, Due(), session.due, table)
        now += pause
        session, _ = step(session, event, now, table)
        assert (session.due is None) == (session.state is State.ATTRACT)
    for _ in range(3):
        if session.due is not None:
            assert session.due <= max(now, session.since) + table.limit
            session, _ = step(session, Due(), session.due, table)
    assert session == Session()


def test_the_table_names_every_state() -> None:
    assert set(NEXT) == set(State)
