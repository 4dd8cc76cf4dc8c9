"""A double of OpenCV's V4L2 capture, with the ways of real webcams; its answers are read off OpenCV's cap_v4l.cpp."""

from __future__ import annotations

import errno
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray
from edge.vision.v4l import POWER_LINE, REQBUFS

MANUAL, APERTURE = 1, 3
PERIOD_S = 0.002
CONTROLS: Mapping[int, float] = {
    cv2.CAP_PROP_AUTO_EXPOSURE: APERTURE,
    cv2.CAP_PROP_EXPOSURE: 156,
    cv2.CAP_PROP_AUTOFOCUS: 1,
    cv2.CAP_PROP_FOCUS: 0,
}
FRAME = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_BUFFERSIZE)


class Webcam:
    """A camera on a path that exists while it is plugged in; its controls outlive the one who opened it.

    ``scene`` is what it looks at in bright light; a picture is as bright as the shutter is open, 10 ms showing the
    scene as it is. ``forms`` are those that it gives, the first its own choice; ``lacks`` the controls that it has not,
    ``sizes`` its own where it cannot give any; ``light`` how much of it there is.
    """

    def __init__(
        self,
        path: Path,
        scene: Gray,
        forms: Sequence[str] = ("YUYV", "MJPG"),
        lacks: Sequence[int] = (),
        sizes: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.path, self.scene, self.forms, self.sizes = path, scene, forms, sizes
        self.controls = {name: value for name, value in CONTROLS.items() if name not in lacks}
        self.power_line: int | None = None
        self.light = 1.0
        self.held = False
        self.opened: list[Opened] = []
        path.touch()

    def open(self, path: str) -> Opened:
        """What ``cv2.VideoCapture(path, cv2.CAP_V4L2)`` gives."""
        assert path == str(self.path)
        self.opened.append(Opened(self))
        return self.opened[-1]

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> int:
        """The kernel's answer to a control set past OpenCV, and to one who asks whether somebody streams."""
        if request == REQBUFS:
            if self.held:
                raise OSError(errno.EBUSY, "busy")
            return 0
        control, value = struct.unpack("=Ii", argument)
        if control != POWER_LINE or self.power_line is None:
            raise OSError(errno.EINVAL, "no such control")
        self.power_line = value
        return 0


class Opened:
    """One who has the webcam open."""

    def __init__(self, webcam: Webcam) -> None:
        self.webcam, self.form, self.released = webcam, webcam.forms[0], False
        self._frame: dict[int, float] = {
            cv2.CAP_PROP_CONVERT_RGB: 1.0,
            **dict(zip(FRAME, (640, 480, 30, 4), strict=True)),
        }

    def isOpened(self) -> bool:
        return self.webcam.path.exists() and not self.webcam.held

    def set(self, name: int, value: float) -> bool:
        if name == cv2.CAP_PROP_FOURCC:
            form = int(value).to_bytes(4, "little").decode()
            self.form = form if form in self.webcam.forms else self.form
            return form in self.webcam.forms
        if name in self._frame:
            self._frame[name] = value
            self._fit_size()
            return True
        return self._control(name, round(value))

    def _fit_size(self) -> None:
        """A size that the camera does not have becomes one that it has, and the call succeeds."""
        if self.webcam.sizes and tuple(map(self._frame.get, FRAME[:2])) not in self.webcam.sizes:
            self._frame.update(zip(FRAME[:2], self.webcam.sizes[0], strict=True))

    def _control(self, name: int, value: int) -> bool:
        """Exposure cannot be set while it is automatic, nor focus (EACCES); a value out of range is clamped."""
        controls = self.webcam.controls
        if name not in controls:
            return False
        if name == cv2.CAP_PROP_EXPOSURE and controls.get(cv2.CAP_PROP_AUTO_EXPOSURE) != MANUAL:
            return False
        if name == cv2.CAP_PROP_FOCUS and controls.get(cv2.CAP_PROP_AUTOFOCUS) == 1:
            return False
        if name == cv2.CAP_PROP_AUTO_EXPOSURE and value not in (MANUAL, APERTURE):
            return False
        controls[name] = min(value, 250) if name == cv2.CAP_PROP_FOCUS else min(max(value, 3), 2047)
        if name in (cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_AUTOFOCUS):
            controls[name] = value
        return True

    def get(self, name: int) -> float:
        if name == cv2.CAP_PROP_FOURCC:
            return float(cv2.VideoWriter.fourcc(*self.form))
        return self._frame.get(name, self.webcam.controls.get(name, -1.0))

    def read(self) -> tuple[bool, npt.NDArray[np.uint8] | None]:
        time.sleep(PERIOD_S)
        if not self.webcam.path.exists() or self.released:
            return False, None
        gray = self._lit()
        if self._frame[cv2.CAP_PROP_CONVERT_RGB]:
            return True, np.dstack([gray] * 3)
        return True, in_form(gray, self.form)

    def _lit(self) -> Gray:
        controls = self.webcam.controls
        if controls.get(cv2.CAP_PROP_AUTO_EXPOSURE) != MANUAL:
            return self.webcam.scene
        open_for = self.webcam.light * controls.get(cv2.CAP_PROP_EXPOSURE, 100) / 100
        return np.asarray(cv2.convertScaleAbs(self.webcam.scene, alpha=open_for), np.uint8)

    def release(self) -> None:
        self.released = True


def in_form(gray: Gray, form: str) -> npt.NDArray[np.uint8]:
    """A gray picture as OpenCV hands out a frame of that form when it converts nothing."""
    colour = np.full_like(gray, 128)
    match form:
        case "MJPG":
            return np.asarray(cv2.imencode(".jpg", gray)[1], np.uint8).reshape(1, -1)
        case "YUYV":
            return np.dstack([gray, colour])
        case "UYVY":
            return np.dstack([colour, gray])
        case "NV12":
            return np.vstack([gray, colour[: gray.shape[0] // 2]])
        case _:
            return gray
