"""Video by FFmpeg: the gray that it holds, by the way that costs least, and its end."""

from __future__ import annotations

import itertools
import threading
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.adapters import camera_opencv
from edge.adapters.camera_opencv import Settings, source, with_password
from edge.ports import Gray, SourceEnded, SourceGone
from edge.vision import film
from edge.vision.grabber import Grabber
from edge.vision.pixels import gray_picture, stretched, word

SIZE = (320, 240)


def ramp() -> Gray:
    """From black to white, in steps that survive any compression."""
    return np.repeat(np.repeat(np.arange(0, 256, 17, dtype=np.uint8)[None, :], 20, axis=1), 240, axis=0)


def written(path: Path, codec: str, frames: int = 5) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 120, SIZE)
    for _ in range(frames):
        writer.write(cv2.cvtColor(ramp(), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


@pytest.mark.parametrize(("codec", "ending"), [("mp4v", "mp4"), ("VP80", "webm"), ("MJPG", "avi"), ("FFV1", "mkv")])
def test_every_video_gives_its_gray_from_black_to_white(codec: str, ending: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"clip.{ending}", codec)
    developed = next(film.film(path, False, threading.Event()))()
    assert developed.shape == (240, 320)
    assert np.abs(developed[5:-5].astype(int) - ramp()[5:-5]).mean() < 4
    assert developed[:, :10].mean() < 6
    assert developed[:, -10:].mean() > 249


@pytest.mark.parametrize(
    ("codec", "ending", "rows", "channels"), [("MJPG", "avi", 1, 1), ("mp4v", "mp4", 240, 1), ("FFV1", "mkv", 240, 3)]
)
def test_no_colour_is_made_where_gray_is_to_be_had(
    codec: str, ending: str, rows: int, channels: int, tmp_path: Path
) -> None:
    capture, develop = film._opened(str(written(tmp_path / f"clip.{ending}", codec)))
    picture = np.asarray(capture.read()[1])
    capture.release()
    assert picture.shape[0] == rows
    assert picture.size == np.prod(picture.shape[:2]) * channels
    assert develop is (stretched if codec == "mp4v" else gray_picture)


@pytest.mark.parametrize(("codec", "ending"), [("mp4v", "mp4"), ("MJPG", "avi")])
def test_a_film_that_loops_starts_again_and_one_that_does_not_ends(codec: str, ending: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"clip.{ending}", codec, frames=3)
    assert len(list(itertools.islice(film.film(path, True, threading.Event()), 8))) == 8
    grabber = Grabber(partial(film.film, path, False))
    with pytest.raises(SourceEnded):
        list(iter(partial(grabber.read, 10.0), None))
    grabber.close()


@pytest.mark.promise("V-5")
def test_a_stream_that_ends_is_gone(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.mp4", "mp4v", frames=3)
    with pytest.raises(SourceGone, match="the stream of door is away"):
        list(film.stream("door", str(path), threading.Event()))


@pytest.mark.parametrize(
    ("number", "name"), [(cv2.VideoWriter.fourcc(*"MJPG"), "MJPG"), (-1.0, "????"), (168506201.0, "Y3??")]
)
def test_a_fourcc_is_a_word_of_letters_and_digits(number: float, name: str) -> None:
    assert word(number) == name


def test_a_streams_password_comes_from_its_file_and_shows_in_no_name(tmp_path: Path) -> None:
    (tmp_path / "door.pass").write_text("p@ss/w:rd\n")
    settings = Settings(source="rtsp://cam.local/live?x=1", user="root", password_file=Path("door.pass"))
    found = source(settings.source, tmp_path)
    assert with_password(found.target, settings, tmp_path) == "rtsp://root:p%40ss%2Fw%3Ard@cam.local/live?x=1"
    assert found.name == "cam.local"


def test_a_streams_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = Settings(source="rtsp://cam.local/live", user="root", password_file=Path("none.pass"))
    with pytest.raises(SourceGone, match="none.pass cannot be read"), camera_opencv.open(settings, tmp_path):
        pass
