"""The newest picture of a source that blocks: a thread takes every one, only those that are looked at are decoded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing

import cv2

from edge.ports import Frame, Gray, SourceEnded, SourceGone

Undeveloped = Callable[[], Gray]
"""A picture that is decoded when it is called; one without pixels if it is broken."""
Pictures = Callable[[threading.Event], Generator[Undeveloped, None, None]]
"""Opens a source and gives its pictures until the event is set; raises SourceGone or SourceEnded."""
BROKEN = SourceGone("the camera's pictures cannot be taken", "Unplug the camera and plug it in again.")


class Grabber:
    """A camera by a thread, so that a driver that blocks is a missing frame and no hang. Frame numbers count from 1."""

    def __init__(self, pictures: Pictures, note: Callable[[], str] = str) -> None:
        self._pictures, self._note = pictures, note
        self._changed = threading.Condition()
        self._newest: tuple[int, Undeveloped] | None = None
        self._over: SourceGone | SourceEnded | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    @property
    def note(self) -> str:
        """In what the camera does not do as it was asked."""
        return self._note()

    def read(self, timeout: float) -> Frame | None:
        """The newest frame; raises SourceGone or SourceEnded once the last frame before it was read."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._over is not None, timeout)
            newest, self._newest = self._newest, None
            if newest is None and self._over is not None:
                raise self._over
        return None if newest is None else Frame(newest[1](), newest[0])

    def close(self) -> None:
        """Tell the thread to end; one that hangs in a driver is left behind, the eye's process ends with it."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        try:
            with closing(self._pictures(self._stop)) as pictures:
                for number, picture in enumerate(pictures, 1):
                    self._put(number, picture)
        except (SourceGone, SourceEnded) as over:
            self._end(over)
        except cv2.error:
            self._end(BROKEN)

    def _put(self, number: int, picture: Undeveloped) -> None:
        with self._changed:
            self._newest = number, picture
            self._changed.notify_all()

    def _end(self, over: SourceGone | SourceEnded) -> None:
        with self._changed:
            self._over = over
            self._changed.notify_all()
