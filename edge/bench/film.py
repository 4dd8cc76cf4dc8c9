"""What the cameras of ``bench eyes`` show: a shop with people, and now and then somebody who holds up a code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.bench import scenes
from edge.bench.carried import FPS
from edge.bench.figures import seeds
from edge.ports import Gray

IDLE_FRAMES = 6 * FPS
"""Six seconds with people, then one presentation, and again, each time another shop."""
ROUND_S, MOST_ROUNDS = 7, 4
"""How long a round lasts, about, and how many there are at most until the film starts again."""
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 85]
"""About what a USB camera gives."""


def shot(folder: Path, size: str, seconds: float, seed: int) -> list[Path]:
    """The film as JPEG files in that folder, in their order: about so long, at most a half minute, and then again."""
    folder.mkdir(parents=True)
    rounds = max(1, min(round(seconds / ROUND_S), MOST_ROUNDS))
    return [_written(folder / f"{number:04}.jpg", gray) for number, gray in enumerate(_frames(size, rounds, seed))]


def dealt(film: Sequence[Path], folders: Sequence[Path]) -> None:
    """The same film for several cameras, each in its folder and at another place of it; linked, not copied."""
    for turn, folder in enumerate(folders):
        folder.mkdir(parents=True)
        start = turn * len(film) // len(folders)
        for number, frame in enumerate((*film[start:], *film[:start])):
            os.link(frame, folder / f"{number:04}.jpg")


def _frames(size: str, rounds: int, seed: int) -> Iterator[Gray]:
    for one in seeds(seed, f"film {size}", rounds):
        yield from scenes.idle(one, scenes.SIZES[size], True, IDLE_FRAMES)
        yield from scenes.clip(one, scenes.SIZES[size]).frames


def _written(file: Path, gray: Gray) -> Path:
    _, jpeg = cv2.imencode(".jpg", coloured(gray), QUALITY)
    file.write_bytes(jpeg.tobytes())
    return file


def coloured(gray: Gray) -> Gray:
    """The picture in colours (height x width x 3) of the same brightness, as a camera's JPEG has colours to decode."""
    hue = cv2.blur(np.roll(gray, gray.shape[1] // 7, axis=1), (5, 5))
    pale = (96 + hue // 4).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.merge([gray, pale, 255 - pale]), cv2.COLOR_YCrCb2BGR), np.uint8)
