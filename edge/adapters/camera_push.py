"""A camera whose pictures a web page takes in its browser: they come by the eye's stdin, the latest wins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge import config
from edge.ports import Camera, Frame
from edge.vision.pixels import gray_jpeg
from edge.vision.told import Ear

PUSHED = True
"""``open`` takes a third argument: the ear by which the eye hears its parent, who sends the pictures."""
SILENT = (
    "no page sends pictures",
    "Open the page /cameras/{camera}/ on the device with the camera and let it use the camera.",
)


class Settings(config.Settings):
    """A pushed camera has no settings."""


class Inlet:
    """The pictures that the eye is told."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear

    def read(self, timeout: float) -> Frame | None:
        """The newest picture, without pixels if it cannot be decoded. Raises SourceEnded when the pipe has ended."""
        latest = self._ear.picture(timeout)
        return None if latest is None else Frame(gray_jpeg(latest.jpeg), latest.number)


@contextmanager
def open(settings: Settings, where: Path, ear: Ear) -> Iterator[Camera]:
    """What the eye's parent pushes, as a camera."""
    yield Inlet(ear)
