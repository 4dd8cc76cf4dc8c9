"""The cameras: each gives frames, and says in words when it cannot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.adapters import camera_folder, camera_opencv, camera_push
from edge.config import BadConfig, checked
from edge.plug import adapter, known
from edge.ports import Camera, Frame, Gray, SourceEnded, SourceGone
from edge.vision import film, pixels
from edge.vision.told import Ear
from edge.vision.wire import picture

LEVELS = (40, 90, 140, 190, 240)


def flat(level: int) -> Gray:
    return np.full((120, 160), level, np.uint8)


def all_frames(camera: Camera) -> Iterator[Frame]:
    """Every frame until the source has ended; SourceGone goes through."""
    with suppress(SourceEnded):
        while True:
            frame = camera.read(1.0)
            if frame is not None:
                yield frame


def clip(path: Path, fps: float = 30.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (160, 120), isColor=False)
    for level in LEVELS:
        writer.write(flat(level))
    writer.release()
    return path


@pytest.mark.parametrize("name", known("camera"))
def test_every_camera_has_settings_that_refuse_unknown_keys(name: str) -> None:
    with pytest.raises(BadConfig, match="colour"):
        checked(adapter("camera", name).Settings, {"colour": "red"}, "camera c1")


def test_a_folder_shows_its_pictures_in_the_order_of_their_names_and_ends(pictures: Callable[..., Path]) -> None:
    folder = pictures(*map(flat, LEVELS))
    (folder / "002a.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture either")
    settings = camera_folder.Settings(path=folder, fps=120, loop=False)
    with camera_folder.open(settings, folder) as camera:
        frames = list(all_frames(camera))
    assert [int(frame.gray[0, 0]) for frame in frames] == list(LEVELS)
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5]


def test_a_folder_that_loops_takes_up_new_pictures(pictures: Callable[..., Path]) -> None:
    folder = pictures(flat(40))
    with camera_folder.open(camera_folder.Settings(path=folder, fps=120), folder) as camera:
        assert camera.read(1.0) is not None
        cv2.imwrite(str(folder / "000.png"), flat(240))
        frame = camera.read(1.0)
    assert frame is not None
    assert frame.gray[0, 0] == 240
    assert frame.number == 2


def test_an_empty_folder_is_a_camera_that_is_away(tmp_path: Path) -> None:
    with (
        camera_folder.open(camera_folder.Settings(path=Path("none")), tmp_path) as camera,
        pytest.raises(SourceGone, match="no pictures in none"),
    ):
        camera.read(1.0)


def test_a_video_file_is_shown_to_its_last_frame(tmp_path: Path) -> None:
    clip(tmp_path / "clip.avi", fps=20)
    with camera_opencv.open(camera_opencv.Settings(source="clip.avi", loop=False), tmp_path) as camera:
        frames = list(all_frames(camera))
    assert frames[-1].number == len(LEVELS)
    assert abs(int(frames[-1].gray[60, 80]) - LEVELS[-1]) < 4


@pytest.mark.parametrize(
    ("number", "now", "rest"), [(1, 100.0, 0.1), (30, 101.0, 2.0), (30, 103.5, 0.0), (1, 90.0, 10.1)]
)
def test_a_frame_of_a_file_waits_for_its_time(number: int, now: float, rest: float) -> None:
    assert film.rest_s(100.0, number, 10.0, now) == pytest.approx(rest)


def test_a_video_file_that_loops_goes_on_after_its_end(tmp_path: Path) -> None:
    clip(tmp_path / "clip.avi", fps=60)
    numbers: list[int] = []
    with camera_opencv.open(camera_opencv.Settings(source="clip.avi"), tmp_path) as camera:
        while not numbers or numbers[-1] <= len(LEVELS):
            frame = camera.read(1.0)
            assert frame is not None
            numbers.append(frame.number)
    assert numbers == sorted(set(numbers))


@pytest.mark.promise("V-5")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        (97, "/dev/video97 is unplugged"),
        ("97", "/dev/video97 is unplugged"),
        ("/dev/v4l/by-id/none", "by-id/none is unplugged"),
        ("none.mp4", "there is no file none.mp4"),
        ("text.mp4", "text.mp4 is no video"),
        ("rtsp://127.0.0.1:9/live", "the stream of 127.0.0.1 is away"),
    ],
)
def test_a_camera_that_is_away_says_which_and_what_to_do(source: int | str, words: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    with (
        camera_opencv.open(camera_opencv.Settings(source=source), tmp_path) as camera,
        pytest.raises(SourceGone) as gone,
    ):
        list(all_frames(camera))
    detail, todo = gone.value.args
    assert words in detail
    assert todo


YUYV = np.dstack([flat(77), flat(128)])
JPEG = cv2.imencode(".jpg", flat(77))[1].tobytes()


@pytest.mark.parametrize("given", [np.dstack([flat(77)] * 3), flat(77), YUYV, np.frombuffer(JPEG, np.uint8)[None, :]])
def test_whatever_a_capture_gives_becomes_the_same_gray(given: Gray) -> None:
    gray = pixels.gray_picture(given)
    assert gray.shape == (120, 160)
    assert abs(int(gray.mean()) - 77) <= 1


@pytest.mark.parametrize(
    "given", [np.zeros((120, 160), np.uint16), np.zeros((120, 160, 7), np.uint8), np.zeros((1, 99), np.uint8)]
)
def test_what_is_no_picture_of_a_known_format_has_no_pixels(given: Gray) -> None:
    assert pixels.gray_picture(given).size == 0


def pushed(*messages: bytes) -> list[Frame]:
    """What a camera makes of these bytes on its pipe, once all have arrived and the pipe has ended."""
    reading, writing = os.pipe()
    ear = Ear(reading)
    for message in messages:
        os.write(writing, message)
    os.close(writing)
    ear.wait()
    try:
        return list(all_frames(camera_push.Inlet(ear)))
    finally:
        os.close(reading)


def test_of_pushed_pictures_the_latest_wins_with_its_number() -> None:
    later = cv2.imencode(".jpg", flat(200))[1].tobytes()
    frames = pushed(picture(JPEG, 41), picture(later, 2**63 + 1))
    assert [frame.number for frame in frames] == [2**63 + 1]
    assert int(frames[0].gray[60, 80]) == 200


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("message", [b"", b"\0\0", picture(b"\xff\xd8 broken", 1), picture(b"", 1), b"\xff" * 12])
def test_pushed_bytes_that_are_no_picture_have_no_pixels(message: bytes) -> None:
    assert all(frame.gray.size == 0 for frame in pushed(message))
