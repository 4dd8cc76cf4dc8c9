"""A camera that does as a file says, inside a real eye's process: ``python -m edge.bench.driver``.

It stands in for OpenCV's capture of a device, and around the reader, so that a drill can do to an eye in a minute
what a shop does to it in years. The device is a file whose one word says how the camera is; without it the camera is
unplugged. Everything else of the eye is the product's own.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import segno
import zxingcpp

TEXT = "MC1:HELD BEFORE A CAMERA IN A DRILL"
WIDTH, HEIGHT = 640, 480
MODULE = 5
NOISE = 3
"""A sensor's noise, in gray levels: no two of its pictures are the same."""
PERIOD_S = 1 / 30
HUNG_S = 0.05
BITE = 256 << 20
"""What a leak takes at a time, in bytes."""

GIVES = {
    cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
    cv2.CAP_PROP_FRAME_WIDTH: WIDTH,
    cv2.CAP_PROP_FRAME_HEIGHT: HEIGHT,
}

Picture = npt.NDArray[Any]


class Capture:
    """What OpenCV gives for a device; ``target`` is the file."""

    def __init__(self, target: str, *_: object) -> None:
        self._target, self._raw = Path(target), False
        self._noise = np.random.default_rng()
        self._last: Picture | None = None
        Capture.latest = self

    latest: Capture

    @property
    def word(self) -> str:
        """How the camera is now."""
        try:
            return self._target.read_text()
        except OSError:
            return "unplugged"

    def isOpened(self) -> bool:
        return self.word not in ("unplugged", "busy")

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_CONVERT_RGB:
            self._raw = not value
        return True

    def get(self, what: int) -> float:
        return float(GIVES.get(what, 0.0))

    def read(self) -> tuple[bool, Picture | None]:
        """The next picture at 30 a second; none of a camera that is away, and no answer of a driver that hangs."""
        time.sleep(PERIOD_S)
        while (word := self.word) == "silent":
            time.sleep(HUNG_S)
        if word in ("unplugged", "busy"):
            return False, None
        if word != "frozen" or self._last is None:
            self._last = self._taken(word)
        return True, self._last

    def release(self) -> None:
        """Nothing is held."""

    def _taken(self, word: str) -> Picture:
        if word == "16 bit":
            return np.full((HEIGHT, WIDTH), 30000, np.uint16)
        if word == "no pictures":
            return np.frombuffer(b"\xff\xd8 not a picture", np.uint8)[None, :]
        noise = self._noise.integers(-NOISE, NOISE + 1, (HEIGHT, WIDTH), np.int16)
        gray = np.clip(view(word) + noise, 0, 255).astype(np.uint8)
        if self._raw:
            return np.asarray(cv2.imencode(".jpg", gray)[1], np.uint8).reshape(1, -1)
        return np.dstack([gray] * 3)


@cache
def view(word: str) -> npt.NDArray[np.int16]:
    """What the camera has before it, without noise."""
    flat = {"black": 4, "blown out": 255, "covered": 90}.get(word)
    if flat is not None:
        return np.full((HEIGHT, WIDTH), flat, np.int16)
    scene = np.tile(np.linspace(60, 170, WIDTH, dtype=np.int16), (HEIGHT, 1))
    symbol = [[255 * (not dark) for dark in row] for row in segno.make(TEXT, micro=False, error="l").matrix]
    held = np.pad(
        np.kron(np.array(symbol, np.int16), np.ones((MODULE, MODULE), np.int16)),
        4 * MODULE,
        "constant",
        constant_values=255,
    )
    scene[60 : 60 + held.shape[0], 80 : 80 + held.shape[1]] = held
    return scene


def troubled(read: Callable[..., Any]) -> Callable[..., Any]:
    """The reader, which at the camera's word hangs, leaks, raises or dies at the next picture."""
    hoard: list[Picture] = []

    def reading(*given: Any, **how: Any) -> Any:
        match Capture.latest.word:
            case "hangs":
                while True:
                    pass
            case "leaks":
                hoard.append(np.zeros(BITE, np.uint8))
            case "raises":
                raise cv2.error("a reader's own assertion")
            case "dies":
                os.abort()
        return read(*given, **how)

    return reading


def main() -> int:
    """An eye with this camera and this reader."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.VideoCapture = Capture  # type: ignore[assignment, misc]
    zxingcpp.read_barcodes = troubled(zxingcpp.read_barcodes)
    from edge.vision import eye

    return eye.main()


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(main())
