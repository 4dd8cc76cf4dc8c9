"""A USB camera by V4L2 and OpenCV: what it is asked before it streams, what it refuses, and its shutter meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from edge.ports import Gray, SourceGone
from edge.vision.devices import gone
from edge.vision.exposure import Shutter, flicker_ms, locked_ms, longest, step
from edge.vision.grabber import Undeveloped
from edge.vision.picture import WHITE
from edge.vision.pixels import CHEAP, Raw, gray_picture, word

Ioctl = Callable[[int, int, bytes], bytes | int]
REQBUFS, S_CTRL = 0xC0145608, 0xC008561C
"""VIDIOC_REQBUFS and VIDIOC_S_CTRL of linux/videodev2.h."""
POWER_LINE = 0x00980918
"""V4L2_CID_POWER_LINE_FREQUENCY: 1 is 50 Hz, 2 is 60 Hz; what the camera's own exposure heeds."""
MANUAL, AUTOMATIC = 1, (3, 0)
"""V4L2_CID_EXPOSURE_AUTO: manual, and the two automatic ways that webcams know."""
UNITS_PER_MS = 10
"""V4L2 counts exposure in units of 0.1 ms."""
MEASURE_S = 0.5
"""The light is measured so often: after each move of the shutter at least once in pictures taken since."""
CLOSE = 0.05
"""A camera that takes a value to within so much of it took it."""


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...
    def set(self, property_: int, value: float, /) -> bool: ...
    def get(self, property_: int, /) -> float: ...
    def read(self) -> tuple[bool, Raw | None]: ...
    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a camera is asked. None for an exposure is automatic, by us if the mains are known; for focus, as it is."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    raw: bool = True
    mains_hz: int = 0
    exposure_ms: float | None = None
    focus: int | None = None


class Device:
    """One USB camera; ``note`` says what it refuses."""

    def __init__(
        self,
        path: Path,
        wish: Wish,
        driver: Callable[[str], Capture] | None = None,
        ioctl: Ioctl = fcntl.ioctl,
    ) -> None:
        self._path, self._wish, self._driver, self._ioctl = path, wish, driver or by_v4l2, ioctl
        self._fourcc = ""
        self._shutter: Shutter | None = None
        self._light: tuple[float, float] | None = None
        self._measured = -MEASURE_S
        self.note = ""

    def pictures(self, stop: threading.Event) -> Generator[Undeveloped, None, None]:
        """Its pictures as they come; raises SourceGone."""
        capture = self._opened()
        try:
            while not stop.is_set():
                taken, picture = capture.read()
                if not taken or picture is None:
                    raise away(self._path)
                self._expose(capture)
                yield partial(self._gray, picture)
        finally:
            capture.release()

    def _opened(self) -> Capture:
        refuse_what_hinders(self._path, self._ioctl)
        capture = self._driver(str(self._path))
        if not capture.isOpened():
            capture.release()
            raise away(self._path)
        self._fourcc, refused = _format(capture, self._wish)
        refused += self._light_and_focus(capture)
        self.note = f"refused: {', '.join(refused)}" if refused else ""
        return capture

    def _light_and_focus(self, capture: Capture) -> list[str]:
        wish = self._wish
        refused = [] if wish.focus is None else _focus(capture, wish.focus)
        if not wish.mains_hz and wish.exposure_ms is None:
            _automatic(capture)
            return refused
        heeds = not wish.mains_hz or power_line(self._path, wish.mains_hz, self._ioctl)
        if not capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL):
            return [*refused, "manual exposure", *([] if heeds else ["the mains' frequency"])]
        if wish.exposure_ms is not None:
            return refused + _exposure(capture, locked_ms(wish.exposure_ms, wish.mains_hz))
        self._shutter = Shutter(longest=longest(wish.fps, wish.mains_hz))
        return refused + _exposure(capture, flicker_ms(wish.mains_hz))

    def _expose(self, capture: Capture) -> None:
        """Move the shutter by what the last picture that was looked at showed; only the capture's own thread may."""
        light, self._light = self._light, None
        if light is None or self._shutter is None:
            return
        before, self._shutter = self._shutter, step(self._shutter, *light, time.monotonic())
        if self._shutter.flickers != before.flickers:
            _exposure(capture, self._shutter.flickers * flicker_ms(self._wish.mains_hz))

    def _gray(self, picture: Raw) -> Gray:
        gray = gray_picture(picture, self._fourcc)
        now = time.monotonic()
        if gray.size and self._shutter is not None and now - self._measured >= MEASURE_S:
            few = gray[::8, ::8]
            self._light = float(few.mean()), float(np.count_nonzero(few >= WHITE) / few.size)
            self._measured = now
        return gray


