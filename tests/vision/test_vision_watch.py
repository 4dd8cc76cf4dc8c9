"""What an eye makes of its frames: readers that fail, frames that are none, the zone, and the figures it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from edge.adapters import camera_push
from edge.config import WHOLE
from edge.health import State
from edge.model import Code, Look
from edge.ports import Frame, Gray
from edge.vision.stream import Stream
from edge.vision.told import Lease
from edge.vision.watch import BLIND, STARVED, Outgrown, Watch
from edge.vision.wire import Pulse, View, heard

SCENE = np.random.default_rng(5).integers(0, 256, (120, 160), np.uint8)
CODE = Code("MC1:X", "qrcode", "zxing")


class Reading(Stream):
    """A stream that sees CODE, or fails in the way it is told."""

    fails: list[Exception] = []  # noqa: RUF012 - shared on purpose: a new stream fails like the last
    seen: list[Gray] = []  # noqa: RUF012
    moves = False
    made = 0
    sees: tuple[Code, ...] = (CODE,)

    @property
    def moving(self) -> bool:
        return Reading.moves

    def look(self, gray: Gray) -> tuple[Code, ...]:
        Reading.seen.append(gray)
        if Reading.fails:
            raise Reading.fails.pop(0)
        self.thumbnail = np.asarray(cv2.resize(gray, (16, 9)), np.uint8)
        return self.sees if gray.any() and gray.std() else ()


@pytest.fixture
def told() -> list[Look | Pulse | View]:
    return []


@pytest.fixture
def watch(told: list[Any]) -> Watch:
    Reading.fails, Reading.seen, Reading.moves, Reading.made = [], [], False, 0

    def stream() -> Stream:
        Reading.made += 1
        return Reading(("qrcode",))

    watch = Watch("door", stream, lambda line: told.append(heard(line, "door")))
    watch.opened(0.0, True, ("silent", "look at it"))
    return watch


def pulses(told: list[Look | Pulse | View]) -> list[Pulse]:
    return [said for said in told if isinstance(said, Pulse)]


@pytest.mark.parametrize("error", [cv2.error("x"), MemoryError(), RuntimeError("x"), UnicodeError("x"), KeyError()])
def test_what_a_reader_raises_costs_that_frame_alone_and_is_counted(
    error: Exception, watch: Watch, told: list[Any]
) -> None:
    Reading.fails = [error]
    watch.see(Frame(SCENE, 1), 0.1)
    watch.see(Frame(SCENE, 2), 0.2)
    watch.pulse(0.5)
    assert [said.frame for said in told if isinstance(said, Look)] == [2]
    assert pulses(told)[0].figures["errors"] == 1
    assert pulses(told)[0].state is State.UP


def test_an_eye_without_memory_frame_after_frame_ends(watch: Watch) -> None:
    Reading.fails = [MemoryError()] * STARVED
    for number in range(STARVED - 1):
        watch.see(Frame(SCENE, number), number / 10)
    with pytest.raises(Outgrown):
        watch.see(Frame(SCENE, STARVED), STARVED / 10)


def test_a_reader_that_fails_at_every_picture_is_said_to(watch: Watch, told: list[Any]) -> None:
    Reading.fails = [ValueError()] * BLIND
    for number in range(BLIND):
        watch.see(Frame(SCENE, number), number / 10)
    watch.pulse(2.0)
    watch.see(Frame(SCENE, 99), 2.1)
    watch.pulse(2.5)
    assert [(said.state, said.detail) for said in pulses(told)] == [
        (State.DOWN, "the reader fails at every picture"),
        (State.UP, ""),
    ]


@pytest.mark.promise("V-5")
@pytest.mark.parametrize(
    "gray",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((120, 160), np.uint16),
        np.zeros((120, 160, 3), np.uint8),
        np.zeros(160, np.uint8),
        None,
    ],
)
def test_frames_of_a_wrong_format_are_passed_over_and_named(gray: Any, watch: Watch, told: list[Any]) -> None:
    for tenth in range(30):
        watch.see(Frame(gray), tenth / 10)
        watch.pulse(tenth / 10)
    assert Reading.seen == []
    assert (pulses(told)[-1].state, pulses(told)[-1].detail) == (State.DOWN, "the camera's pictures cannot be read")
    watch.see(Frame(SCENE), 3.1)
    watch.pulse(3.5)
    assert pulses(told)[-1].state is State.UP


def said_after(state: State, shown: Callable[[int], Any], since: float, watch: Watch, told: list[Any]) -> float:
    """After how many seconds of such frames, 15 of them a second, the camera is said to be so."""
    for tick in range(15 * 60):
        if (gray := shown(tick)) is not None:
            watch.see(Frame(gray, tick), since + tick / 15)
        watch.pulse(since + tick / 15)
        if pulses(told) and pulses(told)[-1].state is state:
            return tick / 15
    raise AssertionError(f"never {state}")


def live(tick: int) -> Gray:
    """A scene with a code, as no sensor gives it twice."""
    return np.roll(SCENE, tick, axis=1)


@pytest.mark.promise("V-5")
@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (np.zeros_like(SCENE), "black"),
        (np.full_like(SCENE, 255), "blown out"),
        (np.full_like(SCENE, 90), "covered"),
        (SCENE, "frozen"),
        (SCENE.astype(np.uint16), "cannot be read"),
        (None, "silent"),
    ],
)
def test_a_fault_of_a_camera_that_just_read_a_code_is_named_within_5_s_and_over_within_10(
    wrong: Any, word: str, watch: Watch, told: list[Any]
) -> None:
    said_after(State.UP, live, 0.0, watch, told)
    watch.see(Frame(SCENE), 9.9)
    assert said_after(State.DOWN, lambda _: wrong, 10.0, watch, told) <= 5
    assert word in pulses(told)[-1].detail
    assert said_after(State.UP, live, 80.0, watch, told) <= 10


def test_a_camera_that_gives_nothing_says_its_own_words(watch: Watch, told: list[Any]) -> None:
    watch.pulse(2.5)
    assert (pulses(told)[-1].detail, pulses(told)[-1].todo) == ("silent", "look at it")


def test_what_to_do_about_a_page_that_sends_nothing_names_the_cameras_own(watch: Watch, told: list[Any]) -> None:
    watch.opened(0.0, False, camera_push.SILENT)
    watch.pulse(2.5)
    assert "Open the page /cameras/door/ on" in pulses(told)[-1].todo


def test_only_the_zone_reaches_the_reader_from_the_next_frame_on(watch: Watch) -> None:
    watch.see(Frame(SCENE), 0.1)
    watch.told((0.25, 0.5, 0.5, 0.25), Lease())
    watch.see(Frame(SCENE), 0.2)
    assert [gray.shape for gray in Reading.seen] == [(120, 160), (30, 80)]
    assert (Reading.seen[1] == SCENE[60:90, 40:120]).all()
    assert Reading.seen[1].flags.c_contiguous


def test_a_reading_goes_on_while_the_pictures_have_one_size_and_begins_anew_at_another(watch: Watch) -> None:
    for number in range(5):
        watch.see(Frame(SCENE, number), number / 10)
    before = Reading.made
    for number in range(5):
        watch.see(Frame(SCENE[:60], number), 1 + number / 10)
    assert (before, Reading.made) == (2, 3)  # one at the start, one for each size


@pytest.mark.promise("V-5")
@pytest.mark.parametrize("level", [9, 90, 255])
def test_a_picture_that_looks_wrong_but_gives_a_code_is_not_said_to_be_wrong(
    level: int, watch: Watch, told: list[Any]
) -> None:
    for tick in range(150):
        gray = np.full_like(SCENE, level)
        gray.flat[tick] -= 5
        watch.see(Frame(gray, tick), tick / 15)
        watch.pulse(tick / 15)
    assert {said.state for said in pulses(told)[1:]} == {State.UP}


def noisy(level: int, grain: int, tick: int) -> Gray:
    """A scene without a code: a step in gray, so that nothing covers the lens, and a sensor's noise."""
    grains = np.random.default_rng(tick).integers(-grain, grain + 1, SCENE.shape)
    return np.asarray(np.clip(grains + level + 20 * (np.indices(SCENE.shape)[1] > 80), 0, 255), np.uint8)


