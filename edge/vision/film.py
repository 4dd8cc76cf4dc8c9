"""Video by FFmpeg: a stream as it comes, or a file at its own rate, each as the gray that it holds anyway."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from cv2.utils import logging as quiet

from edge.ports import Gray, SourceEnded, SourceGone
from edge.vision.grabber import Undeveloped
from edge.vision.pixels import GRAY_FIRST, Raw, gray_picture, stretched, word

TIMEOUT_MS = 5000
"""Opening a stream and waiting for its next frame; OpenCV's own 30 s would hide a dead camera."""
FILE_FPS = 15.0
"""The rate of a video file that does not say its own."""
MOTION_JPEG = frozenset({"MJPG", "mjpg", "jpeg"})


def stream(name: str, address: str, stop: threading.Event) -> Generator[Undeveloped, None, None]:
    """The pictures of an address that may hold a password, which ``name`` does not; raises SourceGone."""
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    capture, develop = _opened(address)
    try:
        while capture.isOpened() and not stop.is_set():
            taken, picture = capture.read()
            if not taken:
                break
            yield partial(develop, np.asarray(picture, np.uint8))
    finally:
        capture.release()
    if not stop.is_set():
        raise SourceGone(f"the stream of {name} is away", "Look at the camera's power and network cable.")


def film(path: Path, loop: bool, stop: threading.Event) -> Generator[Undeveloped, None, None]:
    """The pictures of a file at its own rate; raises SourceGone, or SourceEnded after the last without ``loop``."""
    if not path.exists():
        raise SourceGone(f"there is no file {path.name}", "Correct the camera's setting 'source'.")
    capture, develop = _opened(str(path))
    try:
        yield from _played(capture, develop, path.name, loop, stop)
    finally:
        capture.release()


def _played(
    capture: cv2.VideoCapture, develop: Callable[[Raw], Gray], name: str, loop: bool, stop: threading.Event
) -> Generator[Undeveloped, None, None]:
    number, rewound, began = 0, -1, time.monotonic()
    rate = capture.get(cv2.CAP_PROP_FPS) or FILE_FPS
    while not stop.is_set():
        taken, picture = capture.read()
        if taken:
            number += 1
            stop.wait(rest_s(began, number, rate, time.monotonic()))
            yield partial(develop, np.asarray(picture, np.uint8))
        elif number in (0, rewound):
            raise SourceGone(f"{name} is no video that can be read", "Choose another file.")
        elif not loop:
            raise SourceEnded(f"{name} was shown")
        else:
            rewound = number
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)


def rest_s(began: float, number: int, rate: float, now: float) -> float:
    """How long the frame of a file, counted from 1, still waits for its time at so many frames a second."""
    return max(0.0, began + number / rate - now)


def _opened(address: str) -> tuple[cv2.VideoCapture, Callable[[Raw], Gray]]:
    """A capture, which may not be open, and how its pictures become gray.

    Measured on 720p, CPU a frame to gray: JPEG by colour 4.5 ms, as packets 1.6; H.264 by colour 2.7, its gray
    plane 1.6. On one thread, as FFmpeg's others hold back a frame each.
    """
    quiet.setLogLevel(quiet.LOG_LEVEL_ERROR)  # it would warn at every frame that a gray plane is not all of the picture
    times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*times, cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        return capture, gray_picture
    if word(capture.get(cv2.CAP_PROP_FOURCC)) in MOTION_JPEG and capture.set(cv2.CAP_PROP_FORMAT, -1):
        return capture, gray_picture
    if word(capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) in GRAY_FIRST and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        return capture, stretched
    return capture, gray_picture
