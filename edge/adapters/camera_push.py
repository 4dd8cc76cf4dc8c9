"""A camera whose pictures a web page takes in its browser: they come by the eye's stdin, the latest wins."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge import config
from edge.ports import Camera, Frame, SourceEnded
from edge.vision.picture import gray_of
from edge.vision.wire import HEADER, LONGEST_PICTURE

SILENT = (
    "no page sends pictures",
    "Open the page /cameras/<id>/ on the device with the camera and let it use the camera.",
)


class Settings(config.Settings):
    """A pushed camera has no settings."""


class Inlet:
    """The pictures that arrive on a file descriptor; a thread keeps the latest."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._latest: tuple[int, bytes] | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._receive, name="pushed pictures", daemon=True)
        self._thread.start()

    def read(self, timeout: float) -> Frame | None:
        """The newest picture; one that cannot be decoded is none. Raises SourceEnded when the pipe has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._latest is not None or self._ended, timeout)
            latest, self._latest = self._latest, None
            if latest is None and self._ended:
                raise SourceEnded("the pipe of pictures has ended")
        if latest is None:
            return None
        gray = gray_of(latest[1])
        if gray is None:
            time.sleep(0.01)  # a page that sends rubbish must not spin the loop
            return None
        return Frame(gray, latest[0])

    def wait(self) -> None:
        """Wait until the pipe has ended and all of it was taken."""
        self._thread.join()

    def _receive(self) -> None:
        while (header := self._exactly(HEADER.size)) is not None:
            length, number = HEADER.unpack(header)
            jpeg = self._exactly(length) if length <= LONGEST_PICTURE else None
            if jpeg is None:
                break
            with self._changed:
                self._latest = (number, jpeg)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _exactly(self, count: int) -> bytes | None:
        """So many bytes, None at the end of the pipe."""
        whole = bytearray()
        while len(whole) < count:
            part = os.read(self._descriptor, min(count - len(whole), 1 << 16))
            if not part:
                return None
            whole += part
        return bytes(whole)


@contextmanager
def open(settings: Settings, where: Path) -> Iterator[Camera]:
    """The eye's own stdin as a camera."""
    yield Inlet(0)
