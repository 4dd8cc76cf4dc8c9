"""A camera that shows the pictures of a folder, in the order of their names: the simplest camera, and the tests'."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from edge import config
from edge.ports import Camera, Frame, Gray, SourceEnded, SourceGone
from edge.vision.picture import gray_of

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".pgm"})
ADVICE = "Put pictures into the folder."


class Settings(config.Settings):
    """``path`` is the folder, ``fps`` its pictures a second; with ``loop`` it starts again, reading the folder anew.

    Each picture stands for itself, and the whole of every one is read; of a ``film`` each goes on from the one before.
    """

    path: Path
    fps: float = Field(5.0, gt=0, le=120)
    loop: bool = True
    film: bool = False


def stills(settings: Settings) -> bool:
    """Whether each picture is another, so that none tells where to look in the next."""
    return not settings.film


class Folder:
    """The pictures of a folder as a camera; each is shown, none is skipped. Frame numbers count from 1."""

    def __init__(self, path: Path, fps: float, loop: bool) -> None:
        self._path, self._period, self._loop = path, 1 / fps, loop
        self._due = time.monotonic()
        self._pictures = self._rounds()
        self._numbers = itertools.count(1)

    def read(self, timeout: float) -> Frame | None:
        """The next picture when its time has come; raises SourceGone without pictures, SourceEnded after the last."""
        wait = self._due - time.monotonic()
        time.sleep(max(0.0, min(wait, timeout)))
        if wait > timeout:
            return None
        gray = next(self._pictures, None)
        if gray is None:
            raise SourceEnded(f"all pictures of {self._path.name} were shown")
        self._due = max(self._due + self._period, time.monotonic())
        return Frame(gray, next(self._numbers))

    def _rounds(self) -> Iterator[Gray]:
        yield from self._round()
        while self._loop:
            yield from self._round()

    def _round(self) -> Iterator[Gray]:
        names = sorted(path for path in self._path.glob("*") if path.suffix.lower() in ENDINGS)
        shown = 0
        for name in names:
            gray = self._picture(name)
            if gray is not None:
                shown += 1
                yield gray
        if not shown:
            raise SourceGone(f"no pictures in {self._path.name}", ADVICE)

    @staticmethod
    def _picture(name: Path) -> Gray | None:
        try:
            return gray_of(name.read_bytes())
        except OSError:
            return None


@contextmanager
def open(settings: Settings, where: Path) -> Iterator[Camera]:
    """The folder as a camera."""
    yield Folder(where / settings.path, settings.fps, settings.loop)
