"""The bare loops that ``bench eyes`` runs beside an edge: pictures to texts, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge.bench.figures import spent
from edge.bench.peers import PYZBAR, ZXING, peers
from edge.ports import Gray


def bare(film: Sequence[Path]) -> dict[str, float]:
    """CPU ms a frame of the two bare loops on these pictures, in this process."""
    cv2.setNumThreads(1)
    readers = peers(None)
    jpegs = [np.frombuffer(file.read_bytes(), np.uint8) for file in film]
    return {
        f"gray, {ZXING}": _loop(jpegs, lambda jpeg: readers[ZXING](_gray(jpeg))),
        f"colours, {PYZBAR}": _loop(jpegs, lambda jpeg: readers[PYZBAR](_gray_of_colours(jpeg))),
    }


def _loop(jpegs: Sequence[Gray], read: Callable[[Gray], object]) -> float:
    return sum(spent(partial(read, jpeg))[1] for jpeg in jpegs) / len(jpegs)


def _gray(jpeg: Gray) -> Gray:
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)


def _gray_of_colours(jpeg: Gray) -> Gray:
    colours = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert colours is not None
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY), np.uint8)
