"""A camera by OpenCV: USB by number or path, an RTSP stream, or a video file at its own rate."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge import config
from edge.ports import Camera, Frame, Gray, SourceEnded, SourceGone
from edge.vision.picture import gray_of

LIVE = True
SILENT = ("the camera gives no picture", "Look at its cable; if it stays so, unplug it and plug it in again.")
TIMEOUT_MS = 5000
"""Opening a stream and waiting for its next frame; OpenCV's own 30 s would hide a dead camera."""
FILE_FPS = 15.0
"""The rate of a video file that does not say its own."""


class Settings(config.Settings):
    """``source`` is a number, a device (``/dev/v4l/by-id/…``), an ``rtsp://`` address or a video file.

    ``width``, ``height`` and ``fps`` are asked of a USB camera, which may give others. ``loop`` starts a file again.
    ``raw`` takes a USB camera's JPEG as it comes and decodes it to gray alone, for a third of the time.
    """

    source: int | str = 0
    width: int = Field(1280, ge=160, le=4096)
    height: int = Field(720, ge=120, le=4096)
    fps: float = Field(30.0, gt=0, le=120)
    loop: bool = True
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What a setting means: kind is device, stream or file; ``name`` may be shown, ``target`` may hold a password."""

    kind: str
    name: str
    target: str


def source(setting: int | str, where: Path) -> Source:
    """The kind of a source, and a name for it without what must not be seen."""
    text = str(setting)
    if text.isdigit():
        return Source("device", f"/dev/video{text}", f"/dev/video{text}")
    if text.startswith("/dev/"):
        return Source("device", text, text)
    if "://" in text:
        return Source("stream", urlsplit(text).hostname or "stream", text)
    return Source("file", Path(text).name, str(where / text))


def network(settings: Settings) -> bool:
    """The eye of a stream's address is let out to it; that of a device or a file is not."""
    return "://" in str(settings.source)


class Grabber:
    """A thread that takes every frame and keeps the newest, so that a read that blocks is a missing frame, no hang."""

    def __init__(self, settings: Settings, source: Source) -> None:
        self._settings, self._source = settings, source
        self._changed = threading.Condition()
        self._newest: tuple[int, npt.NDArray[np.uint8]] | None = None
        self._over: SourceGone | SourceEnded | None = None
        self._stop = threading.Event()
        self._rewound = 0
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    def read(self, timeout: float) -> Frame | None:
        """The newest frame; raises SourceGone or SourceEnded once the last frame before it was read."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._over is not None, timeout)
            newest, self._newest = self._newest, None
            if newest is None and self._over is not None:
                raise self._over
        gray = None if newest is None else gray_picture(newest[1])
        return None if newest is None or gray is None else Frame(gray, newest[0])

    def close(self) -> None:
        """Tell the thread to end; one that hangs in a driver is left behind, the eye's process ends with it."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        try:
            capture = opened(self._source, self._settings)
            try:
                self._grab(capture)
            finally:
                capture.release()
        except (SourceGone, SourceEnded) as over:
            self._end(over)
        except cv2.error:
            self._end(gone(self._source))

    def _grab(self, capture: cv2.VideoCapture) -> None:
        number, began = 0, time.monotonic()
        rate = (capture.get(cv2.CAP_PROP_FPS) or FILE_FPS) if self._source.kind == "file" else 0.0
        while not self._stop.is_set():
            taken, picture = capture.read()
            if not taken:
                self._at_end(capture, number)
                continue
            number += 1
            if rate:
                self._stop.wait(rest_s(began, number, rate, time.monotonic()))
            with self._changed:
                self._newest = (number, np.asarray(picture, np.uint8))
                self._changed.notify_all()

    def _at_end(self, capture: cv2.VideoCapture, number: int) -> None:
        """A file starts again or is over; anything else is gone."""
        if self._source.kind != "file" or number == self._rewound:
            raise gone(self._source)
        self._rewound = number
        if not self._settings.loop:
            raise SourceEnded(f"{self._source.name} was shown")
        capture.set(cv2.CAP_PROP_POS_FRAMES, 0)

    def _end(self, over: SourceGone | SourceEnded) -> None:
        with self._changed:
            self._over = over
            self._changed.notify_all()


def rest_s(began: float, number: int, rate: float, now: float) -> float:
    """How long the frame of a file, counted from 1, still waits for its time at so many frames a second."""
    return max(0.0, began + number / rate - now)


def opened(source: Source, settings: Settings) -> cv2.VideoCapture:
    """An open capture; raises SourceGone."""
    if source.kind != "stream" and not os.path.exists(source.target):
        raise gone(source)
    if source.kind == "device":
        capture = cv2.VideoCapture(source.target, cv2.CAP_V4L2)
        _ask(capture, settings)
    else:
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
        capture = cv2.VideoCapture(source.target, cv2.CAP_FFMPEG, times)
    if not capture.isOpened():
        capture.release()
        raise gone(source)
    return capture


def _ask(capture: cv2.VideoCapture, settings: Settings) -> None:
    """Ask for JPEG, which USB 2 needs for 720p at 30 frames, and the shortest queue of frames."""
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    capture.set(cv2.CAP_PROP_FPS, settings.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if settings.raw:
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)


def gone(source: Source) -> SourceGone:
    """Why a source gives nothing, as far as one can tell, and what to do."""
    if source.kind == "stream":
        return SourceGone(f"the stream of {source.name} is away", "Look at the camera's power and network cable.")
    if not os.path.exists(source.target):
        if source.kind == "file":
            return SourceGone(f"there is no file {source.name}", "Correct the camera's setting 'source'.")
        return SourceGone(f"{source.name} is unplugged", "Plug the camera in.")
    if source.kind == "file":
        return SourceGone(f"{source.name} is no video that can be read", "Choose another file.")
    return SourceGone(
        f"{source.name} is busy or gives no picture", "End what else uses the camera, or plug it in again."
    )


def gray_picture(picture: npt.NDArray[np.uint8]) -> Gray | None:
    """The gray of what a capture gives: BGR, gray, YUYV (its Y), or one row of a JPEG's bytes; else None."""
    if picture.ndim == 3 and picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    if picture.ndim == 3 and picture.shape[2] == 2:
        return np.ascontiguousarray(picture[:, :, 0])
    if picture.ndim == 2 and picture.shape[0] == 1:
        return gray_of(picture.tobytes())
    return picture if picture.ndim == 2 else None


@contextmanager
def open(settings: Settings, where: Path) -> Iterator[Camera]:
    """The camera; opening it happens in its thread, so a device that is away shows at the first read."""
    grabber = Grabber(settings, source(settings.source, where))
    try:
        yield grabber
    finally:
        grabber.close()
