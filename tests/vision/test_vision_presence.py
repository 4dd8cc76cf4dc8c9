"""From looks to presentations: examples, and a machine that tries what nobody thought of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model import Code, Crowd, Gone, Look, Scan, Sight
from edge.vision.presence import AWAY_S, Presence, step, tick

A, B = Code("MC1:A", "qrcode", "zxing"), Code("MC1:B", "qrcode", "zxing")
BARS = Code("2901234567896", "ean13", "zxing")
POSTER = Code("https://example.com", "qrcode", "zxing")


def ours(code: Code) -> bool:
    return code.text.startswith(("MC1:", "29"))


def sights(looks: Sequence[tuple[float, tuple[Code, ...]]], end: float | None = None) -> list[Sight]:
    presence, all_seen = Presence(), list[Sight]()
    for number, (at, codes) in enumerate(looks, 1):
        presence, seen = step(presence, Look("door", codes, at, number), ours)
        all_seen += seen
    if end is not None:
        all_seen += tick(presence, end)[1]
    return all_seen


def kinds(seen: Sequence[Sight]) -> list[str]:
    return [sight.code.text if isinstance(sight, Scan) else type(sight).__name__ for sight in seen]


@pytest.mark.promise("V-6")
@pytest.mark.parametrize(
    ("looks", "end", "expected"),
    [
        pytest.param([(n / 15, (A,)) for n in range(100)], None, ["MC1:A"], id="many frames, one scan"),
        pytest.param([(0, (A,)), (2.9, (A,)), (5.8, (A,))], None, ["MC1:A"], id="a flicker is no second scan"),
        pytest.param([(0, (A,)), (3, (A,))], None, ["MC1:A", "Gone", "MC1:A"], id="away for 3 s triggers again"),
        pytest.param([(0, (A,))], 2.9, ["MC1:A"], id="not yet gone"),
        pytest.param([(0, (A,))], 3, ["MC1:A", "Gone"], id="gone by silence"),
        pytest.param([(0, (POSTER,)), (1, (POSTER, A))], None, ["MC1:A"], id="a poster hides nothing"),
        pytest.param([(0, (POSTER,))], 9, [], id="a poster alone is nothing"),
        pytest.param([(0, (A, B)), (0.1, (A, B))], 9, ["Crowd"], id="two at once, said once"),
        pytest.param([(0, (A,)), (0.1, (B,))], None, ["MC1:A", "MC1:B"], id="a redrawn code replaces the old one"),
        pytest.param(
            [(0, (A,)), (0.1, (B,)), (0.2, (A,)), (0.3, (B,))], None, ["MC1:A", "MC1:B", "Crowd"], id="in turns"
        ),
        pytest.param([(0, (A, B)), (0.5, (A,)), (1.1, (A,))], None, ["Crowd", "MC1:A"], id="one of two stays"),
        pytest.param([(0, (A, B)), (0.1, (A,)), (0.2, (B,))], None, ["Crowd"], id="a crowd in single frames"),
        pytest.param(
            [(0, (A,)), (1, (B,)), (2.5, (A,)), (4.1, (A,))],
            None,
            ["MC1:A", "MC1:B", "Gone", "MC1:A"],
            id="held again while the other leaves",
        ),
        pytest.param([(0, (BARS,))], 9, [], id="bars once are not believed"),
        pytest.param([(0, (BARS,)), (0.5, (BARS,))], None, ["2901234567896"], id="bars twice are"),
        pytest.param([(0, (BARS,)), (0.6, (BARS,))], None, [], id="bars twice but too far apart"),
        pytest.param([(0, (BARS, A)), (0.1, (A,))], None, ["MC1:A"], id="a misread bar code makes no crowd"),
    ],
)
def test_looks_become_presentations(
    looks: list[tuple[float, tuple[Code, ...]]], end: float | None, expected: list[str]
) -> None:
    assert kinds(sights(looks, end)) == expected


def test_a_scan_carries_the_number_of_its_frame_and_the_name_of_its_eye() -> None:
    scan = sights([(0, (POSTER,)), (0.1, (A,))])[0]
    assert isinstance(scan, Scan)
    assert (scan.frame, scan.eye, scan.at) == (2, "door", 0.1)


def test_the_same_text_read_by_another_engine_is_the_same_code() -> None:
    assert kinds(sights([(0, (A,)), (0.1, (Code("MC1:A", "qrcode", "pyzbar"),))])) == ["MC1:A"]


def test_no_text_shows_in_the_repr_of_a_presence() -> None:
    presence, _ = step(Presence(), Look("door", (A, BARS), 0), ours)
    assert "MC1" not in repr(presence)
    assert "29" not in repr(presence)


VIEWS = st.lists(st.sampled_from([A, B, BARS, POSTER]), max_size=3, unique=True).map(tuple)
PAUSES = st.sampled_from([0.03, 0.07, 0.4, 0.6, 1.1, 2.0, 2.99, 3.0, 7.0])
STREAMS = st.lists(st.tuples(PAUSES, VIEWS), max_size=40)


def timed(stream: list[tuple[float, tuple[Code, ...]]]) -> list[tuple[float, tuple[Code, ...]]]:
    at, looks = 0.0, []
    for pause, codes in stream:
        at += pause
        looks.append((at, codes))
    return looks


@pytest.mark.promise("V-6")
@given(STREAMS)
def test_a_code_is_never_scanned_twice_without_leaving_or_yielding_between(
    stream: list[tuple[float, tuple[Code, ...]]],
) -> None:
    shown = None
    for sight in sights(timed(stream)):
        if isinstance(sight, Scan):
            assert sight.code.text != shown
            shown = sight.code.text
        elif isinstance(sight, Gone):
            assert shown is not None
            shown = None
        elif isinstance(sight, Crowd):
            shown = None


@pytest.mark.promise("V-6")
@given(STREAMS)
def test_foreign_codes_change_nothing(stream: list[tuple[float, tuple[Code, ...]]]) -> None:
    bare = [(pause, tuple(code for code in codes if code is not POSTER)) for pause, codes in stream]
    assert sights(timed(stream)) == sights(timed(bare))


@given(STREAMS)
def test_after_any_stream_and_three_seconds_of_silence_a_code_is_scanned_at_once(
    stream: list[tuple[float, tuple[Code, ...]]],
) -> None:
    looks = timed(stream)
    at = (looks[-1][0] if looks else 0.0) + AWAY_S
    assert kinds(sights([*looks, (at, (A,))]))[-1] == "MC1:A"