def said_of(watch: Watch, told: list[Any], shown: Callable[[int], Gray], since: float, seconds: int) -> Pulse:
    """What is said after some seconds of such frames, 15 of them a second."""
    for tick in range(15 * seconds):
        watch.see(Frame(shown(tick), tick), since + tick / 15)
        watch.pulse(since + tick / 15)
    return pulses(told)[-1]


@pytest.mark.parametrize(
    ("level", "grain", "detail"),
    [
        (18, 9, "the picture is dark"),
        (18, 1, "the picture is dark"),
        (220, 9, "the picture is bright"),
        (120, 1, "the picture is blurred"),
        (120, 9, ""),
    ],
)
def test_a_poor_picture_without_a_code_is_said_to_be_so_and_the_camera_stays_up(
    level: int, grain: int, detail: str, watch: Watch, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reading, "sees", ())
    last = said_of(watch, told, lambda tick: noisy(level, grain, tick), 0.0, 7)
    assert (last.state, last.detail, bool(last.todo)) == (State.UP, detail, bool(detail))
    assert {said.detail for said in pulses(told) if said.state is State.UP} == {"", detail}
    assert said_of(watch, told, lambda tick: noisy(120, 9, tick), 7.0, 1).detail == ""


def test_a_code_that_was_read_proves_the_focus_for_an_hour_but_not_the_light(
    watch: Watch, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said_of(watch, told, lambda tick: noisy(120, 1, tick), 0.0, 9).detail == ""
    monkeypatch.setattr(Reading, "sees", ())
    assert said_of(watch, told, lambda tick: noisy(120, 1, tick), 9.0, 9).detail == ""
    assert said_of(watch, told, lambda tick: noisy(18, 1, tick), 18.0, 9).detail == "the picture is dark"
    assert said_of(watch, told, lambda tick: noisy(120, 1, tick), 3700.0, 9).detail == "the picture is blurred"


def test_who_looks_is_shown_five_pictures_a_second(watch: Watch, told: list[Any]) -> None:
    watch.told(WHOLE, Lease(9.0, True))
    for tick in range(1, 33):
        watch.see(Frame(SCENE, tick), tick / 32)
    assert sum(isinstance(said, View) for said in told) in (4, 5)


def test_the_share_of_the_time_in_which_something_moved_is_told(watch: Watch, told: list[Any]) -> None:
    for tick in range(1, 11):
        Reading.moves = tick > 7
        watch.see(Frame(SCENE, tick), tick / 10)
    watch.pulse(1.0)
    assert pulses(told)[0].figures["motion"] == 0.3


def test_the_figures_are_of_the_time_since_the_last_pulse(watch: Watch, told: list[Any]) -> None:
    for tenth in range(1, 11):
        watch.see(Frame(SCENE, tenth), tenth / 10)
    watch.pulse(1.0)
    figures = pulses(told)[0].figures
    assert figures["fps"] == 10
    assert figures["decode_max_ms"] >= figures["decode_ms"] >= 0
    assert set(figures) == {
        *("fps", "decode_ms", "decode_max_ms", "brightness", "sharpness", "motion", "errors", "age_s")
    }


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(("lease", "pictures"), [(Lease(9.0, True), 1), (Lease(9.0, False), 0), (Lease(0.1, True), 0)])
def test_a_picture_leaves_only_while_the_lease_of_one_who_looks_at_it_runs(
    lease: Lease, pictures: int, watch: Watch, told: list[Any]
) -> None:
    watch.told((0.0, 0.0, 0.5, 0.5), lease)
    for tenth in range(5, 7):
        watch.see(Frame(SCENE), tenth / 10)
    views = [said for said in told if isinstance(said, View)]
    assert sum(bool(view.jpeg) for view in views) == pictures
    assert len(views) == (lease.until > 1)
    for view in views:
        assert (view.codes, view.shades.count("\n")) == (1, 8)


def test_an_eye_that_is_not_locked_in_says_so(told: list[Any]) -> None:
    new: Callable[[], Stream] = lambda: Reading(("qrcode",))  # noqa: E731
    watch = Watch("door", new, lambda line: told.append(heard(line, "door")), note="not locked in: the kernel refuses")
    watch.pulse(1.0)
    assert pulses(told)[0].detail == "the camera starts, not locked in: the kernel refuses"
