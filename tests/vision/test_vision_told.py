"""What an eye hears of its parent while it looks."""

from __future__ import annotations

import os
import time

import pytest

from edge.config import WHOLE
from edge.ports import SourceEnded
from edge.vision.told import Ear
from edge.vision.wire import HEADER, LONGEST_BODY, Aim, Showing, message, picture

HALF = (0.0, 0.0, 0.5, 1.0)


def heard(*messages: bytes) -> Ear:
    """An ear after these messages, at the end of its pipe."""
    reading, writing = os.pipe()
    ear = Ear(reading)
    for one in messages:
        os.write(writing, one)
    os.close(writing)
    ear.wait()
    os.close(reading)
    return ear


def test_of_each_kind_the_latest_word_counts() -> None:
    aims = message(Aim((0.0, 0.0, 0.2, 0.2))), message(Aim(HALF))
    ear = heard(*aims, picture(b"first", 1), message(Showing(60.0, True)), picture(b"second", 2))
    assert ear.zone == HALF
    assert ear.lease.picture
    assert ear.lease.until > time.monotonic()
    latest = ear.picture(0)
    assert latest is not None
    assert (latest.jpeg, latest.number) == (b"second", 2)
    with pytest.raises(SourceEnded):
        ear.picture(0)


def test_who_looks_away_ends_the_lease() -> None:
    ear = heard(message(Showing(60.0, True)), message(Showing(0.0, True)))
    assert ear.lease.until <= time.monotonic()


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "bad",
    [
        HEADER.pack(9, 0),
        HEADER.pack(2, 4) + b"four",
        HEADER.pack(2, 32) + b"\x7f" * 32,
        HEADER.pack(3, 1) + b"x",
        HEADER.pack(1, LONGEST_BODY + 1),
    ],
)
def test_what_no_parent_says_is_the_last_that_is_heard(bad: bytes) -> None:
    ear = heard(bad, message(Aim(HALF)))
    assert ear.zone == WHOLE
    with pytest.raises(SourceEnded):
        ear.picture(0)
