"""The eye's two pipes: what goes in comes out, and a stranger's word is refused."""

from __future__ import annotations

import contextlib
import json
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.health import State
from edge.model import Code, Look
from edge.vision.symbology import READERS, SYMBOLOGIES
from edge.vision.wire import (
    HEADER,
    LONGEST_TEXT,
    Aim,
    BadLine,
    Orders,
    Picture,
    Pulse,
    Showing,
    Told,
    View,
    heard,
    look_line,
    message,
    orders,
    orders_line,
    pulse_line,
    told,
    view_line,
)

CODES = st.builds(Code, st.text(max_size=40), st.sampled_from(SYMBOLOGIES), st.sampled_from(READERS))


@given(st.lists(CODES, max_size=8).map(tuple), st.integers(0, 2**64 - 1), st.floats(0, 1e9))
def test_a_look_survives_the_pipe(codes: tuple[Code, ...], frame: int, at: float) -> None:
    line = look_line(codes, frame, at)
    assert line.count(b"\n") == 1
    assert heard(line, "door") == Look("door", codes, at, frame)


def test_a_pulse_survives_the_pipe_as_one_line() -> None:
    said = heard(pulse_line(Pulse(State.DOWN, "gone\nforged line", "plug it in", {"fps": 1.5})), "door")
    assert said == Pulse(State.DOWN, "gone forged line", "plug it in", {"fps": 1.5})


SKETCH = "\n".join(["01234012340123401234012340123401"] * 9)
VIEW = View(b"\xff\xd8 a picture", SKETCH, 2, {"fps": 14.9}, 7.5)


@pytest.mark.parametrize("jpeg", [b"", VIEW.jpeg])
def test_a_view_survives_the_pipe_and_hides_its_picture_in_its_repr(jpeg: bytes) -> None:
    view = replace(VIEW, jpeg=jpeg)
    line = view_line(view)
    assert line.count(b"\n") == 1
    assert heard(line, "door") == view
    assert "picture" not in repr(view)


SHARES = st.tuples(*[st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.1, 0.6), st.floats(0.1, 0.6)])


@given(
    st.builds(Picture, st.binary(max_size=99), st.integers(0, 2**64 - 1))
    | st.builds(Aim, SHARES)
    | st.builds(Showing, st.floats(0, 60), st.booleans())
)
def test_what_an_eye_is_told_survives_the_pipe(said: Told) -> None:
    kind, length = HEADER.unpack_from(message(said))
    assert length == len(message(said)) - HEADER.size
    assert told(kind, message(said)[HEADER.size :]) == said


@given(st.integers(0, 255), st.binary(max_size=64))
def test_any_message_is_understood_or_refused(kind: int, body: bytes) -> None:
    with contextlib.suppress(ValueError, struct.error):
        assert isinstance(told(kind, body), Picture | Aim | Showing)


def test_orders_survive_the_pipe_and_hide_the_settings_in_their_repr() -> None:
    given_orders = Orders(
        "c1",
        "opencv",
        "/x",
        ("qrcode",),
        512,
        settings={"source": "rtsp://user:secret@camera/1"},
        zone=(0.1, 0.2, 0.5, 0.5),
    )
    assert orders(orders_line(given_orders)) == given_orders
    assert "secret" not in repr(given_orders)


def test_a_text_longer_than_any_members_code_is_cut() -> None:
    look = heard(look_line((Code("x" * 4000, "qrcode", "zxing"),), 1, 1.0), "door")
    assert isinstance(look, Look)
    assert len(look.codes[0].text) == LONGEST_TEXT


GOOD_VIEW = json.loads(view_line(VIEW))
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
        json.dumps(GOOD_VIEW | {"shades": SKETCH + "0"}),
        json.dumps(GOOD_VIEW | {"shades": SKETCH.replace("4", "<")}),
        json.dumps(GOOD_VIEW | {"shades": 9}),
        json.dumps(GOOD_VIEW | {"jpeg": "PHNjcmlwdD4="}),
        json.dumps(GOOD_VIEW | {"jpeg": "no base64!"}),
        json.dumps(GOOD_VIEW | {"codes": "many"}),
        json.dumps(GOOD_VIEW | {"figures": []}),
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
