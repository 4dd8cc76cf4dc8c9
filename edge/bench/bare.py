"""The bare loops that ``bench eyes`` runs beside an edge: pictures to texts, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge.bench.figures import spent
from edge.bench.peers import PYZBAR, TAPIRSCAN, ZXING, Read, peers
from edge.ports import Gray


def bare(film: Sequence[Path]) -> dict[str, float]:
    """CPU ms a frame of each bare loop on these pictures, in this process; none of a reader that is not installed."""
    cv2.setNumThreads(1)
    readers = peers(None)
    jpegs = [np.frombuffer(file.read_bytes(), np.uint8) for file in film]
    return {f"{how}, {name}": _loop(jpegs, gray, readers[name]) for name, how, gray in _LOOPS if name in readers}


def _loop(jpegs: Sequence[Gray], gray: Callable[[Gray], Gray], read: Read) -> float:
    def texts(jpeg: Gray) -> object:
        return read(gray(jpeg))

    return sum(spent(partial(texts, jpeg))[1] for jpeg in jpegs) / len(jpegs)


def _gray(jpeg: Gray) -> Gray:
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)


def _gray_of_colours(jpeg: Gray) -> Gray:
    colours = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert colours is not None
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY), np.uint8)


_LOOPS = (
    (ZXING, "gray", _gray),
    (PYZBAR, "colours", _gray_of_colours),
    (TAPIRSCAN, "gray", _gray),
)