def by_v4l2(path: str) -> Capture:
    """OpenCV's own."""
    return cast(Capture, cv2.VideoCapture(path, cv2.CAP_V4L2))


def refuse_what_hinders(path: Path, ioctl: Ioctl = fcntl.ioctl) -> None:
    """Raise SourceGone if a device is away, not ours to open, or in use, which OpenCV does not tell apart."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            ioctl(descriptor, REQBUFS, struct.pack("=5I", 0, 1, 1, 0, 0))  # no buffers: only the one who streams may
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOTTY, errno.EINVAL):
            raise gone(path, "camera", error.errno or 0) from None


def away(path: Path) -> SourceGone:
    """Why a device that was asked for a picture gives none."""
    if not path.exists():
        return gone(path, "camera")
    return SourceGone(f"{path} is busy or gives no picture", "End what else uses the camera, or plug it in again.")


def power_line(path: Path, mains_hz: int, ioctl: Ioctl = fcntl.ioctl) -> bool:
    """Tell the camera's own automatic exposure how the lamps flicker; whether it took it."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            ioctl(descriptor, S_CTRL, struct.pack("=Ii", POWER_LINE, {50: 1, 60: 2}[mains_hz]))
            return True
        finally:
            os.close(descriptor)
    return False


def _format(capture: Capture, wish: Wish) -> tuple[str, list[str]]:
    """Ask for JPEG, which USB 2 needs for 720p at 30 frames, else YUYV; undecoded where its gray costs little."""
    any(capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*form)) for form in ("MJPG", "YUYV"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wish.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wish.height)
    capture.set(cv2.CAP_PROP_FPS, wish.fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)
    width, height = (round(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    refused = [f"{wish.width}x{wish.height} (gives {width}x{height})"] * ((width, height) != (wish.width, wish.height))
    fourcc = word(capture.get(cv2.CAP_PROP_FOURCC))
    if not wish.raw:
        return "", refused
    if fourcc in CHEAP and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        return fourcc, refused
    return "", [*refused, f"pictures that cost little (gives {fourcc})"]


def _exposure(capture: Capture, wanted_ms: float) -> list[str]:
    """Set a manual exposure; what was refused."""
    taken = capture.set(cv2.CAP_PROP_EXPOSURE, round(wanted_ms * UNITS_PER_MS))
    given = capture.get(cv2.CAP_PROP_EXPOSURE) / UNITS_PER_MS
    if taken and abs(given - wanted_ms) <= CLOSE * wanted_ms + 0.1:
        return []
    return [f"exposure {wanted_ms:.1f} ms (gives {given:.1f})" if taken else f"exposure {wanted_ms:.1f} ms"]


def _automatic(capture: Capture) -> None:
    """A camera remembers a manual exposure of earlier settings through restarts."""
    if capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) == MANUAL:
        any(capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, way) for way in AUTOMATIC)


def _focus(capture: Capture, focus: int) -> list[str]:
    """Fix the focus; a camera may have one to set and no automatic to switch off."""
    capture.set(cv2.CAP_PROP_AUTOFOCUS, 0)
    taken = capture.set(cv2.CAP_PROP_FOCUS, focus)
    given = round(capture.get(cv2.CAP_PROP_FOCUS))
    if taken and abs(given - focus) <= max(5, CLOSE * focus):  # cameras round to steps of 5
        return []
    return [f"focus {focus} (gives {given})" if taken else f"focus {focus}"]
