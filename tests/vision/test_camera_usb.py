"""A USB camera by its double: what it is asked, what it refuses, its gray, its shutter, and its cable."""

from __future__ import annotations

import errno
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from edge.ports import Frame, Gray, SourceGone
from edge.vision.devices import gone
from edge.vision.exposure import flicker_ms
from edge.vision.grabber import Grabber
from edge.vision.pixels import gray_picture
from edge.vision.v4l import Device, Wish
from tests.vision.driver import APERTURE, MANUAL, Webcam, in_form

SIZE: dict[str, Any] = {"width": 160, "height": 120}


def lit(level: int) -> Gray:
    return np.full((120, 160), level, np.uint8)


@contextmanager
def watched(webcam: Webcam, **wish: Any) -> Iterator[tuple[Grabber, Device]]:
    device = Device(webcam.path, Wish(**{**SIZE, **wish}), webcam.open, webcam.ioctl)
    grabber = Grabber(device.pictures, lambda: device.note)
    try:
        yield grabber, device
    finally:
        grabber.close()


def next_frame(grabber: Grabber) -> Frame:
    frame = grabber.read(10.0)
    assert frame is not None
    return frame


@pytest.mark.parametrize("form", ["MJPG", "YUYV", "UYVY", "NV12", "GREY"])
def test_every_cheap_form_becomes_gray_without_any_colour(form: str, tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77), [form])
    with watched(webcam) as (grabber, _):
        frame = next_frame(grabber)
        assert webcam.opened[0].get(cv2.CAP_PROP_CONVERT_RGB) == 0
        assert frame.gray.shape == (120, 160)
        assert abs(int(frame.gray.mean()) - 77) <= 1
        assert grabber.note == ""


def test_jpeg_is_preferred_to_what_the_camera_would_choose(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77), ["BGR3", "YUYV", "MJPG"])
    with watched(webcam) as (grabber, _):
        next_frame(grabber)
        assert webcam.opened[0].form == "MJPG"


def test_a_form_that_costs_more_is_taken_and_said(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77), ["RGB3"])
    with watched(webcam) as (grabber, _):
        assert abs(int(next_frame(grabber).gray.mean()) - 77) <= 1
        assert grabber.note == "refused: pictures that cost little (gives RGB3)"


def test_without_raw_the_driver_converts(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77))
    with watched(webcam, raw=False) as (grabber, _):
        next_frame(grabber)
        assert webcam.opened[0].get(cv2.CAP_PROP_CONVERT_RGB) == 1
        assert grabber.note == ""


@pytest.mark.parametrize(("mains", "units"), [(50, 200), (60, 167), (0, 180)])
def test_an_exposure_of_the_settings_is_locked_to_the_mains(mains: int, units: int, tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(40))
    webcam.power_line = 0
    with watched(webcam, mains_hz=mains, exposure_ms=18.0) as (grabber, _):
        next_frame(grabber)
    assert webcam.controls[cv2.CAP_PROP_AUTO_EXPOSURE] == MANUAL
    assert webcam.controls[cv2.CAP_PROP_EXPOSURE] == units
    assert webcam.power_line == {50: 1, 60: 2, 0: 0}[mains]


def test_focus_is_fixed_with_its_automatic_off(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(40))
    with watched(webcam, focus=120) as (grabber, _):
        next_frame(grabber)
        assert grabber.note == ""
    assert webcam.controls[cv2.CAP_PROP_AUTOFOCUS] == 0
    assert webcam.controls[cv2.CAP_PROP_FOCUS] == 120


ALL = tuple(
    name for name in (cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS)
)


@pytest.mark.parametrize(
    ("lacks", "wish", "said"),
    [
        (ALL[2:], {"focus": 120}, "refused: focus 120"),
        (ALL[:2], {"exposure_ms": 10.0}, "refused: manual exposure"),
        (ALL[:2], {"mains_hz": 50}, "refused: manual exposure, the mains' frequency"),
        (ALL[1:2], {"exposure_ms": 10.0}, "refused: exposure 10.0 ms"),
        ((), {"exposure_ms": 400.0}, "refused: exposure 400.0 ms (gives 204.7)"),
        ((), {"focus": 400}, "refused: focus 400 (gives 250)"),
        (ALL, {}, ""),
    ],
)
def test_what_a_camera_refuses_is_said(lacks: tuple[int, ...], wish: dict[str, Any], said: str, tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(40), lacks=lacks)
    with watched(webcam, **wish) as (grabber, _):
        next_frame(grabber)
        assert grabber.note == said


def test_an_exposure_that_earlier_settings_left_behind_is_automatic_again(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(40))
    webcam.controls[cv2.CAP_PROP_AUTO_EXPOSURE] = MANUAL
    with watched(webcam) as (grabber, _):
        next_frame(grabber)
    assert webcam.controls[cv2.CAP_PROP_AUTO_EXPOSURE] == APERTURE


def test_a_camera_of_another_size_is_said(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(40), sizes=[(160, 120)])
    with watched(webcam, width=1920, height=1080) as (grabber, _):
        next_frame(grabber)
        assert grabber.note == "refused: 1920x1080 (gives 160x120)"


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize(("level", "light", "flickers"), [(40, 1.0, 2), (110, 1.0, 1), (255, 1.5, 0.5)])
def test_the_shutter_finds_its_time_among_the_flickers(
    level: int, light: float, flickers: float, mains: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("edge.vision.v4l.time", SimpleNamespace(monotonic=lambda: clock[0]))
    webcam = Webcam(tmp_path / "video0", lit(level))
    webcam.light = light
    device = Device(webcam.path, Wish(mains_hz=mains, **SIZE), webcam.open, webcam.ioctl)
    for develop in itertools.islice(device.pictures(threading.Event()), 40):
        develop()
        clock[0] += 0.3
    assert webcam.controls[cv2.CAP_PROP_EXPOSURE] == round(flickers * flicker_ms(mains) * 10)


@pytest.mark.promise("V-5")
def test_a_camera_that_is_pulled_out_says_so(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77))
    with watched(webcam) as (grabber, _):
        next_frame(grabber)
        webcam.path.unlink()
        with pytest.raises(SourceGone, match="video0 is unplugged"):
            list(iter(partial(grabber.read, 10.0), None))
    assert webcam.opened[0].released


@pytest.mark.promise("V-5")
def test_a_camera_that_another_uses_is_said_to_be_busy_before_it_is_touched(tmp_path: Path) -> None:
    webcam = Webcam(tmp_path / "video0", lit(77))
    webcam.held = True
    with watched(webcam) as (grabber, _), pytest.raises(SourceGone, match="is used by another program"):
        grabber.read(10.0)
    assert webcam.opened == []


@pytest.mark.parametrize(
    ("number", "todo"),
    [(errno.EACCES, "to the group video"), (errno.EBUSY, "End what else"), (errno.ENODEV, "Plug the device in")],
)
def test_why_a_device_cannot_be_had_says_what_to_do(number: int, todo: str) -> None:
    assert todo in gone(Path("/dev/video0"), "camera", number).args[1]


def test_a_webcams_jpeg_without_huffman_tables_is_read() -> None:
    whole = in_form(lit(77), "MJPG").tobytes()
    bare, at = whole[:2], 2
    while whole[at + 1] != 0xDA:
        length = 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
        bare += b"" if whole[at + 1] == 0xC4 else whole[at : at + length]
        at += length
    gray = gray_picture(np.frombuffer(bare + whole[at:], np.uint8)[None, :], "MJPG")
    assert b"\xff\xc4" not in bare
    assert gray[60, 80] == 77
