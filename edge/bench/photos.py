"""Real photos for ``bench decode``, which lie outside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import edge

PHOTOS = Path(edge.__file__).parents[2] / "shared" / "data" / "qr"
"""Where they are looked for unless another folder is named: beside the project's own folder."""
TRUTH = ("truth.json", "handed/truth.json")
"""A mapping from each photo, as a path beside this file, to the list of its codes' texts."""


class NoPhotos(Exception):
    """The folder of photos that was named holds none."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and the texts of its codes, possibly none; ``category`` is the folder in which it lies."""

    file: Path
    category: str
    texts: frozenset[str]


def photos(folder: Path | None) -> Iterator[Photo]:
    """The photos that a truth names, and those of ``negatives``, which show no code.

    Raises NoPhotos if ``folder`` is given and holds none; without it there may be none.
    """
    home = folder or PHOTOS
    truth = next((home / name for name in TRUTH if (home / name).is_file()), None)
    negatives = sorted((home / "negatives").glob("*.*"))
    if folder is not None and truth is None and not negatives:
        raise NoPhotos(f"{folder}: neither {' nor '.join(TRUTH)} nor negatives/ is there")
    if truth is not None:
        yield from _told(truth)
    yield from (Photo(file, "negatives", frozenset()) for file in negatives)


def _told(truth: Path) -> Iterator[Photo]:
    for name, texts in json.loads(truth.read_text(encoding="utf-8")).items():
        file = truth.parent / name
        yield Photo(file, file.parent.name, frozenset(texts))
