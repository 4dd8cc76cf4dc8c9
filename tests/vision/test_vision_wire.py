"""The eye's two pipes: what goes in comes out, and a stranger's word is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.health import State
from edge.model import Code, Look
from edge.vision.symbology import ENGINES, SYMBOLOGIES
from edge.vision.wire import (
    LONGEST_TEXT,
    BadLine,
    Orders,
    Pulse,
    heard,
    look_line,
    orders,
    orders_line,
    pulse_line,
)

CODES = st.builds(Code, st.text(max_size=40), st.sampled_from(SYMBOLOGIES), st.sampled_from(ENGINES))


@given(st.lists(CODES, max_size=8).map(tuple), st.integers(0, 2**64 - 1), st.floats(0, 1e9))
def test_a_look_survives_the_pipe(codes: tuple[Code, ...], frame: int, at: float) -> None:
    line = look_line(codes, frame, at)
    assert line.count(b"\n") == 1
    assert heard(line, "door") == Look("door", codes, at, frame)


def test_a_pulse_survives_the_pipe_as_one_line() -> None:
    said = heard(pulse_line(Pulse(State.DOWN, "gone\nforged line", "plug it in", {"fps": 1.5})), "door")
    assert said == Pulse(State.DOWN, "gone forged line", "plug it in", {"fps": 1.5})


def test_orders_survive_the_pipe_and_hide_the_settings_in_their_repr() -> None:
    given_orders = Orders("c1", "opencv", "/x", ("qrcode",), 512, settings={"source": "rtsp://user:secret@camera/1"})
    assert orders(orders_line(given_orders)) == given_orders
    assert "secret" not in repr(given_orders)


def test_a_text_longer_than_any_members_code_is_cut() -> None:
    look = heard(look_line((Code("x" * 4000, "qrcode", "zxing"),), 1, 1.0), "door")
    assert isinstance(look, Look)
    assert len(look.codes[0].text) == LONGEST_TEXT


GOOD_PULSE = json.loads(pulse_line(Pulse(State.UP)))


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "said",
    [
        "not json",
        "[]",
        "3",
        "[" * 100_000,
        '{"codes": [["x", "qrcode"]], "frame": 1, "at": 1}',
        '{"codes": [["x", "aztec", "zxing"]], "frame": 1, "at": 1}',
        '{"codes": [["x", "qrcode", "other"]], "frame": 1, "at": 1}',
        '{"codes": [[["x"], "qrcode", "zxing"]], "frame": 1, "at": 1}',
        '{"codes": [], "frame": 1, "at": NaN}',
        '{"codes": [], "frame": true, "at": 1}',
        '{"codes": 7, "frame": 1, "at": 1}',
        json.dumps({"codes": [["x" * 600, "qrcode", "zxing"]], "frame": 1, "at": 1}),
        json.dumps(GOOD_PULSE | {"state": "fine"}),
        json.dumps(GOOD_PULSE | {"detail": "two\nlines"}),
        json.dumps(GOOD_PULSE | {"figures": {"fps": "many"}}),
        json.dumps(GOOD_PULSE | {"figures": {"fps": 10**400}}),
    ],
)
def test_a_line_that_is_no_eyes_is_refused_without_being_quoted(said: str) -> None:
    with pytest.raises(BadLine) as refused:
        heard(said.encode(), "door")
    assert said not in str(refused.value) or len(said) < 4
    assert refused.value.__cause__ is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_word_or_refused(line: bytes) -> None:
    with pytest.raises(BadLine):
        heard(line, "door")
