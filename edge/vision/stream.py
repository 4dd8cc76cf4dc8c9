"""One camera's reading over time: what moves, which pass a frame is given, and the codes that come of it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from edge.model import Code
from edge.ports import Gray
from edge.vision import gate
from edge.vision.cascade import Cascade


class Stream:
    """Reads the frames of one camera in their order; every frame costs as little as what it shows allows."""

    def __init__(self, symbologies: Collection[str], engine: str = "zxing") -> None:
        self._cascade = Cascade(symbologies, engine)
        self._gate = gate.Gate()
        self._codes: tuple[Code, ...] = ()
        self.thumbnail: Gray = np.zeros((1, 1), np.uint8)
        """The last frame, small: for the figures of the picture."""

    @property
    def moving(self) -> bool:
        """Something moved before the camera within the last second."""
        return self._gate.open

    def look(self, gray: Gray) -> tuple[Code, ...]:
        """The codes of the next frame (height x width, uint8), each text once."""
        self.thumbnail = gate.thumbnail(gray)
        self._gate = gate.step(self._gate, self.thumbnail)
        self._codes = self._cascade.decode(gray, second=self._gate.second, known=self._codes)
        return self._codes
